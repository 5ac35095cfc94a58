/* SPDX-License-Identifier: Apache-2.0
 *
 * The mappings of trap.proto and shape.proto by trap.mapping and shape.mapping, all embedded.
 */
#ifndef TESTS_PROTO_TRAP_MAPPING_H
#define TESTS_PROTO_TRAP_MAPPING_H

#include "proto/mapping.h"

#define CANONICAL_RANK	 "/rankguard.v1.RankingService/Rank"
#define CANONICAL_SIGNAL "/rankguard.v1.RankingService/ReportSignal"
#define TRAP_RANK	 "/trap.Trap/Rank"
#define SHAPE_RANK	 "/shape.Shape/Rank"

/* Returns owned; ends the program on failure. */
struct proto_schema *trap_schema(void);
struct proto_mapping *trap_mapping(void);
struct proto_schema *shape_schema(void);
struct proto_mapping *shape_mapping(void);

/* The descriptor sets as bytes. */
struct bytes trap_descriptors(void);
struct bytes shape_descriptors(void);

#endif

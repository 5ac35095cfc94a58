/* SPDX-License-Identifier: Apache-2.0
 *
 * The mapping of trap.proto by trap.mapping, both embedded; and texts of a mapping for tests.
 */
#ifndef TESTS_PROTO_TRAP_MAPPING_H
#define TESTS_PROTO_TRAP_MAPPING_H

#include "proto/mapping.h"

#define CANONICAL_RANK	 "/rankguard.v1.RankingService/Rank"
#define CANONICAL_SIGNAL "/rankguard.v1.RankingService/ReportSignal"
#define TRAP_RANK	 "/trap.Trap/Rank"

/* Returns owned; ends the program on failure. */
struct proto_schema *trap_schema(void);
struct proto_mapping *trap_mapping(void);

/* The descriptor set as bytes. */
struct bytes trap_descriptors(void);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The `schema` section of a configuration: descriptors and methods with their paths, into a mapping. The one
 * implementation for everything that reads such a section.
 *
 *   schema: {
 *     descriptors = "schema.pb";                       relative to the configuration file
 *     methods = (
 *       { method = "/shop.v1.Reco/Recommend";
 *         request: { user = "ctx.user";                 a path for each fact (proto/fact.h)
 *                    session = [ "ctx.session", "header:x-session-id" ]; };   or sources, in their order
 *         response: { items = "results"; item: { id = "id"; score = "score"; baseline = "base"; }; };
 *         order = "score_desc"; },                      score_desc, score_asc; default: position
 *       { method = "/shop.v1.Reco/Feedback";
 *         signal: { user = "user"; kind = "type";       a constant instead of a path: "const:opt_out"
 *                   kinds = ( { from = "thumbs_down"; to = "dissatisfied"; } ); }; }
 *     );
 *   };
 */
#ifndef PROTO_MAPPING_READ_H
#define PROTO_MAPPING_READ_H

#include "proto/mapping.h"
#include <libconfig.h>

/* `path`: of the configuration file. Without a section (NULL) the mapping is the canonical one. All that is
 * wrong is reported, as `schema.methods[0]: what is wrong; what would be right` where it is the section's
 * form. Returns owned, NULL where something is wrong. */
MUST_USE struct proto_mapping *proto_mapping_read(const config_setting_t *schema, const char *path,
						  const struct proto_mapping_report *report);

#endif

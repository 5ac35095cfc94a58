/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_VERSIONS_H
#define RULES_VERSIONS_H

#include "proto/buf.h"

/* Adds the members "icu" "unicode" "hyperscan" "libconfig" "tzdata" to the JSON object that is open. */
void rules_versions(struct buf *json);

#endif

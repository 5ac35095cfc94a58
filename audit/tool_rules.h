/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUDIT_TOOL_RULES_H
#define AUDIT_TOOL_RULES_H

#include "audit/in_force.h"

/* Writes the files of a ruleset below a directory that exists or can be made. Names that lead elsewhere are
 * refused. */
MUST_USE bool tool_rules_write(const struct audit_in_force *in_force, const char *directory, struct err *err);

#endif

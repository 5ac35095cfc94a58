/* SPDX-License-Identifier: Apache-2.0
 *
 * Between entry.c and entry_keep.c, which has the entries and members by which epochs hang together.
 */
#ifndef AUDIT_ENTRY_KEEP_H
#define AUDIT_ENTRY_KEEP_H

#include "audit/emit.h"

/* The member "opt_outs" of `open`; begins further parts of its own where the list is long. */
void entry_emit_words(struct emit *emit, const struct audit_entry_open *open);

#endif

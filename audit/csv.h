/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of CSV after RFC 4180 that a spreadsheet takes for text and numbers and never for formulas.
 *
 * A spreadsheet takes a cell that begins with = + - @ for a formula. Such a cell gets an apostrophe in front,
 * unless it is a plain number (OWASP, "CSV Injection", which also names tabs, line ends and the full-width forms of
 * these characters). Where a spreadsheet is set to split at semicolons or tabs, what follows one of them begins a
 * cell too, so the same holds there.
 */
#ifndef AUDIT_CSV_H
#define AUDIT_CSV_H

#include "proto/buf.h"

enum { CSV_CELL_MAX = 32000 }; /* bytes; spreadsheets cut cells at 32,767 characters. Callers see to it. */

/* The next cell of a line; absent is an empty cell. */
void csv_text(struct buf *line, struct bytes text);
void csv_uint(struct buf *line, uint64_t value);
void csv_end(struct buf *line);

#endif

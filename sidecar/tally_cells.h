/* SPDX-License-Identifier: Apache-2.0
 *
 * The denominators of bias: governed responses by surface, locale, segment and experiment, and what became of the
 * items of each category, since the last tally entry.
 *
 * Bounded whatever applications send: 50 cells of each dimension and 200 categories, the last of each being
 * `_other`, so that no dimension crowds out another. An absent fact has the cell "". A name of more than
 * TALLY_NAME_MAX bytes counts as `_other`.
 *
 *     count    each governed response, any thread
 *     take     the tallying thread: what was counted goes into the entry, counting begins anew
 *     lost     the entry was not acknowledged: what it counted is counted again with the next
 */
#ifndef SIDECAR_TALLY_CELLS_H
#define SIDECAR_TALLY_CELLS_H

#include "audit/entry.h"
#include "rules/decide.h"

enum { TALLY_DIMENSIONS = 4, TALLY_CELLS = 50, TALLY_CATEGORIES = 200, TALLY_NAME_MAX = 96 };

struct tally_cells;

struct tally_cells *tally_cells_new(void); /* returns owned; NULL when memory is short */
void tally_cells_free(struct tally_cells *cells);

/* One governed response. Borrows. Thread: any. */
void tally_cells_count(struct tally_cells *cells, const struct facts *facts,
		       const struct rules_decision *decision);

struct tally_rows {
	struct audit_entry_tally_cell cell[TALLY_DIMENSIONS * TALLY_CELLS];
	struct audit_entry_tally_category category[TALLY_CATEGORIES];
	size_t cells, categories;
};

/* In order of first appearance, dimension by dimension. The rows live until the next take or lost. One thread at
 * a time, for both. */
const struct tally_rows *tally_cells_take(struct tally_cells *cells);
void tally_cells_lost(struct tally_cells *cells); /* without a take before it, or twice, it is fine */

#endif

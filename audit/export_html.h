/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTML report: what is counted while entries go by, and the page that is made of it at the end. Inside the
 * HTML export only.
 */
#ifndef AUDIT_EXPORT_HTML_H
#define AUDIT_EXPORT_HTML_H

#include "audit/count_map.h"
#include "audit/entry_view.h"
#include "audit/export.h"

enum {
	REPORT_ENTRIES = 50000,	 /* entries in the page: the newest ones */
	REPORT_BYTES = 96 << 20, /* and at most so much of the log */
	REPORT_PLAIN = 100,	 /* of which so many are readable without JavaScript */
	REPORT_HOURS = 96,	 /* a log no longer than this is drawn by the hour */
};

/* What the values of the maps mean. */
enum rule_value { RULE_INTERVENTIONS, RULE_OBSERVED, RULE_TARGETS, RULE_WITHIN, RULE_EXCEEDED, RULE_UNKNOWN };
enum action_value { ACTION_INTERVENTIONS, ACTION_OBSERVED, ACTION_TARGETS };
enum day_value { DAY_DECISIONS, DAY_INTERVENTIONS, DAY_OBSERVED, DAY_REJECTED };
enum cell_value { CELL_GOVERNED, CELL_CHANGED, CELL_INTERVENTIONS, CELL_DECISIONS };
enum category_value {
	CATEGORY_ITEMS,
	CATEGORY_SHIFT,
	CATEGORY_PROPOSED,
	CATEGORY_GOVERNED,
	CATEGORY_BASELINE
};

/* By what cells are counted; the texts are those of tallies. */
#define REPORT_CELLS(X)                                                                                      \
	X(LOCALE, "locale")                                                                                  \
	X(SEGMENT, "segment")                                                                                \
	X(SURFACE, "surface")                                                                                \
	X(EXPERIMENT, "experiment")
enum report_cell {
#define REPORT_CELL(name, text) REPORT_CELL_##name,
	REPORT_CELLS(REPORT_CELL)
#undef REPORT_CELL
		REPORT_CELL_COUNT
};
extern const char *const report_cell_names[REPORT_CELL_COUNT];

/* One entry that is kept for the page, with its leaves. */
struct report_entry {
	unsigned log;
	uint64_t index;
	size_t count;
	size_t len;
	char *text; /* owned: (uint16 length || leaf)* */
};

struct report {
	struct export_file *file;
	struct bytes filter_words;
	/* counted */
	struct count_map rules, actions, days, hours, cells[REPORT_CELL_COUNT], categories;
	struct audit_counts types; /* of all logs together */
	double tallies, cell_tallies, calls, governed, changed, prompts_proposed, prompts_delivered;
	double interventions, observed, rejected, failures;
	/* kept: a ring of REPORT_ENTRIES, the oldest at `oldest` */
	struct report_entry *kept;
	size_t oldest, kept_count, kept_bytes;
	/* the logs, as they end */
	struct buf coverage, origins;  /* HTML; a JSON array of names */
	char vkey[AUDIT_VKEY_LEN + 1]; /* of the last one */
	size_t logs;
	uint64_t leaves, filtered, not_signed;
	bool mismatch, never_signed, not_signed_all;
	int64_t from_ns, to_ns;
	struct entry_view view;
	struct buf scratch, leaf_list; /* leaf_list: struct bytes of the entry at hand */
};

/* i from the newest, 0, to the oldest. Its leaves in *leaf, borrowed until the next call. */
const struct report_entry *report_entry_at(struct report *report, size_t i, const struct bytes **leaf);

/* The rows that the page's script searches: a dictionary, then one JSON array a line. */
void report_rows(struct report *report, struct buf *html);

/* The newest entries as HTML. */
void report_plain(struct report *report, struct buf *html);

/* The plot of interventions over time. */
void report_plot(struct report *report, struct buf *html);

/* The whole page. */
MUST_USE bool report_page(struct report *report, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The page: audit/report.html with its slots filled. Slots are looked for in the template alone, so nothing that
 * comes from a log is ever taken for one.
 */
#include "audit/base64.h"
#include "audit/export_html.h"
#include "audit/html.h"

#include <math.h>

extern const unsigned char report_html[], report_css[], report_js[];
extern const size_t report_html_len, report_css_len, report_js_len;

enum { GROUP_ROWS = 60, RULE_ROWS = 500 }; /* of one table; the rest is added up */

static struct bytes file_of(const unsigned char *at, size_t len)
{
	return (struct bytes){(const char *)at, len};
}

static void add_hash(struct report *report, struct buf *html, struct bytes text)
{
	struct audit_hasher hasher;
	struct err err;
	(void)report;
	if (!audit_hasher_init(&hasher, &err)) {
		html->failed = true;
		return;
	}
	struct audit_hash hash = audit_hash_plain(&hasher, text);
	buf_add_text(html, "sha256-");
	audit_base64_add(html, hash.at, AUDIT_HASH_LEN);
	audit_hasher_done(&hasher);
}

static void add_style(struct report *report, struct buf *html)
{
	(void)report;
	buf_add_bytes(html, file_of(report_css, report_css_len));
}

static void add_style_hash(struct report *report, struct buf *html)
{
	add_hash(report, html, file_of(report_css, report_css_len));
}

static void add_script(struct report *report, struct buf *html)
{
	(void)report;
	buf_add_bytes(html, file_of(report_js, report_js_len));
}

static void add_script_hash(struct report *report, struct buf *html)
{
	add_hash(report, html, file_of(report_js, report_js_len));
}

static void add_tool(struct report *report, struct buf *html)
{
	(void)report;
	buf_add_text(html, "rankguard-audit " RANKGUARD_VERSION);
}

/* "example.org/reco/pod/0001", and how many more */
static void add_title(struct report *report, struct buf *html)
{
	struct bytes rest, origin = {"no log", 6};
	if (entry_opens(buf_bytes(&report->origins), '[', &rest))
		(void)!entry_next_value(&rest, &origin);
	html_text(html, entry_plain(origin, &report->scratch));
	if (report->logs > 1)
		buf_printf(html, " and %zu more", report->logs - 1);
}

static void add_lead(struct report *report, struct buf *html)
{
	char from[TIME_TEXT_LEN + 1], to[TIME_TEXT_LEN + 1];
	buf_add_text(html, "Log <bdi>");
	add_title(report, html);
	buf_add_text(html, "</bdi>");
	if (report->types.entries == 0)
		return;
	time_format(report->from_ns, from);
	time_format(report->to_ns, to);
	buf_printf(html, ", from <time>%.10s %.5s</time> to <time>%.10s %.5s</time> (UTC)", from, from + 11,
		   to, to + 11);
}

/* The verdict, in the words of somebody who will be asked about it. */
static void add_verdict(struct report *report, struct buf *html)
{
	bool part = report->filtered > 0 || report->not_signed > 0 || !report->not_signed_all;
	buf_printf(html, "<section class=\"verdict%s\" aria-labelledby=\"verdict-h\"><h2 id=\"verdict-h\">",
		   report->mismatch || report->never_signed ? " bad"
		   : part				    ? " part"
							    : "");
	if (report->mismatch)
		buf_add_text(
			html,
			"Do not rely on this report</h2><p>The entries that were read do not make the root "
			"that was signed: the log was altered or is damaged. <code>rankguard-audit "
			"verify</code> names the place.</p>");
	else if (report->never_signed)
		buf_add_text(html,
			     "Not signed</h2><p>A log in this report has no signed checkpoint yet. Nothing "
			     "protects its entries.</p>");
	else {
		buf_add_text(html, part ? "In part, and as it was signed</h2><p>All "
					: "Complete, and as it was signed</h2><p>All ");
		html_count(html, (double)report->leaves);
		buf_add_text(
			html,
			" entries under the signed checkpoint were read, and together they make the root "
			"that was signed. So none was changed, removed or inserted since.</p>");
	}
	if (report->filter_words.len > 0) {
		buf_add_text(html, "<p>This report was filtered by <code>");
		html_text(html, report->filter_words);
		buf_add_text(html, "</code>: it leaves out ");
		html_count(html, (double)report->filtered);
		buf_add_text(html, " entries. Totals and rates are of what is left.</p>");
	}
	if (report->not_signed > 0 || !report->not_signed_all) {
		buf_add_text(html, report->not_signed_all ? "<p>Not in this report: "
							  : "<p>Not in this report: at least ");
		html_count(html, (double)report->not_signed);
		buf_add_text(html, " newer entries that no checkpoint covers yet.</p>");
	}
	buf_add_text(html,
		     "<p>Whether the key that signed is the operator\xe2\x80\x99s, this page cannot know: "
		     "<a href=\"#verify\">how to verify it</a>.</p></section>");
}

static void add_figure(struct buf *html, const char *what, double value)
{
	buf_printf(html, "<div><dt>%s</dt><dd>", what);
	html_count(html, value);
	buf_add_text(html, "</dd></div>");
}

static void add_figures(struct report *report, struct buf *html)
{
	if (report->tallies > 0) {
		add_figure(html, "rankings checked", report->governed);
		add_figure(html, "of these changed", report->changed);
		buf_add_text(html, "<div><dt>share that was changed</dt><dd>");
		html_share(html, report->changed, report->governed);
		buf_add_text(html, "</dd></div>");
	}
	add_figure(html, "interventions recorded", report->interventions);
	add_figure(html, "of these observed only", report->observed);
	add_figure(html, "responses rejected", report->rejected);
	if (report->tallies > 0) {
		add_figure(html, "prompts proposed", report->prompts_proposed);
		add_figure(html, "prompts that reached users", report->prompts_delivered);
	}
	add_figure(html, "failures recorded", report->failures);
	add_figure(html, "entries in this report", (double)report->types.entries);
}

static void add_number(struct buf *html, double value)
{
	buf_add_text(html, "<td class=\"n\">");
	html_count(html, value);
	buf_add_text(html, "</td>");
}

static void add_bar(struct buf *html, double value, double most)
{
	buf_printf(html,
		   "<td class=\"bars\" aria-hidden=\"true\"><svg class=\"bar\" viewBox=\"0 0 100 10\" "
		   "preserveAspectRatio=\"none\"><rect width=\"%.2f\" height=\"10\"/></svg></td>",
		   most > 0 ? 100 * value / most : 0);
}

static void add_days(struct report *report, struct buf *html)
{
	count_map_sort_names(&report->days);
	for (size_t i = 0; i < report->days.count; i++) {
		const struct count_row *row = &report->days.row[i];
		buf_add_text(html, "<tr><th scope=\"row\">");
		html_text(html, count_row_name(row));
		buf_add_text(html, "</th>");
		add_number(html, row->value[DAY_DECISIONS]);
		add_number(html, row->value[DAY_INTERVENTIONS]);
		add_number(html, row->value[DAY_OBSERVED]);
		add_number(html, row->value[DAY_REJECTED]);
		buf_add_text(html, "</tr>\n");
	}
}

static void add_row_name(struct buf *html, const struct count_row *row)
{
	buf_add_text(html, "<tr><th scope=\"row\">");
	if (row->name_len > 0)
		html_name(html, count_row_name(row));
	else
		buf_add_text(html, "<span class=\"none\">not stated</span>");
	if (row->note) {
		buf_add_text(html, "<span class=\"why\">");
		html_name(html, bytes_of(row->note));
		buf_add_text(html, "</span>");
	}
	buf_add_text(html, "</th>");
}

static void add_more(struct buf *html, size_t count, size_t shown, int columns)
{
	if (count > shown)
		buf_printf(html, "<tr><td colspan=\"%d\">%zu more are in the log.</td></tr>", columns,
			   count - shown);
}

static void add_rules(struct report *report, struct buf *html)
{
	struct count_map *map = &report->rules;
	count_map_sort(map, RULE_INTERVENTIONS);
	for (size_t i = 0; i < map->count && i < RULE_ROWS; i++) {
		const double *value = map->row[i].value;
		add_row_name(html, &map->row[i]);
		add_number(html, value[RULE_INTERVENTIONS]);
		add_bar(html, value[RULE_INTERVENTIONS], map->row[0].value[RULE_INTERVENTIONS]);
		add_number(html, value[RULE_OBSERVED]);
		add_number(html, value[RULE_TARGETS]);
		if (value[RULE_WITHIN] + value[RULE_EXCEEDED] + value[RULE_UNKNOWN] > 0) {
			add_number(html, value[RULE_WITHIN] + value[RULE_EXCEEDED] + value[RULE_UNKNOWN]);
			add_number(html, value[RULE_EXCEEDED]);
			add_number(html, value[RULE_UNKNOWN]);
		} else {
			buf_add_text(html, "<td class=\"n\">not recorded</td><td class=\"n\"></td><td "
					   "class=\"n\"></td>");
		}
		buf_add_text(html, "</tr>\n");
	}
	add_more(html, map->count, RULE_ROWS, 8);
	if (map->count == 0)
		buf_add_text(html, "<tr><td colspan=\"8\">No rule is in this report.</td></tr>");
}

static const char *action_meaning(struct bytes action)
{
	static const char *const meanings[][2] = {
		{"clamp", "a value was held to its limit"},
		{"reorder", "items were put nearer to their stable order"},
		{"revert", "the stable, unadjusted ranking was served"},
		{"suppress", "a prompt was not shown"},
		{"replace", "words were replaced by approved ones"},
		{"reject", "the response was refused"},
		{"flag", "it was recorded, nothing was changed"},
		{"none", "nothing was changed"},
	};
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (bytes_equal(action, bytes_of(meanings[i][0])))
			return meanings[i][1];
	return "";
}

static void add_actions(struct report *report, struct buf *html)
{
	struct count_map *map = &report->actions;
	count_map_sort(map, ACTION_INTERVENTIONS);
	for (size_t i = 0; i < map->count && i < GROUP_ROWS; i++) {
		const double *value = map->row[i].value;
		add_row_name(html, &map->row[i]);
		buf_printf(html, "<td>%s</td>", action_meaning(count_row_name(&map->row[i])));
		add_number(html, value[ACTION_INTERVENTIONS]);
		add_bar(html, value[ACTION_INTERVENTIONS], map->row[0].value[ACTION_INTERVENTIONS]);
		add_number(html, value[ACTION_OBSERVED]);
		add_number(html, value[ACTION_TARGETS]);
		buf_add_text(html, "</tr>\n");
	}
	add_more(html, map->count, GROUP_ROWS, 6);
	if (map->count == 0)
		buf_add_text(html, "<tr><td colspan=\"6\">No intervention is in this report.</td></tr>");
}

/* The interval in which the true share lies in 95 of 100 cases (E. B. Wilson, "Probable Inference", 1927). */
static void wilson(double part, double whole, double *low, double *high)
{
	double z = 1.96, share = part / whole, spread = z * z / whole;
	double middle = (share + spread / 2) / (1 + spread);
	double half = z / (1 + spread) * sqrt(share * (1 - share) / whole + spread / (4 * whole));
	*low = fmax(0, middle - half);
	*high = fmin(1, middle + half);
}

static double share_of(const struct count_row *row)
{
	double governed = row->value[CELL_GOVERNED];
	return governed > 0 ? fmin(row->value[CELL_CHANGED] / governed, 1) : 0;
}

static void add_group_row(struct buf *html, const struct count_row *row, double share_of_all, double most)
{
	double governed = row->value[CELL_GOVERNED], changed = row->value[CELL_CHANGED];
	double share = share_of(row), low, high;
	add_row_name(html, row);
	if (governed <= 0) {
		buf_add_text(
			html,
			"<td class=\"n\">not counted by itself</td><td></td><td></td><td class=\"bars\"></td><td></td>"
			"<td></td>");
		add_number(html, row->value[CELL_DECISIONS]);
		buf_add_text(html, "<td></td></tr>\n");
		return;
	}
	wilson(share * governed, governed, &low, &high);
	bool apart =
		(low > share_of_all || high < share_of_all) && fabs(share - share_of_all) > share_of_all / 10;
	add_number(html, governed);
	add_number(html, changed);
	buf_printf(html, "<td class=\"n%s\">%.1f%%</td>", apart ? " stand-out" : "", 100 * share);
	add_bar(html, share, most);
	buf_printf(html, "<td class=\"n\">%.1f\xe2\x80\x93%.1f%%</td><td class=\"n\">", 100 * low,
		   100 * high);
	if (share_of_all > 0)
		buf_printf(html, "%.2f\xc3\x97", share / share_of_all);
	buf_add_text(html, "</td>");
	add_number(html, row->value[CELL_INTERVENTIONS]);
	buf_printf(html, "<td class=\"n\">%.1f</td></tr>\n", 100 * row->value[CELL_INTERVENTIONS] / governed);
}

static void add_group(struct report *report, struct buf *html, size_t cell)
{
	struct count_map *map = &report->cells[cell];
	double governed = count_map_sum(map, CELL_GOVERNED), changed = count_map_sum(map, CELL_CHANGED);
	if (map->count == 0)
		return;
	count_map_sort(map, governed > 0 ? CELL_GOVERNED : CELL_DECISIONS);
	buf_printf(html,
		   "<h3>By %s</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"By "
		   "%s\"><table>"
		   "<caption>By %s: all together, ",
		   report_cell_names[cell], report_cell_names[cell], report_cell_names[cell]);
	if (governed > 0)
		html_share(html, changed, governed);
	else
		buf_add_text(html, "an unknown share");
	buf_add_text(
		html,
		" of the rankings were changed</caption><thead><tr><th scope=\"col\">Group</th><th "
		"scope=\"col\" class=\"n\">Rankings checked</th><th scope=\"col\" "
		"class=\"n\">Changed</th><th "
		"scope=\"col\" class=\"n\">Share</th><th scope=\"col\" class=\"bars\" "
		"aria-hidden=\"true\"></th>"
		"<th scope=\"col\" class=\"n\">95% sure between</th><th scope=\"col\" class=\"n\">Against all"
		"</th><th scope=\"col\" class=\"n\">Interventions</th><th scope=\"col\" class=\"n\">Per 100 "
		"rankings</th></tr></thead><tbody>");
	double most = 0;
	for (size_t i = 0; i < map->count && i < GROUP_ROWS; i++)
		most = fmax(most, share_of(&map->row[i]));
	for (size_t i = 0; i < map->count && i < GROUP_ROWS; i++)
		add_group_row(html, &map->row[i], governed > 0 ? changed / governed : 0, most);
	add_more(html, map->count, GROUP_ROWS, 9);
	buf_add_text(html, "</tbody></table></div>\n");
}

static void add_categories(struct report *report, struct buf *html)
{
	struct count_map *map = &report->categories;
	static const size_t top[] = {CATEGORY_PROPOSED, CATEGORY_GOVERNED, CATEGORY_BASELINE};
	if (map->count == 0)
		return;
	count_map_sort(map, CATEGORY_ITEMS);
	buf_add_text(
		html,
		"<h3>By category of item</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"By category\"><table><caption>Places of items, and each category\xe2\x80\x99s "
		"part "
		"of the first ten places: as the recommender proposed, as it was served, and as the stable "
		"baseline has it</caption><thead><tr><th scope=\"col\">Category</th><th scope=\"col\" "
		"class=\"n\">Items</th><th scope=\"col\" class=\"n\">Mean change of place (above 0: further "
		"down)</th><th "
		"scope=\"col\" "
		"class=\"n\">First ten, proposed</th><th scope=\"col\" class=\"n\">First ten, served</th><th "
		"scope=\"col\" class=\"n\">First ten, baseline</th></tr></thead><tbody>");
	double sum[3];
	for (size_t side = 0; side < 3; side++)
		sum[side] = count_map_sum(map, top[side]);
	for (size_t i = 0; i < map->count && i < GROUP_ROWS; i++) {
		const double *value = map->row[i].value;
		add_row_name(html, &map->row[i]);
		add_number(html, value[CATEGORY_ITEMS]);
		buf_printf(html, "<td class=\"n\">%+.2f</td>",
			   value[CATEGORY_ITEMS] > 0 ? value[CATEGORY_SHIFT] / value[CATEGORY_ITEMS] : 0);
		for (size_t side = 0; side < 3; side++) {
			buf_add_text(html, "<td class=\"n\">");
			html_share(html, value[top[side]], sum[side]);
			buf_add_text(html, "</td>");
		}
		buf_add_text(html, "</tr>\n");
	}
	add_more(html, map->count, GROUP_ROWS, 6);
	buf_add_text(html, "</tbody></table></div>\n");
}

static void add_groups(struct report *report, struct buf *html)
{
	if (report->cell_tallies > 0)
		buf_add_text(
			html,
			"<p>Rates are of all rankings that were checked, also those that nothing happened "
			"to, as "
			"the log\xe2\x80\x99s minute tallies count them. A share in bold differs by more "
			"than a "
			"tenth from that of all, and by more than chance explains (95%); why it does, this "
			"report "
			"cannot tell. \xe2\x80\x9c_other\xe2\x80\x9d holds what was too small to count by "
			"itself.</p>\n");
	else
		buf_add_text(
			html,
			"<p>The tallies in this report do not count by group, so there are no rates here: "
			"either the log was written before tallies did, or a filter leaves tallies out. The "
			"numbers "
			"below are interventions alone; a larger group has more of them.</p>\n");
	for (size_t i = 0; i < REPORT_CELL_COUNT; i++)
		add_group(report, html, i);
	add_categories(report, html);
}

static void add_embedded(struct report *report, struct buf *html)
{
	double left = (double)report->types.entries - (double)report->kept_count;
	if (left <= 0)
		buf_add_text(html, "All ");
	else
		buf_add_text(html, "The newest ");
	html_count(html, (double)report->kept_count);
	buf_add_text(html, " entries of this report are in this page");
	if (left > 0) {
		buf_add_text(html, "; <strong>");
		html_count(html, left);
		buf_add_text(html,
			     " older ones are not</strong>. The totals above count them all; a report with "
			     "<code>--until</code> has them");
	}
	buf_add_text(html, ".");
}

static void add_plain_count(struct report *report, struct buf *html)
{
	html_count(html, (double)(report->kept_count < REPORT_PLAIN ? report->kept_count : REPORT_PLAIN));
}

static void add_vkey(struct report *report, struct buf *html)
{
	html_text(html, bytes_of(report->vkey));
}

static void add_filters(struct report *report, struct buf *html)
{
	buf_add_text(html, report->filter_words.len > 0 ? " " : "");
	html_text(html, report->filter_words);
}

static void add_all_coverage(struct report *report, struct buf *html)
{
	buf_add_bytes(html, buf_bytes(&report->coverage));
}

static const struct slot {
	const char *name;
	void (*add)(struct report *report, struct buf *html);
} slots[] = {
	{"script hash", add_script_hash},
	{"style hash", add_style_hash},
	{"title", add_title},
	{"style", add_style},
	{"lead", add_lead},
	{"verdict", add_verdict},
	{"figures", add_figures},
	{"plot", report_plot},
	{"days", add_days},
	{"rules", add_rules},
	{"actions", add_actions},
	{"groups", add_groups},
	{"embedded", add_embedded},
	{"plain count", add_plain_count},
	{"plain", report_plain},
	{"coverage", add_all_coverage},
	{"vkey", add_vkey},
	{"filters", add_filters},
	{"tool", add_tool},
	{"rows", report_rows},
	{"script", add_script},
};

static void fill_slot(struct report *report, struct buf *html, struct bytes name)
{
	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
		if (bytes_equal(name, bytes_of(slots[i].name)))
			slots[i].add(report, html);
}

static struct bytes until(struct bytes text, const char *mark)
{
	const char *at = memmem(text.at, text.len, mark, 2);
	return (struct bytes){text.at, at ? (size_t)(at - text.at) : text.len};
}

bool report_page(struct report *report, struct err *err)
{
	struct bytes rest = file_of(report_html, report_html_len);
	struct buf html = {0};
	bool good = true;
	while (good && rest.len > 0) {
		struct bytes before = until(rest, "{{");
		buf_clear(&html);
		buf_add_bytes(&html, before);
		rest = (struct bytes){rest.at + before.len, rest.len - before.len};
		if (rest.len > 0) {
			struct bytes name = until((struct bytes){rest.at + 2, rest.len - 2}, "}}");
			fill_slot(report, &html, name);
			rest = (struct bytes){rest.at + name.len + 4, rest.len - name.len - 4};
		}
		good = html.failed ? err_set(err, "memory is short")
				   : export_write(report->file, html.at, html.len, err);
	}
	buf_done(&html);
	return good;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The entries inside the page, for its script and for readers without one. A row of the script's data is
 *
 *     [log, index, leaves, time, type, [key, value, ...], [intervention, ...]]
 *     intervention: [[key, value, ...], number of targets, [id, ...], [before, ...], [after, ...], [index, ...]]
 *
 * where a number in the place of a text is its place in the dictionary. Digests of messages, and values that are
 * long, are left to the log: a row says so.
 */
#include "audit/export_html.h"
#include "audit/html.h"

enum {
	DICTIONARY_MAX = 4000,
	WORD_MAX = 256,	    /* bytes of a text in the dictionary */
	VALUE_MAX = 600,    /* bytes of a value in the page */
	TARGETS_SHOWN = 50, /* of one intervention */
};

static bool begins(struct bytes value, const char *with)
{
	return value.len >= strlen(with) && memcmp(value.at, with, strlen(with)) == 0;
}

static bool left_to_log(struct bytes value)
{
	return value.len > VALUE_MAX || begins(value, "\"hmac-sha256:") || begins(value, "\"sha256:") ||
	       begins(value, "[") || begins(value, "{");
}

/* Members that are shown one by one; lists have a place of their own. */
static bool is_plain(struct bytes key)
{
	static const char *const others[] = {"v",   "type",   "time",  "part",	  "interventions",
					     "ids", "before", "after", "evidence"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (bytes_equal(key, bytes_of(others[i])))
			return false;
	return true;
}

static void comma(struct buf *rows)
{
	if (rows->len > 0 && rows->at[rows->len - 1] != '[')
		buf_add_text(rows, ",");
}

/* A string with its quotes, as a number when it is in the dictionary. */
static void add_string(struct buf *rows, struct count_map *words, struct bytes json)
{
	struct count_row *word = json.len <= WORD_MAX ? count_map_find(words, json) : NULL;
	if (!word && json.len <= WORD_MAX && words->count < DICTIONARY_MAX)
		word = count_map_at(words, json);
	comma(rows);
	if (word && word != &words->lost)
		buf_printf(rows, "%zu", (size_t)(word - words->row));
	else
		html_json(rows, json);
}

static void add_value(struct buf *rows, struct count_map *words, struct bytes value)
{
	if (left_to_log(value)) {
		add_string(rows, words, BYTES_LITERAL("\"(in the log)\""));
	} else if (value.len > 0 && value.at[0] == '"') {
		add_string(rows, words, value);
	} else {
		struct buf text = {0};
		json_string(&text, value);
		add_string(rows, words, buf_bytes(&text));
		rows->failed = rows->failed || text.failed;
		buf_done(&text);
	}
}

static void add_members(struct buf *rows, struct count_map *words, struct bytes object)
{
	struct bytes rest, key, value;
	comma(rows);
	buf_add_text(rows, "[");
	bool open = entry_opens(object, '{', &rest);
	while (open && entry_next_member(&rest, &key, &value)) {
		if (!is_plain(key))
			continue;
		add_string(rows, words, (struct bytes){key.at - 1, key.len + 2});
		add_value(rows, words, value);
	}
	buf_add_text(rows, "]");
}

/* The first targets, one side after the other, and how many there are. */
static void add_targets(struct buf *rows, struct entry_walk walk)
{
	struct buf side[ENTRY_SIDES] = {{0}};
	struct bytes value[ENTRY_SIDES];
	size_t count = 0;
	for (; entry_walk_target(&walk, value); count++) {
		for (size_t i = 0; i < ENTRY_SIDES && count < TARGETS_SHOWN; i++) {
			buf_add_text(&side[i], count == 0 ? "" : ",");
			html_json(&side[i],
				  value[i].len <= VALUE_MAX ? value[i] : BYTES_LITERAL("\"(in the log)\""));
		}
	}
	buf_printf(rows, ",%zu", count);
	for (size_t i = 0; i < ENTRY_SIDES; i++) {
		buf_printf(rows, ",[%.*s]", BYTES_ARG(buf_bytes(&side[i])));
		rows->failed = rows->failed || side[i].failed;
		buf_done(&side[i]);
	}
}

static void add_evidence(struct buf *rows, struct entry_walk walk)
{
	struct bytes index;
	buf_add_text(rows, ",[");
	for (size_t count = 0; count < TARGETS_SHOWN && entry_walk_evidence(&walk, &index); count++) {
		comma(rows);
		html_json(rows, index);
	}
	buf_add_text(rows, "]");
}

static void add_interventions(struct buf *rows, struct count_map *words, const struct entry_view *view)
{
	buf_add_text(rows, ",[");
	for (size_t i = 0, end; i < view->count; i = end) {
		end = entry_view_end(view, i);
		const struct entry_walk walk = {.piece = view->piece + i, .end = view->piece + end};
		comma(rows);
		buf_add_text(rows, "[");
		add_members(rows, words, walk.piece->object);
		add_targets(rows, walk);
		add_evidence(rows, walk);
		buf_add_text(rows, "]");
	}
	buf_add_text(rows, "]");
}

void report_rows(struct report *report, struct buf *html)
{
	struct count_map words = {0};
	const struct bytes *leaf;
	buf_add_text(html, "<script type=\"text/plain\" id=\"rows\">\n");
	for (size_t i = 0; i < report->kept_count; i++) {
		const struct report_entry *entry = report_entry_at(report, i, &leaf);
		struct bytes time = entry_member(leaf[0], "time"), type = entry_member(leaf[0], "type");
		buf_printf(html, "[%u,%llu,%zu,", entry->log, (unsigned long long)entry->index, entry->count);
		html_json(html, time);
		add_string(html, &words, type);
		add_members(html, &words, leaf[0]);
		entry_view_read(&report->view, leaf, entry->count);
		add_interventions(html, &words, &report->view);
		buf_add_text(html, "]\n");
	}
	buf_add_text(html, "</script>\n<script type=\"application/json\" id=\"words\">[");
	for (size_t i = 0; i < words.count; i++) {
		buf_add_text(html, i == 0 ? "" : ",");
		html_json(html, count_row_name(&words.row[i]));
	}
	buf_add_text(html, "]</script>\n<script type=\"application/json\" id=\"logs\">");
	html_json(html, buf_bytes(&report->origins));
	buf_add_text(html, "</script>\n");
	html->failed = html->failed || words.failed || report->view.failed;
	count_map_done(&words);
}

/* ---- the same as HTML ---- */

static void plain_value(struct report *report, struct buf *html, struct bytes value)
{
	if (!bytes_present(value) || bytes_equal(value, BYTES_LITERAL("null")))
		buf_add_text(html, "<span class=\"none\">none</span>");
	else if (value.len > VALUE_MAX)
		buf_add_text(html, "(in the log)");
	else
		html_name(html, entry_plain(value, &report->scratch));
}

static void plain_members(struct report *report, struct buf *html, struct bytes object)
{
	struct bytes rest, key, value;
	bool open = entry_opens(object, '{', &rest);
	buf_add_text(html, "<dl>");
	while (open && entry_next_member(&rest, &key, &value)) {
		if (!is_plain(key) || left_to_log(value))
			continue;
		buf_add_text(html, "<div><dt>");
		html_name(html, key);
		buf_add_text(html, "</dt><dd>");
		plain_value(report, html, value);
		buf_add_text(html, "</dd></div>");
	}
	buf_add_text(html, "</dl>");
}

static void plain_targets(struct report *report, struct buf *html, struct entry_walk walk)
{
	struct bytes value[ENTRY_SIDES];
	size_t count = 0;
	for (; entry_walk_target(&walk, value); count++) {
		if (count == 0)
			buf_add_text(html,
				     "<table><caption>Targets, before and after</caption><thead><tr><th "
				     "scope=\"col\">Target</th><th scope=\"col\">Before</th>"
				     "<th scope=\"col\">After</th></tr></thead><tbody>");
		if (count >= TARGETS_SHOWN)
			continue;
		buf_add_text(html, "<tr><th scope=\"row\">");
		plain_value(report, html, value[0]);
		for (size_t i = 1; i < ENTRY_SIDES; i++) {
			buf_add_text(html, i == 1 ? "</th><td>" : "</td><td>");
			plain_value(report, html, value[i]);
		}
		buf_add_text(html, "</td></tr>");
	}
	if (count > 0)
		buf_add_text(html, "</tbody></table>");
	if (count > TARGETS_SHOWN)
		buf_printf(html, "<p>%zu more targets are in the log.</p>", count - TARGETS_SHOWN);
}

static void plain_intervention(struct report *report, struct buf *html, size_t first, size_t end)
{
	const struct entry_walk walk = {.piece = report->view.piece + first, .end = report->view.piece + end};
	buf_add_text(html, "<section class=\"intervention\"><h3>");
	html_name(html, entry_plain(entry_member(walk.piece->object, "rule"), &report->scratch));
	buf_add_text(html, " <span class=\"action\">");
	html_text(html, entry_plain(entry_member(walk.piece->object, "action"), &report->scratch));
	buf_add_text(html, "</span></h3>");
	plain_targets(report, html, walk);
	plain_members(report, html, walk.piece->object);
	buf_add_text(html, "</section>");
}

/* What one line says of an entry: rules and actions of a decision, the kind of anything else. */
static void plain_summary(struct report *report, struct buf *html, struct bytes leaf)
{
	const struct entry_view *view = &report->view;
	if (view->count == 0)
		html_name(html, entry_plain(entry_member(leaf, "kind"), &report->scratch));
	for (size_t i = 0; i < view->count; i = entry_view_end(view, i)) {
		buf_add_text(html, i == 0 ? "" : "; ");
		html_name(html, entry_plain(entry_member(view->piece[i].object, "rule"), &report->scratch));
		buf_add_text(html, " <span class=\"action\">");
		html_text(html, entry_plain(entry_member(view->piece[i].object, "action"), &report->scratch));
		buf_add_text(html, "</span>");
	}
}

void report_plain(struct report *report, struct buf *html)
{
	const struct bytes *leaf;
	for (size_t i = 0; i < report->kept_count && i < REPORT_PLAIN; i++) {
		const struct report_entry *entry = report_entry_at(report, i, &leaf);
		entry_view_read(&report->view, leaf, entry->count);
		buf_printf(html,
			   "<li><details><summary><span class=\"index\">%llu</span> <span class=\"type\">",
			   (unsigned long long)entry->index);
		html_text(html, entry_plain(entry_member(leaf[0], "type"), &report->scratch));
		buf_add_text(html, "</span> <span class=\"what\">");
		plain_summary(report, html, leaf[0]);
		buf_add_text(html, "</span> <time>");
		struct bytes time = entry_plain(entry_member(leaf[0], "time"), &report->scratch);
		html_text(html, (struct bytes){time.at, 10});
		buf_add_text(html, " ");
		html_text(html, (struct bytes){time.at + 11, 8});
		buf_add_text(html, " UTC</time></summary><div class=\"entry\">");
		for (size_t first = 0, end; first < report->view.count; first = end) {
			end = entry_view_end(&report->view, first);
			plain_intervention(report, html, first, end);
		}
		plain_members(report, html, leaf[0]);
		buf_add_text(html, "</div></details></li>\n");
	}
}

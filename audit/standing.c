/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/standing.h"

#include "proto/facts.h"
#include <stdlib.h>

struct standing_row {
	char *subject; /* owned; NULL: empty */
	size_t len;
	int64_t time_ns;
	uint64_t place;
	bool out;
};

/* FNV-1a. Pseudonyms are HMAC output, so nobody outside can choose them to collide. */
static size_t hash(struct bytes subject)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < subject.len; i++)
		value = (value ^ (unsigned char)subject.at[i]) * UINT64_C(0x100000001b3);
	return (size_t)value;
}

static struct standing_row *find(struct standing_row *row, size_t cap, struct bytes subject)
{
	size_t at = hash(subject) & (cap - 1);
	while (row[at].subject && !bytes_equal((struct bytes){row[at].subject, row[at].len}, subject))
		at = (at + 1) & (cap - 1);
	return &row[at];
}

static bool grow(struct audit_standing *standing)
{
	size_t cap = standing->cap ? 2 * standing->cap : 64;
	struct standing_row *row = calloc(cap, sizeof *row);
	if (!row)
		return false;
	for (size_t i = 0; i < standing->cap; i++) {
		const struct standing_row *old = &standing->row[i];
		if (old->subject)
			*find(row, cap, (struct bytes){old->subject, old->len}) = *old;
	}
	free(standing->row);
	standing->row = row;
	standing->cap = cap;
	return true;
}

static bool set_word(struct audit_standing *standing, const struct audit_entry_word *word, struct err *err)
{
	if (word->subject.len == 0)
		return true;
	if (2 * standing->count >= standing->cap && !grow(standing))
		return err_set(err, "memory is short for what users said about opting out");
	struct standing_row *row = find(standing->row, standing->cap, word->subject);
	if (!row->subject) {
		row->subject = malloc(word->subject.len);
		if (!row->subject)
			return err_set(err, "memory is short for what users said about opting out");
		memcpy(row->subject, word->subject.at, word->subject.len);
		row->len = word->subject.len;
		standing->count++;
	}
	row->time_ns = word->time_ns;
	row->place = word->place;
	row->out = word->out;
	return true;
}

static bool fold_signal(struct audit_standing *standing, uint64_t place, struct bytes leaf, struct err *err)
{
	struct audit_entry_seen seen;
	if (!audit_entry_read(leaf, &standing->scratch, &seen, err))
		return false;
	enum signal_kind kind = seen.kind.len ? signal_kind_named(seen.kind) : SIGNAL_OTHER;
	if (kind != SIGNAL_OPT_OUT && kind != SIGNAL_OPT_IN)
		return true;
	struct audit_entry_word word = {.subject = seen.session,
					.time_ns = seen.time_ns,
					.out = kind == SIGNAL_OPT_OUT,
					.place = place};
	if (!set_word(standing, &word, err))
		return false;
	word.subject = seen.user;
	return set_word(standing, &word, err);
}

static bool fold_open(struct audit_standing *standing, struct bytes leaf, struct err *err)
{
	struct audit_entry_head head;
	struct audit_entry_words words;
	struct audit_entry_word word;
	bool good = audit_entry_read_head(leaf, &head, err);
	if (!good)
		return false;
	audit_entry_words_begin(leaf, &head, &standing->scratch, &words);
	while (good && audit_entry_words_next(&words, &standing->scratch, &word))
		good = set_word(standing, &word, err);
	if (good && words.bad)
		good = err_set(err, "open entry: its opt_outs cannot be read");
	return good;
}

/* Keeps the last entry of a type, all parts of it. */
static bool keep(struct audit_batch *kept, struct bytes leaf, struct err *err)
{
	struct audit_entry_head head;
	if (!audit_entry_read_head(leaf, &head, err))
		return false;
	if (head.part <= 1) {
		buf_clear(&kept->leaves);
		kept->count = 0;
	}
	const uint8_t len[2] = {(uint8_t)(leaf.len >> 8), (uint8_t)(leaf.len & 255)};
	buf_add(&kept->leaves, len, sizeof len);
	buf_add_bytes(&kept->leaves, leaf);
	kept->count++;
	return !kept->leaves.failed || err_set(err, "memory is short for the rules in force");
}

static bool is(struct bytes leaf, const char *begin)
{
	size_t len = strlen(begin);
	return leaf.len > len && memcmp(leaf.at, begin, len) == 0;
}

bool audit_standing_fold(struct audit_standing *standing, uint64_t place, struct bytes leaf, struct err *err)
{
	/* A glance at the type first: nearly all entries are of no interest here. */
	if (is(leaf, "{\"v\":1,\"type\":\"signal\""))
		return fold_signal(standing, place, leaf, err);
	if (is(leaf, "{\"v\":1,\"type\":\"open\""))
		return fold_open(standing, leaf, err);
	if (is(leaf, "{\"v\":1,\"type\":\"ruleset\""))
		return keep(&standing->ruleset, leaf, err);
	return !is(leaf, "{\"v\":1,\"type\":\"mode\"") || keep(&standing->mode, leaf, err);
}

static int by_place(const void *a, const void *b)
{
	const struct audit_entry_word *x = a, *y = b;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	size_t len = x->subject.len < y->subject.len ? x->subject.len : y->subject.len;
	int order = memcmp(x->subject.at, y->subject.at, len);
	return order ? order : (x->subject.len > y->subject.len) - (x->subject.len < y->subject.len);
}

bool audit_standing_list(const struct audit_standing *standing, struct audit_entry_word **word, size_t *count,
			 struct err *err)
{
	struct audit_entry_word *list = calloc(standing->count + 1, sizeof *list);
	size_t made = 0;
	if (!list)
		return err_set(err, "memory is short for what users said about opting out");
	for (size_t i = 0; i < standing->cap; i++) {
		const struct standing_row *row = &standing->row[i];
		if (row->subject)
			list[made++] = (struct audit_entry_word){
				{row->subject, row->len}, row->time_ns, row->out, row->place};
	}
	if (made > 1)
		qsort(list, made, sizeof *list, by_place);
	*word = list;
	*count = made;
	return true;
}

void audit_standing_done(struct audit_standing *standing)
{
	for (size_t i = 0; i < standing->cap; i++)
		free(standing->row[i].subject);
	free(standing->row);
	buf_done(&standing->scratch);
	audit_batch_done(&standing->ruleset);
	audit_batch_done(&standing->mode);
	*standing = (struct audit_standing){0};
}

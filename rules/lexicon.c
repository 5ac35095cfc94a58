/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/lexicon.h"

#include "rules/fold_table.h"
#include <stdlib.h>

/* The database holds the last bytes of each folded phrase; the rest is compared here. Hyperscan 5.4.0 fails
 * with HS_UNKNOWN_ERROR on some literals of more than 32 bytes that end in a run (intel/hyperscan issue 303);
 * random literals up to 32 never did. */
enum { TAIL_MAX = 16 };

/* One folded phrase. */
struct literal {
	struct bytes folded, phrase;
	struct bytes tail; /* the end of folded */
	uint32_t list;
	uint8_t lane; /* enum fold_lane */
	bool word;
};

struct lexicon {
	struct arena *arena;
	struct literal *literal;
	size_t count, room, lists;
	bool lane_used[FOLD_LANES];
	uint32_t *first; /* per database id: its first literal; the last value is the count */
	size_t ids;
	hs_database_t *database;
};

struct lexicon *rules_lexicon_new(struct arena *arena)
{
	struct lexicon *lexicon = arena_zalloc(arena, 1, sizeof *lexicon);
	if (lexicon)
		lexicon->arena = arena;
	return lexicon;
}

void rules_lexicon_done(struct lexicon *lexicon)
{
	if (lexicon)
		hs_free_database(lexicon->database);
}

bool rules_lexicon_open(struct lexicon *lexicon, size_t *list)
{
	if (lexicon->lists == UINT32_MAX)
		return false;
	*list = lexicon->lists++;
	return true;
}

static bool add_literal(struct lexicon *lexicon, struct literal literal)
{
	if (lexicon->count == lexicon->room) {
		size_t room = lexicon->room ? lexicon->room * 2 : 64;
		struct literal *grown = arena_array(lexicon->arena, room, sizeof *grown);
		if (!grown)
			return false;
		if (lexicon->count)
			memcpy(grown, lexicon->literal, lexicon->count * sizeof *grown);
		lexicon->literal = grown;
		lexicon->room = room;
	}
	lexicon->literal[lexicon->count++] = literal;
	lexicon->lane_used[literal.lane] = true;
	return true;
}

static struct bytes trim(struct bytes text)
{
	while (text.len && text.at[0] == ' ') {
		text.at++;
		text.len--;
	}
	while (text.len && text.at[text.len - 1] == ' ')
		text.len--;
	return text;
}

enum lexicon_added rules_lexicon_add(struct lexicon *lexicon, size_t list, struct lexicon_style style,
				     struct bytes phrase)
{
	enum fold_lane from = style.full ? FOLD_FIRST : style.fold_case ? FOLD_CASE : FOLD_NONE;
	enum fold_lane to = style.full ? FOLD_SECOND : from;
	for (enum fold_lane lane = from; lane <= to; lane++) {
		struct folded folded;
		if (!rules_fold(phrase, lane, lexicon->arena, &folded))
			return LEXICON_FULL;
		struct bytes text = trim(folded.text);
		if (text.len == 0)
			return LEXICON_EMPTY;
		size_t before = text.len > TAIL_MAX ? text.len - TAIL_MAX : 0;
		struct literal literal = {.folded = text,
					  .phrase = phrase,
					  .tail = {text.at + before, text.len - before},
					  .list = (uint32_t)list,
					  .lane = (uint8_t)lane,
					  .word = style.word};
		if (!add_literal(lexicon, literal))
			return LEXICON_FULL;
	}
	return LEXICON_ADDED;
}

static int by_tail(const void *left, const void *right)
{
	const struct literal *a = left, *b = right;
	int order = bytes_compare(a->tail, b->tail);
	if (order == 0)
		order = bytes_compare(a->folded, b->folded);
	if (order == 0)
		order = (a->list > b->list) - (a->list < b->list);
	if (order == 0)
		order = (int)a->lane - (int)b->lane;
	return order ? order : bytes_compare(a->phrase, b->phrase);
}

/* Equal tails share one id of the database. */
static bool number(struct lexicon *lexicon, const char **text, size_t *len, unsigned *id)
{
	lexicon->first = arena_array(lexicon->arena, lexicon->count + 1, sizeof *lexicon->first);
	if (!lexicon->first)
		return false;
	for (size_t i = 0; i < lexicon->count; i++) {
		const struct literal *literal = &lexicon->literal[i];
		if (i && bytes_equal(literal->tail, literal[-1].tail))
			continue;
		text[lexicon->ids] = literal->tail.at;
		len[lexicon->ids] = literal->tail.len;
		id[lexicon->ids] = (unsigned)lexicon->ids;
		lexicon->first[lexicon->ids++] = (uint32_t)i;
	}
	lexicon->first[lexicon->ids] = (uint32_t)lexicon->count;
	return true;
}

bool rules_lexicon_compile(struct lexicon *lexicon, struct err *err)
{
	hs_compile_error_t *wrong = NULL;
	if (lexicon->count == 0)
		return true;
	qsort(lexicon->literal, lexicon->count, sizeof *lexicon->literal, by_tail);
	const char **text = calloc(lexicon->count, sizeof *text);
	size_t *len = calloc(lexicon->count, sizeof *len);
	unsigned *id = calloc(lexicon->count, sizeof *id), *flags = calloc(lexicon->count, sizeof *flags);
	bool good = text && len && id && flags && number(lexicon, text, len, id);
	if (!good)
		err_set(err, "the phrases need more memory than there is; write fewer");
	else
		good = hs_compile_lit_multi(text, flags, id, len, (unsigned)lexicon->ids, HS_MODE_BLOCK, NULL,
					    &lexicon->database, &wrong) == HS_SUCCESS;
	if (wrong)
		err_set(err, "the phrases cannot be compiled: %s", wrong->message);
	hs_free_compile_error(wrong);
	free(text);
	free(len);
	free(id);
	free(flags);
	return good;
}

size_t rules_lexicon_lists(const struct lexicon *lexicon)
{
	return lexicon->lists;
}

const hs_database_t *rules_lexicon_database(const struct lexicon *lexicon)
{
	return lexicon->database;
}

/* One lane of one text being scanned. */
struct scan {
	const struct lexicon *lexicon;
	struct kit *kit;
	struct arena *arena;
	struct bytes original;
	struct folded folded;
	enum fold_lane lane;
	unsigned char *boundary; /* word boundaries of the original; made at the first match */
	struct bytes *hits;
	bool full;
};

static size_t origin(const struct scan *scan, size_t at)
{
	return scan->folded.from ? scan->folded.from[at] : at;
}

/* A folded place between two bytes is a place in the original only where the two come from different
 * characters: not inside what one ligature became. */
static bool is_between_characters(const struct scan *scan, size_t at)
{
	return at == 0 || at == scan->folded.text.len || origin(scan, at) != origin(scan, at - 1);
}

static bool is_without_spaces(const struct scan *scan, size_t at)
{
	return (fold_record_of(rules_fold_next(scan->original, &at))->flags & FOLD_NOSPACE) != 0;
}

static bool need_boundaries(struct scan *scan)
{
	if (scan->boundary || scan->full)
		return !scan->full;
	unsigned char *boundary = arena_zalloc(scan->arena, scan->original.len + 1, 1);
	if (!boundary || !rules_kit_words(scan->kit, scan->original, boundary))
		scan->full = true;
	else
		scan->boundary = boundary;
	return !scan->full;
}

static bool at_word_edges(const struct scan *scan, size_t from, size_t to)
{
	size_t begin = origin(scan, from), last = origin(scan, to - 1), end = origin(scan, to);
	return (scan->boundary[begin] || is_without_spaces(scan, begin)) &&
	       (scan->boundary[end] || is_without_spaces(scan, last));
}

/* Some word that the match touches is odd. */
static bool touches_odd(const struct scan *scan, size_t from, size_t to)
{
	size_t begin = origin(scan, from), end = origin(scan, to);
	while (begin && !scan->boundary[begin])
		begin--;
	for (size_t word = begin, at = begin + 1; word < end; at++) {
		if (!scan->boundary[at])
			continue;
		if (rules_fold_is_odd((struct bytes){scan->original.at + word, at - word}))
			return true;
		word = at;
	}
	return false;
}

static bool stands_before(const struct scan *scan, const struct literal *literal, size_t to)
{
	size_t len = literal->folded.len;
	return len <= to && memcmp(scan->folded.text.at + to - len, literal->folded.at, len) == 0;
}

static bool counts(struct scan *scan, const struct literal *literal, size_t to)
{
	size_t from = to - literal->folded.len;
	bool second = scan->lane == FOLD_SECOND;
	if (!literal->word && !second)
		return true;
	return is_between_characters(scan, from) && is_between_characters(scan, to) &&
	       need_boundaries(scan) && (!literal->word || at_word_edges(scan, from, to)) &&
	       (!second || touches_odd(scan, from, to));
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	struct scan *scan = context;
	(void)from; /* known: `to` less the literal's length */
	(void)flags;
	for (size_t i = scan->lexicon->first[id]; i < scan->lexicon->first[id + 1]; i++) {
		const struct literal *literal = &scan->lexicon->literal[i];
		struct bytes *hit = &scan->hits[literal->list];
		if (literal->lane == scan->lane && !bytes_present(*hit) &&
		    stands_before(scan, literal, (size_t)to) && counts(scan, literal, (size_t)to))
			*hit = literal->phrase;
	}
	return scan->full;
}

bool rules_lexicon_scan(const struct lexicon *lexicon, struct kit *kit, struct bytes text,
			struct arena *arena, struct bytes **hits)
{
	struct scan scan = {.lexicon = lexicon, .kit = kit, .arena = arena, .original = text};
	*hits = scan.hits = arena_zalloc(arena, lexicon->lists + 1, sizeof *scan.hits);
	if (!scan.hits)
		return false;
	for (enum fold_lane lane = FOLD_FIRST; lane < FOLD_LANES && text.len; lane++) {
		if (!lexicon->lane_used[lane] || (lane == FOLD_SECOND && rules_fold_is_tame(text)))
			continue;
		scan.lane = lane;
		if (text.len > INT32_MAX || !rules_fold(text, lane, arena, &scan.folded))
			return false;
		hs_error_t status = hs_scan(lexicon->database, scan.folded.text.at,
					    (unsigned)scan.folded.text.len, 0, kit->scratch, on_match, &scan);
		if (scan.full || status != HS_SUCCESS)
			return false;
	}
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/catalogue.h"

#include "proto/time.h"
#include "rules/checks.h"
#include "rules/locale.h"
#include <errno.h>
#include <stdlib.h>

/* Matching a text with slots costs slots x length x characters at worst. */
enum { SLOT_CHARS = 200, SLOTS = 8 };

static const struct key slot_keys[] = {
	{.name = "name",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text_slot, name),
	 .required = true,
	 .check = rules_check_name,
	 .help = "stands in the text as {name}"},
	{.name = "max_chars",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct text_slot, max_chars),
	 .min = 1,
	 .max = SLOT_CHARS,
	 .help = "characters (code points) that it may hold"},
	{.name = "one_of",
	 .type = KEY_TEXTS,
	 .at = offsetof(struct text_slot, one_of),
	 .check = rules_check_filled,
	 .help = "the only values that it may hold"},
};
static const struct keys slot_table = {slot_keys, KEY_COUNT(slot_keys), sizeof(struct text_slot)};

static const struct key choice_keys[] = {
	{.name = "id",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text_choice, id),
	 .check = rules_check_filled,
	 .help = "the choice's id when the text replaces a prompt"},
	{.name = "kind",
	 .type = KEY_WORD,
	 .at = offsetof(struct text_choice, kind),
	 .required = true,
	 .word = rules_choice_word,
	 .help = "what choosing it means"},
	{.name = "label",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text_choice, label),
	 .required = true,
	 .check = rules_check_filled,
	 .help = "what the user reads"},
};
static const struct keys choice_table = {choice_keys, KEY_COUNT(choice_keys), sizeof(struct text_choice)};

static const struct key text_keys[] = {
	{.name = "id",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text, id),
	 .required = true,
	 .check = rules_check_id,
	 .help = "what rules and prompts call it"},
	{.name = "locale",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text, locale),
	 .required = true,
	 .check = rules_locale_check_tag,
	 .help = "its language (BCP 47)"},
	{.name = "kind",
	 .type = KEY_WORD,
	 .at = offsetof(struct text, kind),
	 .word = rules_prompt_word,
	 .help = "of the prompt that it makes; none: for explanations"},
	{.name = "text",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text, text),
	 .required = true,
	 .check = rules_check_filled,
	 .help = "the words, slots as {name}"},
	{.name = "approved_by",
	 .type = KEY_TEXT,
	 .at = offsetof(struct text, approved_by),
	 .help = "who approved it"},
	{.name = "approved", .type = KEY_TIME, .at = offsetof(struct text, approved), .help = "from when"},
	{.name = "expires", .type = KEY_TIME, .at = offsetof(struct text, expires), .help = "until when"},
	{.name = "slots",
	 .type = KEY_GROUPS,
	 .at = offsetof(struct text, slots),
	 .inner = &slot_table,
	 .help = "what its slots may hold"},
	{.name = "choices",
	 .type = KEY_GROUPS,
	 .at = offsetof(struct text, choices),
	 .inner = &choice_table,
	 .help = "the options of the prompt"},
};
const struct keys rules_text_keys = {text_keys, KEY_COUNT(text_keys), sizeof(struct text)};

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The `{name}` that begins at `at`; at == NULL when none does: then the brace is an ordinary character. */
static struct bytes placeholder(struct bytes text, size_t at)
{
	size_t end = at + 1;
	while (end < text.len && is_name(text.at[end]))
		end++;
	if (end == text.len || text.at[end] != '}' || end == at + 1)
		return (struct bytes){0};
	return (struct bytes){text.at + at + 1, end - at - 1};
}

static const struct text_slot *slot_named(const struct text *text, struct bytes name)
{
	const struct text_slot *slot = text->slots.at;
	for (size_t i = 0; i < text->slots.count; i++)
		if (bytes_equal(slot[i].name, name))
			return &slot[i];
	return NULL;
}

static void cut_at_slots(const struct reader *reader, struct text *text)
{
	struct bytes words = text->text;
	size_t braces = 0, from = 0;
	for (size_t i = 0; i < words.len; i++)
		braces += words.at[i] == '{';
	text->part = arena_zalloc(reader->arena, braces + 1, sizeof *text->part);
	if (!text->part) {
		rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
		return;
	}
	for (size_t i = 0; i < words.len; i++) {
		struct bytes name = words.at[i] == '{' ? placeholder(words, i) : (struct bytes){0};
		if (!bytes_present(name))
			continue;
		const struct text_slot *slot = slot_named(text, name);
		if (!slot)
			rules_keys_complain(reader, text->spot.line,
					    "text has {%.*s}, but no slot has that name; add it to slots",
					    BYTES_ARG(name));
		text->part[text->part_count++] = (struct text_part){{words.at + from, i - from}, slot};
		from = i + name.len + 2;
		i = from - 1;
	}
	text->part[text->part_count++] = (struct text_part){{words.at + from, words.len - from}, NULL};
}

static bool is_used(const struct text *text, const struct text_slot *slot)
{
	for (size_t i = 0; i < text->part_count; i++)
		if (text->part[i].slot && bytes_equal(text->part[i].slot->name, slot->name))
			return true;
	return false;
}

static void check_slots(const struct reader *reader, const struct text *text)
{
	const struct text_slot *slot = text->slots.at;
	for (size_t i = 0; i < text->slots.count; i++) {
		if (!bytes_present(slot[i].name))
			continue;
		if (slot_named(text, slot[i].name) != &slot[i])
			rules_keys_complain(reader, slot[i].spot.line,
					    "slot \"%.*s\" stands twice; remove one",
					    BYTES_ARG(slot[i].name));
		else if (!is_used(text, &slot[i]))
			rules_keys_complain(
				reader, slot[i].spot.line,
				"slot \"%.*s\" does not stand in the text; remove it, or write {%.*s}",
				BYTES_ARG(slot[i].name), BYTES_ARG(slot[i].name));
		if (!slot[i].max_chars.present && !slot[i].one_of.count)
			rules_keys_complain(reader, slot[i].spot.line,
					    "slot \"%.*s\" may hold anything; give it max_chars or one_of",
					    BYTES_ARG(slot[i].name));
	}
}

static size_t longest_value(const struct text_slot *slot)
{
	size_t longest = 0;
	for (size_t i = 0; i < slot->one_of.count; i++)
		longest = slot->one_of.at[i].len > longest ? slot->one_of.at[i].len : longest;
	return slot->one_of.count ? longest : 4 * (size_t)slot->max_chars.value;
}

static void measure(const struct reader *reader, struct text *text)
{
	size_t slots = 0;
	for (size_t i = 0; i < text->part_count; i++) {
		const struct text_slot *slot = text->part[i].slot;
		text->longest += text->part[i].literal.len + (slot ? longest_value(slot) : 0);
		slots += slot != NULL;
	}
	if (slots > SLOTS)
		rules_keys_complain(reader, text->spot.line, "text has %zu slots; it may have at most %d",
				    slots, SLOTS);
}

static void take_choices(const struct reader *reader, struct text *text)
{
	const struct text_choice *choice = text->choices.at;
	if (text->choices.count == 0)
		return;
	text->as_choice = arena_zalloc(reader->arena, text->choices.count, sizeof *text->as_choice);
	if (!text->as_choice) {
		rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
		return;
	}
	for (size_t i = 0; i < text->choices.count; i++)
		text->as_choice[i] = (struct facts_choice){.id = choice[i].id,
							   .label = choice[i].label,
							   .kind = (enum choice_kind)choice[i].kind};
}

void rules_catalogue_add(struct catalogue *catalogue, const struct reader *reader, struct text *text)
{
	char room[LOCALE_MAX];
	if (!bytes_present(text->id) || !bytes_present(text->locale) || !bytes_present(text->text))
		return; /* said before */
	text->locale = arena_copy(reader->arena, rules_locale_canonical(text->locale, room));
	cut_at_slots(reader, text);
	check_slots(reader, text);
	measure(reader, text);
	take_choices(reader, text);
	if (text->approved.present && text->expires.present && text->approved.ns >= text->expires.ns)
		rules_keys_complain(reader, text->spot.line,
				    "expires is not after approved; it is never in force");
	if (catalogue->count == catalogue->room) {
		size_t grown = catalogue->room ? catalogue->room * 2 : 64;
		struct text **list = arena_array(reader->arena, grown, sizeof *list);
		if (!list) {
			rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
			return;
		}
		if (catalogue->count)
			memcpy(list, catalogue->text, catalogue->count * sizeof *list);
		catalogue->text = list;
		catalogue->room = grown;
	}
	catalogue->text[catalogue->count++] = text;
}

/* A text that expires sooner than this is told before it happens. */
#define SOON_NS (30 * 24 * TIME_HOUR)

static int by_id(const void *left, const void *right)
{
	const struct text *a = *(struct text *const *)left, *b = *(struct text *const *)right;
	int order = bytes_compare(a->id, b->id);
	if (order == 0)
		order = bytes_compare(a->locale, b->locale);
	if (order == 0)
		order = strcmp(a->spot.file, b->spot.file);
	return order ? order : (a->spot.line > b->spot.line) - (a->spot.line < b->spot.line);
}

void rules_catalogue_finish(struct catalogue *catalogue, struct rules_findings *findings, int64_t now_ns)
{
	if (catalogue->count)
		qsort(catalogue->text, catalogue->count, sizeof(struct text *), by_id);
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct text *text = catalogue->text[i], *before = i ? catalogue->text[i - 1] : NULL;
		char when[TIME_TEXT_LEN + 1];
		if (before && bytes_equal(before->id, text->id) && bytes_equal(before->locale, text->locale))
			rules_findings_add(findings, true, text->spot.file, text->spot.line,
					   "text %.*s (%.*s): stands twice, first at %s:%u; remove one",
					   BYTES_ARG(text->id), BYTES_ARG(text->locale), before->spot.file,
					   before->spot.line);
		if (now_ns == 0 || !text->expires.present || text->expires.ns - SOON_NS > now_ns)
			continue;
		time_format(text->expires.ns, when);
		if (now_ns < text->expires.ns) {
			rules_findings_add(findings, false, text->spot.file, text->spot.line,
					   "text %.*s (%.*s): expires on %.10s; approve it again in time",
					   BYTES_ARG(text->id), BYTES_ARG(text->locale), when);
			continue;
		}
		rules_findings_add(findings, false, text->spot.file, text->spot.line,
				   "text %.*s (%.*s): expired on %.10s; approve it again, or remove it",
				   BYTES_ARG(text->id), BYTES_ARG(text->locale), when);
	}
}

bool rules_text_in_force(const struct text *text, int64_t now_ns)
{
	return (!text->approved.present || text->approved.ns <= now_ns) &&
	       (!text->expires.present || now_ns < text->expires.ns);
}

size_t rules_catalogue_range(const struct catalogue *catalogue, struct bytes id, size_t *from)
{
	size_t low = 0, high = catalogue->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bytes_compare(catalogue->text[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*from = low;
	while (low < catalogue->count && bytes_equal(catalogue->text[low]->id, id))
		low++;
	return low;
}

const struct text *rules_catalogue_lookup(const struct catalogue *catalogue, struct bytes id,
					  struct bytes locale, int64_t now_ns)
{
	char room[LOCALE_MAX];
	size_t from, to = rules_catalogue_range(catalogue, id, &from);
	struct bytes tag = rules_locale_canonical(locale, room);
	for (; tag.len; tag = rules_locale_truncate(tag))
		for (size_t i = from; i < to; i++)
			if (bytes_equal(catalogue->text[i]->locale, tag) &&
			    rules_text_in_force(catalogue->text[i], now_ns))
				return catalogue->text[i];
	return NULL;
}

/* --- matching --- */

struct match {
	const struct text *text;
	struct bytes words;
	struct bytes *slot;
	/* dead[part * (words.len + 1) + at]: known not to match from there; keeps the search polynomial */
	unsigned char *dead;
};

static bool match_part(struct match *match, size_t part, size_t at);

static bool match_value(struct match *match, size_t part, size_t from, size_t len)
{
	match->slot[part] = (struct bytes){match->words.at + from, len};
	return match_part(match, part + 1, from + len);
}

static bool match_one_of(struct match *match, size_t part, size_t at)
{
	const struct text_slot *slot = match->text->part[part].slot;
	struct bytes rest = {match->words.at + at, match->words.len - at};
	for (size_t i = 0; i < slot->one_of.count; i++) {
		struct bytes value = slot->one_of.at[i];
		if (value.len <= rest.len && memcmp(value.at, rest.at, value.len) == 0 &&
		    (!slot->max_chars.present || rules_count_characters(value) <= slot->max_chars.value) &&
		    match_value(match, part, at, value.len))
			return true;
	}
	return false;
}

static bool match_any(struct match *match, size_t part, size_t at)
{
	const struct text_slot *slot = match->text->part[part].slot;
	double characters = 0;
	for (size_t end = at; end < match->words.len && characters < slot->max_chars.value; characters++) {
		end++;
		while (end < match->words.len && ((unsigned char)match->words.at[end] & 0xc0) == 0x80)
			end++;
		if (match_value(match, part, at, end - at))
			return true;
	}
	return false;
}

/* Depth: one frame per slot of the text. */
static bool match_part(struct match *match, size_t part, size_t at)
{
	const struct text_part *here = &match->text->part[part];
	unsigned char *dead = &match->dead[part * (match->words.len + 1) + at];
	struct bytes rest = {match->words.at + at, match->words.len - at};
	if (*dead)
		return false;
	bool good =
		rest.len >= here->literal.len && memcmp(rest.at, here->literal.at, here->literal.len) == 0;
	if (good && !here->slot)
		good = rest.len == here->literal.len;
	else if (good)
		good = here->slot->one_of.count ? match_one_of(match, part, at + here->literal.len)
						: match_any(match, part, at + here->literal.len);
	*dead = !good;
	return good;
}

bool rules_text_match(const struct text *text, struct bytes words, struct arena *arena, struct bytes *slot,
		      bool *full)
{
	const struct text_part *first = &text->part[0];
	if (text->part_count == 1)
		return bytes_equal(first->literal, words);
	/* most texts differ at once, most others by length: no room is needed for them */
	if (words.len < first->literal.len || memcmp(words.at, first->literal.at, first->literal.len) != 0 ||
	    words.len > text->longest)
		return false;
	struct match match = {text, words, slot, arena_zalloc(arena, text->part_count * (words.len + 1), 1)};
	*full |= !match.dead;
	return match.dead && match_part(&match, 0, 0);
}

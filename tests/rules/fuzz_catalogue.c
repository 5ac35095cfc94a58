/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a catalogue, behind a line of a locale and a line of words: it loads or it does not. What
 * loads finds texts by RFC 4647 lookup, says of which parts the words are made, knows its own instances, and
 * governs a prompt of these words.
 */
#include "rules/decide.h"

#include "rules/catalogue.h"
#include "rules/loaded.h"
#include "rules/locale.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* libconfig 1.5 does not free what it was reading when a syntax error stops it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

#define NOW INT64_C(1795428000000000000) /* 2026-11-23T10:00:00Z */

static const char rules[] =
	"format = 1; name = \"f\"; version = \"1\"; owner = \"o\";\n"
	"rules = (\n"
	"{ id = \"approved\"; kind = \"template_allow\"; on = [ \"text\", \"labels\", \"explanation\" ];\n"
	"  action = \"suppress\"; reason = \"r\"; },\n"
	"{ id = \"denied\"; kind = \"phrase_deny\"; phrases = [ \"bad\" ]; action = \"suppress\"; reason = "
	"\"r\"; } );\n";

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct bytes take_line(struct bytes *rest)
{
	const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
	struct bytes line = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	size_t taken = line.len + (end != NULL);
	*rest = (struct bytes){rest->at + taken, rest->len - taken};
	return line;
}

/* From a file that has no place in any directory. */
static struct rules_ruleset *load(struct bytes catalogue)
{
	char path[64];
	struct rules_findings findings = {0};
	int fd = memfd_create("rules", MFD_CLOEXEC);
	if (fd < 0 || write(fd, rules, sizeof rules - 1) != (ssize_t)sizeof rules - 1 ||
	    write(fd, catalogue.at, catalogue.len) != (ssize_t)catalogue.len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct rules_ruleset *ruleset = rules_ruleset_load(path, NOW, &findings);
	close(fd);
	must((ruleset == NULL) == (findings.errors > 0), "what does not load says why");
	rules_findings_done(&findings);
	return ruleset;
}

static size_t characters(struct bytes text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return count;
}

static bool slot_admits(const struct text_slot *slot, struct bytes value)
{
	bool listed = slot->one_of.count == 0;
	for (size_t i = 0; i < slot->one_of.count; i++)
		listed |= bytes_equal(slot->one_of.at[i], value);
	return listed && value.len &&
	       (!slot->max_chars.present || (double)characters(value) <= slot->max_chars.value);
}

/* The parts that a match names, one behind the other, are the words. */
static void check_parts(const struct text *text, struct bytes words, const struct bytes *slot)
{
	size_t at = 0;
	for (size_t i = 0; i < text->part_count; i++) {
		struct bytes run[] = {text->part[i].literal,
				      text->part[i].slot ? slot[i] : (struct bytes){0}};
		must(!text->part[i].slot || slot_admits(text->part[i].slot, slot[i]),
		     "a slot holds what it may hold");
		for (size_t k = 0; k < 2; at += run[k++].len)
			must(run[k].len == 0 || (words.len - at >= run[k].len &&
						 memcmp(words.at + at, run[k].at, run[k].len) == 0),
			     "parts make the words");
	}
	must(at == words.len, "parts make all the words");
}

static bool match(const struct text *text, struct bytes words, struct arena *arena)
{
	bool full = false;
	struct bytes *slot = arena_zalloc(arena, text->part_count, sizeof *slot);
	must(slot != NULL, "the arena is large enough");
	bool good = rules_text_match(text, words, arena, slot, &full);
	must(!full, "the arena is large enough");
	if (good && text->part_count > 1)
		check_parts(text, words, slot);
	return good;
}

/* With the first value of a list, or one character. at == NULL: a slot takes none of its own values. */
static struct bytes instance(const struct text *text, struct arena *arena)
{
	char *words = arena_alloc(arena, text->longest + 1);
	size_t len = 0;
	must(words != NULL, "the arena is large enough");
	for (size_t i = 0; i < text->part_count; i++) {
		const struct text_slot *slot = text->part[i].slot;
		struct bytes value = slot && slot->one_of.count ? slot->one_of.at[0] : BYTES_LITERAL("x");
		if (slot && !slot_admits(slot, value))
			return (struct bytes){0};
		if (text->part[i].literal.len)
			memcpy(words + len, text->part[i].literal.at, text->part[i].literal.len);
		len += text->part[i].literal.len;
		if (slot)
			memcpy(words + len, value.at, value.len);
		len += slot ? value.len : 0;
	}
	must(len <= text->longest, "no instance is longer than the longest");
	return (struct bytes){words, len};
}

/* Lookup: the tag that was asked for, or a shorter form of it. */
static void check_lookup(const struct catalogue *catalogue, struct bytes id, struct bytes locale)
{
	char room[LOCALE_MAX];
	struct bytes tag = rules_locale_canonical(locale, room);
	const struct text *found = rules_catalogue_lookup(catalogue, id, locale, NOW);
	if (!found)
		return;
	must(bytes_equal(found->id, id) && rules_text_in_force(found, NOW), "the text that was asked for");
	must(found->locale.len <= tag.len && memcmp(found->locale.at, tag.at, found->locale.len) == 0 &&
		     (found->locale.len == tag.len || tag.at[found->locale.len] == '-'),
	     "in a shorter form of the tag");
}

static void check_texts(const struct catalogue *catalogue, struct bytes locale, struct bytes words,
			struct arena *arena)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct text *text = catalogue->text[i];
		struct bytes own = instance(text, arena);
		check_lookup(catalogue, text->id, locale);
		if (rules_text_in_force(text, NOW))
			must(rules_catalogue_lookup(catalogue, text->id, text->locale, NOW) == text,
			     "a text is found in its own locale");
		(void)match(text, words, arena);
		must(!bytes_present(own) || match(text, own, arena), "a text knows its own instance");
	}
}

/* What is not an instance of any text does not leave. */
static void check_prompt(const struct rules_ruleset *ruleset, struct bytes locale, struct bytes words,
			 struct arena *arena)
{
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"), .text = words, .locale = locale};
	struct facts facts = {.prompts = &prompt, .prompt_count = 1, .locale = locale, .explanation = words};
	struct rules_decision decision;
	struct err err;
	bool any = words.len == 0;
	must(rules_decide(ruleset, &facts, NOW, arena, &decision, &err) &&
		     rules_decide_frequency(NULL, NOW, arena, &decision, &err),
	     "the arena is large enough");
	for (size_t i = 0; i < ruleset->catalogue.count; i++)
		any |= match(ruleset->catalogue.text[i], words, arena);
	must(any || decision.prompt_count == 0, "what is not approved is suppressed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes rest = {(const char *)data, len};
	struct bytes locale = take_line(&rest), words = take_line(&rest);
	struct rules_ruleset *ruleset = words.len > 1000 ? NULL : load(rest);
	struct arena arena;
	if (!ruleset)
		return 0;
	arena_init(&arena, (size_t)1 << 30);
	check_texts(&ruleset->catalogue, locale, words, &arena);
	check_prompt(ruleset, locale, words, &arena);
	arena_done(&arena);
	rules_ruleset_drop(ruleset);
	return 0;
}

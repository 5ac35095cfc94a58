/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz body: view, edit, patch, view again; what was edited must be there and the rest as it was.
 *
 * Input: one byte for the schema and the verb, one byte of edits, then the message.
 */
#include "proto/patch.h"
#include "proto/view.h"
#include "trap_mapping.h"
#include <assert.h>
#include <stdlib.h>

enum { SCHEMA_TRAP = 1, VERB_REQUEST = 2, VERB_SIGNAL = 4, SCHEMA_SHAPE = 8 };
enum {
	EDIT_SCORES = 1,
	EDIT_ORDER = 2,
	EDIT_WEIGHTS = 4,
	EDIT_DROP = 8,
	EDIT_REPLACE = 16,
	EDIT_EXPLAIN = 32,
	EDIT_CLEAR = 64,
	EDIT_OTHERS = 128
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct proto_limits limits = {200, 20};
static const char new_text[] =
	"approved words that are longer than one hundred and twenty-seven bytes, so that "
	"the length of what is around them grows by a byte as well";

struct run {
	struct arena arena;
	struct facts before, after;
	struct edits edits;
	uint8_t chosen; /* the byte of edits */
};

static void *array(struct run *run, size_t count, size_t size)
{
	void *made = arena_zalloc(&run->arena, count, size);
	assert(made);
	return made;
}

/* Every element, or every other one. */
static bool is_chosen(const struct run *run, size_t i)
{
	return !(run->chosen & EDIT_OTHERS) || i % 2;
}

static double new_number(size_t i)
{
	return i % 3 == 0 ? 0.0 : (double)i / 4;
}

static void choose_numbers(struct run *run, size_t count, double **value, uint8_t **set)
{
	*value = array(run, count, sizeof **value);
	*set = array(run, count, 1);
	for (size_t i = 0; i < count; i++) {
		(*value)[i] = new_number(i);
		(*set)[i] = is_chosen(run, i);
	}
}

static void choose_order(struct run *run)
{
	size_t count = run->before.item_count;
	run->edits.order = array(run, count, sizeof *run->edits.order);
	for (size_t i = 0; i < count; i++)
		run->edits.order[i] = (uint32_t)(count - 1 - i);
	if (!run->before.item_first)
		return;
	for (size_t i = 0, end; i < count; i = end) { /* no item leaves its list */
		for (end = i + 1; end < count && run->before.item_first[end] == i;)
			end++;
		for (size_t at = i; at < end; at++)
			run->edits.order[at] = (uint32_t)(i + end - 1 - at);
	}
}

static void choose_prompts(struct run *run)
{
	static struct facts_choice choice = {.label = {"no, thank you", 13}, .kind = CHOICE_DECLINE};
	size_t count = run->before.prompt_count;
	run->edits.prompts = array(run, count, sizeof *run->edits.prompts);
	for (size_t i = 0; i < count; i++) {
		struct edits_prompt *edit = &run->edits.prompts[i];
		edit->drop = (run->chosen & EDIT_DROP) && is_chosen(run, i);
		edit->replace = (run->chosen & EDIT_REPLACE) != 0;
		edit->with = (struct facts_prompt){.text = bytes_of(new_text),
						   .locale = i % 2 ? bytes_of("de") : (struct bytes){0},
						   .kind = PROMPT_CLARIFYING_QUESTION,
						   .choices = &choice,
						   .choice_count = i % 2};
	}
}

static void choose_edits(struct run *run)
{
	struct edits *edits = &run->edits;
	if (run->chosen & EDIT_SCORES)
		choose_numbers(run, run->before.item_count, &edits->score, &edits->score_set);
	if (run->chosen & EDIT_WEIGHTS)
		choose_numbers(run, run->before.weight_count, &edits->weight, &edits->weight_set);
	if (run->chosen & EDIT_ORDER)
		choose_order(run);
	if (run->chosen & (EDIT_DROP | EDIT_REPLACE))
		choose_prompts(run);
	edits->explanation_set = (run->chosen & (EDIT_EXPLAIN | EDIT_CLEAR)) != 0;
	if (run->chosen & EDIT_EXPLAIN)
		edits->explanation = bytes_of(new_text);
}

static void check_same(struct bytes a, struct bytes b)
{
	assert(bytes_present(a) == bytes_present(b) && bytes_equal(a, b));
}

/* Bits, not values: NaN must stay the NaN it was. */
static void check_number(const struct facts_numbers *now, size_t i, const struct facts_numbers *was, size_t j,
			 const double *edit)
{
	double expected = edit ? *edit : was->value[j];
	assert(now->present[i] == (edit || was->present[j]));
	assert(memcmp(&now->value[i], &expected, sizeof expected) == 0);
}

static void check_items(const struct run *run)
{
	const struct facts *was = &run->before, *now = &run->after;
	const struct edits *edits = &run->edits;
	assert(now->item_count == was->item_count);
	for (size_t i = 0; i < now->item_count; i++) {
		size_t j = edits->order ? edits->order[i] : i;
		bool set = edits->score && edits->score_set[j];
		check_same(now->item_id[i], was->item_id[j]);
		check_same(now->item_category[i], was->item_category[j]);
		check_number(&now->item_score, i, &was->item_score, j, set ? &edits->score[j] : NULL);
		/* A score that is added brings the message around it: a baseline in there is 0 from then on. */
		if (!set || was->item_score.present[j])
			check_number(&now->item_baseline, i, &was->item_baseline, j, NULL);
	}
}

static void check_weights(const struct run *run)
{
	const struct facts *was = &run->before, *now = &run->after;
	const struct edits *edits = &run->edits;
	assert(now->weight_count == was->weight_count);
	for (size_t i = 0; i < now->weight_count; i++) {
		bool set = edits->weight && edits->weight_set[i];
		check_same(now->weight_category[i], was->weight_category[i]);
		check_number(&now->weight, i, &was->weight, i, set ? &edits->weight[i] : NULL);
	}
}

static void check_prompts(const struct run *run)
{
	size_t left = 0;
	for (size_t i = 0; i < run->before.prompt_count; i++) {
		const struct facts_prompt *was = &run->before.prompts[i];
		const struct edits_prompt *edit = run->edits.prompts ? &run->edits.prompts[i] : NULL;
		if (edit && edit->drop)
			continue;
		const struct facts_prompt *now = &run->after.prompts[left++];
		const struct facts_prompt *with = edit && edit->replace ? &edit->with : was;
		check_same(now->id, was->id);
		check_same(now->text, with->text);
		check_same(now->locale, with->locale);
		check_same(now->template_id, with->template_id);
		assert(now->kind == with->kind && now->choice_count == with->choice_count);
	}
	assert(run->after.prompt_count == left);
}

static void check(const struct run *run)
{
	check_items(run);
	check_weights(run);
	check_prompts(run);
	check_same(run->after.explanation,
		   run->edits.explanation_set ? run->edits.explanation : run->before.explanation);
	check_same(run->after.model_version, run->before.model_version);
}

static void run_response(struct run *run, const struct proto_method *method, struct bytes message)
{
	const struct proto_places *places;
	struct proto_pieces pieces;
	if (proto_view_response(method, message, &limits, &run->arena, &run->before, &places, NULL) !=
	    PROTO_OK)
		return;
	choose_edits(run);
	enum proto_result result = proto_patch(places, &run->edits, &run->arena, &pieces, NULL);
	assert(result == PROTO_OK);
	struct bytes patched = proto_pieces_join(&pieces, &run->arena);
	if (edits_empty(&run->edits))
		assert(pieces.count <= 1 && bytes_equal(patched, message));
	result = proto_view_response(method, patched, &limits, &run->arena, &run->after, &places, NULL);
	assert(result == PROTO_OK);
	check(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	/* Compiled anew each time would cost more than the body: kept for the life of the fuzzer. */
	static struct proto_mapping *mappings[3];
	static const char *const names[] = {CANONICAL_RANK, TRAP_RANK, SHAPE_RANK};
	size_t which = data[0] & SCHEMA_SHAPE ? 2 : data[0] & SCHEMA_TRAP ? 1 : 0;
	if (!mappings[which])
		mappings[which] = which == 2   ? shape_mapping()
				  : which == 1 ? trap_mapping()
					       : proto_mapping_canonical(NULL);
	assert(mappings[which]);
	const struct proto_method *method = proto_mapping_find(mappings[which], bytes_of(names[which]));
	const struct proto_method *signal = proto_mapping_find(mappings[which], bytes_of(CANONICAL_SIGNAL));
	struct run run = {.chosen = data[1]};
	struct facts_signal said;
	struct bytes message = {(const char *)data + 2, len - 2};
	enum proto_result result;
	arena_init(&run.arena, (size_t)16 << 20);
	if (data[0] & VERB_REQUEST) {
		result = proto_view_request(method, message, NULL, &limits, &run.arena, &run.before, NULL);
		assert(result <= PROTO_LIMIT);
	} else if (data[0] & VERB_SIGNAL && signal) {
		result = proto_view_signal(signal, message, NULL, &run.arena, &said, NULL);
		assert(result != PROTO_LIMIT);
	} else {
		run_response(&run, method, message);
	}
	arena_done(&run.arena);
	return 0;
}

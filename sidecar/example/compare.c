/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/compare.h"

/* In the governed response: prompts keep their ids when their words are replaced. */
static const Rankguard__V1__Prompt *same_prompt(const Rankguard__V1__RankResponse *governed, const char *id)
{
	for (size_t i = 0; i < governed->n_prompts; i++)
		if (strcmp(governed->prompts[i]->prompt_id, id) == 0)
			return governed->prompts[i];
	return NULL;
}

static const Rankguard__V1__RankedItem *same_item(const Rankguard__V1__RankResponse *response, const char *id)
{
	for (size_t i = 0; i < response->n_items; i++)
		if (strcmp(response->items[i]->item_id, id) == 0)
			return response->items[i];
	return NULL;
}

struct compare_counts compare_count(const struct compare *compare)
{
	const Rankguard__V1__RankResponse *proposed = compare->proposed, *governed = compare->governed;
	struct compare_counts counts = {.prompts_proposed = proposed->n_prompts,
					.prompts_governed = governed->n_prompts};
	for (size_t i = 0; i < proposed->n_prompts; i++) {
		const Rankguard__V1__Prompt *left = same_prompt(governed, proposed->prompts[i]->prompt_id);
		counts.prompts_changed += left && strcmp(left->text, proposed->prompts[i]->text) != 0;
	}
	for (size_t i = 0; i < governed->n_items; i++) {
		const Rankguard__V1__RankedItem *item = governed->items[i];
		const Rankguard__V1__RankedItem *before = same_item(proposed, item->item_id);
		counts.scores += before && before->score != item->score;
		counts.places +=
			i < proposed->n_items && strcmp(proposed->items[i]->item_id, item->item_id) != 0;
	}
	return counts;
}

static void print_name(const struct catalogue *catalogue, const Rankguard__V1__RankedItem *item, FILE *out)
{
	const struct catalogue_item *known = catalogue_find(catalogue, bytes_of(item->item_id));
	char name[80];
	snprintf(name, sizeof name, "%s: %s", item->category, known ? known->title : item->item_id);
	fprintf(out, "%-37.37s %7.4f", name, item->score);
}

static void print_items(const struct compare *compare, FILE *out)
{
	const Rankguard__V1__RankResponse *proposed = compare->proposed, *governed = compare->governed;
	fprintf(out, "    #  %-37s %7s   %-37s %7s %8s\n", "proposed", "score", "governed", "score",
		"baseline");
	for (size_t i = 0; i < proposed->n_items && i < governed->n_items; i++) {
		const Rankguard__V1__RankedItem *item = governed->items[i];
		const Rankguard__V1__RankedItem *before = same_item(proposed, item->item_id);
		bool moved = strcmp(proposed->items[i]->item_id, item->item_id) != 0;
		fprintf(out, "  %3zu  ", i + 1);
		print_name(compare->catalogue, proposed->items[i], out);
		fprintf(out, " %c ", moved || (before && before->score != item->score) ? '*' : ' ');
		print_name(compare->catalogue, item, out);
		fprintf(out, " %8.4f\n", item->baseline_score);
	}
}

static void print_weight(const struct compare *compare, FILE *out)
{
	const Rankguard__V1__RankResponse *proposed = compare->proposed, *governed = compare->governed;
	for (size_t i = 0; i < proposed->n_category_weights && i < governed->n_category_weights; i++) {
		const Rankguard__V1__CategoryWeight *before = proposed->category_weights[i];
		if (strcmp(before->category, compare->category) == 0)
			fprintf(out, "  weight of %s: proposed %.4f, governed %.4f, baseline %.4f\n",
				before->category, before->weight, governed->category_weights[i]->weight,
				before->baseline_weight);
	}
}

static void print_prompts(const struct compare *compare, FILE *out)
{
	for (size_t i = 0; i < compare->proposed->n_prompts; i++) {
		const Rankguard__V1__Prompt *before = compare->proposed->prompts[i];
		const Rankguard__V1__Prompt *after = same_prompt(compare->governed, before->prompt_id);
		fprintf(out, "  prompt proposed  \"%s\"\n", before->text);
		if (!after)
			fprintf(out, "       governed  * not shown\n");
		else if (strcmp(before->text, after->text) != 0)
			fprintf(out, "       governed  * \"%s\"\n", after->text);
		else
			fprintf(out, "       governed  the same\n");
	}
	if (strcmp(compare->proposed->explanation, compare->governed->explanation) != 0)
		fprintf(out, "  explanation      \"%s\"\n       governed  * \"%s\"\n",
			compare->proposed->explanation, compare->governed->explanation);
}

static void print_outcome(const struct compare *compare, FILE *out)
{
	if (compare->identical)
		fprintf(out, "  left byte for byte as proposed\n");
	if (bytes_present(compare->actions))
		fprintf(out, "  actions  %.*s\n", BYTES_ARG(compare->actions));
	if (bytes_present(compare->rules))
		fprintf(out, "  rules    %.*s\n", BYTES_ARG(compare->rules));
	if (bytes_present(compare->receipt))
		fprintf(out, "  receipt  %.*s\n", BYTES_ARG(compare->receipt));
}

void compare_print(const struct compare *compare, FILE *out)
{
	print_items(compare, out);
	print_weight(compare, out);
	print_prompts(compare, out);
	print_outcome(compare, out);
}

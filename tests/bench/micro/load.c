/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a ruleset: 1,000 rules and 10,000 phrases.
 */
#include "micro.h"

#include "rules/ruleset.h"
#include <stdio.h>
#include <stdlib.h>

static void *make(const struct micro_row *row, size_t subjects)
{
	struct micro_text *rules = calloc(1, sizeof *rules);
	(void)subjects;
	if (!rules)
		micro_fail("memory is short");
	for (size_t list = 0; list < 10; list++) {
		micro_add(rules,
			  "{ id = \"words.%zu\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = "
			  "\"R.\";\n"
			  "  phrases = [ \"never say list %zu\"",
			  list, list);
		for (size_t i = 1; i < row->items / 10; i++)
			micro_add(rules, ", \"never say %zx words %zu\"", (i + list * 1000) * 2654435761u, i);
		micro_add(rules, " ]; },\n");
	}
	micro_mixed_rules(rules, row->rules - 11);
	return rules;
}

static void step(void *made)
{
	const struct micro_text *rules = made;
	struct micro_text copy = {0};
	micro_add(&copy, "%s", rules->at);
	rules_ruleset_drop(micro_ruleset(&copy));
}

static void drop(void *made)
{
	struct micro_text *rules = made;
	free(rules->at);
	free(rules);
}

static const struct micro_row rows[] = {
	{.name = "load/1000/10000",
	 .input = "1,000 rules of mixed kinds, 10,000 phrases",
	 .target_ns = 1e9,
	 .make = make,
	 .step = step,
	 .free = drop,
	 .rules = 1000,
	 .items = 10000},
};

const struct micro_table micro_load = {rows, sizeof rows / sizeof *rows};

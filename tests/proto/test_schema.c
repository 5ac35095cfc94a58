/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptor sets, paths and mappings: what they resolve to, and the words they refuse with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/path.h"
#include "trap_mapping.h"
#include "wire_text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- the canonical mapping --- */

static void the_canonical_mapping_has_its_three_methods(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum proto_method_role role;
		bool request_streams, response_streams;
	} methods[] = {
		{"/rankguard.v1.RankingService/Rank", PROTO_RANKING, false, false},
		{"/rankguard.v1.RankingService/ReportSignal", PROTO_SIGNAL, false, false},
		{"/rankguard.v1.RankingService/StreamRank", PROTO_RANKING, false, true},
	};
	struct proto_mapping *mapping = proto_mapping_canonical(NULL);
	assert_non_null(mapping);
	for (size_t i = 0; i < COUNT(methods); i++) {
		const struct proto_method *method = proto_mapping_at(mapping, i);
		assert_true(bytes_equal(proto_method_name(method), bytes_of(methods[i].name)));
		assert_ptr_equal(proto_mapping_find(mapping, bytes_of(methods[i].name)), method);
		assert_int_equal(proto_method_role(method), methods[i].role);
		assert_int_equal(proto_method_request_streams(method), methods[i].request_streams);
		assert_int_equal(proto_method_response_streams(method), methods[i].response_streams);
	}
	assert_null(proto_mapping_at(mapping, COUNT(methods)));
	assert_null(proto_mapping_find(mapping, BYTES_LITERAL("/rankguard.v1.RankingService/Ran")));
	assert_null(proto_mapping_find(mapping, (struct bytes){0}));
	proto_mapping_free(mapping);
	proto_mapping_free(NULL);
}

/* --- descriptor sets --- */

static void a_set_knows_messages_fields_and_presence(void **state)
{
	(void)state;
	struct proto_schema *schema = trap_schema();
	const struct proto_message *hit = proto_schema_message(schema, BYTES_LITERAL("trap.Hit"), NULL);
	assert_non_null(hit);
	const struct proto_field *codes = proto_message_field(hit, BYTES_LITERAL("codes"), NULL);
	assert_true(codes->repeated && !codes->presence && codes->type == PROTO_SINT32);
	assert_ptr_equal(proto_message_field_at(hit, 4), codes);
	assert_null(proto_message_field_at(hit, 99));
	assert_true(proto_message_field(hit, BYTES_LITERAL("meta"), NULL)->presence);
	assert_true(proto_message_field(hit, BYTES_LITERAL("broken"), NULL)->oneof == 0);
	const struct proto_message *old = proto_schema_message(schema, BYTES_LITERAL("trap.old.Extra"), NULL);
	assert_true(proto_message_field(old, BYTES_LITERAL("version"), NULL)->presence);
	assert_true(proto_message_field(old, BYTES_LITERAL("kind"), NULL)->enumeration->closed);
	const struct proto_message *factor = proto_schema_message(schema, BYTES_LITERAL("trap.Factor"), NULL);
	assert_false(proto_message_field(factor, BYTES_LITERAL("by"), NULL)->presence);
	assert_true(proto_schema_message(schema, BYTES_LITERAL("trap.Ask.LabelsEntry"), NULL)->map_entry);
	const struct proto_rpc *rpc = proto_schema_rpc(schema, bytes_of(TRAP_RANK), NULL);
	assert_true(bytes_equal(rpc->response->name, BYTES_LITERAL("trap.Answer")));
	proto_schema_free(schema);
	proto_schema_free(NULL);
}

static void names_that_are_not_there_name_the_nearest(void **state)
{
	(void)state;
	struct err err;
	struct proto_schema *schema = trap_schema();
	assert_null(proto_schema_message(schema, BYTES_LITERAL("trap.Hti"), &err));
	assert_string_equal(err.text, "no message \"trap.Hti\"; did you mean \"trap.Hit\"?");
	assert_null(proto_schema_message(schema, BYTES_LITERAL("quite.different"), &err));
	assert_string_equal(err.text,
			    "no message \"quite.different\" in the descriptor set; write a full name, as "
			    "in \"shop.reco.v1.Item\"");
	assert_null(proto_schema_rpc(schema, BYTES_LITERAL("/trap.Trap/Rnak"), &err));
	assert_string_equal(err.text, "no method \"/trap.Trap/Rnak\"; did you mean \"/trap.Trap/Rank\"?");
	assert_null(proto_schema_rpc(schema, BYTES_LITERAL("Rank"), &err));
	assert_string_equal(err.text, "no method \"Rank\" in the descriptor set; write a full name, as in "
				      "\"/shop.reco.v1.Recommender/Recommend\"");
	proto_schema_free(schema);
}

/* FileDescriptorSet: file=1 {name=1 package=2 message_type=4 enum_type=5 service=6 syntax=12};
 * message {name=1 field=2 nested_type=3}; field {name=1 number=3 label=4 type=5 type_name=6};
 * service {name=1 method=2 {name=1 input_type=2 output_type=3}}; enum {name=1 value=2 {name=1 number=2}} */
static const struct {
	const char *set, *error;
} damaged[] = {
	{"", "it is damaged or no descriptor set; make it with protoc --include_imports "
	     "--descriptor_set_out=schema.pb"},
	{"x6869206d6f6d", "it is damaged or no descriptor set; make it with protoc --include_imports "
			  "--descriptor_set_out=schema.pb"},
	{"1{ 4{ } }", "a message has no name; the set is damaged"},
	{"1{ 4{ 1'M' 2{ 3=1 5=1 } } }", "a field has no name; the set is damaged"},
	{"1{ 5{ } }", "an enum has no name; the set is damaged"},
	{"1{ 5{ 1'E' 2{ } } }", "an enum value has no name; the set is damaged"},
	{"1{ 6{ } }", "a service has no name; the set is damaged"},
	{"1{ 6{ 1'S' 2{ } } }", "a method has no name; the set is damaged"},
	{"1{ 2'p' 4{ 1'M' 2{ 1'f' 3=0 5=1 } } }",
	 "field f of message p.M: it has number 0; the set is damaged"},
	{"1{ 4{ 1'M' 2{ 1'f' 3=1 5=99 } } }", "field f of message M: it has type 99; the set is damaged"},
	{"1{ 4{ 1'M' 2{ 1'f' 3=1 5=11 6'.p.Other' } } }",
	 "field f of message M: its type \"p.Other\" is not in the set; make the set with --include_imports"},
	{"1{ 4{ 1'M' 2{ 1'f' 3=1 5=14 6'E' } } }",
	 "field f of message M: its type \"\" is not in the set; make the set with --include_imports"},
	{"1{ 1'a' 4{ 1'M' } } 1{ 1'b' 4{ 1'M' } }", "message \"M\" is defined twice"},
	{"1{ 1'a' 5{ 1'E' } 5{ 1'E' } }", "enum \"E\" is defined twice"},
	{"1{ 2'p' 4{ 1'M' } 6{ 1'S' 2{ 1'Do' 2'.p.M' 3'.p.N' } } }",
	 "method /p.S/Do: no message \"p.N\"; did you mean \"p.M\"?"},
	{"1{ 4{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ 3{ "
	 "3{ 3{ } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } }",
	 "messages are nested deeper than 32; the set is damaged"},
};

static void a_damaged_set_is_refused_with_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++) {
		struct buf set = wire_text(damaged[i].set);
		struct err err, expected;
		assert_null(proto_schema_load(buf_bytes(&set), &err));
		err_set(&expected, "descriptor set: %s", damaged[i].error);
		assert_string_equal(err.text, expected.text);
		buf_done(&set);
	}
}

static void a_set_that_holds_a_file_twice_counts_it_once(void **state)
{
	(void)state;
	struct err err;
	struct buf twice = {0};
	buf_add_bytes(&twice, trap_descriptors());
	buf_add_bytes(&twice, trap_descriptors());
	struct proto_schema *schema = proto_schema_load(buf_bytes(&twice), &err);
	assert_non_null(schema);
	assert_non_null(proto_schema_rpc(schema, bytes_of(TRAP_RANK), NULL));
	proto_schema_free(schema);
	buf_done(&twice);
}

/* Cut or changed anywhere, a set is loaded or refused, never more: AddressSanitizer judges. */
static void a_set_may_be_damaged_at_every_byte(void **state)
{
	(void)state;
	struct bytes set = trap_descriptors();
	for (size_t i = 0; i < set.len; i++) {
		struct err err;
		char *copy = malloc(set.len);
		memcpy(copy, set.at, set.len);
		proto_schema_free(proto_schema_load((struct bytes){copy, i}, &err));
		for (unsigned flip = 1; flip < 256; flip *= 2) {
			copy[i] = (char)(set.at[i] ^ (char)flip);
			proto_schema_free(proto_schema_load((struct bytes){copy, set.len}, &err));
		}
		free(copy);
	}
}

/* --- paths and mappings --- */

static void a_path_becomes_field_numbers(void **state)
{
	(void)state;
	struct arena arena;
	struct proto_schema *schema = trap_schema();
	const struct proto_message *hit = proto_schema_message(schema, BYTES_LITERAL("trap.Hit"), NULL);
	arena_init(&arena, 1 << 16);
	const struct proto_path *path =
		proto_path_compile(hit, "meta.rank.score", PATH_WANT_NUMBER, &arena, NULL);
	assert_non_null(path);
	assert_int_equal(path->count, 3);
	assert_int_equal(path->step[0].field->number, 2);
	assert_int_equal(path->step[0].rival_count, 1);
	assert_int_equal(path->step[0].rival[0]->number, 3);
	assert_int_equal(path->step[1].rival_count, 0);
	assert_int_equal(path->step[2].field->number, 1);
	assert_int_equal(path->step[2].rival[0]->number, 2);
	assert_string_equal(path->text, "meta.rank.score");
	assert_int_equal(proto_path_leaf(path)->type, PROTO_FLOAT);
	arena_done(&arena);
	arena_init(&arena, 8);
	assert_null(proto_path_compile(hit, "meta", PATH_WANT_TEXT, &arena, NULL));
	arena_done(&arena);
	proto_schema_free(schema);
}

struct bad_mapping {
	enum proto_fact fact;
	const char *path, *error;
};

static const struct bad_mapping bad_mappings[] = {
	{FACT_ITEM_ID, "prodcut.id",
	 "item.id: path \"prodcut.id\": message trap.Hit has no field \"prodcut\"; did you mean "
	 "\"product\"?"},
	{FACT_ITEM_ID, "product.identity",
	 "item.id: path \"product.identity\": message trap.Product has no field \"identity\"; its fields are "
	 "id, "
	 "group, shelf"},
	{FACT_ITEM_ID, "",
	 "item.id: path \"\": a field name is missing; write field names joined by dots, as in "
	 "\"product.id\""},
	{FACT_ITEM_ID, "product..id",
	 "item.id: path \"product..id\": a field name is missing; write field names joined by dots, as in "
	 "\"product.id\""},
	{FACT_ITEM_ID, "product.",
	 "item.id: path \"product.\": a field name is missing; write field names joined by dots, as in "
	 "\"product.id\""},
	{FACT_ITEM_ID, "product.id.x",
	 "item.id: path \"product.id.x\": field \"id\" of trap.Product is no message; end the path here, or "
	 "name a message"},
	{FACT_ITEMS, "page.hits.product",
	 "items: path \"page.hits.product\": field \"hits\" of trap.Page is a list; write hits[] for all of "
	 "it "
	 "or hits[0] for one"},
	{FACT_ITEM_ID, "codes",
	 "item.id: path \"codes\": field \"codes\" of trap.Hit is a list of sint32; a single string, bytes, "
	 "integer or enum is needed"},
	{FACT_ITEM_BASELINE, "broken",
	 "item.baseline: path \"broken\": field \"broken\" of trap.Hit is a single string; a single number "
	 "is "
	 "needed"},
	{FACT_ITEM_TAGS, "broken",
	 "item.tags: path \"broken\": field \"broken\" of trap.Hit is a single string; a list of strings, "
	 "bytes, integers or enums is needed"},
	{FACT_ITEMS, "page",
	 "items: path \"page\": field \"page\" of trap.Answer is a single message; a list of messages is "
	 "needed"},
	{FACT_PROMPT_TEXT, "kind",
	 "prompt.text: path \"kind\": field \"kind\" of trap.Turn is a single sint32; a single string is "
	 "needed"},
	{FACT_PROMPT_KIND, "id",
	 "prompt.kind: path \"id\": it is a string; say with kinds = ( { from = \"...\"; to = "
	 "\"acknowledgement\"; } ) what its values mean"},
	{FACT_PROMPT_LOCALE, "body.text",
	 "prompt.locale: path \"body.text\": prompt.text has the same path; each needs its own"},
	{FACT_OPTED_OUT, "context.session",
	 "opted_out: path \"context.session\": field \"session\" of trap.Context is a single string; a "
	 "single "
	 "bool is needed"},
	{FACT_OFFSET, "context.out",
	 "offset: path \"context.out\": field \"out\" of trap.Context is a single bool; a single integer is "
	 "needed"},
	{FACT_WEIGHTS, "page.hits",
	 "weights: path \"page.hits\": another list has this field; each list needs its own"},
	{FACT_SIGNAL_KIND, "from", "signal.kind: a ranking method has no such fact; remove it"},
	{FACT_ITEM_ID, "a.b.c",
	 "item.id: path \"a.b.c\": message trap.Hit has no field \"a\"; its fields are "
	 "product, meta, broken, codes"},
};

static void a_bad_path_is_refused_with_words(void **state)
{
	const struct bad_mapping *bad = *state;
	struct err err, expected;
	struct proto_method_paths paths = {.method = TRAP_RANK, .role = PROTO_RANKING};
	paths.path[FACT_ITEMS] = "page.hits";
	paths.path[FACT_PROMPTS] = "dialog.turns";
	paths.path[FACT_PROMPT_TEXT] = "body.text";
	paths.path[bad->fact] = bad->path;
	assert_null(proto_mapping_new(trap_schema(), &paths, 1, &err));
	err_set(&expected, TRAP_RANK ": %s", bad->error);
	assert_string_equal(err.text, expected.text);
}

static void methods_and_records_must_fit(void **state)
{
	(void)state;
	struct err err;
	struct proto_method_paths paths[] = {{.method = TRAP_RANK, .role = PROTO_RANKING},
					     {.method = TRAP_RANK, .role = PROTO_RANKING}};
	assert_null(proto_mapping_new(trap_schema(), paths, 2, &err));
	assert_string_equal(err.text, TRAP_RANK ": it is mapped twice; map it once");
	paths[0].path[FACT_ITEM_ID] = "product.id";
	assert_null(proto_mapping_new(trap_schema(), paths, 1, &err));
	assert_string_equal(err.text,
			    TRAP_RANK ": item.id: it stands in \"items\"; give the path of that, too");
	paths[0] = (struct proto_method_paths){.method = TRAP_RANK,
					       .role = PROTO_SIGNAL,
					       .order = ORDER_POSITION,
					       .path = {[FACT_ITEMS] = "page.hits"}};
	assert_null(proto_mapping_new(trap_schema(), paths, 1, &err));
	assert_string_equal(err.text, TRAP_RANK ": items: a signal method has no such fact; remove it");
	paths[0].method = "/trap.Trap/Rang";
	assert_null(proto_mapping_new(trap_schema(), paths, 1, &err));
	assert_string_equal(err.text, "no method \"/trap.Trap/Rang\"; did you mean \"/trap.Trap/Rank\"?");
}

int main(void)
{
	enum { BAD = COUNT(bad_mappings) };
	struct CMUnitTest bad[BAD] = {0};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_canonical_mapping_has_its_three_methods),
		cmocka_unit_test(a_set_knows_messages_fields_and_presence),
		cmocka_unit_test(names_that_are_not_there_name_the_nearest),
		cmocka_unit_test(a_damaged_set_is_refused_with_words),
		cmocka_unit_test(a_set_that_holds_a_file_twice_counts_it_once),
		cmocka_unit_test(a_set_may_be_damaged_at_every_byte),
		cmocka_unit_test(a_path_becomes_field_numbers),
		cmocka_unit_test(methods_and_records_must_fit),
	};
	for (size_t i = 0; i < BAD; i++)
		bad[i] = (struct CMUnitTest){.name = bad_mappings[i].error,
					     .test_func = a_bad_path_is_refused_with_words,
					     .initial_state = (void *)&bad_mappings[i]};
	return cmocka_run_group_tests(tests, NULL, NULL) +
	       _cmocka_run_group_tests("bad paths", bad, BAD, NULL, NULL);
}

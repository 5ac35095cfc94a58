/* SPDX-License-Identifier: Apache-2.0
 *
 * The `schema` section: what it gives, and every way in which it is refused, with lines and whole messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/buf.h"
#include "proto/mapping_read.h"
#include "proto/view.h"
#include "trap_mapping.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A folder with trap.pb in it, and the configuration that would stand beside it. */
struct folder {
	char path[64], set[80], config[80];
};

static void folder_make(struct folder *folder)
{
	struct bytes set = trap_descriptors();
	snprintf(folder->path, sizeof folder->path, "/tmp/rankguard-mapping-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->set, sizeof folder->set, "%s/trap.pb", folder->path);
	snprintf(folder->config, sizeof folder->config, "%s/a.cfg", folder->path);
	FILE *file = fopen(folder->set, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(set.at, 1, set.len, file), set.len);
	assert_int_equal(fclose(file), 0);
}

static void folder_remove(const struct folder *folder)
{
	unlink(folder->set);
	rmdir(folder->path);
}

/* What was reported, a line each, the folder's path as DIR. */
struct heard {
	const struct folder *folder;
	struct buf text;
};

static void hear(void *context, unsigned line, const char *text)
{
	struct heard *heard = context;
	const char *at = strstr(text, heard->folder->path);
	int before = at ? (int)(at - text) : (int)strlen(text);
	buf_printf(&heard->text, "%s%u: %.*s%s%s", heard->text.len ? "\n" : "", line, before, text,
		   at ? "DIR" : "", at ? at + strlen(heard->folder->path) : "");
}

static struct proto_mapping *read_text(const struct folder *folder, const char *text, struct heard *heard)
{
	struct proto_mapping_report report = {.wrong = hear, .context = heard};
	config_t config;
	config_init(&config);
	*heard = (struct heard){.folder = folder};
	if (!config_read_string(&config, text))
		fail_msg("line %d: %s", config_error_line(&config), config_error_text(&config));
	struct proto_mapping *mapping =
		proto_mapping_read(config_lookup(&config, "schema"), folder->config, &report);
	buf_add(&heard->text, "", 1);
	config_destroy(&config);
	return mapping;
}

#define SCHEMA(methods) "schema: { descriptors = \"trap.pb\";\nmethods = (\n" methods " ); };\n"
#define TURN(more)	SCHEMA("{ " RANK "response: { prompts = \"dialog.turns\"; prompt: {\n" more " }; }; }")
#define RANK		"method = \"/trap.Trap/Rank\";\n"

static const struct row {
	const char *name, *text, *heard;
} rows[] = {
	{"no group", "schema = 1;", "1: schema: a group is expected; write schema: { ... };"},
	{"nothing in it", "schema: { };",
	 "1: schema.descriptors is missing; write descriptors = \"schema.pb\";\n"
	 "1: schema.methods is missing; write methods = ( { ... } );"},
	{"a misspelt key", "schema: { descriptors = \"trap.pb\";\nmethod = ( ); };",
	 "2: unknown key \"schema.method\"; did you mean \"methods\"?\n"
	 "1: schema.methods is missing; write methods = ( { ... } );"},
	{"an unknown key", "schema: { descriptors = \"trap.pb\"; zebra = 1;\nmethods = ( ); };",
	 "1: unknown key \"schema.zebra\"; the keys here are descriptors, methods\n"
	 "2: schema.methods: a list of 1 to 1000 groups is expected; write methods = ( { ... } );"},
	{"descriptors that are not there",
	 "schema: { descriptors = \"x.pb\"; methods = ( { " RANK
	 "response: { explanation = \"why.text\"; }; } ); };",
	 "1: schema.descriptors: DIR/x.pb: cannot be opened: No such file or directory; give the path of a "
	 "readable file"},
	{"descriptors that are none",
	 "schema: { descriptors = \"/dev/null\"; methods = ( { " RANK "response: { }; } ); };",
	 "1: schema.descriptors: /dev/null: is not a regular file; give the path of the descriptor set"},
	{"descriptors of another type",
	 "schema: { descriptors = 5; methods = ( { " RANK "response: { }; } ); };",
	 "1: schema.descriptors: a text is expected; write \"schema.pb\""},
	{"a method that is no group", SCHEMA("5"),
	 "3: schema.methods[0]: a group is expected; write { method = \"...\"; ... }"},
	{"a method without name", SCHEMA("{ response: { explanation = \"why.text\"; }; }"),
	 "3: schema.methods[0].method is missing; write method = \"/package.Service/Method\";"},
	{"a method that says nothing", SCHEMA("{ " RANK " }"),
	 "3: schema.methods[0]: neither response nor signal is mapped; map one"},
	{"a ranking that is a signal", SCHEMA("{ " RANK "response: { }; signal: { }; }"),
	 "3: schema.methods[0]: a method has signal, or request and response; remove one"},
	{"an unknown key of a method", SCHEMA("{ " RANK "respons: { }; }"),
	 "4: unknown key \"schema.methods[0].respons\"; did you mean \"response\"?\n"
	 "3: schema.methods[0]: neither response nor signal is mapped; map one"},
	{"a key of a method that is near nothing", SCHEMA("{ " RANK "response: { }; zebra = 1; }"),
	 "4: unknown key \"schema.methods[0].zebra\"; the keys here are method, request, response, signal, "
	 "order"},
	{"a response that is no group", SCHEMA("{ " RANK "response = \"x\"; }"),
	 "4: schema.methods[0].response: a group is expected; write response: { ... };"},
	{"another order", SCHEMA("{ " RANK "response: { };\norder = \"down\"; }"),
	 "5: schema.methods[0].order: must be \"score_desc\", \"score_asc\" (a distance) or \"position\""},
	{"an unknown fact", SCHEMA("{ " RANK "response: { confidenc = \"debug.confidence\"; }; }"),
	 "4: unknown key \"schema.methods[0].response.confidenc\"; did you mean \"confidence\"?"},
	{"an unknown fact in a group",
	 SCHEMA("{ " RANK "response: { items = \"page.hits\"; item: {\nscor = \"meta.rank.score\"; }; }; }"),
	 "5: unknown key \"schema.methods[0].response.item.scor\"; did you mean \"score\"?"},
	{"a fact of the response in the request",
	 SCHEMA("{ " RANK "request: { explanation = \"x\"; };\nresponse: { }; }"),
	 "4: unknown key \"schema.methods[0].request.explanation\"; remove it"},
	{"a group as a path", SCHEMA("{ " RANK "response: { item = \"page.hits\"; }; }"),
	 "4: schema.methods[0].response.item: a group is expected; write item: { ... };"},
	{"a number as a path", SCHEMA("{ " RANK "response: { explanation = 5; }; }"),
	 "4: schema.methods[0].response.explanation: a text is expected; write a path, as in \"product.id\""},
	{"what is not there yet",
	 SCHEMA("{ " RANK "response: { items = \"page.hits\"; item: { id = \"product.id\";\nbaseline_rank = "
		"\"x\"; }; }; }"),
	 "5: schema.methods[0].response.item.baseline_rank is not available in this version; leave it out"},
	{"kinds that are no list", TURN("kind = \"kind\"; kinds = \"x\";"),
	 "5: schema.methods[0].response.prompt.kinds: a list of 1 to 256 groups is expected; write kinds = ( "
	 "{ "
	 "from = \"...\"; to = \"...\"; } );"},
	{"kinds that are an empty list", TURN("kind = \"kind\"; kinds = ( );"),
	 "5: schema.methods[0].response.prompt.kinds: a list of 1 to 256 groups is expected; write kinds = ( "
	 "{ "
	 "from = \"...\"; to = \"...\"; } );"},
	{"a line of kinds that is something else",
	 TURN("kind = \"kind\"; kinds = ( { from = \"1\"; },\n5, { from = \"1\"; to = \"pause\"; too = 1; } "
	      ");"),
	 "5: schema.methods[0].response.prompt.kinds: a line is { from = \"...\"; to = \"...\"; }\n"
	 "6: schema.methods[0].response.prompt.kinds: a line is { from = \"...\"; to = \"...\"; }\n"
	 "6: schema.methods[0].response.prompt.kinds: a line is { from = \"...\"; to = \"...\"; }"},
	{"a line of kinds with other types",
	 TURN("kind = \"kind\"; kinds = ( { from = true; to = \"pause\"; },\n{ from = 1; to = 5; } );"),
	 "5: schema.methods[0].response.prompt.kinds.from: a text is expected; write a value of the field, "
	 "as in "
	 "\"thumbs_down\"\n"
	 "6: schema.methods[0].response.prompt.kinds.to: a text is expected; write a kind, as in "
	 "\"dissatisfied\""},
	{"a kind that there is not",
	 TURN("kind = \"kind\"; kinds = ( { from = 1; to = \"pause\"; },\n{ from = 2; to = \"puase\"; } );"),
	 "6: /trap.Trap/Rank: prompt.kind: kinds: there is no kind \"puase\"; did you mean \"pause\"?"},
	{"a kind that is near nothing", TURN("kind = \"kind\"; kinds = ( { from = 1; to = \"zebra\"; } );"),
	 "5: /trap.Trap/Rank: prompt.kind: kinds: there is no kind \"zebra\"; the kinds are acknowledgement, "
	 "clarifying_question, preference_update, category_switch, pause"},
	{"a value that the number cannot be",
	 TURN("kind = \"kind\"; kinds = ( { from = \"7x\"; to = \"pause\"; } );"),
	 "5: /trap.Trap/Rank: prompt.kind: kinds: \"7x\" is no number that a single sint32 holds; write one "
	 "such as "
	 "\"7\""},
	{"a number that is too large",
	 TURN("kind = \"kind\"; kinds = ( { from = \"4294967297\"; to = \"pause\"; } );"),
	 "5: /trap.Trap/Rank: prompt.kind: kinds: \"4294967297\" is no number that a single sint32 holds; "
	 "write one "
	 "such as \"7\""},
	{"a value that the enum does not have",
	 TURN("choices = \"menu.options\"; }; choice: { kind = \"extra.kind\"; kinds = (\n{ from = "
	      "\"KIND_YESS\"; to = "
	      "\"accept\"; } );"),
	 "6: /trap.Trap/Rank: choice.kind: kinds: enum trap.old.Kind has no value \"KIND_YESS\"; did you "
	 "mean "
	 "\"KIND_YES\"?"},
	{"a value that is translated twice",
	 TURN("kind = \"kind\"; kinds = ( { from = 1; to = \"pause\"; },\n{ from = \"1\"; to = \"pause\"; } "
	      ");"),
	 "6: /trap.Trap/Rank: prompt.kind: kinds: \"1\" is translated twice; translate it once"},
	{"kinds of nothing", TURN("kinds = ( { from = 1; to = \"pause\"; } );"),
	 "5: /trap.Trap/Rank: prompt.kind: kinds stand without it; give its path, too"},
	{"a string whose values say nothing", TURN("kind = \"id\";"),
	 "5: /trap.Trap/Rank: prompt.kind: path \"id\": it is a string; say with kinds = ( { from = \"...\"; "
	 "to = "
	 "\"acknowledgement\"; } ) what its values mean"},
	{"a constant that is no kind", TURN("kind = \"const:puase\";"),
	 "5: /trap.Trap/Rank: prompt.kind: \"const:puase\": there is no kind \"puase\"; did you mean "
	 "\"pause\"?"},
	{"a constant that says nothing", TURN("kind = \"const:\";"),
	 "5: /trap.Trap/Rank: prompt.kind: \"const:\" says nothing; write the value behind the colon"},
	{"a constant with kinds", TURN("kind = \"const:pause\"; kinds = ( { from = 1; to = \"pause\"; } );"),
	 "5: /trap.Trap/Rank: prompt.kind: \"const:pause\" has no values to translate; remove kinds"},
	{"a constant that would have to be written", TURN("text = \"const:hello\";"),
	 "5: /trap.Trap/Rank: prompt.text: \"const:hello\": this fact cannot be a constant; give the path of "
	 "a "
	 "field"},
	{"a method that the service does not have",
	 SCHEMA("{ method = \"/trap.Trap/Rnak\"; response: { }; }"),
	 "3: no method \"/trap.Trap/Rnak\"; did you mean \"/trap.Trap/Rank\"?"},
	{"a method that is mapped twice", SCHEMA("{ " RANK "response: { }; },\n{ " RANK "response: { }; }"),
	 "5: /trap.Trap/Rank: it is mapped twice; map it once"},
	{"every wrong path is told, and nothing that follows from it",
	 SCHEMA("{ " RANK "request: { session = \"context.sesion\"; };\n"
		"response: {\nitems = \"page.hit\";\nitem: { id = \"product.id\"; };\n"
		"confidence = \"debug.confidence.x\"; }; }"),
	 "4: /trap.Trap/Rank: session: path \"context.sesion\": message trap.Context has no field "
	 "\"sesion\"; did "
	 "you mean \"session\"?\n"
	 "6: /trap.Trap/Rank: items: path \"page.hit\": message trap.Page has no field \"hit\"; did you mean "
	 "\"hits\"?\n"
	 "8: /trap.Trap/Rank: confidence: path \"debug.confidence.x\": field \"confidence\" of trap.Debug is "
	 "no message; end the path here, or name a message"},
	{"a record whose list has no path",
	 SCHEMA("{ " RANK "response: { item: {\nid = \"product.id\"; }; }; }"),
	 "5: /trap.Trap/Rank: item.id: it stands in \"items\"; give the path of that, too"},
};

#define ASK(paths) SCHEMA("{ " RANK "request: {\n" paths " }; response: { }; }")

static const struct row sources[] = {
	{"metadata in capitals", ASK("session = \"header:X-Session\";"),
	 "5: /trap.Trap/Rank: session: \"header:X-Session\": a name of metadata has lower case letters, "
	 "digits and "
	 "_.-; write one such as \"header:x-session-id\""},
	{"metadata without a name", ASK("session = \"header:\";"),
	 "5: /trap.Trap/Rank: session: \"header:\": a name of metadata has lower case letters, digits and "
	 "_.-; write "
	 "one such as \"header:x-session-id\""},
	{"metadata that is no text", ASK("session = \"header:session-bin\";"),
	 "5: /trap.Trap/Rank: session: \"header:session-bin\": its values are no texts; name another"},
	{"metadata for a number", ASK("offset = \"header:x-offset\";"),
	 "5: /trap.Trap/Rank: offset: \"header:x-offset\": only texts of a request come from metadata or "
	 "from "
	 "several sources; give one path"},
	{"several sources of an item's text",
	 SCHEMA("{ " RANK "response: { items = \"page.hits\"; item: {\nid = [ \"product.shelf\", \"broken\" "
		"]; }; }; }"),
	 "5: /trap.Trap/Rank: item.id: \"broken\": only texts of a request come from metadata or from "
	 "several "
	 "sources; give one path"},
	{"a wrong path among sources", ASK("session = [ \"header:x\", \"context.sesion\" ];"),
	 "5: /trap.Trap/Rank: session: path \"context.sesion\": message trap.Context has no field "
	 "\"sesion\"; did you "
	 "mean \"session\"?"},
	{"no sources", ASK("session = [ ];"),
	 "5: schema.methods[0].request.session: 1 to 8 sources are expected; write [ \"ctx.session_id\", "
	 "\"header:x-session-id\" ]"},
	{"a source that is no text", ASK("session = ( \"context.session\",\n5 );"),
	 "6: schema.methods[0].request.session: a text is expected; write a path or \"header:x-session-id\""},
	{"a constant source that says nothing", ASK("session = [ \"context.session\", \"const:\" ];"),
	 "5: /trap.Trap/Rank: session: \"const:\" says nothing; write the value behind the colon"},
};

static void run_row(void **state)
{
	const struct row *row = *state;
	struct folder folder;
	struct heard heard;
	folder_make(&folder);
	struct proto_mapping *mapping = read_text(&folder, row->text, &heard);
	assert_null(mapping);
	assert_string_equal(heard.text.at, row->heard);
	buf_done(&heard.text);
	folder_remove(&folder);
}

static void without_a_section_it_is_the_canonical_mapping(void **state)
{
	struct folder folder;
	struct heard heard;
	(void)state;
	folder_make(&folder);
	struct proto_mapping *mapping = read_text(&folder, "x = 1;", &heard);
	assert_non_null(mapping);
	assert_non_null(proto_mapping_find(mapping, bytes_of(CANONICAL_RANK)));
	assert_int_equal(proto_method_line(proto_mapping_at(mapping, 0)), 0);
	proto_mapping_free(mapping);
	buf_done(&heard.text);
	folder_remove(&folder);
}

static void a_section_gives_methods_with_their_paths_and_lines(void **state)
{
	struct folder folder;
	struct heard heard;
	(void)state;
	folder_make(&folder);
	struct proto_mapping *mapping = read_text(
		&folder,
		SCHEMA("{ " RANK "request: { user = \"context.user.number\"; attributes = \"labels\";\n"
		       "attribute: { name = \"key\"; value = \"value\"; }; };\n"
		       "response: { items = \"page.hits\"; item: { id = \"product.id\"; score = "
		       "\"meta.rank.score\"; };\n"
		       "prompts = \"dialog.turns\"; prompt: { text = \"body.text\"; choices = "
		       "\"menu.options\"; };\n"
		       "choice: { label = \"label.text\"; }; };\norder = \"score_asc\"; }"),
		&heard);
	assert_string_equal(heard.text.at, "");
	assert_non_null(mapping);
	const struct proto_method *method = proto_mapping_find(mapping, bytes_of(TRAP_RANK));
	static const enum proto_fact given[] = {FACT_USER,	   FACT_ATTRIBUTES,	FACT_ATTRIBUTE_NAME,
						FACT_ITEMS,	   FACT_ITEM_ID,	FACT_ITEM_SCORE,
						FACT_PROMPTS,	   FACT_PROMPT_TEXT,	FACT_CHOICES,
						FACT_CHOICE_LABEL, FACT_ATTRIBUTE_VALUE};
	size_t maps = 0;
	assert_non_null(method);
	for (size_t i = 0; i < COUNT(given); i++)
		assert_true(proto_method_maps(method, given[i]));
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		maps += proto_method_maps(method, (enum proto_fact)fact);
	assert_int_equal(maps, COUNT(given));
	assert_int_equal(proto_method_order(method), ORDER_SCORE_ASC);
	assert_int_equal(proto_method_line(method), 3);
	proto_mapping_free(mapping);
	buf_done(&heard.text);
	folder_remove(&folder);
}

/* A prompt of kind 7 and one of no kind, which is 0; their kinds by three mappings. */
static void values_are_translated(void **state)
{
	static const struct {
		const char *text;
		enum prompt_kind seven, none;
	} cases[] = {
		{TURN("kind = \"kind\";"), PROMPT_OTHER, PROMPT_ABSENT},
		{TURN("kind = \"kind\"; kinds = ( { from = 7; to = \"pause\"; } );"), PROMPT_PAUSE,
		 PROMPT_ABSENT},
		{TURN("kind = \"kind\"; kinds = ( { from = \"0\"; to = \"pause\"; } );"), PROMPT_OTHER,
		 PROMPT_PAUSE},
		{TURN("kind = \"id\"; kinds = ( { from = \"ask\"; to = \"clarifying_question\"; } );"),
		 PROMPT_CLARIFYING_QUESTION, PROMPT_ABSENT},
		{TURN("kind = \"const:category_switch\";"), PROMPT_CATEGORY_SWITCH, PROMPT_CATEGORY_SWITCH},
	};
	static const char message[] = "\x12\x0b\x0a\x07\x0a\x03"
				      "ask\x18\x0e\x0a\x00";
	static const struct proto_limits limits = {100, 100};
	struct folder folder;
	(void)state;
	folder_make(&folder);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct heard heard;
		struct err err = {{0}};
		struct arena arena;
		struct facts facts = {0};
		const struct proto_places *places;
		arena_init(&arena, (size_t)1 << 20);
		struct proto_mapping *mapping = read_text(&folder, cases[i].text, &heard);
		assert_string_equal(heard.text.at, "");
		assert_int_equal(proto_view_response(proto_mapping_find(mapping, bytes_of(TRAP_RANK)),
						     (struct bytes){message, sizeof message - 1}, &limits,
						     &arena, &facts, &places, &err),
				 PROTO_OK);
		assert_int_equal(facts.prompt_count, 2);
		assert_int_equal(facts.prompts[0].kind, cases[i].seven);
		assert_int_equal(facts.prompts[1].kind, cases[i].none);
		arena_done(&arena);
		proto_mapping_free(mapping);
		buf_done(&heard.text);
	}
	folder_remove(&folder);
}

static struct bytes find_header(const void *context, struct bytes name)
{
	return bytes_equal(name, BYTES_LITERAL("x-session")) ? bytes_of(context) : (struct bytes){0};
}

/* The session of a request by several mappings: the first source that is not empty. */
static void sources_are_asked_in_their_order(void **state)
{
	static const struct {
		const char *text, *message, *header, *session;
	} cases[] = {
		{ASK("session = \"header:x-session\";"), "", "h", "h"},
		{ASK("session = \"header:x-session\";"), "", "", ""},
		{ASK("session = \"header:x-other\";"), "", "h", ""},
		{ASK("session = [ \"context.session\", \"header:x-session\" ];"), "\x0a\x03\x12\x01s", "h",
		 "s"},
		{ASK("session = [ \"context.session\", \"header:x-session\" ];"), "\x0a\x02\x12", "h", "h"},
		{ASK("session = [ \"context.session\", \"header:x-session\" ];"), "", "h", "h"},
		{ASK("session = [ \"header:x-session\", \"context.session\" ];"), "\x0a\x03\x12\x01s", "h",
		 "h"},
		{ASK("session = [ \"header:x-session\", \"context.session\" ];"), "\x0a\x03\x12\x01s", "",
		 "s"},
		{ASK("session = [ \"context.session\", \"context.user.number\" ];"),
		 "\x0a\x04\x0a\x02\x08\x07", "h", "7"},
		{ASK("session = ( \"context.session\", \"const:nobody\" );"), "", "h", "nobody"},
		{ASK("session = [ \"const:somebody\", \"context.session\" ];"), "\x0a\x03\x12\x01s", "h",
		 "somebody"},
	};
	static const struct proto_limits limits = {100, 100};
	struct folder folder;
	(void)state;
	folder_make(&folder);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct heard heard;
		struct err err = {{0}};
		struct arena arena;
		struct facts facts = {0};
		struct proto_headers headers = {find_header, cases[i].header};
		struct bytes message = bytes_of(cases[i].message);
		if (message.len == 3)
			message.len = 4; /* its last byte is the length 0 */
		arena_init(&arena, (size_t)1 << 20);
		struct proto_mapping *mapping = read_text(&folder, cases[i].text, &heard);
		assert_string_equal(heard.text.at, "");
		const struct proto_method *method = proto_mapping_find(mapping, bytes_of(TRAP_RANK));
		assert_true(proto_method_maps(method, FACT_SESSION));
		assert_int_equal(proto_view_request(method, message, &headers, &limits, &arena, &facts, &err),
				 PROTO_OK);
		assert_true(bytes_equal(facts.session, bytes_of(cases[i].session)));
		arena_done(&arena);
		proto_mapping_free(mapping);
		buf_done(&heard.text);
	}
	folder_remove(&folder);
}

/* A reload tells by this whether anything is new. */
static void mappings_are_equal_when_they_read_the_same(void **state)
{
	static const char *const texts[] = {
		TURN("kind = \"kind\";"),
		TURN("kind = \"const:pause\";"),
		ASK("session = \"context.session\";"),
		ASK("session = \"header:a\";"),
		ASK("session = [ \"context.session\", \"header:a\" ];"),
		ASK("session = [ \"context.session\", \"header:b\" ];"),
		ASK("session = [ \"header:a\", \"context.session\" ];"),
		TURN("kind = \"const:category_switch\";"),
		TURN("kind = \"kind\"; kinds = ( { from = 7; to = \"pause\"; } );"),
		TURN("kind = \"kind\"; kinds = ( { from = 8; to = \"pause\"; } );"),
		TURN("kind = \"kind\"; kinds = ( { from = 7; to = \"category_switch\"; } );"),
	};
	struct folder folder;
	(void)state;
	folder_make(&folder);
	for (size_t i = 0; i < COUNT(texts) * COUNT(texts); i++) {
		struct heard heard[2];
		size_t left = i / COUNT(texts), right = i % COUNT(texts);
		struct proto_mapping *a = read_text(&folder, texts[left], &heard[0]);
		struct proto_mapping *b = read_text(&folder, texts[right], &heard[1]);
		assert_string_equal(heard[0].text.at, "");
		assert_int_equal(proto_mapping_equal(a, b), left == right);
		for (int side = 0; side < 2; side++)
			buf_done(&heard[side].text);
		proto_mapping_free(a);
		proto_mapping_free(b);
	}
	folder_remove(&folder);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(sources) + 5] = {
		cmocka_unit_test(without_a_section_it_is_the_canonical_mapping),
		cmocka_unit_test(a_section_gives_methods_with_their_paths_and_lines),
		cmocka_unit_test(values_are_translated),
		cmocka_unit_test(sources_are_asked_in_their_order),
		cmocka_unit_test(mappings_are_equal_when_they_read_the_same),
	};
	for (size_t i = 0; i < COUNT(rows) + COUNT(sources); i++) {
		const struct row *row = i < COUNT(rows) ? &rows[i] : &sources[i - COUNT(rows)];
		tests[i + 5] = (struct CMUnitTest){
			.name = row->name, .test_func = run_row, .initial_state = (void *)(uintptr_t)row};
	}
	return _cmocka_run_group_tests("mapping_read", tests, COUNT(tests), NULL, NULL);
}

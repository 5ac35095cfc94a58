/* SPDX-License-Identifier: Apache-2.0
 *
 * Every error of `check` about keys, kinds and syntax, its whole message pinned: one row, one file a.cfg, one
 * test. Those about words stand in findings_text_test.c, what is right and still not meant in lint_test.c.
 */
#include "support.h"

#include <stdlib.h>

struct row {
	const char *name, *text, *findings;
};

#define KIND_NAMES                                                                                           \
	"category_share, choice_required, confidence_floor, conflicting_signals, "                           \
	"explanation_required, locale_match, opt_out, phrase_deny, "                                         \
	"prompt_answered, prompt_backoff, prompt_cap, prompt_gap, "                                          \
	"prompt_quiet_hours, rank_shift, readability, retain_top, "                                          \
	"score_bound, template_allow, tone, weight_bound"

static const struct row rows[] = {
	{"an unknown key at the top", HEAD "ruels = ( );\n",
	 "a.cfg:2: unknown key \"ruels\"; did you mean \"rules\"?"},
	{"an unknown key that is near nothing", HEAD "zebra = 1;\n",
	 "a.cfg:2: unknown key \"zebra\"; the keys here are format, name, version, owner, approved_by, "
	 "rules, texts"},
	{"an unknown key of a rule",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "\nmaxx = 1; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"maxx\"; did you mean \"max\"?"},
	{"a key of another kind",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "\nphrases = [ \"x\" ]; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"phrases\"; the keys here are id, kind, mode, when, effective, "
	 "action, on_unknown, reason, reference, owner, max, per, window, kinds"},
	{"an unknown key of when",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = {\nsurfase = \"home\"; }; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"when.surfase\"; did you mean \"surface\"?"},
	{"an unknown key of an attribute",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { attributes = ( { name = \"a\"; is = \"b\";\nas = \"c\"; } ); }; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"when.attributes[0].as\"; did you mean \"is\"?"},
	{"an unknown key deep in when",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { any = ( { surface = \"a\"; }, { not = {\nlocal = \"b\"; }; } ); }; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"when.any[1].not.local\"; did you mean \"locale\"?"},
	{"an unknown key of a text",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; \nlocal = \"en\"; }\n);\n",
	 "a.cfg:5: text x: unknown key \"local\"; did you mean \"locale\"?"},
	{"an unknown key of a slot",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi {n}.\"; slots = ( { name = \"n\"; "
	      "max_chars = 3;\nmaxchars = 2; } ); }\n);\n",
	 "a.cfg:5: text x: unknown key \"slots[0].maxchars\"; did you mean \"max_chars\"?"},
	{"an unknown key of a choice",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; choices = ( { kind = "
	      "\"accept\"; label = \"Yes\";\nlable = \"No\"; } ); }\n);\n",
	 "a.cfg:5: text x: unknown key \"choices[0].lable\"; did you mean \"label\"?"},
	{"an unknown key of effective",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "effective = { from = \"2026-01-01\";\nuntill = \"2027-01-01\"; }; }\n);\n",
	 "a.cfg:4: rule a: unknown key \"effective.untill\"; did you mean \"until\"?"},
	{"format is missing",
	 "name = \"t\"; version = \"1\"; owner = \"o\";\nrules = ( { id = \"a\"; kind = \"prompt_cap\"; max "
	 "= 1; per = \"response\"; reason = \"r\"; } );",
	 "a.cfg: format is missing; it must be 1"},
	{"another format",
	 "format = 2; name = \"t\"; version = \"1\"; owner = \"o\";\nrules = ( { id = \"a\"; kind = "
	 "\"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } );",
	 "a.cfg:1: format is 2; it must be 1"},
	{"name, version and owner are missing",
	 "format = 1;\nrules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = "
	 "\"r\"; } );",
	 "DIR: name stands in no file; it must stand in exactly one\nDIR: version stands in no file; it must "
	 "stand in exactly one\nDIR: owner stands in no file; it must stand in exactly one"},
	{"rules that are no list", HEAD "rules = { };",
	 "a.cfg:2: rules is a group; it must be a list of groups, as in ( { ... }, { ... } )"},
	{"a rule that is no group", HEAD "rules = ( 5 );",
	 "a.cfg:2: rules[0] is 5; it must be a group, as in { ... }"},
	{"a text where a number belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = \"three\"; per = \"response\"; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is \"three\"; it must be a whole number from 0 to 1000"},
	{"a float where a whole number belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1.5; per = \"response\"; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is 1.5; it must be a whole number from 0 to 1000"},
	{"a number out of range",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1001; per = \"response\"; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is 1001; it must be a whole number from 0 to 1000"},
	{"a negative number",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = -1; per = \"response\"; reason = \"r\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: max is -1; it must be a whole number from 0 to 1000"},
	{"a negative bound",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = -0.1; }\n);\n",
	 "a.cfg:3: rule a: max_absolute is -0.1; it must be a number of at least 0"},
	{"a bound that is not finite",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = 1e999; }\n);\n",
	 "a.cfg:3: rule a: max_absolute is inf; it must be a number of at least 0"},
	{"a weight_bound that bounds nothing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"weight_bound\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: bounds nothing; give min_weight, max_absolute, max_relative or several of them"},
	{"a min_weight of 0",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"weight_bound\"; reason = \"r\"; min_weight = 0; }\n);\n",
	 "a.cfg:3: rule a: min_weight 0 keeps nothing; give a number above 0, or remove it"},
	{"a negative min_weight",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"weight_bound\"; reason = \"r\"; min_weight = -0.5; }\n);\n",
	 "a.cfg:3: rule a: min_weight is -0.5; it must be a number of at least 0"},
	{"an action that weight_bound does not have",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"weight_bound\"; reason = \"r\"; max_absolute = 1; action = "
	      "\"reorder\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"reorder\"; for weight_bound it must be \"clamp\", \"revert\", "
	 "\"reject\" or \"flag\""},
	{"a rank_shift without max_places",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"rank_shift\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max_places is missing; it must be a whole number from 0 to 1000000"},
	{"a rank_shift that is no whole number",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"rank_shift\"; reason = \"r\"; max_places = 1.5; }\n);\n",
	 "a.cfg:3: rule a: max_places is 1.5; it must be a whole number from 0 to 1000000"},
	{"a missing_baseline that does not exist",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"rank_shift\"; reason = \"r\"; max_places = 1; "
	      "missing_baseline = \"first\"; }\n);\n",
	 "a.cfg:3: rule a: missing_baseline is \"first\"; it must be \"last\", \"allow\" or \"reject\""},
	{"an on_unknown that rank_shift does not have",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"rank_shift\"; reason = \"r\"; max_places = 1; on_unknown = "
	      "\"revert\"; }\n);\n",
	 "a.cfg:3: rule a: on_unknown is \"revert\"; did you mean \"reject\"?"},
	{"an action that retain_top does not have",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"retain_top\"; reason = \"r\"; baseline_top = 1; within = 1; "
	      "at_least = 1; action = \"reject\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"reject\"; did you mean \"revert\"?"},
	{"a retain_top of nothing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"retain_top\"; reason = \"r\"; baseline_top = 0; within = 1; "
	      "at_least = 1; }\n);\n",
	 "a.cfg:3: rule a: baseline_top is 0; it must be a whole number from 1 to 1000000"},
	{"a retain_top without at_least",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"retain_top\"; reason = \"r\"; baseline_top = 3; within = 5; "
	      "}\n);\n",
	 "a.cfg:3: rule a: at_least is missing; it must be a whole number from 1 to 1000000"},
	{"a category_share of more than all",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"category_share\"; reason = \"r\"; top = 10; max_share = "
	      "1.5; }\n);\n",
	 "a.cfg:3: rule a: max_share is 1.5; it must be a number from 0 to 1"},
	{"a category_share without top",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"category_share\"; reason = \"r\"; max_share = 0.5; }\n);\n",
	 "a.cfg:3: rule a: top is missing; it must be a whole number from 1 to 1000000"},
	{"a category_share that leaves no place",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"category_share\"; reason = \"r\"; top = 3; max_share = 0.3; "
	      "}\n);\n",
	 "a.cfg:3: rule a: max_share 0.3 of the first 3 leaves no place for any category; raise one of them, "
	 "or name categories"},
	{"an action that category_share does not have",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"category_share\"; reason = \"r\"; top = 3; max_share = 0.5; "
	      "action = \"revert\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"revert\"; for category_share it must be \"reorder\" or \"flag\""},
	{"a list where a text belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "owner = [ \"a\" ]; }\n);\n",
	 "a.cfg:3: rule a: owner is a list; it must be a text"},
	{"a boolean where a text belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "owner = true; }\n);\n",
	 "a.cfg:3: rule a: owner is true; it must be a text"},
	{"a number in a list of texts",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = ( \"a\", 5 ); }\n);\n",
	 "a.cfg:3: rule a: phrases[1] is 5; it must be a text"},
	{"an empty list",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = [ ]; }\n);\n",
	 "a.cfg:3: rule a: phrases is an empty list; name at least one"},
	{"a group where a list belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = { }; }\n);\n",
	 "a.cfg:3: rule a: phrases is a group; it must be a list of texts, as in [ \"a\", \"b\" ]"},
	{"a list where a group belongs",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = ( ); }\n);\n",
	 "a.cfg:3: rule a: when is a list; it must be a group, as in { ... }"},
	{"a duration without unit",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; reason = \"r\"; "
	      "window = \"30\"; }\n);\n",
	 "a.cfg:3: rule a: window: \"30\" is not a duration; write a positive whole number and a unit, as in "
	 "90s, 30m, 24h or 7d"},
	{"a duration with a wrong unit",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; reason = \"r\"; "
	      "window = \"30 min\"; }\n);\n",
	 "a.cfg:3: rule a: window: \"30 min\" is not a duration; write a positive whole number and a unit, "
	 "as in 90s, 30m, 24h or 7d"},
	{"a duration as a number",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; reason = \"r\"; "
	      "window = 30; }\n);\n",
	 "a.cfg:3: rule a: window is 30; it must be a duration, as in \"30m\""},
	{"a duration of a thousand years",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; reason = \"r\"; "
	      "window = \"365000d\"; }\n);\n",
	 "a.cfg:3: rule a: window: \"365000d\" is too long; at most 36525d"},
	{"a time that is none",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "effective = { from = \"2026-02-30\"; }; }\n);\n",
	 "a.cfg:3: rule a: effective.from: \"2026-02-30\" is not a time; write it as "
	 "\"2026-11-23T10:00:00Z\" or \"2026-11-23\""},
	{"a period that ends before it begins",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "effective = { from = \"2026-02-02\"; until = \"2026-02-02\"; }; }\n);\n",
	 "a.cfg:3: rule a: effective.until is not after effective.from; it is never in force"},
	{"a misspelt word",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"respones\"; reason = \"r\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: per is \"respones\"; did you mean \"response\"?"},
	{"a wrong word",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"planet\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: per is \"planet\"; it must be \"response\", \"session\" or \"user\""},
	{"a wrong word in a list",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "kinds = [ \"pause\", \"nothing\" ]; }\n);\n",
	 "a.cfg:3: rule a: kinds is \"nothing\"; it must be \"acknowledgement\", \"clarifying_question\", "
	 "\"preference_update\", \"category_switch\" or \"pause\""},
	{"a misspelt mode",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "mode = \"observ\"; }\n);\n",
	 "a.cfg:3: rule a: mode is \"observ\"; did you mean \"observe\"?"},
	{"a share above 1",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { share = 1.5; }; }\n);\n",
	 "a.cfg:3: rule a: when.share is 1.5; it must be a number from 0 to 1"},
	{"a misspelt kind",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"promt_cap\"; max = 1; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: kind \"promt_cap\" does not exist; did you mean \"prompt_cap\"?"},
	{"a kind that nobody knows",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"zebra\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: kind \"zebra\" does not exist; this version has " KIND_NAMES},
	{"a misspelt kind, two letters swapped",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"rank_shfit\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: kind \"rank_shfit\" does not exist; did you mean \"rank_shift\"?"},
	{"a kind is missing", HEAD "rules = (\n{ id = \"a\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: kind is missing; this version has " KIND_NAMES},
	{"an id is missing",
	 HEAD "rules = (\n{ kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule number 1: id is missing; it must be a text"},
	{"an id with capitals",
	 HEAD "rules = (\n{ id = \"Prompts\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule Prompts: id is \"Prompts\"; it must be 1 to 128 of a-z 0-9 . _ -"},
	{"a reason is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; }\n);\n",
	 "a.cfg:3: rule a: reason is missing; it must be a text"},
	{"a reason is empty",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: reason is empty; write something"},
	{"max is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; per = \"response\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is missing; it must be a whole number from 0 to 1000"},
	{"a window is missing",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: window is missing; it must be a duration, as in \"30m\", unless per = "
	 "\"response\""},
	{"a window that has no meaning",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "window = \"1h\"; }\n);\n",
	 "a.cfg:3: rule a: window has no meaning with per = \"response\"; remove it"},
	{"an action of another kind",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "action = \"clamp\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"clamp\"; for prompt_cap it must be \"suppress\" or \"flag\""},
	{"a misspelt action",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "action = \"supress\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"supress\"; did you mean \"suppress\"?"},
	{"an on_unknown of another kind",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "on_unknown = \"allow\"; }\n);\n",
	 "a.cfg:3: rule a: on_unknown is \"allow\"; for prompt_cap it must be \"suppress\" or \"flag\""},
	{"a gap is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_gap\"; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: gap is missing; it must be a duration, as in \"30m\""},
	{"a gap per response",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_gap\"; gap = \"1m\"; per = \"response\"; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: per is \"response\"; it must be \"session\" or \"user\""},
	{"a gap that is no duration",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_gap\"; gap = 60; per = \"user\"; reason = \"r\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: gap is 60; it must be a duration, as in \"30m\""},
	{"an action that a gap does not have",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_gap\"; gap = \"1m\"; per = \"user\"; reason = "
	      "\"r\"; action = \"revert\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"revert\"; for prompt_gap it must be \"suppress\" or \"flag\""},
	{"a window of answers is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_answered\"; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: window is missing; it must be a duration, as in \"30m\""},
	{"whose answers is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_answered\"; window = \"1d\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: per is missing; it must be \"session\" or \"user\""},
	{"after what is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_backoff\"; base = \"1h\"; max = \"1d\"; per = "
	      "\"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: after is missing; it must be a list of \"dismissed\" or \"unanswered\""},
	{"after something else",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_backoff\"; after = \"lunch\"; base = \"1h\"; max = "
	      "\"1d\"; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: after is \"lunch\"; it must be \"dismissed\" or \"unanswered\""},
	{"a longest wait that is shorter than the first",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_backoff\"; after = \"dismissed\"; base = \"1d\"; max "
	      "= \"1h\"; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is shorter than base; make it at least as long"},
	{"a factor that makes waits shorter",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_backoff\"; after = \"dismissed\"; base = \"1h\"; max "
	      "= \"1d\"; factor = 0.5; per = \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: factor is 0.5; it must be a number from 1 to 1000"},
	{"a longest wait is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_backoff\"; after = \"dismissed\"; base = \"1h\"; per "
	      "= \"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is missing; it must be a duration, as in \"30m\""},
	{"an opt-out on dismissals only",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"opt_out\"; on = \"prompt_dismissed\"; for = \"1d\"; reason = "
	 "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: on does not hold \"opt_out\"; add it"},
	{"how long a dismissal counts is missing",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"opt_out\"; on = [ \"opt_out\", \"prompt_dismissed\" ]; reason "
	 "= \"r\"; }\n);\n",
	 "a.cfg:3: rule a: for is missing; with \"prompt_dismissed\" it must be a duration, as in \"24h\""},
	{"an opt-out that ends by itself",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"opt_out\"; for = \"1d\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: for has no meaning without \"prompt_dismissed\" in on; remove it"},
	{"an opt-out of adjustments that suppresses",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"opt_out\"; honour = \"adjustments\"; on_unknown = "
	      "\"suppress\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: on_unknown is \"suppress\", but honour does not hold \"prompts\"; add it, or "
	 "write "
	 "\"flag\""},
	{"an opt-out honoured in something else",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"opt_out\"; honour = \"promts\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: honour is \"promts\"; did you mean \"prompts\"?"},
	{"an action where honour says it",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"opt_out\"; action = \"flag\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: action has no meaning for opt_out; remove it"},
	{"an opt-out that reverts when it cannot tell",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"opt_out\"; on_unknown = \"revert\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: on_unknown is \"revert\"; for opt_out it must be \"flag\" or \"suppress\""},
	{"a floor that is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"confidence_floor\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: min is missing; it must be a number from 0 to 1"},
	{"a floor above 1",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"confidence_floor\"; min = 50; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: min is 50; it must be a number from 0 to 1"},
	{"a conflict without a number",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"conflicting_signals\"; window = \"1h\"; per = \"user\"; reason "
	 "= \"r\"; }\n);\n",
	 "a.cfg:3: rule a: min_signals is missing; it must be a whole number from 1 to 1000"},
	{"a conflict of no signals",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"conflicting_signals\"; window = \"1h\"; min_signals = 0; per = "
	 "\"user\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: min_signals is 0; it must be a whole number from 1 to 1000"},
	{"a time of day that is none",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"25:00\"; to "
	      "= \"07:00\"; zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: from is \"25:00\"; it must be a time of day, as in \"22:30\""},
	{"a time of day without zero",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"7:00\"; zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: to is \"7:00\"; it must be a time of day, as in \"22:30\""},
	{"minutes that are none",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:60\"; to "
	      "= \"07:00\"; zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: from is \"22:60\"; it must be a time of day, as in \"22:30\""},
	{"quiet from the end of a day",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"24:00\"; to "
	      "= \"07:00\"; zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: from is \"24:00\"; write \"00:00\""},
	{"quiet hours of no length",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"07:00\"; to "
	      "= \"07:00\"; zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: from and to are the same time; for whole days write \"00:00\" and \"24:00\""},
	{"a misspelt zone",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; zone = \"Europe/Berln\"; }\n);\n",
	 "a.cfg:3: rule a: zone \"Europe/Berln\" is not a time zone; did you mean \"Europe/Berlin\"?"},
	{"a zone that is near nothing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; zone = \"somewhere else\"; }\n);\n",
	 "a.cfg:3: rule a: zone \"somewhere else\" is not a time zone; write it as \"Europe/Berlin\""},
	{"a misspelt default zone",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; zone = \"user\"; default_zone = \"Europe/Pariss\"; }\n);\n",
	 "a.cfg:3: rule a: default_zone \"Europe/Pariss\" is not a time zone; did you mean "
	 "\"Europe/Paris\"?"},
	{"a default zone beside a named one",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; zone = \"UTC\"; default_zone = \"UTC\"; }\n);\n",
	 "a.cfg:3: rule a: default_zone has no meaning unless zone = \"user\"; remove it"},
	{"quiet hours without zone",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; }\n);\n",
	 "a.cfg:3: rule a: zone is missing; it must be a text"},
	{"a misspelt day",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; from = \"22:00\"; to "
	      "= \"07:00\"; zone = \"UTC\"; days = \"sundy\"; }\n);\n",
	 "a.cfg:3: rule a: days is \"sundy\"; did you mean \"sunday\"?"},
	{"a bound of nothing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"score_bound\"; reason = \"r\";  }\n);\n",
	 "a.cfg:3: rule a: bounds nothing; give max_absolute, max_relative or both"},
	{"phrases of nothing",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\";  }\n);\n",
	 "a.cfg:3: rule a: denies nothing; give phrases, phrases_file or both"},
	{"an empty phrase",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = [ \"\" ]; }\n);\n",
	 "a.cfg:3: rule a: phrases has 0 bytes; it must have 1 to 200"},
	{"a phrase of which nothing is left",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = [ \"\\u200b\" ]; }\n);\n",
	 "a.cfg:3: rule a: nothing is left of phrase \"\342\200\213\" after folding; remove it"},
	{"a phrase over two lines",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = [ \"a\\nb\" ]; }\n);\n",
	 "a.cfg:3: rule a: phrases holds a control character; write it on one line"},
	{"a locale range with a star that was meant well",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { locale = \"en*\"; }; }\n);\n",
	 "a.cfg:3: rule a: when.locale is \"en*\", which is not a language range; did you mean \"en\"?"},
	{"a locale range with an underscore",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { locale = \"en_GB\"; }; }\n);\n",
	 "a.cfg:3: rule a: when.locale is \"en_GB\", which is not a language range; did you mean \"en-GB\"?"},
	{"a locale range that is none",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\"; "
	      "phrases = \"x\"; locales = [ \"e n\" ]; }\n);\n",
	 "a.cfg:3: rule a: locales is \"e n\", which is not a language range; write it as \"en\", \"pt-BR\" "
	 "or \"*-CH\""},
	{"a when without condition",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { }; }\n);\n",
	 "a.cfg:3: rule a: a group of \"when\" has no condition; name at least one, or remove it"},
	{"a not without condition",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "when = { surface = \"x\"; not = { }; }; }\n);\n",
	 "a.cfg:3: rule a: a group of \"when\" has no condition; name at least one, or remove it"},
	{"two rules of one id",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "},\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } );",
	 "a.cfg:3: rule a: id stands twice, first at a.cfg:2; give each rule its own"},
	{"a ruleset without rules", HEAD, "warning: DIR: holds no rules; nothing is governed"},
	{"a missing semicolon and quote", HEAD "rules = (\n{ id = \"a }\n);",
	 "a.cfg:4: syntax error; settings are written as name = value; with \" around texts"},
	{"a missing value", HEAD "rules = ;",
	 "a.cfg:2: syntax error; settings are written as name = value; with \" around texts"},
	{"a key that stands twice",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "\nmax = 2; }\n);\n",
	 "a.cfg:4: duplicate setting name; each key stands once in its group"},
	{"an include", HEAD "  @include \"x.cfg\"\n",
	 "a.cfg:2: @include is not supported; put the files into one directory"},
	{"an include in a comment is refused too", HEAD "/*\n@include \"x.cfg\"\n*/\n",
	 "a.cfg:3: @include is not supported; put the files into one directory"},
	{"an integer that would wrap",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\";\nmax = 4294967297; per = \"response\"; reason "
	      "= \"r\"; }\n);\n",
	 "a.cfg:4: integer 4294967297 does not fit 32 bits; append L, or write a smaller one"},
	{"an integer that would wrap with L",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 9223372036854775808L; per = "
	      "\"response\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: integer 9223372036854775808 does not fit 64 bits; write a smaller one"},
	{"a hexadecimal integer that would wrap",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 0xFFFFFFFF; per = \"response\"; reason "
	      "= \"r\"; }\n);\n",
	 "a.cfg:3: integer 0xFFFFFFFF does not fit 32 bits; append L, or write a smaller one"},
	{"a big integer with L is out of range",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 4294967297L; per = \"response\"; reason "
	      "= \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max is 4294967297; it must be a whole number from 0 to 1000"},
	{"half a surrogate pair", HEAD "\nowner2 = \"\\ud83d\";",
	 "a.cfg:3: \\ud83d is half a surrogate pair; write both halves, or the character itself"},
	{"an escape without digits", HEAD "x = \"\\u12\";",
	 "a.cfg:2: \\u is not followed by four hexadecimal digits; write it as \\u00e9"},
	{"a NUL by \\u", HEAD "x = \"\\u0000\";", "a.cfg:2: \\u0000 is not a character of a text; remove it"},
	{"a NUL by \\x", HEAD "x = \"\\x00\";", "a.cfg:2: \\x00 is not a character of a text; remove it"},
	{"invalid UTF-8 by \\x",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	      "owner = \"\\xff\"; }\n);\n",
	 "a.cfg:3: rule a: owner is not valid UTF-8; remove the \\x escapes"},
	{"brackets too deep",
	 HEAD "x = (((((((((((((((((((((((((((((((((((((((())))))))))))))))))))))))))))))))))))))));",
	 "a.cfg:2: brackets are nested deeper than 32; write flatter rules"},
	{"invalid UTF-8", HEAD "# \377\n", "a.cfg:2: is not valid UTF-8 at byte 54; save it as UTF-8"},
	{"a byte order mark", "\357\273\277format = 1; name = \"t\"; version = \"1\"; owner = \"o\";\n",
	 "a.cfg:1: begins with a byte order mark; save it as UTF-8 without one"},
};

static void run_row(void **state)
{
	const struct row *row = *state;
	findings_are(row->text, row->findings);
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = HEAD "# a\0b\n";
	struct folder folder;
	struct rules_findings findings = {0};
	char joined[4096];
	folder_make(&folder);
	folder_put(&folder, "a.cfg", text, sizeof text - 1);
	assert_null(rules_ruleset_load(folder.path, NOW, &findings));
	findings_join(&findings, folder.path, joined, sizeof joined);
	assert_string_equal(joined, "a.cfg:2: holds a NUL byte; remove it");
	rules_findings_done(&findings);
	folder_remove(&folder);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_nul_byte_is_refused),
	};
	return ROWS_RUN("findings", rows, run_row, others, COUNT(others));
}

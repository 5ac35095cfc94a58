#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules test: what passes, what fails and how it says so, and every finding about a test file."""
import json
import os
import unittest
import xml.etree.ElementTree as xml

from tool_support import PACKS, ToolCase

RULES = """format = 1; name = "t"; version = "1"; owner = "o";
rules = (
  { id = "cap"; kind = "prompt_cap"; max = 1; per = "session"; window = "30m"; reason = "r"; },
  { id = "bound"; kind = "score_bound"; max_absolute = 0.1; action = "clamp"; reason = "r"; },
  { id = "sleeps"; kind = "prompt_cap"; mode = "off"; max = 0; per = "response"; reason = "r"; }
);
"""
NOW = 'now = "2026-11-23T10:00:00Z"; '
PROMPT = 'response = { prompts = ( { prompt_id = "p"; text = "Hi."; } ); }; '
SESSION = 'request = { session_id = "s"; }; '
FULL = 'history = ( { at = "-5m"; event = "prompt_delivered"; } ); '


class RuleTests(ToolCase):
    def run_tests(self, tests, *args, code, rules=RULES):
        """Runs `{ name = "t"; <each of tests> }` against the rules."""
        self.write(rules)
        self.path = self.write("tests = (\n" + ",\n".join(tests) + "\n);\n", "a_test.cfg")
        return self.run_tool("test", self.folder.name, *args, code=code)[0]

    def one(self, body, *args, code):
        return self.run_tests(['{ name = "t"; ' + NOW + body + " }"], *args, code=code)

    def test_what_is_expected_and_comes_passes(self):
        for body in (
            SESSION + PROMPT + 'expect = { prompts = ( { prompt_id = "p"; text = "Hi."; } ); interventions = ( ); };',
            SESSION + FULL + PROMPT + 'expect = { prompts = ( ); interventions = ( { rule = "cap"; } ); };',
            SESSION + FULL + PROMPT + 'expect = { interventions = ( { rule = "cap"; action = "suppress"; '
            'verdict = "exceeded"; would = false; unsatisfied = false; targets = [ "p" ]; '
            'observed = "this would be prompt 2"; limit = "max 1, per session, window 30m"; } ); };',
            PROMPT + 'expect = { interventions = ( { rule = "cap"; verdict = "unknown"; } ); rejected = false; };',
            'response = { explanation = "Why."; }; expect = { explanation = "Why."; };',
            'response = { prompts = ( ); }; expect = { prompts = ( ); items = ( ); explanation = ""; };',
            'response = { category_weights = ( { category = "a"; weight = 0; baseline_weight = 1; } ); }; '
            'expect = { category_weights = ( { category = "a"; weight = 0; } ); };',
            'response = { items = ( { item_id = "a"; score = 0.4; baseline_score = 0.3; tags = [ "x", "y" ]; } ); }; '
            'expect = { items = ( { item_id = "a"; score = 0.4; tags = [ "x", "y" ]; } ); };',
        ):
            with self.subTest(body):
                self.assertEqual(self.one(body, code=0), "1 test, 0 failed\n")

    def test_what_differs_is_shown(self):
        for body, failures in (
            (SESSION + FULL + PROMPT + 'expect = { prompts = ( { prompt_id = "p"; } ); };',
             'prompts: expected ( { prompt_id = "p"; } ), got ( )'),
            (SESSION + FULL + PROMPT + "expect = { interventions = ( ); };",
             'interventions: expected ( ), got ( { rule = "cap"; action = "suppress"; } )'),
            (SESSION + FULL + PROMPT + 'expect = { interventions = ( { rule = "bound"; action = "flag"; } ); };',
             'interventions[0].rule: expected "bound", got "cap"\n'
             '  interventions[0].action: expected "flag", got "suppress"'),
            (SESSION + FULL + PROMPT + 'expect = { interventions = ( { rule = "cap"; would = true; } ); };',
             "interventions[0].would: expected true, got false"),
            (SESSION + FULL + PROMPT + 'expect = { interventions = ( { rule = "cap"; targets = [ "q" ]; } ); };',
             'interventions[0].targets: expected ["q"], got ["p"]'),
            (SESSION + PROMPT + 'expect = { prompts = ( { text = "Ho."; locale = "en"; kind = "pause"; } ); };',
             'prompts[0].kind: expected "pause", got nothing\n'
             '  prompts[0].text: expected "Ho.", got "Hi."\n'
             '  prompts[0].locale: expected "en", got nothing'),
            ('response = { items = ( { item_id = "a"; score = 0.9; baseline_score = 0.5; } ); }; '
             'expect = { items = ( { item_id = "a"; score = 0.9; } ); };',
             "items[0].score: expected 0.9, got 0.6"),
            ('expect = { rejected = true; explanation = "x"; };',
             'rejected: expected true, got false\n  explanation: expected "x", got nothing'),
        ):
            with self.subTest(body):
                out = self.one(body, code=1)
                self.assertEqual(out, f'{self.path}:2: test "t" failed\n  {failures}\n1 test, 1 failed\n')

    def test_order_of_items_counts(self):
        body = ('response = { items = ( { item_id = "a"; score = 0.9; baseline_score = 0.1; }, '
                '{ item_id = "b"; score = 0.5; baseline_score = 0.5; } ); }; '
                'expect = { items = ( { item_id = "%s"; }, { item_id = "%s"; } ); };')
        self.one(body % ("b", "a"), code=0)
        self.one(body % ("a", "b"), code=1)

    def test_a_refused_call_sends_nothing(self):
        rules = RULES.replace('action = "clamp"', 'action = "reject"')
        test = ('{ name = "t"; ' + NOW + 'response = { explanation = "Why."; items = ( { item_id = "a"; score = 0.9; '
                'baseline_score = 0.5; } ); }; expect = { rejected = true; items = ( ); explanation = ""; '
                'interventions = ( { rule = "bound"; action = "reject"; } ); }; }')
        self.run_tests([test], code=0, rules=rules)

    def test_whose_event_it_is(self):
        rules = RULES.replace('per = "session"', 'per = "%s"')
        event = 'history = ( { at = "-5m"; event = "prompt_delivered"; %s } ); '
        request = 'request = { session_id = "s"; user_id = "u"; }; '
        left, kept = "expect = { prompts = ( ); };", 'expect = { prompts = ( { prompt_id = "p"; } ); };'
        for per, keys, expect in (
            ("session", "", left), ("user", "", left),
            ("session", 'session_id = "other";', kept), ("user", 'session_id = "other";', left),
            ("session", 'user_id = "other";', left), ("user", 'user_id = "other";', kept),
        ):
            with self.subTest(f"{per} {keys}"):
                test = '{ name = "t"; ' + NOW + request + event % keys + PROMPT + expect + " }"
                self.run_tests([test], code=0, rules=rules % per)

    def test_the_clock_is_pinned(self):
        for at, expect in (("-29m", "( )"), ("-30m", '( { prompt_id = "p"; } )'),
                           ("2026-11-23T09:30:00.000000001Z", "( )"),
                           ("2026-11-23T09:30:00Z", '( { prompt_id = "p"; } )')):
            with self.subTest(at):
                self.one(SESSION + 'history = ( { at = "%s"; event = "prompt_delivered"; } ); ' % at + PROMPT +
                         "expect = { prompts = %s; };" % expect, code=0)

    def test_signals_are_history(self):
        self.one(SESSION + 'history = ( { at = "-1m"; event = "opt_out"; }, { at = "-2m"; event = "dissatisfied"; '
                 'category = "jazz"; } ); ' + PROMPT + 'expect = { prompts = ( { prompt_id = "p"; } ); };', code=0)

    def test_context(self):
        rules = RULES.replace('id = "cap";', 'id = "cap"; when = { %s };')
        passes = 'expect = { prompts = ( { prompt_id = "p"; } ); };'
        for when, request in (
            ('surface = [ "home" ];', 'surface = "feed";'),
            ('locale = [ "en" ];', 'locale = "de";'),
            ('segment = [ "a" ];', 'segment = "b";'),
            ('experiment = [ "a" ];', 'experiment = "b";'),
            ('attributes = ( { name = "tier"; is = [ "gold" ]; } );',
             'attributes = ( { name = "tier"; value = "tin"; } );'),
            ('method = [ "/other/*" ];', ""),
        ):
            with self.subTest(when):
                test = ('{ name = "t"; ' + NOW + 'request = { session_id = "s"; ' + request + " }; " + FULL + PROMPT)
                self.run_tests([test + passes + " }"], code=0, rules=rules % when)
        test = '{ name = "t"; method = "/other/x"; ' + NOW + SESSION + FULL + PROMPT + passes + " }"
        self.run_tests([test], code=1, rules=rules % 'method = [ "/other/*" ];')

    def test_coverage(self):
        test = '{ name = "t"; ' + NOW + SESSION + FULL + PROMPT + "expect = { prompts = ( ); }; }"
        out = self.run_tests([test], "--coverage", code=1)
        self.assertEqual(out, f"{self.folder.name}/a.cfg:4: rule bound: never exercised; write a test that exceeds it\n"
                              "1 test, 0 failed; 1 of 2 rules exercised\n")
        answer = json.loads(self.run_tests([test], "--coverage", "--json", code=1))
        self.assertEqual((answer["ok"], answer["coverage"]), (False, {"rules": 2, "exercised": 1, "never": ["bound"]}))
        self.run_tests([test], code=0)

    def test_json(self):
        answer = json.loads(self.one(SESSION + FULL + PROMPT + "expect = { interventions = ( ); };",
                                     "--format", "json", code=1))
        self.assertEqual(answer, {
            "ok": False, "failed": 1,
            "tests": [{"name": "t", "file": self.path, "line": 2, "ok": False, "failures": [
                'interventions: expected ( ), got ( { rule = "cap"; action = "suppress"; } )']}]})
        self.assertEqual(json.loads(self.one("expect = { items = ( ); };", "--json", code=0))["ok"], True)

    def test_junit(self):
        out = self.run_tests(
            ['{ name = "<a> & \\"b\\""; ' + NOW + 'response = { explanation = "x\\x01\\ty"; }; '
             'expect = { explanation = "<y>"; }; }', '{ name = "good"; ' + NOW + "expect = { items = ( ); }; }"],
            "--format=junit", "--coverage", code=1)
        tests, coverage = xml.fromstring(out)
        self.assertEqual((tests.get("tests"), tests.get("failures")), ("2", "1"))
        self.assertEqual([case.get("name") for case in tests], ['<a> & "b"', "good"])
        self.assertEqual([len(case) for case in tests], [1, 0])
        self.assertEqual(tests[0][0].get("message"), 'explanation: expected "<y>", got "x\\u0001\\u0009y"')
        self.assertEqual([(case.get("name"), len(case)) for case in coverage], [("bound", 1), ("cap", 1)])

    def test_findings(self):
        good = "expect = { items = ( ); };"
        for body, line, words in (
            (good + "expct = { };", 2, 'test "t": unknown key "expct"; did you mean "expect"?'),
            ("", 2, 'test "t": expect is missing; it must be a group, as in { ... }'),
            ("expect = { };", 2, 'test "t": expect is empty; such a test cannot fail, say what must come of it'),
            (good + 'request = { sesion_id = "s"; };', 2,
             'test "t": unknown key "request.sesion_id"; did you mean "session_id"?'),
            (good + "request = { opted_out = 1; };", 2,
             'test "t": request.opted_out is 1; it must be true or false'),
            (good + "request = { offset = -1; };", 2,
             'test "t": request.offset is -1; it must be a whole number from 0 to 2147483647'),
            (good + 'request = { attributes = ( { name = "a"; } ); };', 2,
             'test "t": request.attributes[0].value is missing; it must be a text'),
            (good + 'response = { items = ( { score = "a"; } ); };', 2,
             'test "t": response.items[0].score is "a"; it must be a number'),
            (good + 'response = { prompts = ( { kind = "paus"; } ); };', 2,
             'test "t": response.prompts[0].kind is "paus"; did you mean "pause"?'),
            (good + 'response = { prompts = ( { choices = ( { kind = "declin"; } ); } ); };', 2,
             'test "t": response.prompts[0].choices[0].kind is "declin"; did you mean "decline"?'),
            (good + 'history = ( { at = "20m"; event = "reset"; } );', 2,
             'test "t": history[0].at is "20m"; it must be a time before now, as in "-20m", or a time, as in '
             '"2026-11-23T10:00:00Z"'),
            (good + 'history = ( { at = "-20m"; } );', 2,
             'test "t": history[0].event is missing; it must be "prompt_delivered", "dissatisfied", '
             '"not_relevant", "satisfied", "prompt_dismissed", "prompt_answered", "opt_out", "opt_in", "reset" or '
             '"prompt_shown"'),
            (good + 'history = ( { at = "-20m"; event = "prompt_deliverd"; } );', 2,
             'test "t": history[0].event is "prompt_deliverd"; did you mean "prompt_delivered"?'),
            (good + 'history = ( { at = "-20m"; event = "reset"; kind = "pause"; } );', 2,
             'test "t": history[0].kind is of prompts; reset has none, remove it'),
            ('expect = { interventions = ( { rule = "capp"; } ); };', 2,
             'test "t": expect.interventions[0].rule is "capp", which is no rule; did you mean "cap"?'),
            ('expect = { interventions = ( { rule = "elephants"; } ); };', 2,
             'test "t": expect.interventions[0].rule is "elephants", which is no rule; the rules tested here have '
             "other ids"),
            ('expect = { interventions = ( { rule = "cap"; action = "supress"; } ); };', 2,
             'test "t": expect.interventions[0].action is "supress"; did you mean "suppress"?'),
            ('expect = { interventions = ( { rule = "cap"; verdict = "within"; } ); };', 2,
             'test "t": expect.interventions[0].verdict is "within"; it must be "exceeded" or "unknown"'),
            ('expect = { interventions = ( { action = "clamp"; } ); };', 2,
             'test "t": expect.interventions[0].rule is missing; it must be a text'),
            (good + 'order = "score";', 2,
             'test "t": order is "score"; it must be "position", "score_desc" or "score_asc"'),
        ):
            with self.subTest(body):
                self.assertEqual(self.one(body, code=1), f"{self.path}:{line}: {words}\n")

    def test_findings_of_files(self):
        case = '{ name = "t"; ' + NOW + "expect = { items = ( ); }; }"
        self.write(RULES)
        for text, words in (
            ("tests = ( " + case + ",\n" + case + " );",
             ':2: test "t": name stands twice, first at {path}:1; give each test its own'),
            ("tests = ( { " + NOW + "expect = { items = ( ); }; } );",
             ":1: test number 1: name is missing; it must be a text"),
            ('tests = ( { name = "t"; expect = { items = ( ); }; } );',
             ':1: test "t": now is missing; it must be a time, as in "2026-11-23T10:00:00Z"'),
            ('tests = ( { name = "t"; now = "noon"; expect = { items = ( ); }; } );',
             ':1: test "t": now: "noon" is not a time; write it as "2026-11-23T10:00:00Z" or "2026-11-23"'),
            ("format = 2; tests = ( " + case + " );", ":1: format is 2; it must be 1"),
            ("", ":0: tests is missing; it must be a list of groups, as in ( {{ ... }}, {{ ... }} )"),
            ("tests = ( 1 );", ":1: tests[0] is 1; it must be a group, as in {{ ... }}"),
            ("tests = (\n{ name = 1 2 } );",
             ':2: syntax error; settings are written as name = value; with " around texts'),
        ):
            with self.subTest(text):
                path = self.write(text, "a_test.cfg")
                out, _ = self.run_tool("test", self.folder.name, code=1)
                self.assertEqual(out, path + words.format(path=path).replace(":0:", ":") + "\n")

    def test_all_findings_at_once_also_those_of_rules(self):
        test = '{ name = "t"; ' + NOW + "expct = 1; reqest = 2; }"
        out = self.run_tests([test], code=1, rules=RULES.replace("max = 1", "maxx = 1"))
        self.assertEqual([line.split(": ")[1] for line in out.splitlines()],
                         ["rule cap", "rule cap"] + ['test "t"'] * 3)
        answer = json.loads(self.run_tests([test], "--json", code=1, rules=RULES))
        self.assertEqual(len(answer["findings"]), 3)
        self.assertEqual(self.run_tests([test], "--format=junit", code=1), "")

    def test_which_files(self):
        case = 'tests = ( { name = "%s"; ' + NOW + "expect = { items = ( ); }; } );"
        out, _ = self.run_tool("test", self.write(RULES), code=1)
        self.assertEqual(out, self.folder.name + "/a_test.cfg: No such file or directory; name a file that is there and readable\n")
        out, _ = self.run_tool("test", self.folder.name, code=1)
        self.assertEqual(out, self.folder.name + ": holds no tests; write them into a file whose name ends in "
                         "_test.cfg\n")
        self.write(case % "a", "a_test.cfg")
        self.write(case % "b", "b_test.cfg")
        self.write("not read", ".c_test.cfg")
        for path, count in (("", "2 tests"), ("/", "2 tests"), ("/a_test.cfg", "1 test"), ("/a.cfg", "1 test")):
            out, _ = self.run_tool("test", self.folder.name + path, code=0)
            self.assertEqual(out, count + ", 0 failed\n")
        out, _ = self.run_tool("test", self.folder.name + "/none", code=1)
        self.assertIn("/none: No such file or directory", out)

    def test_packs(self):
        for pack in sorted(os.listdir(PACKS)):
            out, _ = self.run_tool("test", "--coverage", os.path.join(PACKS, pack), code=0)
            self.assertRegex(out, r"^\d+ tests, 0 failed; (\d+) of \1 rules exercised\n$")


if __name__ == "__main__":
    unittest.main(argv=["tool_test_test.py"])

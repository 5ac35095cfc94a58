#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules decide: a decision for each record, and a reason for each that is none."""
import json
import subprocess
import unittest

from tool_support import TOOL, ToolCase

RULES = """format = 1; name = "t"; version = "1"; owner = "o";
rules = (
  { id = "bound"; kind = "score_bound"; max_absolute = 0.25; reason = "r"; },
  { id = "cap"; kind = "prompt_cap"; max = 1; per = "session"; window = "30m"; reason = "r"; },
  { id = "some"; kind = "prompt_cap"; max = 0; per = "response"; when = { share = 0.5; }; reason = "r"; }
);
"""
HOUR = 1790000000000000000


class Decide(ToolCase):
    def setUp(self):
        super().setUp()
        self.rules = self.write(RULES)
        self.digest = json.loads(self.decide()[0])["ruleset"]

    def decide(self, *lines):
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        done = subprocess.run([TOOL, "decide", "--rules", self.rules], input=text, stdout=subprocess.PIPE,
                              encoding="utf-8", check=True)
        return done.stdout.splitlines()

    def record(self, facts=None, **more):
        base = {"method": "/m", "session": "s", "attributes": [], "attributes_left_out": 0, "opted_out": False,
                "offset": 0, "order": "score_desc", "narrow": [], "items": [], "weights": [], "prompts": []}
        return {"format": 1, "ruleset": self.digest, "now_ns": HOUR, "facts": {**base, **(facts or {})},
                "applies": [{"rule": "some", "applies": False}], "frequency": "decided", "observed": False,
                "history": {"session": []}, **more}

    def answers(self, *records):
        return [json.loads(line) for line in self.decide(*records)[1:]]

    def test_scores_are_exact(self):
        item = {"id": {"hex": "ff61"}, "score": 0.1 + 0.2, "baseline": "-0"}
        clamped, reverted = self.answers(
            self.record({"items": [item]}),
            self.record({"items": [item, {"id": "b", "score": "NaN", "baseline": 1}]}))
        self.assertEqual([(one["rule"], one["action"], one["ids"], one["before"], one["after"])
                          for one in clamped["interventions"]],
                         [("bound", "clamp", ["\ufffda"], [0.1 + 0.2], [0.25])])
        self.assertEqual([(one["rule"], one["action"], one["verdict"]) for one in reverted["interventions"]],
                         [("bound", "revert", "unknown")])

    def test_history_and_what_is_given(self):
        prompt = {"id": "p", "kind": "pause", "text": "Rest?", "locale": "en", "choices": []}
        seen = {"session": [{"time_ns": HOUR - 1, "entry": 7, "type": "delivered", "prompt": "pause"}]}
        free, held, given, observed, passed = self.answers(
            self.record({"prompts": [prompt]}),
            self.record({"prompts": [prompt]}, history=seen),
            self.record({"prompts": [prompt]}, applies=[{"rule": "some", "applies": True}]),
            self.record({"prompts": [prompt]}, history=seen, observed=True),
            self.record({"prompts": [prompt]}, history=seen, frequency="passed"))
        self.assertEqual(free["interventions"], [])
        self.assertEqual([(one["rule"], one["evidence"], one["before"], one["after"])
                          for one in held["interventions"]], [("cap", [7], ["Rest?"], [None])])
        self.assertEqual([one["rule"] for one in given["interventions"]], ["some"])
        self.assertEqual((observed["changed"], observed["interventions"][0]["would"]), (False, True))
        self.assertEqual(passed["interventions"], [])

    def test_what_is_no_record(self):
        whole = self.record()
        rows = [
            ("{", "string or '}' expected near end of file"),
            ("[]", 'record: "format" is wrong or missing; it must be 1'),
            ({**whole, "format": 2}, 'record: "format" is wrong or missing; it must be 1'),
            ({**whole, "facts": None}, 'record: "facts" is wrong or missing; it must be an object'),
            (self.record({"items": {}}), 'record: "items" is wrong or missing; it must be a list'),
            (self.record({"items": [{"score": "x"}]}), 'record: "score" is wrong or missing; it must be a number'),
            (self.record({"items": [{"id": 7}]}), 'record: "id" is wrong or missing; it must be a text'),
            (self.record({"order": "up"}), 'record: "order" is wrong or missing; it must be a word that is known'),
            (self.record({"offset": 0.5}), 'record: "offset" is wrong or missing; it must be a whole number'),
            (self.record({"method": {"hex": "zz"}}), 'record: "method" is wrong or missing; it must be hex digits'),
            ({**whole, "observed": 1}, 'record: "observed" is wrong or missing; it must be true or false'),
        ]
        for (line, expected), answer in zip(rows, self.answers(*(line for line, _ in rows)), strict=True):
            with self.subTest(expected=expected):
                self.assertEqual(answer, {"error": expected})

    def test_rules_that_do_not_load(self):
        self.run_tool("decide", "--rules", self.write("x", "bad.cfg"), code=1)
        self.run_tool("decide", code=2)


if __name__ == "__main__":
    unittest.main(argv=[__file__])

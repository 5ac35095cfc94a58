#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules kinds: the guide says what the tool says, and every example is a rule without findings."""
import json
import os
import re
import unittest

from tool_support import PACKS, ToolCase

GUIDE = os.path.join(PACKS, "..", "RULES.md")
BEGIN, END = "<!-- from here on: rankguard-rules kinds -->\n", "<!-- to here -->\n"
HEAD = 'format = 1; name = "t"; version = "1"; owner = "o";\n'
TEXTS = """texts = (
  { id = "neutral"; locale = "en"; kind = "acknowledgement"; text = "We will adjust."; },
  { id = "why"; locale = "en"; text = "You liked this."; }
);
"""


class Kinds(ToolCase):
    def kinds(self):
        return json.loads(self.run_tool("kinds", "--json", code=0)[0])["kinds"]

    def guide(self):
        with open(GUIDE, encoding="utf-8") as file:
            return file.read()

    def test_the_guide_holds_what_the_tool_prints(self):
        out, err = self.run_tool("kinds", code=0)
        self.assertEqual(err, "")
        self.assertEqual(self.guide().split(BEGIN)[1].split(END)[0], "\n" + out,
                         "put what rankguard-rules kinds prints between the markers of rules/RULES.md")

    def test_examples_are_good_rules(self):
        examples = re.findall(r"```\n(\{ id = \"example\..*?)\n```", self.run_tool("kinds", code=0)[0], re.S)
        self.assertEqual(len(examples), len(self.kinds()))
        for example in examples:
            with self.subTest(example):
                out, err = self.run_tool("check", self.write(HEAD + "rules = ( " + example + " );\n" + TEXTS), code=0)
                self.assertIn(": 1 rule, ", out)
                self.assertEqual(err, "")

    def test_a_bad_example_would_be_found(self):
        bad = '{ id = "example.tone"; kind = "tone"; reason = "r"; }'
        self.run_tool("check", self.write(HEAD + "rules = ( " + bad + " );\n" + TEXTS), code=1)

    def test_the_rules_and_tests_of_the_guide(self):
        blocks = re.findall(r"```\n(format = 1;.*?)```", self.guide(), re.S)
        self.assertEqual(len(blocks), 2)
        self.write(blocks[0], "a.cfg")
        self.write(blocks[1], "a_test.cfg")
        self.run_tool("check", self.folder.name, code=0)
        self.run_tool("test", "--coverage", self.folder.name, code=0)

    def test_json_says_the_table(self):
        kinds = {kind["name"]: kind for kind in self.kinds()}
        self.assertEqual(len(kinds), len(self.kinds()))
        cap = kinds["prompt_cap"]
        self.assertEqual((cap["actions"], cap["on_unknown"]), (["suppress", "flag"], ["suppress", "flag"]))
        keys = {key["name"]: key for key in cap["keys"]}
        self.assertEqual(keys["max"], {"name": "max", "type": "whole number", "required": True, "min": 0, "max": 1000,
                                       "default": None, "help": "prompts that may be delivered"})
        self.assertEqual(keys["per"]["words"], ["response", "session", "user"])

    def test_kinds_takes_no_path(self):
        out, err = self.run_tool("kinds", PACKS, code=2)
        self.assertEqual(out, "")
        self.assertEqual(err, 'rankguard-rules: more than no PATH: "' + PACKS + '"; see rankguard-rules --help\n')


if __name__ == "__main__":
    unittest.main(argv=["tool_kinds_test"])

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules as its users run it: exit codes, what is on stdout, what is on stderr."""
import json
import os
import sys
import unittest

from tool_support import PACKS, ToolCase

HEAD = 'format = 1; name = "t"; version = "1"; owner = "o";\n'
RULE = 'rules = ( { id = "a"; kind = "prompt_cap"; max = 1; per = "response"; reason = "r"; %s } );\n'
EXPIRED = 'texts = ( { id = "x"; locale = "en"; text = "Hi."; expires = "2020-01-01"; } );\n'


class Tool(ToolCase):
    def test_check_of_good_rules(self):
        out, err = self.run_tool("check", PACKS + "/demo", code=0)
        self.assertRegex(out, r"^demo 2026\.11\.1: 6 rules, sha256:[0-9a-f]{64}\n$")
        self.assertEqual(err, "")

    def test_check_of_bad_rules(self):
        path = self.write(HEAD + RULE % "maxx = 1;")
        out, err = self.run_tool("check", path, code=1)
        self.assertEqual(out, path + ':2: rule a: unknown key "maxx"; did you mean "max"?\n')
        self.assertEqual(err, "1 error, 0 warnings\n")

    def test_a_warning_is_a_finding(self):
        path = self.write(HEAD + RULE % "" + EXPIRED)
        out, err = self.run_tool("check", path, code=1)
        self.assertTrue(out.startswith(path + ":3: warning: text x (en): expired on 2020-01-01; "), out)
        self.assertEqual(err, "0 errors, 1 warning\n")

    def test_notes_are_no_findings(self):
        config = self.write("listen = [ ];\n", "side.conf")
        out, err = self.run_tool("check", PACKS + "/demo", "--config", config, code=0)
        self.assertTrue(out.startswith(config + ": note: caps, gaps and waits hold within one sidecar: "), out)
        self.assertEqual(err, "")
        answer = json.loads(self.run_tool("check", "--json", "--config", config, PACKS + "/demo", code=0)[0])
        self.assertEqual((answer["ok"], answer["findings"][0]["severity"]), (True, "note"))

    def test_a_configuration_with_findings(self):
        for text, words in (
            ("schema: { };", ":1: schema.descriptors is missing; write descriptors = \"schema.pb\";\n"),
            ("schema: {", ":1: syntax error; settings are written as name = value; with \" around texts\n"),
            ('@include "x"', ":1: @include is not supported; put the files into one directory\n"),
        ):
            config = self.write(text, "side.conf")
            out, _ = self.run_tool("check", PACKS + "/demo", "--config", config, code=1)
            self.assertIn(config + words, out)
        missing = os.path.join(self.folder.name, "none.conf")
        out, _ = self.run_tool("check", PACKS + "/demo", "--config", missing, code=1)
        self.assertIn(missing + ": cannot be opened: No such file or directory; give the path of a readable file\n", out)

    def test_check_json(self):
        path = self.write(HEAD + RULE % "maxx = 1;")
        answer = json.loads(self.run_tool("check", "--json", path, code=1)[0])
        self.assertEqual(answer["ok"], False)
        self.assertEqual(answer["findings"][0]["severity"], "error")
        self.assertEqual((answer["findings"][0]["file"], answer["findings"][0]["line"]), (path, 2))
        answer = json.loads(self.run_tool("check", PACKS + "/demo", "--json", code=0)[0])
        self.assertEqual((answer["ok"], answer["rules"], answer["findings"]), (True, 6, []))

    def test_effective_is_a_rule_file(self):
        out, err = self.run_tool("effective", PACKS + "/demo", code=0)
        self.assertEqual(err, "")
        path = self.write(out)
        again, _ = self.run_tool("effective", path, code=0)
        self.assertEqual(out.split("\n")[2:], again.split("\n")[2:])
        self.run_tool("check", path, code=0)

    def test_effective_json(self):
        answer = json.loads(self.run_tool("effective", "--json", PACKS + "/demo", code=0)[0])
        self.assertEqual([rule["id"] for rule in answer["rules"]], sorted(rule["id"] for rule in answer["rules"]))
        self.assertEqual(answer["rules"][0]["on"], ["text", "labels", "explanation"])

    def test_effective_of_bad_rules(self):
        path = self.write(HEAD + RULE % "maxx = 1;")
        out, err = self.run_tool("effective", path, code=1)
        self.assertEqual(out, "")
        self.assertEqual(err, path + ':2: rule a: unknown key "maxx"; did you mean "max"?\n')
        answer = json.loads(self.run_tool("effective", "--json", path, code=1)[0])
        self.assertEqual(len(answer["findings"]), 1)

    def test_a_path_that_does_not_exist_is_a_finding(self):
        out, _ = self.run_tool("check", self.folder.name + "/none", code=1)
        self.assertEqual(out, self.folder.name + "/none: No such file or directory; name a file that is there and readable\n")

    def test_wrong_usage(self):
        for args, words in (
            ([], "VERB is missing"),
            (["check"], "PATH is missing"),
            (["chekc", "x"], 'unknown verb "chekc"'),
            (["check", "x", "y"], 'more than one PATH: "y"'),
            (["check", "--config", "x.cfg"], "PATH is missing"),
            (["effective", "--config", "x.cfg", "y"], "--config is no option of effective"),
            (["check", "--jsno", "y"], 'unknown option "--jsno"'),
            (["check", "--coverage", "y"], "--coverage is no option of check"),
            (["check", "--json=1", "y"], "--json takes no value"),
            (["diff", "x"], "one of two PATHs is missing"),
            (["diff", "x", "y", "z"], 'more than two PATHs: "z"'),
            (["test", "x", "--format"], "--format needs a value"),
            (["test", "--format", "xml", "x"], '--format is "xml"; it must be text, json or junit'),
            (["test", "--format=junit", "--json", "x"], "--json and --format together; keep one"),
        ):
            out, err = self.run_tool(*args, code=2)
            self.assertEqual(out, "")
            self.assertEqual(err, "rankguard-rules: " + words + "; see rankguard-rules --help\n")

    def test_help_and_version(self):
        self.assertIn("Exit codes: 0 yes, 1 findings, failed tests or differences, 2 wrong usage, 3 the system failed.",
                      self.run_tool("--help", code=0)[0])
        self.assertRegex(self.run_tool("--version", code=0)[0], r"^rankguard-rules \d+\.\d+\.\d+\n.*ICU .*libconfig [0-9.]+, tzdata (\d{4}[a-z]|unknown)\n$")

    def test_an_answer_that_cannot_be_written_is_the_systems_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            _, err = self.run_tool("effective", PACKS + "/demo", code=3, stdout=full)
        self.assertEqual(err, "rankguard-rules: the answer cannot be written; is the disk full?\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

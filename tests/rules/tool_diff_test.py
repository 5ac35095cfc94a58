#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules diff: what is a difference, what is none, and how it is said."""
import json
import unittest

from tool_support import PACKS, ToolCase

HEAD = 'format = 1; name = "t"; version = "1"; owner = "o";\n'
CAP = '{ id = "cap"; kind = "prompt_cap"; max = 1; per = "session"; window = "30m"; reason = "r"; }'
BOUND = '{ id = "bound"; kind = "score_bound"; max_absolute = 0.1; reason = "r"; }'
DENY = '{ id = "deny"; kind = "phrase_deny"; phrases = [ "x", "y" ]; action = "suppress"; reason = "r"; }'
TEXT = '{ id = "hi"; locale = "en"; text = "Hi."; }'


def ruleset(*rules, head=HEAD, texts=()):
    return (head + ("rules = (\n" + ",\n".join(rules) + "\n);\n" if rules else "") +
            ("texts = (\n" + ",\n".join(texts) + "\n);\n" if texts else ""))


class Diff(ToolCase):
    def diff(self, left, right, *args, code):
        return self.run_tool("diff", self.write(left, "a.cfg"), self.write(right, "b.cfg"), *args, code=code)

    def test_what_says_the_same_is_the_same(self):
        base = ruleset(CAP, DENY, texts=(TEXT,))
        for other in (
            base,
            "# a comment\n" + ruleset(DENY, CAP, texts=(TEXT,)),
            base.replace('"30m"', '"1800s"').replace('id = "cap";', 'mode = "enforce"; action = "suppress"; id = "cap";'),
        ):
            self.assertEqual(self.diff(base, other, code=0), ("0 differences\n", ""))
            self.assertEqual(json.loads(self.diff(base, other, "--json", code=0)[0]),
                             {"head": [], "rules": [], "texts": [], "same": True})
        self.run_tool("diff", PACKS + "/demo", PACKS + "/demo", code=0)
        effective, _ = self.run_tool("effective", PACKS + "/demo", code=0)
        self.run_tool("diff", PACKS + "/demo", self.write(effective), code=0)

    def test_what_differs(self):
        base = ruleset(CAP, BOUND, DENY, texts=(TEXT,))
        for other, words in (
            (base.replace('version = "1"', 'version = "2"; approved_by = "board"'),
             'version: "1" -> "2"\napproved_by: nothing -> "board"\n2 differences\n'),
            (base.replace("max = 1", "max = 2"), "rule cap (prompt_cap): changed\n  max: 1 -> 2\n1 difference\n"),
            (ruleset(CAP, DENY, texts=(TEXT,)), "rule bound (score_bound): removed\n1 difference\n"),
            (base.replace('"bound"', '"limit"'),
             "rule bound (score_bound): removed\nrule limit (score_bound): added\n2 differences\n"),
            (base.replace('[ "x", "y" ]', '[ "z", "y", "w" ]'),
             'rule deny (phrase_deny): changed\n  phrases: added "w"\n  phrases: removed "x"\n  phrases: added "z"\n'
             "1 difference\n"),
            (base.replace('[ "x", "y" ]', '[ "y", "x" ]'),
             'rule deny (phrase_deny): changed\n  phrases: ["x","y"] -> ["y","x"]\n1 difference\n'),
            (base.replace('id = "bound"; kind', 'id = "bound"; mode = "observe"; when = { surface = [ "a" ]; }; kind'),
             'rule bound (score_bound): changed\n  mode: "enforce" -> "observe"\n'
             '  when: nothing -> {"surface":["a"]}\n1 difference\n'),
            (base.replace(BOUND, BOUND.replace("score_bound", "prompt_cap").replace(
                "max_absolute = 0.1", 'max = 3; per = "response"')),
             'rule bound (prompt_cap): changed\n  kind: "score_bound" -> "prompt_cap"\n  action: "clamp" -> "suppress"\n'
             '  on_unknown: "revert" -> "suppress"\n  max_absolute: 0.1 -> nothing\n'
             "  missing_baseline: \"last\" -> nothing\n  max: nothing -> 3\n"
             '  per: nothing -> "response"\n1 difference\n'),
            (base.replace('"Hi."', '"Ho."'), 'text hi (en): changed\n  text: "Hi." -> "Ho."\n1 difference\n'),
            (base.replace('locale = "en"', 'locale = "de"'), "text hi (de): added\ntext hi (en): removed\n"
             "2 differences\n"),
        ):
            with self.subTest(words):
                self.assertEqual(self.diff(base, other, code=1), (words, ""))

    def test_json(self):
        base = ruleset(CAP, texts=(TEXT,))
        other = ruleset(CAP.replace("max = 1", "max = 2"), BOUND, head=HEAD.replace('"o"', '"p"'))
        answer = json.loads(self.diff(base, other, "--json", code=1)[0])
        self.assertEqual(answer, {
            "head": [{"key": "owner", "from": "o", "to": "p"}],
            "rules": [{"id": "bound", "kind": "score_bound", "change": "added", "keys": []},
                      {"id": "cap", "kind": "prompt_cap", "change": "changed",
                       "keys": [{"key": "max", "from": 1, "to": 2}]}],
            "texts": [{"id": "hi", "locale": "en", "change": "removed", "keys": []}],
            "same": False})

    def test_rules_that_do_not_load(self):
        good, bad = ruleset(CAP), ruleset(CAP.replace("max = 1", "maxx = 1"))
        for left, right, files in ((bad, good, "aa"), (good, bad, "bb"), (bad, bad, "aabb")):
            out, err = self.diff(left, right, code=1)
            self.assertEqual(out, "")
            self.assertEqual([line.split(".cfg:")[0][-1] for line in err.splitlines()], list(files))
            answer = json.loads(self.diff(left, right, "--json", code=1)[0])
            self.assertEqual([finding["file"][-5] for finding in answer["findings"]], list(files))


if __name__ == "__main__":
    unittest.main(argv=["tool_diff_test.py"])

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rankguard-rules explain: what each rule says of a request and a response in JSON, and what is wrong JSON."""
import json
import os
import unittest

from tool_support import PACKS, ToolCase

RULES = """format = 1; name = "t"; version = "1"; owner = "o";
rules = (
  { id = "bound"; kind = "score_bound"; max_absolute = 0.1; reason = "r"; },
  { id = "cap"; kind = "prompt_cap"; max = 1; per = "session"; window = "30m"; reason = "r"; },
  { id = "late"; kind = "prompt_cap"; max = 0; per = "response"; effective = { from = "2030-01-01"; }; reason = "r"; },
  { id = "none"; kind = "prompt_cap"; mode = "off"; max = 0; per = "response"; reason = "r"; },
  { id = "watch"; kind = "prompt_cap"; mode = "observe"; max = 0; per = "response"; reason = "r"; }
);
"""
NOW = "2026-11-23T10:00:00Z"


class Explain(ToolCase):
    def setUp(self):
        super().setUp()
        self.rules = self.write(RULES)

    def explain(self, request, response, *args, code, history=None, rules=None):
        def put(name, value):
            return self.write(value if isinstance(value, str) else json.dumps(value), name)

        args = ["--rules", rules or self.rules, "--request", put("q.json", request),
                "--response", put("s.json", response), "--now", NOW, *args]
        if history is not None:
            args += ["--history", put("h.json", history)]
        return self.run_tool("explain", *args, code=code)

    def verdicts(self, request, response, **more):
        answer = json.loads(self.explain(request, response, "--json", code=0, **more)[0])
        return {rule["id"]: rule["verdict"] for rule in answer["rules"]}

    def test_text(self):
        out, err = self.explain(
            {"session_id": "s"},
            {"items": [{"item_id": "a", "score": 0.9, "baseline_score": 0.5}],
             "prompts": [{"prompt_id": "p", "text": "Hi."}]}, code=0)
        self.assertEqual(err, "")
        self.assertEqual(out.replace(self.rules, "R"), """R:3: rule bound (score_bound): exceeded
  limit: max_absolute 0.1
  clamp; observed: 0.9 from 0.5
    a: 0.9 -> 0.6
R:4: rule cap (prompt_cap): within
  limit: max 1, per session, window 30m
R:5: rule late (prompt_cap): not applied: its dates or its "when" keep it out
  limit: max 0, per response
R:6: rule none (prompt_cap): not applied: its mode is off
  limit: max 0, per response
R:7: rule watch (prompt_cap, observes): exceeded
  limit: max 0, per response
  would suppress; observed: this would be prompt 1
    p: "Hi." -> nothing
the response is changed
""")

    def test_cannot_tell(self):
        out, _ = self.explain({}, {"prompts": [{"prompt_id": "p", "text": "Hi."}]}, code=0)
        self.assertIn("rule cap (prompt_cap): cannot tell\n  limit: max 1, per session, window 30m\n"
                      "  suppress, since it cannot tell; observed: no session id\n    p: \"Hi.\" -> nothing\n", out)

    def test_a_refused_call(self):
        rules = self.write(RULES.replace("max_absolute = 0.1;", 'max_absolute = 0.1; action = "reject";'), "r.cfg")
        out, _ = self.explain({}, {"items": [{"item_id": "a", "score": 0.9, "baseline_score": 0.5}],
                                   "prompts": [{"text": "Hi."}]}, code=0, rules=rules)
        self.assertIn("  reject; observed: 0.9 from 0.5\n    a: 0.9\n", out)
        self.assertIn("rule cap (prompt_cap): not applied: the call was refused before\n", out)
        self.assertTrue(out.endswith("the call is refused\n"), out)

    def test_json(self):
        answer = json.loads(self.explain({}, {"items": [{"itemId": "a", "score": 0.9, "baselineScore": 0.5}]},
                                         "--json", code=0)[0])
        self.assertEqual((answer["rejected"], answer["changed"]), (False, True))
        self.assertEqual(answer["rules"][0], {
            "id": "bound", "kind": "score_bound", "mode": "enforce", "file": self.rules, "line": 3,
            "verdict": "exceeded", "limit": "max_absolute 0.1", "interventions": [{
                "action": "clamp", "verdict": "exceeded", "would": False, "unsatisfied": False,
                "observed": "0.9 from 0.5", "targets": [{"id": "a", "before": 0.9, "after": 0.6}]}]})

    def test_history_of_the_users_state(self):
        rules = self.write("""format = 1; name = "t"; version = "1"; owner = "o";
rules = ( { id = "peace"; kind = "opt_out"; reason = "r"; } );""", "peace.cfg")
        for event, verdict in (("opt_out", "exceeded"), ("opt_in", "within")):
            history = [{"at": "-40d", "event": event}]
            self.assertEqual(self.verdicts({"session_id": "s"}, {"prompts": [{"prompt_id": "p", "text": "Hi."}]},
                                           history=history, rules=rules)["peace"], verdict)

    def test_history(self):
        prompt = {"prompts": [{"prompt_id": "p"}]}
        for event, verdict in (
            ({"at": "-29m", "event": "prompt_delivered", "kind": "pause"}, "exceeded"),
            ({"at": "-30m", "event": "prompt_delivered"}, "within"),
            ({"at": "2026-11-23T09:45:00Z", "event": "prompt_delivered"}, "exceeded"),
            ({"at": "-1m", "event": "prompt_delivered", "session_id": "other"}, "within"),
            ({"at": "-1m", "event": "opt_out", "category": "jazz"}, "within"),
        ):
            with self.subTest(event):
                self.assertEqual(self.verdicts({"session_id": "s"}, prompt, history=[event])["cap"], verdict)

    def test_the_json_mapping(self):
        for item, verdict in (
            ({"score": 0.9, "baseline_score": 0.9}, "within"),
            ({"score": "0.9", "baselineScore": 5e-1}, "exceeded"),
            ({"score": "NaN", "baseline_score": 0.5}, "unknown"),
            ({"score": "-Infinity", "baseline_score": 0.5}, "unknown"),
            ({"score": 0, "baseline_score": 0.5}, "exceeded"),
            ({"score": 1, "baseline_score": None, "category": None}, "unknown"),
        ):
            with self.subTest(item):
                self.assertEqual(self.verdicts({}, {"items": [item]})["bound"], verdict)
        rules = self.write(RULES.replace('id = "cap";', 'id = "cap"; kinds = [ "pause" ]; when = { attributes = '
                                         '( { name = "tier"; is = [ "gold" ]; } ); };'), "r.cfg")
        for tier, kind, verdict in (("gold", "PROMPT_KIND_PAUSE", "unknown"), ("gold", 5, "unknown"),
                                    ("gold", "PROMPT_KIND_ACKNOWLEDGEMENT", "within"), ("gold", 1, "within"),
                                    ("gold", "5", None), ("tin", 5, "not_applied")):
            with self.subTest((tier, kind)):
                request = {"attributes": {"tier": tier}, "limit": "10", "offset": 3.0, "optedOut": True,
                           "candidates": [{"item_id": "a", "score": 1}]}
                response = {"prompts": [{"kind": kind, "choices": [{"kind": "CHOICE_KIND_DECLINE"}]}]}
                if verdict is None:
                    self.explain(request, response, code=1, rules=rules)
                else:
                    self.assertEqual(self.verdicts(request, response, rules=rules)["cap"], verdict)

    def test_wrong_json(self):
        q, s, h = (os.path.join(self.folder.name, name) for name in ("q.json", "s.json", "h.json"))
        event = {"at": "-1m", "event": "opt_out"}
        for request, response, history, words in (
            ({"usr_id": "u"}, {}, None, q + ': usr_id is no field of rankguard.v1.RankRequest; did you mean "user_id"?'),
            ({"elephants": 1}, {}, None, q + ": elephants is no field of rankguard.v1.RankRequest"),
            ({"user_id": 3}, {}, None, q + ": user_id is 3; it must be a text"),
            ({"opted_out": "yes"}, {}, None, q + ': opted_out is "yes"; it must be true or false'),
            ({"limit": 2147483648}, {}, None, q + ": limit is 2147483648; it must be a whole number of 32 bits"),
            ({"limit": "1x"}, {}, None, q + ': limit is "1x"; it must be a whole number of 32 bits'),
            ({"limit": 1.5}, {}, None, q + ": limit is 1.5; it must be a whole number of 32 bits"),
            ({"attributes": {"a": 1}}, {}, None, q + ": attributes.a is 1; it must be a text"),
            ({"attributes": [1]}, {}, None, q + ": attributes is [1]; it must be an object"),
            ({}, {"items": {}}, None, s + ": items is {}; it must be a list"),
            ({}, {"items": [1]}, None, s + ": items[0] is 1; it must be an object"),
            ({}, {"items": [None]}, None, s + ": items[0] is null; it must be an object"),
            ({}, {"items": [{"scor": 1}]}, None,
             s + ': items[0].scor is no field of rankguard.v1.RankedItem; did you mean "score"?'),
            ({}, {"items": [{"score": "x"}]}, None,
             s + ': items[0].score is "x"; it must be a number, "NaN", "Infinity" or "-Infinity"'),
            ({}, {"prompts": [{"kind": "PROMPT_KIND_PAUS"}]}, None,
             s + ': prompts[0].kind is "PROMPT_KIND_PAUS"; it must be a value of rankguard.v1.PromptKind, such as '
             '"PROMPT_KIND_PAUSE"'),
            ([], {}, None, q + ": is []; it must be an object"),
            ("{", {}, None, q + ":1:1: string or '}' expected near end of file"),
            ('{"limit": 1, "limit": 2}', {}, None, q + ":1:20: duplicate object key near '\"limit\"'"),
            ({}, {}, {}, h + ": is {}; it must be a list of events"),
            ({}, {}, [1], h + ": [0] is 1; it must be an object"),
            ({}, {}, [{}], h + ": [0].at is missing"),
            ({}, {}, [{"at": "-1m"}], h + ": [0].event is missing"),
            ({}, {}, [{"at": "1m", "event": "reset"}],
             h + ': [0].at is "1m"; it must be a time before now, as in "-20m", or a time'),
            ({}, {}, [event, {"at": 1}], h + ": [1].at is 1; it must be a text"),
            ({}, {}, [{**event, "evnt": ""}], h + ': [0].evnt is no key of an event; did you mean "event"?'),
            ({}, {}, [{**event, "kind": "paus"}],
             h + ': [0].kind is "paus"; it must be "acknowledgement", "clarifying_question", "preference_update", '
             '"category_switch" or "pause"'),
            ({}, {}, [{**event, "kind": "pause"}], h + ": [0].kind is of prompts; remove it"),
        ):
            with self.subTest(words):
                out, err = self.explain(request, response, code=1, history=history)
                self.assertEqual((out, err), ("", "rankguard-rules: " + words + "\n"))

    def test_wrong_files_and_usage(self):
        rules = self.write(RULES.replace("max = 1", "maxx = 1"), "r.cfg")
        out, err = self.explain({}, {}, code=1, rules=rules)
        self.assertEqual((out, err.count("rule cap")), ("", 2))
        self.assertEqual(len(json.loads(self.explain({}, {}, "--json", code=1, rules=rules)[0])["findings"]), 2)
        none = os.path.join(self.folder.name, "none.json")
        _, err = self.run_tool("explain", "--rules", self.rules, "--request", none, "--response", none, code=1)
        self.assertEqual(err, f"rankguard-rules: {none}: No such file or directory\n")
        os.mkfifo(none)
        for path in (none, self.folder.name):
            _, err = self.run_tool("explain", "--rules", self.rules, "--request", path, "--response", path, code=1)
            self.assertEqual(err, f"rankguard-rules: {path}: is not a regular file; give a file of JSON\n")
        for args, words in (
            (["--rules", "x", "--request", "x"], "--response is missing"),
            (["--rules", "x", "--request", "x", "--response", "x", "y"], 'more than no PATH: "y"'),
            (["--rules", "x", "--request", "x", "--response", "x", "--now", "noon"],
             '--now: "noon" is not a time; write it as "2026-11-23T10:00:00Z" or "2026-11-23"'),
        ):
            out, err = self.run_tool("explain", *args, code=2)
            self.assertEqual((out, err), ("", "rankguard-rules: " + words + "; see rankguard-rules --help\n"))

    def test_of_two_rules_on_one_thing_one_acts(self):
        out, _ = self.explain({"session_id": "s"}, {"prompts": [{"prompt_id": "p", "locale": "en",
                              "text": "It is your fault."}]}, code=0, rules=PACKS + "/demo")
        self.assertIn("rule language.catalogue (template_allow): exceeded\n  limit: approved texts only\n"
                      "  another rule acted on the same\n", out)

    def test_the_demo_pack(self):
        self.assertEqual(self.verdicts({"session_id": "s", "locale": "en"}, {"prompts": [{
            "prompt_id": "p", "kind": "PROMPT_KIND_ACKNOWLEDGEMENT", "locale": "en", "text": "It is your fault."}]},
            rules=PACKS + "/demo")["language.blame"], "exceeded")


if __name__ == "__main__":
    unittest.main(argv=["tool_explain_test.py"])

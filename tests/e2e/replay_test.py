# SPDX-License-Identifier: Apache-2.0
"""What entries hold, and that a decision recorded in full can be decided again, bit for bit, by another program."""
import collections
import json
import os

import harness
import messages
from auditlog import Key, Log, check
from client import Client
from harness import RANK, SIGNAL
from messages import item, pb, prompt, request, response
from recommender import Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text
import rules_kit

GAP = ('{ id = "prompts.gap"; kind = "prompt_gap"; gap = "1h"; per = "user"; reason = "An hour between prompts."; '
       'kinds = [ "pause" ]; }')
BACKOFF = ('{ id = "prompts.backoff"; kind = "prompt_backoff"; after = "dismissed"; base = "1h"; max = "24h"; '
           'per = "session"; reason = "Wait after a dismissal."; }')
ANSWERED = ('{ id = "prompts.answered"; kind = "prompt_answered"; window = "24h"; per = "session"; '
            'reason = "A choice was made."; kinds = [ "preference_update" ]; }')
OPT_OUT = '{ id = "state.optout"; kind = "opt_out"; honour = [ "prompts" ]; reason = "No means no."; }'
SHARED = rules_kit.bound("scores.shared", more='when = { share = 0.5; }; mode = "observe";')
GOLD = rules_kit.bound("scores.gold", more='when = { attributes = ( { name = "tier"; is = [ "gold" ]; } ); }; '
                                           'mode = "observe";')
PLAN = rules_kit.bound("scores.plan", more='when = { attributes = ( { name = "plan"; is = [ "x" ]; } ); }; '
                                           'mode = "observe";')
RULES = rules_text(rules_kit.cap(1, more='kinds = [ "clarifying_question" ];'), GAP, BACKOFF, ANSWERED, OPT_OUT,
                   rules_kit.bound(), SHARED, GOLD, PLAN,
                   rules_kit.deny(more='action = "replace"; fallback = "ack.neutral";'),
                   texts=(rules_kit.NEUTRAL,))
KINDS = {"prompts.cap": messages.ASK, "prompts.gap": pb.PROMPT_KIND_PAUSE,
         "prompts.backoff": pb.PROMPT_KIND_CATEGORY_SWITCH,
         "prompts.answered": pb.PROMPT_KIND_PREFERENCE_UPDATE}


class Replay(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.recommender.on(SIGNAL, reply(b""))

    def serve(self, name="sidecar", rules=RULES, record="full", beside=None, **more):
        options = {"audit": {"record": record, "attributes": ["tier"]}, "admin": None,
                   "identity": {"uid": "u-1", "pod": "pod-0", "namespace": "shop", "node": "node-7"}, **more}
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules, options, name=name)
        self.addCleanup(sidecar.stop)
        for path, text in (beside or {}).items():
            with open(os.path.join(sidecar.folder, path), "w", encoding="utf-8") as file:
                file.write(text)
        sidecar.start()
        self.caller = Client(sidecar.address)
        self.addCleanup(self.caller.close)
        return sidecar

    def rank(self, proposed, session="s", **more):
        self.recommender.on(RANK, reply(proposed))
        answer = self.caller.call(RANK, request(CLEAR + session, CLEAR + "user-" + session, **more))
        self.assertEqual(len(answer.messages), 1, answer)

    def signal(self, kind, session="s", **more):
        self.caller.call(SIGNAL, messages.signal(CLEAR + session, kind, user_id=CLEAR + "user-" + session, **more))

    def traffic(self):
        """Every frequency kind is exceeded once, in a session of its own, beside changes of the other kinds."""
        for rule, kind in KINDS.items():
            ask = response([item("a", 0.9, 0.4), item("b", -0.0, 0.1, category="folk"), item("c", 1e300)],
                           [prompt("Would you like a change?", "p-" + rule, kind=kind)], confidence=0.25)
            self.rank(ask, rule, attributes={"tier": "gold", "plan": "x"}, segment="new", experiment="arm-b")
            self.signal(pb.SIGNAL_KIND_PROMPT_DISMISSED if rule == "prompts.backoff" else
                        pb.SIGNAL_KIND_PROMPT_ANSWERED, rule, prompt_id="p-" + rule)
            self.rank(ask, rule)
        self.signal(pb.SIGNAL_KIND_OPT_OUT, "out")
        self.rank(response([item("a", 0.5, 0.5)], [prompt()]), "out")
        self.rank(response([item("a", 0.5, 0.5)], [prompt("Is it your fault?")]), "language")
        self.rank(response([item("a", 0.5, 0.5)]), "nothing-to-do")
        self.rank(response([item(f"item-{i}", 1.0 - i / 5000, 0.5) for i in range(1000)]), "long")

    def replay(self, sidecar, *arguments):
        return harness.run("rankguard-audit", "replay", "--subject-key", sidecar.subject_key, *arguments,
                           sidecar.directory)

    def check_evidence(self, sidecar):
        """Each list of evidence names the entries of that very subject which filled the rule."""
        log, key = Log(sidecar.directory), Key(sidecar.subject_key)
        by_index = {entry.index: entry for entry in log.entries}
        seen = {}
        for entry in log.of("decision"):
            for one in entry["interventions"] or ():
                if one.get("evidence"):
                    seen.setdefault(one["rule"], []).append([by_index[i] for i in one["evidence"]])
        wanted = {"prompts.cap": "delivered", "prompts.gap": "delivered", "prompts.backoff": "signal",
                  "prompts.answered": "signal", "state.optout": "signal"}
        self.assertEqual(set(seen), set(wanted))
        for rule, lists in seen.items():
            session = key.pseudonym("session", CLEAR + ("out" if rule == "state.optout" else rule))
            self.assertEqual(len(lists), 1, rule)
            self.assertEqual([(entry.type, entry["session"]) for entry in lists[0]],
                             [(wanted[rule], session)], rule)

    def check_tallies(self, sidecar):
        cells, items = collections.Counter(), collections.Counter()
        for tally in Log(sidecar.directory).of("tally"):
            cells.update({(one["by"], one["of"]): one["governed"] for one in tally["cells"]})
            items.update({one["category"]: one["items"] for one in tally["categories"]})
        self.assertEqual(cells, {("surface", "home"): 12, ("locale", "en"): 12, ("segment", "new"): 4,
                                 ("segment", ""): 8, ("experiment", "arm-b"): 4, ("experiment", ""): 8})
        self.assertEqual(items, {"jazz": 8 * 2 + 3 + 1000, "folk": 8})

    def test_full_records_decide_the_same(self):
        sidecar = self.serve()
        self.traffic()
        sidecar.stop()
        check(sidecar.directory)
        result = self.replay(sidecar)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("12 decisions: 12 decided again, 0 of them different; 0 failed, 0 without a record",
                      result.stdout)
        self.check_evidence(sidecar)
        decision = next(entry for entry in Log(sidecar.directory).of("decision"))
        self.assertEqual(decision["pod"], {"name": "pod-0", "namespace": "shop", "uid": "u-1", "node": "node-7"})
        self.assertEqual((decision["segment"], decision["experiment"]), ("new", "arm-b"))
        self.assertEqual(decision["attributes"], [{"name": "tier", "value": "gold"}])
        self.assertNotIn('"plan"', decision.leaf)
        self.check_tallies(sidecar)

    def test_evidence_from_the_embedded_history(self):
        history = self.home.path("history")
        os.mkdir(history)
        sidecar = self.serve(record="changes", history={"backend": "embedded", "directory": history})
        self.traffic()
        sidecar.stop()
        self.check_evidence(sidecar)
        result = self.replay(sidecar)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no decision has a record", result.stderr)

    def test_a_long_decision_reads_back_together(self):
        sidecar = self.serve()
        self.traffic()
        sidecar.stop()
        parts = [entry for entry in Log(sidecar.directory).of("decision") if entry["part"]]
        self.assertEqual([entry["part"] for entry in parts],
                         [[k + 1, len(parts)] for k in range(len(parts))])
        record = json.loads("".join(entry["record"] or "" for entry in parts))
        self.assertEqual(len(record["facts"]["items"]), 1000)
        ids = [one for entry in parts for i in entry["interventions"] or () if i["rule"] == "scores.bound"
               for one in i["ids"]]
        self.assertGreater(len(ids), 100)
        self.assertEqual(len(ids), len(set(ids)))
        shown = harness.run("rankguard-audit", "show", "--json", sidecar.directory, str(parts[1].index))
        self.assertEqual([json.loads(line)["index"] for line in shown.stdout.splitlines()],
                         [entry.index for entry in parts], shown.stderr)

    def test_a_ruleset_of_ten_thousand_phrases(self):
        """Its text is parted, read back byte for byte, and decides again."""
        phrases = "".join(f"phrase number {i} that nobody says\n" for i in range(10000))
        deny = ('{ id = "language.many"; kind = "phrase_deny"; phrases_file = "many.txt"; action = "suppress"; '
                'reason = "None of these."; }')
        sidecar = self.serve(rules=rules_text(deny), beside={"many.txt": phrases})
        self.rank(response([item("a", 0.5)], [prompt("The phrase number 9999 that nobody says.")]))
        sidecar.stop()
        check(sidecar.directory)
        self.assertGreater(len(Log(sidecar.directory).of("ruleset")), 4)
        back = self.home.path("back")
        os.mkdir(back)
        result = harness.run("rankguard-audit", "rules", "--at", Log(sidecar.directory).entries[-2]["time"],
                             "--output", back, sidecar.directory)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(back, "many.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), phrases)
        result = self.replay(sidecar)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("1 decisions: 1 decided again, 0 of them different", result.stdout)

    def test_a_candidate_shows_its_impact(self):
        sidecar = self.serve()
        self.traffic()
        sidecar.stop()
        candidate = self.home.path("candidate.cfg")
        with open(candidate, "w", encoding="utf-8") as file:
            file.write(RULES.replace("max_absolute = 0.2", "max_absolute = 0.6").replace("max = 1;", "max = 2;"))
        result = self.replay(sidecar, "--rules", candidate, "--json")
        self.assertEqual(result.returncode, 1, result.stderr)
        answer = json.loads(result.stdout)
        rules = {row["rule"]: row for row in answer["rules"]}
        self.assertEqual(rules["prompts.cap"], {"rule": "prompts.cap", "no_longer": 1, "newly": 0})
        self.assertGreater(rules["scores.bound"]["no_longer"], 8)
        self.assertEqual(answer["failed"], 0)

    def test_control_a_changed_record_is_different(self):
        """A program that decides otherwise is noticed: here one that loads rules with another limit."""
        sidecar = self.serve()
        self.traffic()
        sidecar.stop()
        program = self.home.path("other-rules")
        os.mkdir(self.home.path("other"))
        other = self.home.path("other/rules.cfg")
        digest = Log(sidecar.directory).of("ruleset")[0]["digest"]
        with open(other, "w", encoding="utf-8") as file:
            file.write(RULES.replace("max_absolute = 0.2", "max_absolute = 0.3"))
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho '{{\"ruleset\":\"{digest}\"}}'\n"
                       f"\"{harness.program('rankguard-rules')}\" decide --rules \"{other}\" | sed -u 1d\n")
        os.chmod(program, 0o755)
        result = self.replay(sidecar, "--rules-program", program)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("different: limit was", result.stdout)

    def test_what_closed_calls_is_an_entry(self):
        sidecar = self.serve(record="changes", limits={"items": 2})
        for answer in (b"\xff", response([item(str(i), 0.5, 0.5) for i in range(3)])):
            self.recommender.on(RANK, reply(answer))
            self.assertEqual(self.caller.call(RANK, request(CLEAR + "s")).messages, [])
        self.recommender.stop()
        self.assertEqual(self.caller.call(RANK, request(CLEAR + "s")).messages, [])
        sidecar.stop()
        check(sidecar.directory)
        closed = collections.Counter()
        for entry in Log(sidecar.directory).of("failure"):
            closed.update({(entry["class"], entry["effect"]): entry["count"]})
        self.assertEqual(closed, {("undecodable", "closed"): 1, ("limit", "closed"): 1, ("upstream", "closed"): 1})

    def test_what_cannot_be_run(self):
        sidecar = self.serve()
        self.traffic()
        sidecar.stop()
        result = self.replay(sidecar, "--rules", self.home.path("missing.cfg"))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(harness.run("rankguard-audit", "replay").returncode, 2)
        missing = harness.run("rankguard-audit", "replay", self.home.path("nowhere"))
        self.assertEqual(missing.returncode, 3)


if __name__ == "__main__":
    harness.main()

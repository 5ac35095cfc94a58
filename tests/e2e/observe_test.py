# SPDX-License-Identifier: Apache-2.0
"""The global observe switch: everything is decided and recorded, nothing is changed, and it ends by itself."""
import datetime

import harness
import messages
import rules_kit
from auditlog import Log, check
from client import Client, Feed, finish, values
from governed_test import ACTIONS, EXCEEDED, RECEIPT, RULES, WITHIN, Code, Governed
from harness import RANK, STREAM_RANK
from messages import field, prompt, request, response
from recommender import Recommender, reply
from sidecar import CLEAR, Refused, Sidecar, rules_text, until

BLAME = "That is your fault."
# Every step of the work has something to change here, and somebody to refuse it.
EVERYTHING = (rules_kit.cap(1), rules_kit.bound(), rules_kit.deny(more='action = "suppress";'),
              rules_kit.bound("scores.refused", 'action = "reject"; when = { surface = [ "checkout" ]; };'),
              rules_kit.deny("language.refused", 'action = "reject"; when = { surface = [ "basket" ]; };'))
PROPOSED = response(EXCEEDED, [prompt(BLAME, "p1"), prompt("Less jazz?", "p2"), prompt("Less rock?", "p3")])
OBSERVE_S = 12  # long enough for a slow machine to observe something, short enough to wait for the end


def observing(seconds=3600):
    return {"mode": "observe", "observe_until": until(seconds), "observe_by": "sre@example.org"}


def modes(log):
    """The mode entries without the head that every entry has."""
    return [{key: one for key, one in entry.fields.items() if key not in ("v", "type", "time")}
            for entry in log.of("mode")]


class Observes(Governed):
    RULES = rules_text(*EVERYTHING)
    OPTIONS = observing()

    def decision(self):
        """The last decision of this test's session."""
        pseudonym = self.key().pseudonym("session", self.session)
        return [entry for entry in self.log().of("decision") if entry["session"] == pseudonym][-1]

    def assertLeft(self, answer, proposed):
        """The message is as it was, and the caller is told of no change."""
        self.assertEqual((answer.code, answer.messages), (Code.OK, [proposed]), answer.details)
        self.assertEqual(values(answer.trailing, ACTIONS) + values(answer.trailing, RULES), [])

    def test_nothing_changes_on_the_wire(self):
        proposed = field(900, b"kept") + PROPOSED + field(900, b"kept too")
        for _ in range(2):
            self.assertLeft(self.rank(proposed, trailing=[("x-t", "1")]), proposed)

    def test_the_decision_is_what_would_have_been(self):
        self.rank(PROPOSED)
        entry = self.decision()
        self.assertEqual((entry["global_mode"], entry["rejected"], entry["governed"]),
                         ("observe", False, self.key().digest(PROPOSED)))
        self.assertEqual(entry["governed"], entry["proposed"])
        self.assertEqual({(one["rule"], one["mode"], one["action"], one["would"], tuple(one["ids"]))
                          for one in entry["interventions"]},
                         {("scores.bound", "enforce", "clamp", True, ("a",)),
                          ("language.blame", "enforce", "suppress", True, ("p1",)),
                          ("prompts.cap", "enforce", "suppress", True, ("p3",))})

    def test_every_prompt_is_delivered(self):
        answer = self.rank(PROPOSED)
        pseudonym = self.key().pseudonym("session", self.session)
        log = self.log()
        self.assertEqual([entry["prompt_id"] for entry in log.of("delivered") if entry["session"] == pseudonym],
                         ["p1", "p2", "p3"])
        self.assertEqual(log.missing(values(answer.trailing, RECEIPT)), [])
        self.assertEqual(len(values(answer.trailing, RECEIPT)), 1)

    def test_what_left_counts(self):
        """The cap of one is judged by what the session saw, not by what it would have seen."""
        self.rank(response(prompts=[prompt("A?", "p1"), prompt("B?", "p2")]))
        self.rank(response(prompts=[prompt("C?", "p3")]))
        (one,) = self.decision()["interventions"]
        self.assertEqual((one["rule"], one["ids"], one["observed"]),
                         ("prompts.cap", ["p3"], "this would be prompt 3"))
        self.assertEqual(len(one["evidence"]), 2)

    def test_no_receipt_for_what_did_not_happen(self):
        answer = self.rank(response(EXCEEDED))
        self.assertUntouched(answer, response(EXCEEDED))
        self.assertEqual([one["rule"] for one in self.decision()["interventions"]], ["scores.bound"])

    def test_nothing_is_rejected(self):
        for surface, rule in (("checkout", "scores.refused"), ("basket", "language.refused")):
            self.assertLeft(self.rank(PROPOSED, request(self.session, surface=surface)), PROPOSED)
            entry = self.decision()
            self.assertFalse(entry["rejected"])
            self.assertIn((rule, "reject", True),
                          [(one["rule"], one["action"], one["would"]) for one in entry["interventions"]])

    def test_prompts_of_a_response_that_would_be_rejected_count(self):
        self.rank(PROPOSED, request(self.session, surface="checkout"))
        self.rank(response(prompts=[prompt("C?", "p4")]))
        self.assertEqual([one["observed"] for one in self.decision()["interventions"]],
                         ["this would be prompt 4"])

    def test_a_response_without_a_finding_is_not_recorded(self):
        before = len(self.log().of("decision"))
        self.assertUntouched(self.rank(response(WITHIN)), response(WITHIN))
        self.assertEqual(len(self.log().of("decision")), before)

    def test_a_stream(self):
        self.recommender.on(STREAM_RANK, reply(response(EXCEEDED), PROPOSED, response(WITHIN), PROPOSED))
        answer = self.client.exchange(STREAM_RANK, [request(self.session, surface="checkout")])
        self.assertEqual((answer.code, answer.messages),
                         (Code.OK, [response(EXCEEDED), PROPOSED, response(WITHIN), PROPOSED]))
        self.assertEqual(values(answer.trailing, ACTIONS) + values(answer.trailing, RULES), [])
        self.assertEqual(len(values(answer.trailing, RECEIPT)), 2)
        self.assertEqual(self.log().missing(values(answer.trailing, RECEIPT)), [])

    def test_a_failure_is_no_rule(self):
        """What cannot be decoded is closed, as ever."""
        self.assertEqual(self.rank(b"\x0a\xff").code, Code.INTERNAL)

    def test_it_is_counted_apart(self):
        names = [("rankguard_rule_results_total", {"rule": "scores.bound", "result": result})
                 for result in ("would", "exceeded")]
        names += [("rankguard_interventions_total", {"rule": "scores.bound", "action": "clamp"}),
                  ("rankguard_responses_changed_total", {}), ("rankguard_responses_rejected_total", {}),
                  ("rankguard_prompts_delivered_total", {})]
        before = [self.sidecar.metric(name, **labels) for name, labels in names]
        self.rank(PROPOSED)
        after = [self.sidecar.metric(name, **labels) for name, labels in names]
        self.assertEqual([b - a for a, b in zip(before, after)], [1, 0, 0, 0, 0, 3])

    def test_it_is_shown(self):
        self.assertEqual([self.sidecar.metric("rankguard_mode", mode=name) for name in ("enforce", "observe")],
                         [0, 1])
        self.assertTrue(self.sidecar.said("mode", "observe: no rule is enforced until "))

    def test_its_entry_comes_before_the_first_call(self):
        log = self.log()
        self.assertEqual([entry.type for entry in log.entries[:3]], ["open", "ruleset", "mode"])
        (entry,) = modes(log)
        told = datetime.datetime.fromisoformat(self.OPTIONS["observe_until"])
        written = datetime.datetime.fromisoformat(entry["until"][:26] + "+00:00")
        self.assertEqual((entry["mode"], entry["by"], entry["cause"], written),
                         ("observe", "sre@example.org", "start", told))


class Enforces(Governed):
    """The control: the same rules and responses without the switch."""

    RULES = rules_text(*EVERYTHING)

    def test_it_changes_what_it_would_have_changed(self):
        answer = self.rank(PROPOSED)
        self.assertEqual([one.prompt_id for one in messages.parsed(answer.messages[0]).prompts], ["p2"])
        self.assertEqual(self.rank(PROPOSED, request(self.session, surface="checkout")).code,
                         Code.PERMISSION_DENIED)
        self.assertEqual(self.sidecar.metric("rankguard_mode", mode="enforce"), 1)
        self.assertEqual(modes(self.log()), [{"mode": "enforce", "cause": "start"}])


class Returns(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)

    def serve(self, options):
        sidecar = Sidecar(self.home.folder, self.recommender.address,
                          rules_text(rules_kit.cap(2), rules_kit.bound()), options)
        self.addCleanup(sidecar.stop)
        return sidecar.start()

    def prompts(self, caller, session):
        """How many of the two proposed prompts leave."""
        self.recommender.on(RANK, reply(response(EXCEEDED, [prompt("A?", "a"), prompt("B?", "b")])))
        (message,) = caller.call(RANK, request(CLEAR + session)).messages
        return len(messages.parsed(message).prompts)

    def test_it_returns_alone(self):
        """Without restart, in the middle of a stream; and the caps count what left before."""
        sidecar = self.serve(observing(OBSERVE_S))
        feed = Feed()

        def behave(call):
            for _ in call.requests:
                yield response(EXCEEDED, [prompt("A?", "a")])

        self.recommender.on(STREAM_RANK, behave)
        with Client(sidecar.address) as caller:
            stream = caller.stream(STREAM_RANK, feed)
            feed.give(request(CLEAR + "stream"))
            observed = [next(stream)]
            self.assertEqual(observed[0], response(EXCEEDED, [prompt("A?", "a")]))
            self.assertEqual([self.prompts(caller, "many") for _ in range(2)], [2, 2])
            self.assertTrue(sidecar.said("mode", "enforce: the time to observe is over"))
            self.assertEqual([self.prompts(caller, "many"), self.prompts(caller, "new"),
                              self.prompts(caller, "new")], [0, 2, 0])
            left = []
            for _ in range(2):
                feed.give(request(CLEAR + "stream"))
                left.append(next(stream))
            feed.end()
            self.assertEqual([len(messages.parsed(one).prompts) for one in left], [1, 0])
            self.assertNotEqual(messages.parsed(left[0]).items, messages.parsed(observed[0]).items)
            self.assertEqual(values(finish(stream, []).trailing, ACTIONS), ["clamp=2, suppress=1"])
        self.assertEqual(sidecar.metric("rankguard_mode", mode="observe"), 0)
        sidecar.stop()
        log = Log(sidecar.directory)
        self.assertEqual([(one["mode"], one["cause"]) for one in modes(log)],
                         [("observe", "start"), ("enforce", "until")])
        self.assertEqual([entry["global_mode"] for entry in log.of("decision")], ["observe"] * 3 + ["enforce"] * 5)
        check(sidecar.directory)
        self.refused_afterwards(sidecar)

    def refused_afterwards(self, sidecar):
        """The same configuration does not start once more: its time is over."""
        with self.assertRaises(Refused) as refused:
            sidecar.start()
        self.assertEqual(refused.exception.code, 1)
        (why,) = sidecar.errors()
        self.assertIn(" has passed; ", why)

    def test_a_start_in_enforce_after_a_kill(self):
        """The log says of each start what is in force, also when the run before had no time to."""
        sidecar = self.serve(observing())
        with Client(sidecar.address) as caller:
            self.assertEqual([self.prompts(caller, "many") for _ in range(2)], [2, 2])
        sidecar.kill()
        for key in observing():
            sidecar.options.pop(key)
        sidecar.write_config()
        sidecar.start()
        with Client(sidecar.address) as caller:
            self.assertEqual([self.prompts(caller, "many"), self.prompts(caller, "new")], [0, 2])
        sidecar.stop()
        self.assertEqual([(one["mode"], one["cause"]) for one in modes(Log(sidecar.directory))],
                         [("observe", "start"), ("enforce", "start")])
        check(sidecar.directory)


if __name__ == "__main__":
    harness.main()

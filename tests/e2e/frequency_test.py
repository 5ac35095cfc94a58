# SPDX-License-Identifier: Apache-2.0
"""Two concurrent responses of one session never both take the last place under a cap.

All calls of a round are held inside the recommender until every one has arrived there, and let go together:
their responses reach the deciding code at once, on all workers.
"""
import itertools

import harness
import messages
import rules_kit
from auditlog import Key, Log, check
from client import Client, finish_unary, value
from harness import RANK, SIGNAL
from messages import pb, prompt, request, response
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text

AT_ONCE = 32
ROUNDS = 12
ASKING = response(prompts=[prompt()])


class Frequency(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.sessions = itertools.count()

    def serve(self, *rules, **options):
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules_text(*rules), options)
        sidecar.start()
        self.addCleanup(sidecar.stop)
        # Several connections: calls of one session come in on every worker.
        self.clients = [Client(sidecar.address) for _ in range(4)]
        for one in self.clients:
            self.addCleanup(one.close)
        return sidecar

    def round(self, requests, proposed=ASKING):
        """Sends all requests; their responses are let go together. Returns the answers."""
        gate = Gate()
        self.recommender.on(RANK, reply(proposed, gate=gate))
        calls = [caller.start(RANK, sent) for sent, caller in zip(requests, itertools.cycle(self.clients))]
        gate.wait_for(len(calls))
        gate.open()
        return [finish_unary(call) for call in calls]

    def prompts(self, answers):
        for answer in answers:
            self.assertEqual(len(answer.messages), 1, answer)
        return sum(len(messages.parsed(answer.messages[0]).prompts) for answer in answers)

    def session(self):
        return f"{CLEAR}session-{next(self.sessions)}"

    def rounds(self, sidecar, limit):
        for _ in range(ROUNDS):
            session = self.session()
            answers = self.round([request(session)] * AT_ONCE)
            self.assertEqual(self.prompts(answers), limit)
            self.assertEqual(self.prompts(self.round([request(session)])), 0, "afterwards")
            delivered = [entry for entry in Log(sidecar.directory).of("delivered")
                         if entry["session"] == Key(sidecar.subject_key).pseudonym("session", session)]
            self.assertEqual(len(delivered), limit)
        check(sidecar.directory)

    def test_cap_one_gives_one(self):
        self.rounds(self.serve(rules_kit.cap(1), workers=4), 1)

    def test_control_cap_two_gives_two(self):
        """The same harness with one place more: were it unable to see a second prompt, this would fail."""
        self.rounds(self.serve(rules_kit.cap(2), workers=4), 2)

    def test_sessions_do_not_share_a_cap(self):
        self.serve(rules_kit.cap(1))
        answers = self.round([request(self.session()) for _ in range(AT_ONCE)])
        self.assertEqual(self.prompts(answers), AT_ONCE)

    def test_a_users_cap_spans_sessions(self):
        self.serve(rules_kit.cap(1, per="user"))
        answers = self.round([request(self.session(), user=CLEAR + "one") for _ in range(AT_ONCE)])
        self.assertEqual(self.prompts(answers), 1)

    def test_crossed_session_and_user(self):
        """Subjects are locked in one order: calls that share a session with one and a user with another
        neither block each other nor overfill a cap."""
        self.serve(rules_kit.cap(1), rules_kit.cap(1, "prompts.user", per="user"), workers=4)
        sessions, users = [self.session(), self.session()], [CLEAR + "x", CLEAR + "y"]
        requests = [request(session, user=user) for session in sessions for user in users] * 8
        self.assertIn(self.prompts(self.round(requests)), (1, 2))
        self.assertEqual(self.prompts(self.round(requests)), 0)

    def test_cap_per_response(self):
        """Counts inside one response only."""
        self.serve('{ id = "prompts.response"; kind = "prompt_cap"; max = 2; per = "response"; '
                   'reason = "No more than two at once."; }')
        three = response(prompts=[prompt(prompt_id=name) for name in "abc"])
        for answer in self.round([request(self.session())] * 8, three):
            self.assertEqual([one.prompt_id for one in messages.parsed(answer.messages[0]).prompts],
                             ["a", "b"])

    def test_cap_of_one_kind(self):
        self.serve(rules_kit.cap(1, more='kinds = [ "acknowledgement" ];'))
        both = response(prompts=[prompt(prompt_id="ask"),
                                 prompt("Noted.", "ack", kind=messages.ACKNOWLEDGE)])
        session = self.session()
        left = [one.prompt_id for answer in self.round([request(session)] * 4, both)
                for one in messages.parsed(answer.messages[0]).prompts]
        self.assertEqual(sorted(left), ["ack", "ask", "ask", "ask", "ask"])

    def test_a_given_up_call_gives_its_place_back(self):
        """A response that nobody waits for any more takes no place for good."""
        self.serve(rules_kit.cap(1))
        session, gate = self.session(), Gate()
        self.recommender.on(RANK, reply(ASKING, gate=gate))
        call = self.clients[0].start(RANK, request(session))
        gate.wait_for(1)
        call.cancel()
        self.recommender.arrived().wait_ended()
        gate.open()
        self.assertEqual(self.prompts(self.round([request(session)])), 1)

    def test_signals_beside_responses(self):
        """Signals of the same subjects are folded while places are taken."""
        sidecar = self.serve(rules_kit.cap(1), workers=4)
        self.recommender.on(SIGNAL, reply(b""))
        session = self.session()
        signals = [caller.start(SIGNAL, messages.signal(session, pb.SIGNAL_KIND_DISSATISFIED, item_id=str(i)))
                   for i, caller in enumerate(self.clients * 8)]
        self.assertEqual(self.prompts(self.round([request(session)] * AT_ONCE)), 1)
        for call in signals:
            self.assertEqual(finish_unary(call).messages, [b""])
        self.assertEqual(len(Log(sidecar.directory).of("signal")), len(signals))

    def test_the_cap_holds_over_a_restart(self):
        sidecar = self.serve(rules_kit.cap(2))
        session = self.session()
        self.assertEqual(self.prompts(self.round([request(session)])), 1)
        sidecar.stop()
        sidecar.start()
        self.assertEqual(self.prompts(self.round([request(session)] * AT_ONCE)), 1)
        receipts = {value(answer.trailing, "rankguard-decision")
                    for answer in self.round([request(session)] * 4)}
        self.assertEqual(Log(sidecar.directory).missing(receipts), [])


if __name__ == "__main__":
    harness.main()

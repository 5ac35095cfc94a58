# SPDX-License-Identifier: Apache-2.0
"""The embedded history lasts: over an orderly end, over kill -9, and it is rebuilt when it cannot be trusted.

The witness is the log, counted from outside: what a session may still be shown is the cap minus its `delivered`
entries, whatever happened to the process between them.
"""
import collections
import os
import random
import subprocess

import harness
import messages
import rules_kit
from auditlog import Key, Log, check
from client import Client
from harness import RANK
from messages import item, prompt, request, response
from recommender import Recommender, reply
from sidecar import CLEAR, Refused, Sidecar, rules_text, until
from traffic import Traffic

ROUNDS = 12
SEED = 20261123
CAP = 6
PROPOSED = response([item("a", 0.9, 0.4)], [prompt()])  # every response is changed, and asks
SESSIONS = [f"{CLEAR}session-{i}" for i in range(60)]


class History(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.recommender.on(RANK, reply(PROPOSED))
        self.history = self.home.path("history")
        os.mkdir(self.history)
        self.sidecar = self.make("sidecar")

    def make(self, name):
        sidecar = Sidecar(self.home.folder, self.recommender.address, self.rules(CAP), name=name,
                          options={"history": {"backend": "embedded", "directory": self.history}})
        self.addCleanup(sidecar.stop)
        return sidecar

    def rules(self, limit):
        return rules_text(rules_kit.bound(), rules_kit.cap(limit))

    def load_and_kill(self, count):
        traffic = Traffic(self.sidecar.address, 8, SESSIONS)
        traffic.wait_for(count)
        self.sidecar.kill()
        traffic.stop()

    def shown(self, sessions, calls=CAP + 2):
        """Prompts that each of the sessions is shown from now on."""
        with Client(self.sidecar.address) as caller:
            return [sum(len(messages.parsed(caller.call(RANK, request(session)).messages[0]).prompts)
                        for _ in range(calls)) for session in sessions]

    def left(self, sessions):
        """What the log leaves to each of the sessions."""
        log, key = Log(self.sidecar.directory), Key(self.sidecar.subject_key)
        delivered = collections.Counter(entry["session"] for entry in log.of("delivered"))
        return [CAP - delivered[key.pseudonym("session", session)] for session in sessions]

    def check_left(self):
        sessions = SESSIONS[::5] + [f"{CLEAR}session-new"]
        left = self.left(sessions)
        self.assertEqual(self.shown(sessions), left)
        self.assertGreater(len(set(left)), 1, "every session stood alike: nothing was tried")

    def test_kill_9_under_load(self):
        choose = random.Random(SEED)
        for turn in range(ROUNDS):
            count = choose.randint(1, 25)
            with self.subTest(round=turn, seed=SEED, after=count):
                self.sidecar.start()
                self.assertTrue(self.sidecar.said("history", "resumed" if turn else "built from"))
                self.load_and_kill(count)
        self.sidecar.start()
        self.assertTrue(self.sidecar.said("history", "resumed"))
        self.check_left()
        self.sidecar.stop()
        check(self.sidecar.directory)

    def test_control_one_place_more_is_noticed(self):
        self.sidecar.start()
        self.load_and_kill(40)
        self.sidecar.write_rules(self.rules(CAP + 1))
        self.sidecar.start()
        sessions = SESSIONS[:5]
        left = self.left(sessions)
        self.assertEqual(self.shown(sessions), [places + 1 for places in left])

    def test_an_orderly_end(self):
        self.sidecar.start()
        self.shown(SESSIONS[:10], calls=3)
        self.sidecar.stop()
        self.sidecar.start()
        self.assertTrue(self.sidecar.said("history", "resumed"))
        self.check_left()

    def test_damaged_while_it_was_closed(self):
        self.sidecar.start()
        self.shown(SESSIONS[:10], calls=3)
        self.sidecar.stop()
        with open(os.path.join(self.history, "history.mdb"), "r+b") as file:
            file.seek(-100, os.SEEK_END)
            file.write(b"damage")
        self.sidecar.start()
        self.assertTrue(self.sidecar.said("history", "its file was changed after it was closed"))
        self.check_left()

    def test_taken_away(self):
        self.sidecar.start()
        self.load_and_kill(40)
        for name in os.listdir(self.history):
            os.remove(os.path.join(self.history, name))
        self.sidecar.start()
        self.assertTrue(self.sidecar.said("history", "built from"))
        self.check_left()

    def test_no_id_in_clear(self):
        self.sidecar.start()
        self.shown(SESSIONS[:10], calls=1)
        self.sidecar.stop()
        for name in os.listdir(self.history):
            with open(os.path.join(self.history, name), "rb") as file:
                self.assertNotIn(CLEAR.encode(), file.read(), name)

    def test_one_directory_for_two(self):
        self.sidecar.start()
        with self.assertRaises(Refused) as refused:
            self.make("second").start()
        self.assertIn(f"history: {self.history}: another process uses it; each sidecar needs its own",
                      str(refused.exception))
        self.assertEqual(self.shown([SESSIONS[0]]), [CAP])

    def test_a_directory_that_is_not_there(self):
        os.rmdir(self.history)
        with self.assertRaises(Refused) as refused:
            self.sidecar.start()
        self.assertIn(f"history.directory {self.history}: No such file or directory; make it, owned by the "
                      "user that serves", str(refused.exception))

    def fill_the_disk(self):
        """History lies on a file system of its own, and fails from now on. Returns what takes the room."""
        ballast = os.path.join(self.history, "ballast")
        with self.assertRaises(OSError), open(ballast, "wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 1024)
        turn = 0
        while not any("No space left" in text for text in self.sidecar.errors()):
            self.shown([f"{CLEAR}filler-{turn}"], calls=4)
            turn += 1
        return ballast

    def start_on_a_small_disk(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", self.history],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no file system of its own can be made here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.history], check=True)
        self.sidecar.start()

    def ranked(self):
        """One governed response and its decision's interventions."""
        with Client(self.sidecar.address) as caller:
            (message,) = caller.call(RANK, request(SESSIONS[0])).messages
        return messages.parsed(message), Log(self.sidecar.directory).of("decision")[-1]["interventions"]

    def test_a_full_disk(self):
        """Without history no prompt leaves; with room again, what was shown before counts."""
        self.start_on_a_small_disk()
        self.shown(SESSIONS[:5], calls=2)
        ballast = self.fill_the_disk()
        self.assertEqual(self.shown(SESSIONS[:5]), [0] * 5)
        self.assertGreater(self.sidecar.failures("history", "suppress"), 0)
        os.remove(ballast)
        self.assertTrue(self.sidecar.said("history", "it can be written again"))
        self.assertEqual(self.shown(SESSIONS[:5]), [CAP - 2] * 5)

    def test_a_rule_of_the_users_state_on_a_full_disk(self):
        """It cannot tell, and does what its on_unknown says; the ranking is governed by the others as ever."""
        for on_unknown, score in (("revert", 0.4), ("flag", 0.6)):
            with self.subTest(on_unknown):
                self.sidecar.write_rules(rules_text(
                    rules_kit.bound(), '{ id = "state.torn"; kind = "conflicting_signals"; window = "1h"; '
                    'min_signals = 1; per = "session"; reason = "The user is of two minds."; '
                    f'on_unknown = "{on_unknown}"; }}'))
                self.start_on_a_small_disk()
                self.assertAlmostEqual(self.ranked()[0].items[0].score, 0.6)
                self.fill_the_disk()
                response_left, interventions = self.ranked()
                self.assertAlmostEqual(response_left.items[0].score, score)
                self.assertEqual(len(response_left.prompts), 0)
                self.assertIn(("state.torn", on_unknown, "unknown"),
                              [(one["rule"], one["action"], one["verdict"]) for one in interventions])
                self.sidecar.stop()

    def test_a_full_disk_while_everything_is_observed(self):
        """A failure is no rule: prompts that could not be counted do not leave. The ranking is left alone."""
        self.sidecar.options.update(mode="observe", observe_until=until(3600), observe_by="me")
        self.sidecar.write_config()
        self.start_on_a_small_disk()
        self.assertEqual(self.shown(SESSIONS[:1]), [CAP + 2])
        self.fill_the_disk()
        response_left, interventions = self.ranked()
        self.assertEqual((response_left.items[0].score, len(response_left.prompts)), (0.9, 0))
        self.assertEqual([(one["rule"], one["would"]) for one in interventions], [("scores.bound", True)])
        self.assertGreater(self.sidecar.failures("history", "suppress"), 0)


if __name__ == "__main__":
    harness.main()

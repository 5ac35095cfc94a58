# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load loses no acknowledged entry and no place under a cap.

The witness is a list outside the sidecar: every receipt that an application was given, with what came with it.
"""
import collections
import glob
import os
import random

import harness
import messages
import rules_kit
from auditlog import Key, Log, check
from client import Client, value
from harness import RANK
from messages import item, prompt, request, response
from recommender import Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text
from traffic import Traffic

ROUNDS = int(os.environ.get("RANKGUARD_ROUNDS", "20"))
SEED = int(os.environ.get("RANKGUARD_SEED", "20261123"))
CAP = 5
FRESH, AT_ONCE = 10, 40  # sessions that a round of kills adds, and that it has: each lives through four
PROPOSED = response([item("a", 0.9, 0.4)], [prompt()])  # every response is changed, and asks
SESSIONS = [f"{CLEAR}session-{i}" for i in range(300)]


class Crash(harness.Case):
    HISTORY = {"backend": "memory"}

    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.recommender.on(RANK, reply(PROPOSED))
        self.sidecar = Sidecar(self.home.folder, self.recommender.address,
                               rules_text(rules_kit.bound(), rules_kit.cap(CAP)),
                               {"history": self.HISTORY})
        os.mkdir(os.path.join(self.sidecar.folder, "history"))
        self.addCleanup(self.sidecar.stop)

    def check_told(self, told):
        """Each receipt names its own decision, whose session is the caller's; prompts were delivered."""
        log, key = Log(self.sidecar.directory), Key(self.sidecar.subject_key)
        self.assertEqual(log.missing(one.receipt for one in told), [])
        self.assertEqual(len({one.receipt for one in told}), len(told))
        for one in told:
            entry = log.at(one.receipt)
            self.assertEqual((entry.type, entry["session"]),
                             ("decision", key.pseudonym("session", one.session)), entry)
        return log

    def check_cap(self, log, told):
        """Neither the log nor the applications know of more prompts than the cap allows, and the log knows of
        at least what the applications saw. Returns how many sessions were given how many prompts."""
        key = Key(self.sidecar.subject_key)
        delivered = collections.Counter(entry["session"] for entry in log.of("delivered"))
        seen = collections.Counter()
        for one in told:
            seen[key.pseudonym("session", one.session)] += one.prompts
        self.assertLessEqual(max(delivered.values()), CAP)
        self.assertEqual([session for session in seen if seen[session] > delivered[session]], [])
        return collections.Counter(delivered.values())

    def test_kill_9_under_load(self):
        choose, told = random.Random(SEED), []
        sessions = [f"{CLEAR}session-{i}" for i in range(ROUNDS * FRESH + AT_ONCE)]
        for turn in range(ROUNDS):
            count = choose.randint(1, 150)
            with self.subTest(round=turn, seed=SEED, after=count):
                self.sidecar.start()
                first = turn * FRESH
                traffic = Traffic(self.sidecar.address, 16, sessions[first:first + AT_ONCE])
                traffic.wait_for(count)
                self.sidecar.kill()
                told += traffic.stop()
        self.sidecar.start()
        log = self.check_told(told)
        given = self.check_cap(log, told)
        check(self.sidecar.directory)
        self.sidecar.stop()
        check(self.sidecar.directory)
        self.assertEqual(len(log.of("open")), ROUNDS + 1)
        self.assertEqual({entry.origin for entry in log.entries}, {log.entries[0].origin}, "one epoch")
        print(f"{ROUNDS} rounds, seed {SEED}: {len(told)} receipts, {given.total()} sessions, "
              f"{given[CAP]} of them at the cap")
        self.assertGreater(given[CAP], ROUNDS, "the load was too small to try the cap")

    def test_killed_at_start(self):
        """Killed at any point of starting, again and again: it still starts, and the log is whole."""
        self.sidecar.start()
        traffic = Traffic(self.sidecar.address, 8, SESSIONS)
        traffic.wait_for(100)
        self.sidecar.kill()
        told = traffic.stop()
        for _ in range(5):
            self.sidecar.launch()
            self.sidecar.said("audit")  # recovering, or already beyond
            self.sidecar.kill()
        self.sidecar.start()
        self.check_told(told)
        self.sidecar.stop()
        check(self.sidecar.directory)

    def test_durability_process_survives_too(self):
        """Written to the kernel is enough for a killed process."""
        self.sidecar.options["audit"]["durability"] = "process"
        self.sidecar.write_config()
        self.sidecar.start()
        traffic = Traffic(self.sidecar.address, 16, SESSIONS)
        traffic.wait_for(300)
        self.sidecar.kill()
        told = traffic.stop()
        self.sidecar.start()
        self.check_cap(self.check_told(told), told)

    def test_control_a_lost_entry_is_noticed(self):
        """The journal loses its second half behind the writer's back: the witness must miss receipts."""
        self.sidecar.options["audit"]["publish"] = "1h"  # so that all of it stands in the journal only
        self.sidecar.write_config()
        self.sidecar.start()
        traffic = Traffic(self.sidecar.address, 4, SESSIONS)
        traffic.wait_for(50)
        self.sidecar.kill()
        told = traffic.stop()
        (segment,) = glob.glob(os.path.join(self.sidecar.directory, "*", "journal", "*.log"))
        with open(segment, "r+b") as file:
            content = file.read()
            batch = content.rindex(b"RGB1", 0, len(content.rstrip(b"\0")) // 2)
            file.seek(batch)
            file.write(bytes(len(content) - batch))
        self.sidecar.start()
        self.sidecar.stop()
        self.assertNotEqual(Log(self.sidecar.directory).missing(one.receipt for one in told), [])

    def test_a_prompt_of_before_counts_after(self):
        """The cap, once reached, stays reached over a kill."""
        self.sidecar.start()
        calls = []
        for turn in range(CAP + 2):
            if turn == CAP:
                self.sidecar.kill()
                self.sidecar.start()
            with Client(self.sidecar.address) as caller:
                calls.append(caller.call(RANK, request(SESSIONS[0])))
        prompts = [len(messages.parsed(answer.messages[0]).prompts) for answer in calls]
        self.assertEqual(prompts, [1] * CAP + [0, 0])
        evidence = Log(self.sidecar.directory).at(value(calls[-1].trailing, "rankguard-decision"))
        (cap,) = [one for one in evidence["interventions"] if one["rule"] == "prompts.cap"]
        self.assertEqual(len(cap["evidence"]), CAP)


class CrashEmbedded(Crash):
    """The same with a history on disk: it may lag behind the log, never run ahead of it."""

    HISTORY = {"backend": "embedded", "directory": "history"}


if __name__ == "__main__":
    harness.main()

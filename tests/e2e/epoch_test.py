# SPDX-License-Identifier: Apache-2.0
"""The log changes epochs while calls go on: each receipt names the entry that it was given for, wherever that
stands, what a user said about opting out holds on, and the checkpoint that is served is the one that is signed."""
import os

import harness
import rules_kit
from auditlog import Log, check
from client import Client, value
from harness import RANK, SIGNAL
from messages import item, parsed, pb, prompt, request, response, signal
from recommender import Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text

SEAL = 60
CHANGED = response(items=[item("a", 9.0, 1.0)])
ASKING = response(prompts=[prompt()])


class Epoch(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.recommender.on(RANK, reply(CHANGED))

    def serve(self):
        rules = rules_text(rules_kit.bound(), '{ id = "prompts.opt-out"; kind = "opt_out"; reason = "Peace."; }')
        options = {"audit": {"seal_entries": SEAL, "publish": "20ms"}}
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules, options)
        sidecar.start()
        self.addCleanup(sidecar.stop)
        return sidecar

    def test_receipts_hold_over_a_change(self):
        sidecar = self.serve()
        session, receipts = f"{CLEAR}session-1", []
        with Client(sidecar.address) as client:
            client.call(SIGNAL, signal(session, pb.SIGNAL_KIND_OPT_OUT))
            while not any("/0003/" in receipt for receipt in receipts):
                answer = client.call(RANK, request(session))
                self.assertEqual(len(answer.messages), 1, answer)
                receipts.append(value(answer.trailing, "rankguard-decision"))
            status, note = sidecar.admin("/checkpoint")
            self.assertEqual(status, 200)
            origin, size = note.split("\n")[:2]
            self.assertIn(origin.rsplit("/", 1)[0], receipts[0])
            self.assertGreater(int(size), 0)
            # the opt-out was said two epochs ago
            self.recommender.on(RANK, reply(ASKING))
            answer = client.call(RANK, request(session))
            self.assertEqual(len(parsed(answer.messages[0]).prompts), 0)
        sidecar.stop()
        check(sidecar.directory)
        log = Log(sidecar.directory)
        for receipt in receipts:
            self.assertEqual(log.at(receipt).type, "decision", receipt)
        self.assertEqual(len(set(receipts)), len(receipts))
        rulesets = [entry.origin for entry in log.entries if entry.type == "ruleset"]
        self.assertEqual(len(rulesets), len(set(rulesets)), "each epoch tells its own rules, once")
        self.assertEqual(len(rulesets), len([name for name in os.listdir(sidecar.directory) if name.isdigit()]))


if __name__ == "__main__":
    harness.main()

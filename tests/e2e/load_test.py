# SPDX-License-Identifier: Apache-2.0
"""10,000 calls at concurrency 32, every response changed: every receipt stands in the log."""
import subprocess

import harness
import rules_kit
from auditlog import Log, check
from sidecar import Sidecar, rules_text

CALLS, AT_ONCE = 10000, 32


class Load(harness.Case):
    def setUp(self):
        super().setUp()
        self.address = f"unix:{self.home.path('reco.sock')}"
        self.recommender = subprocess.Popen([harness.program("recommender"), "--listen", self.address],
                                            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_recommender)
        self.assertIn("listening", self.recommender.stdout.readline())
        self.sidecar = Sidecar(self.home.folder, self.address, rules_text(rules_kit.bound(), rules_kit.cap(2)))
        self.sidecar.start()
        self.addCleanup(self.sidecar.stop)
        self.receipts = self.home.path("receipts")

    def end_recommender(self):
        self.recommender.terminate()
        with self.recommender.stdout:
            self.assertEqual(self.recommender.wait(harness.GUARD_S), 0)

    def load(self, *arguments):
        result = harness.run("application", "--target", self.sidecar.address, "--load", "--calls", CALLS,
                             "--concurrency", AT_ONCE, *arguments, "--receipts", self.receipts)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        with open(self.receipts, encoding="ascii") as file:
            return file.read().split()

    def test_every_receipt_is_in_the_log(self):
        receipts = self.load("--changed")
        self.assertEqual(len(set(receipts)), CALLS)
        log = Log(self.sidecar.directory)
        self.assertEqual(log.missing(receipts), [])
        self.assertEqual(len(log.of("decision")), CALLS)
        check(self.sidecar.directory)
        self.sidecar.stop()
        check(self.sidecar.directory)
        tallies = Log(self.sidecar.directory).of("tally")
        for count in ("calls", "governed", "changed"):
            self.assertEqual(sum(entry[count] for entry in tallies), CALLS, count)

    def test_control_without_a_sidecar_no_receipt(self):
        """Straight to the recommender: the load must say that receipts are missing."""
        result = harness.run("application", "--target", self.address, "--load", "--calls", 10, "--changed")
        self.assertEqual(result.returncode, 1)
        self.assertIn("10 changed responses came without receipt", result.stdout)


if __name__ == "__main__":
    harness.main()

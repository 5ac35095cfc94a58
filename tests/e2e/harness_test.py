# SPDX-License-Identifier: Apache-2.0
"""The harness judged: each piece that is to notice something is shown that something."""
import os
import stat
import unittest
from unittest import mock

import harness
import messages
import rules_kit
import wire
from auditlog import Entry, Log, check
from client import Client, value
from harness import OTHER, RANK
from messages import field, item, request, response
from recommender import Recommender, reply
from sidecar import CLEAR, Refused, Sidecar

CHANGED = response([item("a", 0.9, 0.4)])
READY = '{"time":"t","level":"info","event":"ready","text":"r"}'


class Fake(harness.Case):
    """A program in the sidecar's place that says and does what a bad one might."""

    def fake(self, script):
        path = self.write("bin/rankguard", f"#!/bin/sh\n{script}\n")
        os.chmod(path, stat.S_IRWXU)
        patch = mock.patch.dict(os.environ, RANKGUARD_BINARIES=os.path.dirname(path))
        patch.start()
        self.addCleanup(patch.stop)
        return Sidecar(self.home.folder, "unix:/x", rules_kit.RULES)

    def until_term(self, at_end):
        return (f"trap '{at_end}' TERM\necho '{READY}' >&2\n"
                "while :; do sleep 0.01; done")  # a program that waits; the test waits for nothing here

    def test_a_good_one_passes(self):
        sidecar = self.fake(self.until_term("exit 0")).start()
        sidecar.stop()

    def test_one_that_does_not_get_ready(self):
        sidecar = self.fake("exit 3")
        with self.assertRaises(Refused) as refused:
            sidecar.start()
        self.assertEqual(refused.exception.code, 3)

    def test_a_bad_exit_code(self):
        sidecar = self.fake(self.until_term("exit 1")).start()
        with self.assertRaisesRegex(AssertionError, "exit code 1"):
            sidecar.stop()

    def test_a_sanitizer_report(self):
        sidecar = self.fake(self.until_term("echo ==1==ERROR: AddressSanitizer: leak >&2; exit 0")).start()
        with self.assertRaisesRegex(AssertionError, "AddressSanitizer"):
            sidecar.stop()

    def test_a_sanitizer_report_before_a_kill(self):
        sidecar = self.fake(f"echo 'x.c:1:2: runtime error: overflow' >&2\necho '{READY}' >&2\n"
                            "exec sleep 100").start()
        with self.assertRaisesRegex(AssertionError, "runtime error"):
            sidecar.kill()

    def test_an_id_on_stderr(self):
        line = READY.replace('"r"', f'"{CLEAR}user"')
        sidecar = self.fake(f"trap 'exit 0' TERM\necho '{line}' >&2\nwhile :; do sleep 0.01; done").start()
        with self.assertRaisesRegex(AssertionError, "stderr names an id"):
            sidecar.stop()

    def test_an_id_in_the_log(self):
        sidecar = self.fake(self.until_term("exit 0")).start()
        self.write(os.path.join(sidecar.directory, "0001", "tile"), f"...{CLEAR}user...")
        with self.assertRaisesRegex(AssertionError, "holds an id in clear"):
            sidecar.stop()


class Pieces(harness.Case):
    def test_a_failing_behaviour_is_not_lost(self):
        recommender = Recommender(f"unix:{self.home.path('reco.sock')}")

        def broken(_):
            raise ValueError("this test's own mistake")
            yield

        recommender.on(OTHER, broken)
        with Client(recommender.address) as caller:
            caller.call(OTHER, b"")
        with self.assertRaisesRegex(ValueError, "own mistake"):
            recommender.stop()

    def test_rows_of_the_same_name_are_refused(self):
        with self.assertRaisesRegex(AssertionError, "twice"):
            harness.named([("a", 1), ("a", 2)])(type("Rows", (unittest.TestCase,), {}))

    def test_the_judge_of_bytes(self):
        self.assertTrue(messages.decodes(CHANGED + field(77, b"\xff")))
        for broken in (CHANGED[:-1], b"\x0e\x00", CHANGED + b"\x80", CHANGED + b"\x0c"):
            self.assertFalse(messages.decodes(broken), broken)

    def test_an_unanswered_request_is_an_end(self):
        def close(connection, _):
            connection.sock.shutdown(2)

        path = self.home.path("peer.sock")
        self.addCleanup(wire.Peer(path, close).close)
        self.assertEqual(wire.ask(path, OTHER, wire.message(b"")), ["EOF"])

    def test_an_entry_that_is_no_json(self):
        with self.assertRaises(ValueError):
            Entry("origin", 0, "{")


class Receipts(harness.Case):
    """The checker of receipts against a real log."""

    def setUp(self):
        super().setUp()
        recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(recommender.stop)
        recommender.on(RANK, reply(CHANGED))
        sidecar = Sidecar(self.home.folder, recommender.address, rules_kit.RULES).start()
        self.addCleanup(sidecar.stop)
        with Client(sidecar.address) as caller:
            self.receipt = value(caller.call(RANK, request(CLEAR + "s")).trailing, "rankguard-decision")
        sidecar.stop()
        self.directory = sidecar.directory
        self.log = Log(self.directory)

    def test_a_receipt_of_the_log_is_found(self):
        self.assertEqual(self.log.missing([self.receipt]), [])

    def test_others_are_missing(self):
        origin, index = self.receipt.rsplit("/", 1)
        others = [f"{origin}/{int(index) + 1000}", f"{origin}x/{index}", f"{origin}/0", "", None,
                  f"{origin}/{len(self.log.entries) - 1}"]  # 0 is `open`, the last one is `close`
        self.assertEqual(self.log.missing(others), others)

    def test_verify_is_asked(self):
        check(self.directory)
        self.write(os.path.join(self.directory, "0001", "stray"), "not of the log")
        with self.assertRaisesRegex(AssertionError, "stray"):
            check(self.directory)


if __name__ == "__main__":
    harness.main()

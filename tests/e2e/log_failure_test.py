# SPDX-License-Identifier: Apache-2.0
"""A log directory that cannot be used, or stops being usable: nothing that needs an entry leaves without it."""
import contextlib
import glob
import os
import subprocess
import unittest

import grpc

import harness
import rules_kit
from auditlog import Log, check, verify
from client import Client, value
from harness import RANK, SIGNAL
from messages import item, parsed, prompt, request, response, signal
from recommender import Recommender, reply
from sidecar import CLEAR, Refused, Sidecar
from traffic import Traffic

Code = grpc.StatusCode
RECEIPT = "rankguard-decision"
WITHIN = response([item("a", 0.5, 0.4)])
CHANGED = response([item("a", 0.9, 0.4)])
NOBODY = 65534


class LogFailure(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.sidecar = self.make("sidecar")

    def make(self, name, **how):
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules_kit.RULES, name=name, **how)
        self.addCleanup(sidecar.stop)
        return sidecar

    def rank(self, proposed, sidecar=None, session=CLEAR + "session"):
        self.recommender.on(RANK, reply(proposed))
        with Client((sidecar or self.sidecar).address) as caller:
            return caller.call(RANK, request(session))

    def assertServes(self, sidecar=None):
        sidecar = sidecar or self.sidecar
        answer = self.rank(CHANGED, sidecar)
        self.assertEqual(answer.code, Code.OK, answer.details)
        self.assertEqual(Log(sidecar.directory).missing([value(answer.trailing, RECEIPT)]), [])

    def refused(self, code, sidecar=None):
        """serve ends with this code; returns its one error line."""
        sidecar = sidecar or self.sidecar
        with self.assertRaises(Refused) as refused:
            sidecar.start()
        self.assertEqual(refused.exception.code, code, sidecar.errors())
        (why,) = sidecar.errors()
        return why

    def check_refuses(self):
        result = harness.run("rankguard", "check", "--config", self.sidecar.config)
        self.assertEqual(result.returncode, 1)
        return result.stdout


class Directory(LogFailure):
    def test_missing(self):
        os.rmdir(self.sidecar.directory)
        why = self.refused(1)
        self.assertIn(f"audit.directory {self.sidecar.directory}: No such file or directory; make it", why)
        self.assertIn(why, self.check_refuses())

    def test_a_file(self):
        os.rmdir(self.sidecar.directory)
        self.write(self.sidecar.directory, "")
        why = self.refused(1)
        self.assertIn("is not a directory", why)
        self.assertIn(why, self.check_refuses())

    def test_read_only(self):
        """For an ordinary user: root would ignore the mode."""
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] \
            if os.geteuid() == 0 else []
        sidecar = self.make("ordinary", command=command)
        os.chmod(self.home.folder, 0o755)
        if command:
            os.chown(sidecar.folder, NOBODY, NOBODY)
            os.chown(sidecar.subject_key, NOBODY, NOBODY)
        for mode in (0o555, 0o000):
            os.chmod(sidecar.directory, mode)
            why = self.refused(1, sidecar)
            self.assertIn(f"audit.directory {sidecar.directory}: Permission denied", why)
        os.chmod(sidecar.directory, 0o755)
        if command:
            os.chown(sidecar.directory, NOBODY, NOBODY)
            os.chmod(self.home.path("reco.sock"), 0o777)
        self.assertServes(sidecar.start())

    def test_locked_by_another_process(self):
        self.sidecar.start()
        second = self.make("second")
        second.options["audit"]["directory"] = second.directory = self.sidecar.directory
        second.write_config()
        why = self.refused(3, second)
        self.assertIn(self.sidecar.directory, why)
        self.assertIn("another", why)
        self.assertServes()
        self.sidecar.kill()
        self.assertServes(second.start())

    def test_something_else_lives_there(self):
        """Files that are not a log's are not touched, and do not keep the log from being made."""
        self.write(os.path.join(self.sidecar.directory, "notes.txt"), "mine")
        self.sidecar.start()
        self.assertServes()
        with open(os.path.join(self.sidecar.directory, "notes.txt"), encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")

    def test_the_subject_key_is_open_to_others(self):
        os.chmod(self.sidecar.subject_key, 0o644)
        self.assertIn(self.sidecar.subject_key, self.refused(1))

    def test_the_subject_key_is_garbage(self):
        os.unlink(self.sidecar.subject_key)
        os.chmod(self.write(self.sidecar.subject_key, "not hexadecimal\n"), 0o400)
        self.assertIn(self.sidecar.subject_key, self.refused(1))

    def test_keys_that_the_sidecar_made(self):
        """Without configured keys it makes them in the directory, and says so; strict verification knows
        them."""
        del self.sidecar.options["audit"]["subject_key"]
        self.sidecar.write_config()
        self.sidecar.start()
        self.assertServes()
        warnings = [line["text"] for line in self.sidecar.lines if line["level"] == "warn"]
        self.assertTrue(any("subject.key" in text for text in warnings), warnings)
        self.assertTrue(any("audit.key" in text for text in warnings), warnings)
        self.sidecar.stop()
        for name in ("subject.key", "audit.key"):
            mode = os.stat(os.path.join(self.sidecar.directory, name)).st_mode
            self.assertEqual(mode & 0o777, 0o400)
        check(self.sidecar.directory)


class Journal(LogFailure):
    """What a crash, a bad disk or a bad hand leaves behind."""

    def filled(self, count=60):
        """A killed sidecar's log, all of it in the journal; returns what applications were told."""
        self.sidecar.options["audit"]["publish"] = "1h"
        self.sidecar.write_config()
        self.recommender.on(RANK, reply(CHANGED))
        self.sidecar.start()
        traffic = Traffic(self.sidecar.address, 2, [CLEAR + "s"])
        traffic.wait_for(count)
        self.sidecar.kill()
        return traffic.stop()

    def segment(self):
        (path,) = glob.glob(os.path.join(self.sidecar.directory, "*", "journal", "*.log"))
        with open(path, "rb") as file:
            return path, bytearray(file.read())

    def put(self, path, content):
        with open(path, "wb") as file:
            file.write(content)

    def recovered(self):
        """It starts, serves, and its log verifies."""
        self.sidecar.start()
        self.assertEqual(self.rank(CHANGED).code, Code.OK)
        self.sidecar.stop()
        check(self.sidecar.directory)
        return Log(self.sidecar.directory)

    def test_a_torn_tail(self):
        """The last batch is half-written: cut, kept aside, recorded. What was acknowledged before it stays."""
        told = self.filled()
        path, content = self.segment()
        last = content.rindex(b"RGB1")
        end = len(content.rstrip(b"\0"))
        torn = bytes(content[last:(last + end) // 2])
        content[(last + end) // 2:] = bytes(len(content) - (last + end) // 2)
        self.put(path, content)
        log = self.recovered()
        (recovery,) = log.of("recovery")
        self.assertGreater(recovery["cut"], 0)
        with open(os.path.join(self.sidecar.directory, "0001", recovery["file"]), "rb") as file:
            self.assertEqual(file.read().rstrip(b"\0"), torn.rstrip(b"\0"))
        missing = log.missing(one.receipt for one in told)
        self.assertLessEqual(len(missing), 2, "more than the last batch was lost")

    def test_rubbish_behind_the_last_batch(self):
        told = self.filled()
        path, content = self.segment()
        end = (len(content.rstrip(b"\0")) + 7) // 8 * 8
        content[end:end + 100] = b"RGB1" + b"\xa5" * 96
        self.put(path, content)
        log = self.recovered()
        self.assertEqual(len(log.of("recovery")), 1)
        self.assertEqual(log.missing(one.receipt for one in told), [])

    def test_a_killed_writer_loses_nothing(self):
        told = self.filled()
        self.assertEqual(self.recovered().missing(one.receipt for one in told), [])

    def test_a_flipped_bit_in_the_middle(self):
        """Never dropped silently: it refuses, names the place and the way out, and changes nothing."""
        self.filled()
        path, content = self.segment()
        middle = content.index(b'"decision"', len(content.rstrip(b"\0")) // 2)
        content[middle] ^= 0x10
        self.put(path, content)
        why = self.refused(3)
        self.assertIn(os.path.basename(path), why)
        self.assertIn("rankguard-audit repair", why)
        self.assertEqual(self.segment()[1], content, "a refused start changed the journal")
        self.assertNotEqual(verify(self.sidecar.directory).returncode, 0)

    def test_a_flipped_bit_in_the_header(self):
        self.filled()
        path, content = self.segment()
        content[16] ^= 1
        self.put(path, content)
        self.assertIn(os.path.basename(path), self.refused(3))

    def test_a_flipped_bit_in_a_published_entry(self):
        """Below the checkpoint: verify finds it, with its place."""
        self.sidecar.start()
        for _ in range(20):
            self.rank(CHANGED)
        self.sidecar.stop()
        check(self.sidecar.directory)
        bundle = max(glob.glob(os.path.join(self.sidecar.directory, "0001", "tile", "entries", "*.p", "*")),
                     key=lambda path: int(os.path.basename(path)))  # the one that the checkpoint stands on
        with open(bundle, "r+b") as file:
            content = bytearray(file.read())
            content[content.index(b"scores.bound", len(content) // 2)] ^= 1
            file.seek(0)
            file.write(content)
        result = verify(self.sidecar.directory)
        self.assertEqual(result.returncode, 1)
        self.assertIn("tile/entries", result.stdout + result.stderr)


class Full(LogFailure):
    """The disk is full: a small tmpfs that the test fills up."""

    SIZE_MIB = 256  # recovery writes anew what could not be published

    def setUp(self):
        super().setUp()
        self.disk = self.sidecar.directory
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE_MIB}m,mode=755", "tmpfs",
                                  self.disk], capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise unittest.SkipTest(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)
        self.addCleanup(self.sidecar.stop)  # before the folder goes

    def fill(self):
        """Takes all that is left; returns what gives it back."""
        path = os.path.join(self.disk, "ballast")
        with open(path, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(b"\0" * 4096):
                    pass
        return lambda: os.unlink(path)

    def test_at_start(self):
        self.fill()
        why = self.refused(3)
        self.assertIn("No space left", why)

    def test_while_serving(self):
        self.sidecar.start()
        self.assertTrue(self.sidecar.said("upstream", "is reachable"))
        self.assertServes()
        give_back = self.fill()
        # Room that was set aside in advance is used up first; a large decision is half a megabyte.
        large = response([item(f"item-{i:05}", 0.9, 0.4) for i in range(10000)])
        told, answer = [], None
        for _ in range(400):
            answer = self.rank(large)
            if answer.code != Code.OK:
                break
            told.append(value(answer.trailing, RECEIPT))
        self.assertEqual((answer.code, answer.messages),
                         (Code.UNAVAILABLE, []), "the disk did not become full")
        self.assertIn("the audit log cannot record this call", answer.details)
        self.assertIsNone(value(answer.trailing, RECEIPT))

        # What needs no entry passes, what needs one does not: prompts, changes, signals.
        self.assertEqual(self.rank(WITHIN).messages, [WITHIN])
        self.assertEqual(self.rank(CHANGED).code, Code.UNAVAILABLE)
        self.assertEqual(self.rank(response([], [prompt()]), session=CLEAR + "p").code, Code.UNAVAILABLE)
        self.recommender.on(SIGNAL, reply(b""))
        self.recommender.forget()
        with Client(self.sidecar.address) as caller:
            self.assertEqual(caller.call(SIGNAL, signal(CLEAR + "s")).code, Code.UNAVAILABLE)
        self.assertEqual(self.recommender.calls, [], "a signal went on that was not recorded")
        status, reasons = self.sidecar.admin("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("audit log not writable: ", reasons)
        self.assertEqual(self.sidecar.metric("rankguard_audit_writable"), 0)
        self.assertGreater(self.sidecar.failures("audit"), 0)

        give_back()
        while self.sidecar.metric("rankguard_audit_writable") != 1:
            pass  # each turn is a request; recovery is tried every second
        self.assertServes()
        answer = self.rank(response([], [prompt()]), session=CLEAR + "p")
        self.assertEqual(len(parsed(answer.messages[0]).prompts), 1, "the refused one took no place")
        self.assertEqual(self.sidecar.admin("/readyz"), (200, "ready\n"))
        self.sidecar.stop()
        check(self.disk)
        log = Log(self.disk)
        self.assertEqual(log.missing(told), [])
        self.assertGreaterEqual(len(log.of("recovery")), 1)
        self.assertIn("audit", [entry["class"] for entry in log.of("failure")])

    def test_it_starts_again_after_it_was_full(self):
        """Killed while full; room again; nothing acknowledged is lost."""
        self.sidecar.start()
        told = [value(self.rank(CHANGED).trailing, RECEIPT) for _ in range(10)]
        give_back = self.fill()
        told += [value(self.rank(CHANGED).trailing, RECEIPT) for _ in range(10)]
        self.sidecar.kill()
        give_back()
        self.assertServes(self.sidecar.start())
        self.assertEqual(Log(self.disk).missing(receipt for receipt in told if receipt), [])
        self.sidecar.stop()
        check(self.disk)


if __name__ == "__main__":
    harness.main()

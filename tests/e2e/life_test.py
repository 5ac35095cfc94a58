# SPDX-License-Identifier: Apache-2.0
"""From start to end: addresses in use, readiness, metrics, SIGTERM, restarts, and connections that come and
go."""
import os
import signal
import socket
import stat
import threading

import grpc

import harness
import rules_kit
import wire
from auditlog import Log, check
from client import Client, finish, finish_unary, value
from harness import OTHER, RANK, STREAM_RANK
from messages import item, request, response
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, ORIGIN, UID, Refused, Sidecar

Code = grpc.StatusCode
CHANGED = response([item("a", 0.9, 0.4)])
REQUEST = request(CLEAR + "session")
RECEIPT = "rankguard-decision"


class Life(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        for method in (RANK, OTHER, STREAM_RANK):
            self.recommender.on(method, reply(CHANGED))

    def sidecar(self, name="sidecar", **options):
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules_kit.RULES, options, name)
        self.addCleanup(sidecar.stop)
        return sidecar

    def client(self, sidecar):
        client = Client(sidecar.address)
        self.addCleanup(client.close)
        return client

    def assertServes(self, sidecar):
        with Client(sidecar.address) as caller:
            answer = caller.call(RANK, REQUEST)
        self.assertEqual(answer.code, Code.OK, answer.details)
        self.assertEqual(Log(sidecar.directory).missing([value(answer.trailing, RECEIPT)]), [])

    def refused(self, sidecar):
        """serve ends with 3 (the system failed), says why in one line, and leaves no log open."""
        with self.assertRaises(Refused) as refused:
            sidecar.start()
        self.assertEqual(refused.exception.code, 3)
        (why,) = [line["text"] for line in sidecar.lines if line["event"] == "start"]
        return why


class Addresses(Life):
    def test_a_tcp_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            why = self.refused(self.sidecar(listen=[address]))
        self.assertEqual(why, f"listen {address}: the address is in use by another process; choose another or "
                              "end that process")

    def test_the_admin_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            why = self.refused(self.sidecar(admin={"http": address}))
        self.assertIn(address, why)
        self.assertIn("in use", why)

    def test_a_unix_socket_in_use(self):
        """By another sidecar that serves on: it is not disturbed."""
        first = self.sidecar("first").start()
        why = self.refused(self.sidecar("second", listen=[first.address]))
        self.assertEqual(why, f"listen {first.address}: the address is in use by another process; choose "
                              "another or end that process")
        self.assertServes(first)

    def test_a_stale_socket_is_taken_over(self):
        sidecar = self.sidecar().start()
        sidecar.kill()
        self.assertTrue(os.path.exists(sidecar.socket), "kill -9 leaves the file behind")
        self.assertServes(sidecar.start())

    def test_a_file_that_is_no_socket_is_kept(self):
        sidecar = self.sidecar()
        self.write(sidecar.socket, "precious")
        self.refused(sidecar)
        with open(sidecar.socket, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_the_socket_is_gone_afterwards(self):
        sidecar = self.sidecar().start()
        self.assertTrue(stat.S_ISSOCK(os.stat(sidecar.socket).st_mode))
        sidecar.stop()
        self.assertFalse(os.path.exists(sidecar.socket))

    def test_a_missing_folder(self):
        address = f"unix:{self.home.path('no', 'such', 'app.sock')}"
        self.assertIn("No such file", self.refused(self.sidecar(listen=[address])))

    def test_after_a_refused_start_the_log_goes_on(self):
        sidecar = self.sidecar()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            sidecar.options["admin"]["http"] = "127.0.0.1:%d" % taken.getsockname()[1]
            sidecar.write_config()
            self.refused(sidecar)
        sidecar.options["admin"]["http"] = "127.0.0.1:0"
        sidecar.write_config()
        self.assertServes(sidecar.start())
        sidecar.stop()
        check(sidecar.directory)


class Connections(Life):
    def test_they_come_and_go(self):
        """Each connection is answered, however fast others end beside it."""
        sidecar = self.sidecar().start()
        answers, body = [], wire.message(REQUEST)
        expected = ["HEADERS", "DATA", "HEADERS+END"]

        def come_and_go():
            for turn in range(60):
                if turn % 3 == 2:
                    wire.ask(sidecar.socket, RANK, body, end=False)  # leaves at once
                else:
                    answers.append(wire.ask(sidecar.socket, RANK, body))

        threads = [threading.Thread(target=come_and_go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [expected] * 160)
        sidecar.settled()
        self.assertServes(sidecar)

    def test_their_descriptors_are_given_back(self):
        sidecar = self.sidecar().start()
        self.assertServes(sidecar)
        for _ in range(300):  # more than limits.connections
            with Client(sidecar.address) as caller:
                self.assertEqual(caller.call(RANK, REQUEST).code, Code.OK)
        self.assertEqual([line for line in sidecar.lines if line["event"] == "connections"], [])
        sidecar.stop()
        check(sidecar.directory)


class Admin(Life):
    def test_pages(self):
        sidecar = self.sidecar().start()
        self.assertServes(sidecar)
        self.assertEqual(sidecar.admin("/healthz"), (200, "ok\n"))
        self.assertTrue(sidecar.said("upstream", "is reachable"))
        self.assertEqual(sidecar.admin("/readyz"), (200, "ready\n"))
        self.assertEqual(sidecar.admin("/nothing")[0], 404)

    def test_metrics(self):
        sidecar = self.sidecar().start()
        caller = self.client(sidecar)
        for _ in range(3):
            caller.call(RANK, REQUEST)
        caller.call(OTHER, REQUEST)
        self.recommender.on(OTHER, None)
        caller.call(OTHER, REQUEST)
        sidecar.settled()
        rank = {"grpc_type": "unary", "grpc_service": "rankguard.v1.RankingService", "grpc_method": "Rank"}
        started, handled = "grpc_server_started_total", "grpc_server_handled_total"
        self.assertEqual(sidecar.metric(started, **rank), 3)
        self.assertEqual(sidecar.metric(handled, **rank, grpc_code="OK"), 3)
        self.assertEqual(sidecar.metric("grpc_server_handling_seconds_count", **rank), 3)
        self.assertEqual(sidecar.metric("rankguard_overhead_seconds_count"), 3)
        page = sidecar.admin("/metrics")[1]
        self.assertIn('grpc_service="_OTHER"', page)
        self.assertEqual(sidecar.metric("rankguard_rule_results_total", rule="scores.bound",
                                        result="exceeded"), 3)
        self.assertEqual(sidecar.metric("rankguard_interventions_total", rule="scores.bound", action="clamp"),
                         3)
        self.assertEqual(sidecar.metric("rankguard_responses_changed_total"), 3)
        self.assertEqual(sidecar.metric("rankguard_audit_writable"), 1)
        self.assertEqual(sidecar.metric("rankguard_audit_entries_total"),
                         len(Log(sidecar.directory).entries))

    def test_every_sample_has_its_type(self):
        """What a scraper insists on: HELP and TYPE before samples, no sample twice, values are numbers."""
        sidecar = self.sidecar().start()
        typed, seen = set(), set()
        for line in sidecar.admin("/metrics")[1].splitlines():
            words = line.split()
            if words[:2] == ["#", "TYPE"]:
                self.assertIn(words[3], ("counter", "gauge", "histogram", "summary"))
                typed.add(words[2])
            elif words[0] != "#":
                name, number = line.rsplit(" ", 1)
                float(number)
                self.assertNotIn(name, seen)
                seen.add(name)
                family = name.split("{")[0]
                self.assertTrue({family, *(family.removesuffix(end) for end in
                                           ("_bucket", "_sum", "_count"))} & typed, line)


class Manager(Life):
    def test_the_service_manager_is_told(self):
        """The datagrams of sd_notify(3)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(self.home.path("notify.sock"))
            manager.settimeout(harness.GUARD_S)
            os.environ["NOTIFY_SOCKET"] = manager.getsockname()
            try:
                sidecar = self.sidecar().start()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(manager.recv(100), b"READY=1")
            sidecar.stop()
            self.assertEqual(manager.recv(100), b"STOPPING=1")


class End(Life):
    def test_calls_in_flight_are_finished(self):
        """SIGTERM: no new connections; what is under way ends well and is recorded; then `close`."""
        sidecar = self.sidecar().start()
        caller, gate = self.client(sidecar), Gate()
        for method in (RANK, OTHER, STREAM_RANK):
            self.recommender.on(method, reply(CHANGED, gate=gate))
        unary = [caller.start(method, REQUEST) for method in (RANK, RANK, OTHER)]
        streams = [caller.stream(method, [REQUEST]) for method in (STREAM_RANK, OTHER)]
        gate.wait_for(5)
        self.assertTrue(sidecar.said("upstream", "is reachable"))
        sidecar.terminate()
        self.assertTrue(sidecar.said("drain", "5 calls in flight"))
        self.assertEqual(sidecar.admin("/readyz"), (503, "draining\n"))
        self.assertEqual(sidecar.admin("/healthz")[0], 200)
        gate.open()
        answers = [finish_unary(call) for call in unary] + [finish(call) for call in streams]
        self.assertEqual([answer.code for answer in answers], [Code.OK] * 5)
        self.assertEqual(sidecar.wait(), 0)
        log = Log(sidecar.directory)
        receipts = [value(answer.trailing, RECEIPT) for answer in answers]
        self.assertEqual(log.missing([receipt for receipt in receipts if receipt]), [])
        self.assertEqual(len([receipt for receipt in receipts if receipt]), 3)
        self.assertEqual([entry.type for entry in log.entries[-2:]], ["tally", "close"])
        check(sidecar.directory)

    def test_calls_beyond_the_grace_are_cancelled(self):
        sidecar = self.sidecar(drain={"delay": "0s", "grace": "100ms"}).start()
        caller, gate = self.client(sidecar), Gate()
        for method in (RANK, OTHER):
            self.recommender.on(method, reply(CHANGED, gate=gate))
        calls = [caller.start(method, REQUEST) for method in (RANK, OTHER)]
        gate.wait_for(2)
        sidecar.terminate()
        self.assertEqual(sidecar.wait(), 0)
        for call in calls:
            answer = finish_unary(call)
            self.assertIn(answer.code, (Code.CANCELLED, Code.UNAVAILABLE))
            self.assertEqual(answer.messages, [])
        gate.open()
        log = Log(sidecar.directory)
        self.assertEqual(log.of("decision"), [])
        self.assertEqual(log.entries[-1].type, "close")
        check(sidecar.directory)

    def test_while_delaying_it_serves_on(self):
        """drain.delay: not ready any more, and still serving, until a second SIGTERM ends the wait."""
        sidecar = self.sidecar(drain={"delay": "60s", "grace": "60s"}).start()
        caller = self.client(sidecar)
        self.assertEqual(caller.call(RANK, REQUEST).code, Code.OK)
        sidecar.terminate()
        self.assertTrue(sidecar.said("drain"))
        self.assertEqual(sidecar.admin("/readyz")[0], 503)
        self.assertEqual(caller.call(RANK, REQUEST).code, Code.OK)
        self.assertServes(sidecar)
        sidecar.terminate()
        self.assertEqual(sidecar.wait(), 0)

    def test_under_load_no_call_is_lost(self):
        """Every call that was taken is answered. One that arrives while the server shuts down is not taken: the
        C core refuses it (UNAVAILABLE), or drops it (CANCELLED) when it was sent before the GOAWAY came; it
        leaves nothing behind, and the recommender never sees it."""
        sidecar = self.sidecar(drain={"delay": "200ms", "grace": "60s"}).start()
        answers, enough = [], threading.Semaphore(0)

        def load():
            with Client(sidecar.address) as caller:
                while True:
                    answer = caller.call(RANK, REQUEST)
                    answers.append(answer)
                    enough.release()
                    if answer.code != Code.OK:
                        return

        self.assertTrue(sidecar.said("upstream", "is reachable"))
        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(500):
            self.assertTrue(enough.acquire(timeout=harness.GUARD_S))
        sidecar.terminate()
        self.assertEqual(sidecar.wait(), 0)
        for thread in threads:
            thread.join()
        log = Log(sidecar.directory)
        good = [answer for answer in answers if answer.code == Code.OK]
        self.assertEqual(log.missing([value(answer.trailing, RECEIPT) for answer in good]), [])
        # The application's C core throws away what it has not read yet when its own write fails on a
        # connection that was closed behind the last answer.
        unread = [answer for answer in answers if answer.details in ("Broken pipe", "Connection reset by peer")]
        for count in (len(log.of("decision")), len(self.recommender.calls)):
            self.assertLessEqual(count - len(good), len(unread), "taken and not answered")
        for answer in answers:
            self.assertIn(answer.code, (Code.OK, Code.UNAVAILABLE, Code.CANCELLED), answer.details)

    def test_sigint_is_the_same(self):
        sidecar = self.sidecar().start()
        sidecar._process.send_signal(signal.SIGINT)
        self.assertEqual(sidecar.wait(), 0)
        self.assertEqual(Log(sidecar.directory).entries[-1].type, "close")

    def test_terminated_while_starting(self):
        """At any time: it ends by itself, with its log closed or not begun."""
        sidecar = self.sidecar()
        for _ in range(5):
            sidecar.launch()
            sidecar.terminate()
            self.assertIn(sidecar.wait(), (0, -signal.SIGTERM))
        self.assertServes(sidecar.start())
        sidecar.stop()
        check(sidecar.directory)


class Restart(Life):
    def test_the_same_epoch_goes_on(self):
        sidecar = self.sidecar()
        for run in range(3):
            self.assertServes(sidecar.start())
            sidecar.stop()
            check(sidecar.directory)
            log = Log(sidecar.directory)
            self.assertEqual({entry.origin for entry in log.entries}, {f"{ORIGIN}/{UID}/0001"})
            self.assertEqual([entry.index for entry in log.entries], list(range(len(log.entries))))
            opened = [entry.type for entry in log.of("open", "ruleset", "close")]
            self.assertEqual(opened, ["open", "ruleset", "close"] * (run + 1))
        times = [entry["time"] for entry in log.entries]
        self.assertEqual(times, sorted(times))

    def test_open_says_what_was_in_force(self):
        sidecar = self.sidecar().start()
        opened = Log(sidecar.directory).entries[0]
        self.assertEqual((opened.type, opened["origin"], opened["durability"], opened["retain"]),
                         ("open", f"{ORIGIN}/{UID}/0001", "disk", "forever"))
        self.assertIn(f"upstream = {self.recommender.address}", opened["configuration"].replace('"', ""))
        self.assertTrue(opened["versions"])
        with open(sidecar.subject_key, encoding="ascii") as file:
            self.assertNotIn(file.read().strip(), opened.leaf)

    def test_a_checkpoint_line_is_said_at_the_end(self):
        """So that it lies in the operator's own logs."""
        sidecar = self.sidecar().start()
        self.assertServes(sidecar)
        sidecar.stop()
        (line,) = [line["text"] for line in sidecar.lines if line["event"] == "checkpoint"][-1:]
        with open(os.path.join(sidecar.directory, "0001", "checkpoint"), encoding="utf-8") as file:
            note = file.read()
        self.assertIn(note.splitlines()[2], line, "the root hash")


if __name__ == "__main__":
    harness.main()

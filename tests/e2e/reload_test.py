# SPDX-License-Identifier: Apache-2.0
"""Reload and the control socket: new rules come into force between two calls, whatever is refused leaves the
last good ones, calls in flight end under the rules that they began with, and the log tells it all."""
import json
import os
import signal
import socket
import stat
import threading

import grpc

import harness
import rules_kit
from auditlog import Log, check
from client import Client, value
from harness import RANK
from messages import item, parsed, prompt, request, response
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, Refused, Sidecar, rules_text, until

Code = grpc.StatusCode
REQUEST = request(CLEAR + "session")
RULES_OF = "rankguard-rules"


def bounded(rule_id, limit=0.2):
    return rules_text(f'{{ id = "{rule_id}"; kind = "score_bound"; max_absolute = {limit}; reason = "Not far."; }}')


class Reload(harness.Case):
    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.recommender.on(RANK, reply(response([item("a", 0.9, 0.4)])))
        self.control = f"unix:{self.home.path('control.sock')}"

    def sidecar(self, rules=bounded("first"), options=None):
        options = options or {}
        options.setdefault("admin", {"control": self.control})
        sidecar = Sidecar(self.home.folder, self.recommender.address, rules, options)
        self.addCleanup(sidecar.stop)
        return sidecar.start()

    def verb(self, sidecar, name):
        return harness.run("rankguard", name, "--config", sidecar.config)

    def named(self, sidecar):
        """The rule that one call's trailing metadata name."""
        with Client(sidecar.address) as caller:
            answer = caller.call(RANK, REQUEST)
        self.assertEqual(answer.code, Code.OK, answer.details)
        return value(answer.trailing, RULES_OF)

    def assertReloads(self, sidecar, text="in force"):
        result = self.verb(sidecar, "reload")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(text, result.stdout)
        return result.stdout

    def assertKept(self, sidecar, why):
        result = self.verb(sidecar, "reload")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(why, result.stdout)
        self.assertIn("stays in force", result.stdout)
        self.assertEqual(sidecar.metric("rankguard_ruleset_reload_failed"), 1)
        return result.stdout

    def replace(self, sidecar, rules):
        """As an editor does: a file of its own, then renamed over the old one; two at the same instant do not
        show a half."""
        with open(sidecar.rules + "~", "w", encoding="utf-8") as file:
            file.write(rules)
        os.rename(sidecar.rules + "~", sidecar.rules)


class Rules(Reload):
    def test_the_verb(self):
        sidecar = self.sidecar()
        self.assertEqual(self.named(sidecar), "first")
        self.replace(sidecar, bounded("second"))
        self.assertReloads(sidecar)
        self.assertEqual(self.named(sidecar), "second")
        sidecar.stop()
        check(sidecar.directory)
        digests = [entry["digest"] for entry in Log(sidecar.directory).of("ruleset")]
        self.assertEqual(len(set(digests)), 2, "both texts are in the log")
        decided = [entry["ruleset"] for entry in Log(sidecar.directory).of("decision")]
        self.assertEqual(decided, digests, "each decision names the one that it was made by")

    def test_a_signal(self):
        sidecar = self.sidecar()
        self.replace(sidecar, bounded("second"))
        os.kill(sidecar.pid, signal.SIGHUP)
        self.assertTrue(sidecar.said("reload", "in force"))
        self.assertEqual(self.named(sidecar), "second")

    def test_a_changed_file_alone(self):
        sidecar = self.sidecar()
        self.replace(sidecar, bounded("second"))
        self.assertTrue(sidecar.said("reload", "in force"))
        self.assertEqual(self.named(sidecar), "second")

    def test_a_mounted_configmap(self):
        """rules -> ..data/rules.cfg; the kubelet makes a new folder and renames the link ..data onto it."""
        mount = self.home.path("mount")
        for name, rule in (("..one", "first"), ("..two", "second")):
            self.write(os.path.join("mount", name, "rules.cfg"), bounded(rule))
        os.symlink("..one", os.path.join(mount, "..data"))
        os.symlink("..data/rules.cfg", os.path.join(mount, "rules.cfg"))
        sidecar = self.sidecar(options={"rules": mount})
        self.assertEqual(self.named(sidecar), "first")
        os.symlink("..two", os.path.join(mount, "..next"))
        os.rename(os.path.join(mount, "..next"), os.path.join(mount, "..data"))
        self.assertTrue(sidecar.said("reload", "in force"))
        self.assertEqual(self.named(sidecar), "second")

    def test_nothing_changed(self):
        sidecar = self.sidecar()
        self.assertReloads(sidecar, "nothing has changed")
        sidecar.stop()
        self.assertEqual(len(Log(sidecar.directory).of("ruleset")), 1)

    def test_a_typo_keeps_the_last_good_rules(self):
        sidecar = self.sidecar()
        self.replace(sidecar, bounded("second").replace("max_absolute", "max_absolut"))
        said = self.assertKept(sidecar, "max_absolut")
        self.assertIn(f"{os.path.basename(sidecar.rules)}:3", said)
        self.assertEqual(self.named(sidecar), "first")
        self.replace(sidecar, bounded("third"))
        self.assertReloads(sidecar)
        self.assertEqual(sidecar.metric("rankguard_ruleset_reload_failed"), 0)
        self.assertEqual(self.named(sidecar), "third")
        sidecar.stop()
        check(sidecar.directory)
        (failure, *_) = Log(sidecar.directory).of("failure")
        self.assertEqual((failure["class"], failure["effect"]), ("reload", "kept"))
        self.assertIn("max_absolut", failure["reason"])

    def test_removed_rules_keep_the_last_good_ones(self):
        sidecar = self.sidecar()
        os.unlink(sidecar.rules)
        self.assertKept(sidecar, "No such file")
        self.assertEqual(self.named(sidecar), "first")

    def test_a_call_in_flight_ends_under_its_own_rules(self):
        sidecar = self.sidecar()
        gate = Gate()
        self.recommender.on(RANK, reply(response([item("a", 0.9, 0.4)]), gate=gate))
        with Client(sidecar.address) as caller:
            call = caller.start(RANK, REQUEST)
            gate.wait_for(1)
            self.replace(sidecar, bounded("second"))
            self.assertReloads(sidecar)
            gate.open()
            self.assertEqual(value([(k, v) for k, v in call.trailing_metadata()], RULES_OF), "first")
        self.recommender.on(RANK, reply(response([item("a", 0.9, 0.4)])))
        self.assertEqual(self.named(sidecar), "second")

    def test_a_cap_goes_on_over_a_reload(self):
        """What was delivered under the old rules counts under the new ones."""
        self.recommender.on(RANK, reply(response(prompts=[prompt("p")])))
        sidecar = self.sidecar(rules_text(rules_kit.cap(1)))

        def shown():
            with Client(sidecar.address) as caller:
                return len(parsed(caller.call(RANK, REQUEST).messages[0]).prompts)

        self.assertEqual((shown(), shown()), (1, 0))
        self.replace(sidecar, rules_text(rules_kit.cap(2)))
        self.assertReloads(sidecar)
        self.assertEqual((shown(), shown()), (1, 0))

    def test_under_load_no_call_is_lost(self):
        sidecar = self.sidecar()
        answers, over = [], threading.Event()

        def call():
            with Client(sidecar.address) as caller:
                while not over.is_set():
                    answers.append(caller.call(RANK, REQUEST))

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        for turn in range(20):
            self.replace(sidecar, bounded(f"turn-{turn}"))
            self.assertReloads(sidecar)
        over.set()
        for caller in callers:
            caller.join()
        self.assertEqual({answer.code for answer in answers}, {Code.OK})
        sidecar.stop()
        check(sidecar.directory)
        log = Log(sidecar.directory)
        name_of = {}
        for entry in log.of("ruleset"):
            name_of[entry["digest"]] = entry["sources"][0]["text"]
        for entry in log.of("decision"):
            self.assertIn(f'"{entry["interventions"][0]["rule"]}"', name_of[entry["ruleset"]])


class Options(Reload):
    def change(self, sidecar, **options):
        sidecar.options.update(options)
        sidecar.write_config()

    def test_a_limit(self):
        sidecar = self.sidecar()
        self.change(sidecar, limits={"items": 1}, failure={"undecodable": "closed"})
        self.assertReloads(sidecar)
        self.recommender.on(RANK, reply(response([item("a", 0.9, 0.4), item("b", 0.9, 0.4)])))
        with Client(sidecar.address) as caller:
            self.assertEqual(caller.call(RANK, REQUEST).code, Code.INTERNAL)
        sidecar.stop()
        first, second = Log(sidecar.directory).of("ruleset")
        self.assertIsNone(first["configuration"])
        self.assertIn("limits.items = 1\n", second["configuration"])

    def test_what_takes_a_restart(self):
        sidecar = self.sidecar()
        self.change(sidecar, workers=3)
        line = 1 + list(sidecar.options).index("workers")
        self.assertKept(sidecar, f"{sidecar.config}:{line}: workers: changed from 2 to 3, which takes a restart; "
                                 "put it back, or restart\n")
        self.assertEqual(self.named(sidecar), "first")

    def test_a_broken_file(self):
        sidecar = self.sidecar()
        self.write(sidecar.config, "listen = [;")
        result = harness.run("rankguard", "reload", "--config", sidecar.config)
        self.assertEqual(result.returncode, 1, "the verb cannot find the socket in it")
        os.kill(sidecar.pid, signal.SIGHUP)
        self.assertTrue(sidecar.said("reload", "stays in force"))
        self.assertEqual(self.named(sidecar), "first")

    def test_a_longer_window_than_history_was_kept(self):
        """Events may have been forgotten: a cap over them could be exceeded. Here nothing was yet."""
        sidecar = self.sidecar(rules_text(rules_kit.cap(1)))
        self.replace(sidecar, rules_text(rules_kit.cap(1).replace("24h", "30d")))
        self.assertReloads(sidecar)


class Switch(Reload):
    """The global observe switch, turned while calls are taken."""

    def modes(self, sidecar):
        sidecar.stop()
        check(sidecar.directory)
        return [(entry["mode"], entry["by"], entry["cause"]) for entry in Log(sidecar.directory).of("mode")]

    def turn(self, sidecar, verb, *arguments):
        return harness.run("rankguard", verb, "--config", sidecar.config, *arguments)

    def test_by_hand(self):
        sidecar = self.sidecar()
        end = until(3600)
        result = self.turn(sidecar, "observe", "--until", end, "--by", "ann of the night shift")
        self.assertEqual((result.returncode, result.stdout), (0, f"no rule is enforced until {end}\n"))
        self.assertIsNone(self.named(sidecar))
        status = json.loads(self.verb(sidecar, "status").stdout)["mode"]
        self.assertEqual((status["mode"], status["by"]), ("observe", "ann of the night shift"))
        result = self.turn(sidecar, "enforce", "--by", "bob")
        self.assertEqual((result.returncode, result.stdout), (0, "rules are enforced\n"))
        self.assertEqual(self.named(sidecar), "first")
        self.assertEqual(self.modes(sidecar), [("enforce", None, "start"), ("observe", "ann of the night shift", "control"),
                                               ("enforce", "bob", "control")])

    def test_what_is_refused(self):
        sidecar = self.sidecar()
        for arguments, code, why in (
                (("--until", "tomorrow", "--by", "ann"), 1, "is not a time"),
                (("--until", "2020-01-01T00:00:00Z", "--by", "ann"), 1, "has passed"),
                (("--until", "2120-01-01T00:00:00Z", "--by", "ann"), 1, "more than 30 days ahead"),
                (("--until", until(3600), "--by", " "), 1, "observe_by"),
                (("--until", until(3600), "--by", "ann\ndrain"), 3, "leave the line break out"),
                (("--until", until(3600)), 2, "--by WHO are needed"),
                (("--by", "ann"), 2, "--until TIME")):
            with self.subTest(arguments=arguments):
                result = self.turn(sidecar, "observe", *arguments)
                self.assertEqual(result.returncode, code)
                self.assertIn(why, result.stdout + result.stderr)
        self.assertEqual(self.named(sidecar), "first")
        self.assertEqual(self.modes(sidecar), [("enforce", None, "start")])

    def test_by_the_configuration(self):
        sidecar = self.sidecar()
        sidecar.options.update(mode="observe", observe_until=until(3600), observe_by="ann")
        sidecar.write_config()
        self.assertReloads(sidecar)
        self.assertIsNone(self.named(sidecar))
        for key in ("mode", "observe_until", "observe_by"):
            del sidecar.options[key]
        sidecar.write_config()
        self.assertReloads(sidecar)
        self.assertEqual(self.named(sidecar), "first")
        self.assertEqual(self.modes(sidecar),
                         [("enforce", None, "start"), ("observe", "ann", "reload"), ("enforce", None, "reload")])

    def test_a_reload_of_rules_leaves_the_switch_alone(self):
        sidecar = self.sidecar()
        self.assertEqual(self.turn(sidecar, "observe", "--until", until(3600), "--by", "ann").returncode, 0)
        self.replace(sidecar, bounded("second"))
        self.assertReloads(sidecar)
        self.assertIsNone(self.named(sidecar))

    def test_a_start_after_the_end_enforces(self):
        """A restart after the trial must not be an outage."""
        sidecar = self.sidecar(options={"mode": "observe", "observe_until": "2020-01-01T00:00:00Z", "observe_by": "ann"})
        self.assertTrue(sidecar.said("check", "2020-01-01T00:00:00Z has passed"))
        self.assertEqual(self.named(sidecar), "first")
        self.assertEqual(self.modes(sidecar), [("enforce", None, "start")])


class Control(Reload):
    def test_status(self):
        sidecar = self.sidecar()
        result = self.verb(sidecar, "status")
        self.assertEqual(result.returncode, 0, result.stderr)
        status = json.loads(result.stdout)
        self.assertEqual(status["ruleset"]["rules"], 1)
        self.assertTrue(status["audit"]["origin"].startswith("example.org/e2e/"))
        self.assertIn("workers = 2", status["options_fixed"])
        self.assertEqual(json.loads(sidecar.admin("/status")[1])["ruleset"], status["ruleset"])

    def test_ready(self):
        sidecar = self.sidecar()
        sidecar.said("upstream", "is reachable")
        result = self.verb(sidecar, "ready")
        self.assertEqual((result.returncode, result.stdout), (0, "ready\n"))
        self.recommender.stop()
        sidecar.said("upstream", "is not reachable")
        result = self.verb(sidecar, "ready")
        self.assertEqual((result.returncode, result.stdout),
                         (1, f"upstream {self.recommender.address} not reachable\n"))

    def test_drain_ends_it(self):
        sidecar = self.sidecar()
        result = self.verb(sidecar, "drain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sidecar.wait(), 0)
        check(sidecar.directory)
        self.assertFalse(os.path.exists(self.home.path("control.sock")))

    def test_the_socket_is_the_owners_alone(self):
        self.sidecar()
        self.assertEqual(stat.S_IMODE(os.stat(self.home.path("control.sock")).st_mode), 0o600)

    def ask(self, content):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self.home.path("control.sock"))
            peer.sendall(content)
            peer.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: peer.recv(4096), b""))

    def test_questions_that_are_none(self):
        sidecar = self.sidecar()
        unknown = b"no\nthis is not a question; there are status ready reload observe enforce drain\n"
        none = b"no\nno question came; write one line of less than 1024 bytes\n"
        for content, expected in ((b"stop\n", unknown), (b"reload now\n", unknown), (b"\n", unknown),
                                  (b"reload", none), (b"", none), (b"x" * 2000, none)):
            with self.subTest(content=content[:20]):
                self.assertEqual(self.ask(content), expected)
        self.assertEqual(self.named(sidecar), "first")

    def test_a_peer_that_says_nothing_holds_nothing_up(self):
        sidecar = self.sidecar()
        with socket.socket(socket.AF_UNIX) as dawdler:
            dawdler.connect(self.home.path("control.sock"))
            self.assertReloads(sidecar, "nothing has changed")

    def test_another_user_is_turned_away(self):
        sidecar = self.sidecar()
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.home.folder, 0o755)
        os.chmod(self.home.path("control.sock"), 0o666)
        answer, child = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                os.setuid(65534)
                child.sendall(self.ask(b"drain\n"))
            finally:
                os._exit(0)
        child.close()
        os.waitpid(pid, 0)
        self.assertEqual(answer.recv(4096), b"no\nthis user may not; ask as the user that the daemon runs as\n")
        answer.close()
        self.assertEqual(self.named(sidecar), "first")

    def test_nobody_answers(self):
        sidecar = self.sidecar()
        sidecar.stop()
        result = self.verb(sidecar, "status")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stderr, f"rankguard: {self.control}: No such file or directory; is the daemon "
                                        "running, and is this its admin.control?\n")

    def test_no_socket_is_configured(self):
        sidecar = self.sidecar(options={"admin": {"http": "127.0.0.1:0"}})
        result = self.verb(sidecar, "status")
        self.assertEqual(result.returncode, 3)
        self.assertIn("admin.control is not set", result.stderr)

    def test_a_socket_in_use(self):
        self.sidecar()
        second = Sidecar(self.home.folder, self.recommender.address, bounded("x"),
                         {"admin": {"control": self.control}}, name="second")
        self.addCleanup(second.stop)
        with self.assertRaises(Refused):
            second.start()
        self.assertIn(f"admin.control {self.control}: the address is in use", second.errors()[0])
        self.assertTrue(os.path.exists(self.home.path("control.sock")), "it is the first one's")


if __name__ == "__main__":
    harness.main()

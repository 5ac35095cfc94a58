# SPDX-License-Identifier: Apache-2.0
"""The sidecar as a process: configuration written, started, watched through its stderr, ended.

    sidecar = Sidecar(folder, upstream="unix:...", rules=RULES)
    sidecar.start()                  # returns when it is ready
    sidecar.stop()                   # SIGTERM; exit code 0, no sanitizer report, no id in clear

Every user and session id that tests send begins with `clear-`: stop() looks for that word in all that the
sidecar wrote.
"""
import datetime
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import harness

CLEAR = "clear-"
ORIGIN = "example.org/e2e"
UID = "pod-1"

RULES_HEAD = 'format = 1; name = "e2e"; version = "1"; owner = "tests";\n'

# Lines of the sanitizers' reports.
REPORT = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


class Literal(str):
    """Configuration text that is written as it stands."""


def setting(value):
    """A value in libconfig's syntax."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {setting(one)};" for key, one in value.items()) + " }"
    return "[ " + ", ".join(setting(one) for one in value) + " ]"


def rules_text(*rules, texts=()):
    """A rule file of rules (and texts) given as libconfig groups."""
    return (RULES_HEAD + "rules = (\n  " + ",\n  ".join(rules) + "\n);\n" +
            "texts = (\n  " + ",\n  ".join(texts) + "\n);\n")


def until(seconds):
    """So many seconds from now, in RFC 3339."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return then.isoformat()


def merged(base, more):
    """Groups are merged, other values replaced; None takes a key away."""
    result = dict(base)
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


class Refused(Exception):
    """serve ended instead of getting ready."""

    def __init__(self, sidecar):
        super().__init__(f"exit code {sidecar.code}: {sidecar.errors()}\n{sidecar.noise}")
        self.code = sidecar.code


class Sidecar:
    """`options` are merged over the configuration that all tests begin with."""

    def __init__(self, folder, upstream, rules, options=None, name="sidecar", command=()):
        self.folder = os.path.join(folder, name)
        self.command = list(command)  # stands before the program: setpriv, for example
        self.rules = os.path.join(self.folder, "rules.cfg")
        self.socket = os.path.join(self.folder, "app.sock")
        self.address = f"unix:{self.socket}"
        self.directory = os.path.join(self.folder, "audit")
        os.makedirs(self.directory)
        self.config = os.path.join(self.folder, "rankguard.cfg")
        self.subject_key = os.path.join(self.folder, "subject.key")
        with open(self.subject_key, "w", encoding="ascii") as file:
            file.write("5a" * 32 + "\n")
        os.chmod(self.subject_key, 0o400)
        self.options = merged({
            "listen": [self.address],
            "upstream": upstream,
            "rules": self.rules,
            "identity": {"uid": UID},
            "audit": {"directory": self.directory, "origin": ORIGIN, "subject_key": self.subject_key,
                      "publish": "100ms"},
            "drain": {"delay": "0s", "grace": "60s"},
            "admin": {"http": "127.0.0.1:0"},
        }, options or {})
        self.directory = self.options["audit"].get("directory", self.directory)
        self.write_rules(rules)
        self.write_config()
        self._reset()

    def write_rules(self, text):
        with open(self.rules, "w", encoding="utf-8") as file:
            file.write(text)

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            if "sandbox" not in self.options:  # a system call that is missing from the list fails the test
                file.write('sandbox = "kill"; ')  # on the first line: tests count lines from there
            file.writelines(f"{key} = {setting(value)};\n" for key, value in self.options.items())

    def _reset(self):
        self.code = None
        self.lines = []  # stderr: objects of one line each
        self.noise = []  # stderr: what is not such an object
        self._changed = threading.Condition()
        self._process = self._reader = None

    # ---- life ----

    def launch(self):
        """Starts the process and waits for nothing."""
        self._reset()
        self._process = subprocess.Popen(
            [*self.command, harness.program("rankguard"), "serve", "--config", self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def start(self):
        """Returns self when the sidecar serves; raises Refused when it ends instead."""
        self.launch()
        if not self.said("ready"):
            self._over()
            raise Refused(self)
        return self

    def _read(self, stderr):
        with stderr:
            for raw in stderr:
                line = raw.decode("utf-8", "surrogateescape").rstrip("\n")
                with self._changed:
                    try:
                        parsed = json.loads(line)
                        assert set(parsed) == {"time", "level", "event", "text"}
                        self.lines.append(parsed)
                    except (ValueError, AssertionError, TypeError):
                        self.noise.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def said(self, event, text="", since=0):
        """Waits until an event with this text inside was said, behind the first `since` lines. False: the
        process ended without it."""

        def there():
            return any(line["event"] == event and text in line["text"] for line in self.lines[since:])

        with self._changed:
            done = self._changed.wait_for(lambda: there() or not self._reader.is_alive() or self._ended(),
                                          harness.GUARD_S)
            assert done, f"{event} was not said within {harness.GUARD_S} s: {self.lines}"
        if there():
            return True
        self._reader.join(harness.GUARD_S)
        return there()

    def _ended(self):
        return self._process.poll() is not None

    def _over(self):
        self.code = self._process.wait(harness.GUARD_S)
        self._reader.join(harness.GUARD_S)

    def errors(self):
        """The texts of all error lines."""
        return [line["text"] for line in self.lines if line["level"] == "error"]

    def terminate(self):
        self._process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits for the end and checks what every end must satisfy. Returns the exit code."""
        self._over()
        assert not self.noise, "stderr holds what is not a line of the log:\n" + "\n".join(self.noise)
        self.check_no_id()
        return self.code

    def stop(self):
        """Ends it by SIGTERM. Does nothing when it does not run."""
        if self.code is not None or self._process is None:
            return
        self.terminate()
        code = self.wait()
        assert code == 0, f"exit code {code}: {self.errors()}"

    def kill(self):
        """kill -9: nothing is flushed, nothing is closed."""
        self._process.kill()
        self._over()
        assert not any(REPORT.search(line) for line in self.noise), "\n".join(self.noise)

    @property
    def pid(self):
        return self._process.pid

    # ---- what it wrote ----

    def check_no_id(self):
        """No id of a user or session stands in clear on stderr or in any file of the sidecar: log, history."""
        word = CLEAR.encode()
        text = "\n".join([json.dumps(line) for line in self.lines] + self.noise)
        assert CLEAR not in text, f"stderr names an id:\n{text}"
        for folder, _, files in itertools.chain(os.walk(self.folder), os.walk(self.directory)):
            for name in files:
                path = os.path.join(folder, name)
                assert CLEAR not in name, f"{path} names an id"
                try:
                    with open(path, "rb") as file:
                        found = word in file.read()
                except OSError:
                    continue  # removed by the publisher meanwhile
                assert not found, f"{path} holds an id in clear"

    # ---- admin ----

    def admin(self, path):
        """GET: (status, body)."""
        url = f"http://127.0.0.1:{self._admin_port()}{path}"
        try:
            with urllib.request.urlopen(url, timeout=harness.GUARD_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name, **labels):
        """The value of one sample; None when there is no such sample."""
        for line in self.admin("/metrics")[1].splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if not match or match[1] != name:
                continue
            if dict(re.findall(r'(\w+)="([^"]*)"', match[2] or "")) == labels:
                return float(match[3])
        return None

    def settled(self):
        """Returns when no call is in flight: none hangs behind what its application saw."""
        until = time.monotonic() + harness.GUARD_S
        while self.metric("rankguard_in_flight") != 0:
            assert time.monotonic() < until, "calls stay in flight"

    def failures(self, kind, effect="closed"):
        return self.metric("rankguard_failures_total", **{"class": kind, "effect": effect})

    def _admin_port(self):
        """The port that the process says: the configuration asked for any free one."""
        (said,) = [line["text"] for line in self.lines if line["event"] == "admin"]
        return int(said.rsplit(" ", 1)[1])

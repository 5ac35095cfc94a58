# SPDX-License-Identifier: Apache-2.0
"""What the tests of rankguard-audit's verbs share: a folder of their own, the tool and its answers, logs by script."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile

WRITER, TOOL = sys.argv[1:3]
TOP = tempfile.mkdtemp(prefix="rankguard-audit-")
KEY = os.path.join(TOP, "key")
SUBJECT = os.path.join(TOP, "subject.key")
METHOD = "/shop.Ranker/Rank"


def path(name):
    return os.path.join(TOP, name)


def tool(*args, stdin=None):
    done = subprocess.run([TOOL] + list(args), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect(code, stdout, stderr, *args, stdin=None):
    """Exit code and texts; None means anything, a trailing ... means a beginning."""
    got = tool(*args, stdin=stdin)
    for want, is_, what in ((code, got[0], "exit code"), (stdout, got[1], "stdout"), (stderr, got[2], "stderr")):
        if isinstance(want, str) and want.endswith("..."):
            good = is_.startswith(want[:-3])
        else:
            good = want is None or want == is_
        assert good, "%s: %s is %r, want %r" % (" ".join(args), what, is_, want)
    return got[1]


def lines(*args):
    """The answer of a verb with --json, line by line."""
    code, out, err = tool(*args, "--json")
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def pseudonym(kind, name):
    """HMAC-SHA-256, as audit/pseudonym.h says, by other means."""
    key = bytes.fromhex(open(SUBJECT).read().strip())
    return hmac.new(key, kind.encode() + b"\0" + name.encode(), hashlib.sha256).hexdigest()[:32]


def digest(files):
    """Of a ruleset, as rules/source.h says, by other means."""
    sha = hashlib.sha256()
    for name, text in files:
        sha.update(("%s\n%d\n" % (name, len(text.encode()))).encode() + text.encode())
    return "sha256:" + sha.hexdigest()


def value_json(value):
    """JSON as a log writes it: shortest escapes, no blanks."""
    if isinstance(value, str):
        return '"%s"' % "".join("\\" + c if c in '"\\' else "\\n" if c == "\n" else
                                "\\u%04x" % ord(c) if c < " " or c == "\x7f" else c for c in value)
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (value_json(k), value_json(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(value_json(v) for v in value)
    return json.dumps(value)


def members(pairs):
    return "".join(",%s:%s" % (value_json(k), value_json(v)) for k, v in pairs if v is not None)


def entry(kind, *pairs):
    """One line of a script."""
    return (kind + " " + members(pairs)).strip()


def intervention(rule, action, before=1.0, after=0.5, **more):
    told = {"rule": rule, "file": "rules.cfg", "line": 1, "kind": "score_bound", "mode": "enforce", "action": action,
            "verdict": "exceeded", "would": False, "unsatisfied": False, "reason": "because", "target": "item",
            "ids": ["i"], "before": [before], "after": [after]}
    told.update(more)
    return told


def decision(user=None, session=None, locale=None, method=METHOD, interventions=()):
    return entry("decision", ("method", method), ("ruleset", "sha256:0"),
                 ("session", session and pseudonym("session", session)), ("user", user and pseudonym("user", user)),
                 ("locale", locale), ("items", 1), ("prompts", 0), ("rejected", False), ("global_mode", "enforce"),
                 ("interventions", list(interventions)))


def delivered(user, kind="pause"):
    return entry("delivered", ("method", METHOD), ("ruleset", "sha256:0"), ("user", pseudonym("user", user)),
                 ("kind", kind), ("prompt_id", "p"))


def tally(start, end, *rules):
    """rules: (id, within, exceeded, would, unknown)"""
    return entry("tally", ("from", start), ("to", end), ("calls", 9), ("governed", 9), ("changed", 1), ("rejected", 0),
                 ("prompts_proposed", 1), ("prompts_delivered", 1),
                 ("rules", [dict(zip(("rule", "within", "exceeded", "would", "unknown"), rule)) for rule in rules]))


def ruleset(name, version, files):
    return entry("ruleset", ("name", name), ("version", version), ("digest", digest(files)),
                 ("sources", [{"name": n, "text": t} for n, t in files]))


def write(log, *script, identity="pod-a"):
    """One run of the log's writer."""
    os.makedirs(log, exist_ok=True)
    done = subprocess.run([WRITER, log, KEY, identity], input=("\n".join(script) + "\n").encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode()


def vkey(epoch):
    return open(os.path.join(epoch, "log.id")).read().split("\n")[2]


def public(epoch):
    return "PUB:" + base64.b64encode(base64.b64decode(vkey(epoch).split("+", 2)[2])[1:]).decode()


def main(*tests):
    try:
        assert tool("keygen", KEY)[0] == 0 and tool("keygen", "--subject", SUBJECT)[0] == 0
        for test in tests:
            test()
            print("ok", test.__name__)
    finally:
        shutil.rmtree(TOP)

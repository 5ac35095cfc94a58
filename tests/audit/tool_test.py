#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_test.py WRITER TOOL: rankguard-audit as its users meet it: answers, words and exit codes."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

WRITER, TOOL = sys.argv[1:3]
top = tempfile.mkdtemp(prefix="rankguard-tool-")
key, log = os.path.join(top, "key"), os.path.join(top, "log")


def tool(*args):
    done = subprocess.run([TOOL] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def expect(code, stdout, stderr, *args):
    """Exit code and texts; None means anything, a trailing ... means a beginning."""
    got = tool(*args)
    for want, is_, what in ((code, got[0], "exit code"), (stdout, got[1], "stdout"), (stderr, got[2], "stderr")):
        if isinstance(want, str) and want.endswith("..."):
            good = is_.startswith(want[:-3])
        else:
            good = want is None or want == is_
        assert good, "%s: %s is %r, want %r" % (" ".join(args), what, is_, want)


def keygen():
    code, vkey, _ = tool("keygen", key)
    assert code == 0 and vkey.startswith("rankguard+") and os.stat(key).st_mode & 0o777 == 0o400
    expect(3, "", "rankguard-audit: %s: exists already; a key is never overwritten, name another file\n" % key, "keygen", key)
    expect(3, "", "rankguard-audit: /not/there: cannot be made: No such file or directory\n", "keygen", "/not/there")
    subject = os.path.join(top, "subject")
    expect(0, "", None, "keygen", "--subject", subject)
    text = open(subject).read()
    assert len(text) == 65 and text[64] == "\n" and set(text[:64]) <= set("0123456789abcdef")
    code, answer, _ = tool("keygen", "--json", "--name", "example.org/a", os.path.join(top, "k2"))
    assert json.loads(answer)["vkey"].startswith("example.org/a+")
    return vkey.strip()


def usage():
    expect(2, "", "rankguard-audit reads and verifies...")
    expect(0, "rankguard-audit reads and verifies...", "", "--help")
    expect(0, "rankguard-audit ...", "", "--version")
    expect(2, "", "rankguard-audit: \"frob\" is not a verb...", "frob")
    for verb in ("keygen", "verify", "show", "tail", "export", "query"):
        expect(0, "usage: rankguard-audit %s ..." % verb, "", verb, "--help")
        expect(2, "", None, verb)
        expect(2, "", None, verb, "--frob", log)
    expect(2, "", "rankguard-audit export: \"xml\" is not a format; jsonl, csv, sqlite and html are...", "export", "--format", "xml", log)
    expect(2, "", "rankguard-audit show: \"x1\" is not an index; write 12, 0001/12 or a whole receipt...", "show", log, "x1")
    expect(2, "", "rankguard-audit tail: -n: \"-3\" is not a number of entries...", "tail", "-n", "-3", log)
    expect(2, "", "rankguard-audit: --key: verifier key: too short...", "verify", "--key", "x", log)
    expect(3, "", "rankguard-audit: /not/there: cannot be read: No such file or directory\n", "verify", "/not/there")
    expect(3, "", "rankguard-audit: %s: holds no log; name the directory that holds 0001, or an epoch itself\n" % top, "verify", top)


def write(count):
    done = subprocess.run([WRITER, log, key, "1", "count=%d" % count], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def answers(vkey, talk):
    held = os.path.join(top, "stderr")
    open(held, "w").write(talk)
    public = "PUB:" + __import__("base64").b64encode(__import__("base64").b64decode(vkey.split("+", 2)[2])[1:]).decode()
    for path in (log, log + "/0001"):
        for args in ([], ["--strict"], ["--key", vkey], ["--key", public], ["--checkpoints", held]):
            code, said, _ = tool("verify", *args, path)
            assert code == 0 and said.endswith("verdict  sound\n"), said
    other = tool("keygen", os.path.join(top, "other"))[1].strip()
    expect(1, "finding: 0001/log.id: the log's key example.org/crash/host/0001 is none of those given\n...", "", "verify", "--key", other, log)
    lines = [json.loads(line) for line in tool("verify", "--json", "--strict", log)[1].splitlines()]
    assert lines[0]["epoch"] == 1 and lines[0]["findings"] == 0 and lines[0]["signed"] == 302
    expect(0, "receipt  example.org/crash/host/0001/5\nstate    under the checkpoint of 302 entries\n...", "", "show", log, "5")
    expect(0, None, "", "show", log, "0001/5")
    expect(0, None, "", "show", log, "example.org/crash/host/0001/5")
    assert json.loads(tool("show", "--json", log, "5")[1])["entry"]["type"] == "signal"
    expect(1, "", "rankguard-audit: example.org/crash/host/0001 has no entry 302; 302 are signed\n", "show", log, "302")
    expect(1, "", "rankguard-audit: %s: has no epoch 0009\n" % log, "show", log, "0009/1")
    assert [line.split(" ")[0] for line in tool("tail", "-n", "2", log)[1].splitlines()] == ["300", "301"]
    code, lines, talk = tool("export", "--format", "jsonl", log)
    assert code == 0 and lines.count("\n") == 302 and "302 entries, root " in talk
    expect(0, "0001/301 {\"v\":1,\"type\":\"close\"...", "example.org/crash/host/0001: 1 of 302 entries match: 1 close (entries 301 to 301)\n", "query", "--type", "close", log)
    expect(0, "", "example.org/crash/host/0001: 0 of 302 entries match: none\n", "query", "--rule", "r", log)
    expect(2, "", "rankguard-audit query: --type: \"closed\" is not a type of entry; did you mean \"close\"?\n...", "query", "--type", "closed", log)
    out = os.path.join(top, "out.jsonl")
    expect(0, "", None, "export", "--format", "jsonl", "--output", out, log)
    assert open(out).read() == lines and [n for n in os.listdir(top) if n.startswith(".tmp")] == []
    expect(3, "", None, "export", "--format", "jsonl", "--output", "/not/there/x", log)
    with open("/dev/full", "w") as full:
        assert subprocess.run([TOOL, "export", "--format", "jsonl", log], stdout=full, stderr=subprocess.DEVNULL).returncode == 3
        assert subprocess.run([TOOL, "verify", log], stdout=full, stderr=subprocess.DEVNULL).returncode == 3
    return held


def tamper(held):
    """What is wrong is named, with its place."""
    bundle = os.path.join(log, "0001/tile/entries/000")
    good = open(bundle, "rb").read()
    os.chmod(bundle, 0o644)
    open(bundle, "wb").write(good.replace(b"n-77", b"n-78"))
    at = good.rindex(b"{\"v\":1", 0, good.index(b"n-77"))
    code, said, _ = tool("verify", log)
    want = "finding: 0001/tile/entries/000: byte %d: entry 77 is not the one that was signed\n" % at
    assert code == 1 and said.startswith(want) and "NOT SOUND: 1 finding\n" in said, said
    want = "finding: 0001/tile/0/000: byte 32: is not the hash of entry 1\n"
    tile = os.path.join(log, "0001/tile/0/000")
    open(bundle, "wb").write(good)
    hashes = open(tile, "rb").read()
    os.chmod(tile, 0o644)
    open(tile, "wb").write(hashes[:40] + bytes([hashes[40] ^ 1]) + hashes[41:])
    code, said, _ = tool("verify", log)
    assert code == 1 and said.startswith(want) and "NOT SOUND: 1 finding\n" in said, said
    open(tile, "wb").write(hashes)
    open(bundle, "wb").write(good.replace(b"n-77", b"n-78"))
    expect(1, None, None, "export", "--format", "jsonl", log)
    open(bundle, "wb").write(good)
    # An older state of the log, wholly sound, is shown up by what was kept elsewhere.
    shorter = os.path.join(top, "shorter")
    os.mkdir(shorter)
    done = subprocess.run([WRITER, shorter, key, "1", "count=5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0 and tool("verify", "--strict", shorter)[0] == 0
    code, said, _ = tool("verify", "--checkpoints", held, shorter)
    assert code == 1 and "a checkpoint of 302 entries was signed; this log has 7, so entries were cut off" in said, said
    # A whole epoch that is gone is shown up too.
    held_lines = open(held).read().replace("/0001 ", "/0002 ")
    open(held, "w").write(held_lines)
    code, said, _ = tool("verify", "--checkpoints", held, log)
    assert code == 1 and "a checkpoint of example.org/crash/host/0002; that epoch is not here" in said, said


def follow():
    out = open(os.path.join(top, "followed"), "w+")
    tail = subprocess.Popen([TOOL, "tail", "-f", "-n", "1", log], stdout=out)
    write(50)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        seen = open(out.name).read()
        if seen.count("\n") >= 53 and "\"close\"" in seen.splitlines()[-1]:
            break
        time.sleep(0.02)
    tail.terminate()
    tail.wait()
    indices = [int(line.split(" ")[0]) for line in seen.splitlines()]
    assert indices == list(range(301, 354)), indices


try:
    VKEY = keygen()
    usage()
    os.mkdir(log)
    TALK = write(300)
    tamper(answers(VKEY, TALK))
    follow()
finally:
    shutil.rmtree(top)

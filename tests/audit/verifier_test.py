#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verifier_test.py WRITER TOOL VERIFIER: a log of more than 65,536 entries and one of a few hundred are proven by a
program built from Debian's Go packages; copies that were tampered with are not."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

WRITER, TOOL, VERIFIER = sys.argv[1:4]


def prove(epoch, vkey):
    done = subprocess.run([VERIFIER, epoch, vkey], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def flip(path, at):
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def run(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout


def proofs(log, epoch, vkey, count):
    """Proofs of one entry are the same bytes from both programs, and each accepts them and refuses others'; the
    path of `consistency` is accepted too."""
    proof, entry = os.path.join(top, "proof"), os.path.join(top, "entry")
    for index in sorted({0, 1, count // 2, 255 if count > 255 else 0, count + 1}):
        assert run(TOOL, "prove", "--output", proof, "--entry", entry, log, str(index)) == (0, b"")
        assert run(VERIFIER, "prove", epoch, vkey, str(index)) == (0, open(proof, "rb").read())
        assert run(VERIFIER, "check-proof", proof, entry, vkey)[0] == 0
        assert run(TOOL, "check-proof", "--entry", entry, "--key", vkey, proof)[0] == 0
        with open(entry, "ab") as file:
            file.write(b" ")
        assert run(VERIFIER, "check-proof", proof, entry, vkey)[0] == 1
        assert run(TOOL, "check-proof", "--entry", entry, "--key", vkey, proof)[0] == 1
    held = [line for line in TALK.splitlines() if line.startswith(b"c checkpoint")]
    for line in held[::max(1, len(held) // 10)]:
        open(proof, "wb").write(line + b"\n")
        code, answer = run(TOOL, "consistency", "--json", "--key", vkey, log, proof)
        said = json.loads(answer)
        assert code == 0 and said["consistent"]
        args = [str(said["old_signed"]), said["old_root"], str(said["signed"]), said["root"]]
        assert run(VERIFIER, "check-growth", *args, *said["path"])[0] == 0
        wrong = args[:1] + [said["root"]] + args[2:]
        assert said["old_signed"] == said["signed"] or run(VERIFIER, "check-growth", *wrong, *said["path"])[0] == 1
    assert held


top = tempfile.mkdtemp(prefix="rankguard-verifier-")
try:
    key = os.path.join(top, "key")
    subprocess.run([TOOL, "keygen", key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for count in (1, 254, 300, 66000):
        log = os.path.join(top, str(count))
        os.mkdir(log)
        TALK = subprocess.run([WRITER, log, key, "1", "count=%d" % count], check=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE).stderr
        epoch = os.path.join(log, "0001")
        vkey = open(os.path.join(epoch, "log.id")).read().split("\n")[2]
        code, said = prove(epoch, vkey)
        assert code == 0 and said == "%d entries proven\n" % (count + 2), said
        print("%d: %s" % (count, said.strip()))
        # The lines of the export make the same root with plain SHA-256.
        import base64
        import hashlib
        lines = subprocess.run([TOOL, "export", "--format", "jsonl", log], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, check=True).stdout.split(b"\n")[:-1]
        row, stack = [hashlib.sha256(b"\0" + line).digest() for line in lines], []
        for i, node in enumerate(row):
            stack.append((1, node))
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                (width, right), (_, left) = stack.pop(), stack.pop()
                stack.append((2 * width, hashlib.sha256(b"\1" + left + right).digest()))
        root = stack.pop()[1]
        while stack:
            root = hashlib.sha256(b"\1" + stack.pop()[1] + root).digest()
        signed = open(os.path.join(epoch, "checkpoint")).read().split("\n")[2]
        assert base64.b64encode(root).decode() == signed

        proofs(log, epoch, vkey, count)
        # The controls: it must be able to say no.
        tampered = os.path.join(top, "tampered")
        for name, at in (("checkpoint", 3), ("checkpoint", len(vkey.split("+")[0]) + 1), ("tile", -1), ("entries", -1)):
            shutil.copytree(epoch, tampered)
            if name == "checkpoint":
                flip(os.path.join(tampered, "checkpoint"), at)
            else:
                below = os.path.join(tampered, "tile", "0" if name == "tile" else name)
                size = count + 2
                path = os.path.join(below, "000" if size >= 256 else "000.p/%d" % size)
                flip(path, os.path.getsize(path) - 5)
            code, said = prove(tampered, vkey)
            assert code == 1, "a changed %s was not noticed" % name
            strict = subprocess.run([TOOL, "verify", tampered], stdout=subprocess.PIPE)
            assert strict.returncode == 1
            shutil.rmtree(tampered)
finally:
    shutil.rmtree(top)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""repair_test.py WRITER TOOL: rankguard-audit repair as an operator meets it: words, exit codes, and nothing deleted."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

WRITER, TOOL = sys.argv[1:3]


def tool(*args):
    done = subprocess.run([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def digests(directory):
    """What every file below holds, whatever it is called."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                found[hashlib.sha256(file.read()).hexdigest()] = os.path.join(folder, name)
    return found


top = tempfile.mkdtemp(prefix="rankguard-repair-")
try:
    log, key = os.path.join(top, "log"), os.path.join(top, "key")
    os.mkdir(log)
    subprocess.run([TOOL, "keygen", key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    writer = subprocess.Popen([WRITER, log, key, "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for _ in range(2000):
        assert writer.stdout.readline()
    assert tool("repair", log) == (3, "", "rankguard-audit: %s: another process writes this log; stop it first, or give this "
                                          "one a directory of its own\n" % log)
    writer.kill()
    writer.stdout.read()
    writer.wait()
    whole = "%s: nothing is damaged; there is nothing to repair\n" % log
    assert tool("repair", log) == (0, whole, "")
    assert tool("repair", "--accept-gap", log) == (1, whole, "")
    # The first batch of the newest segment.
    newest = sorted(os.listdir(os.path.join(log, "0001", "journal")))[-1]
    first = int(newest[:20])
    path = os.path.join(log, "0001", "journal", newest)
    with open(path, "r+b") as file:
        file.seek(4096 + 100)
        byte = file.read(1)[0]
        file.seek(4096 + 100)
        file.write(bytes([byte ^ 1]))
    refused = subprocess.run([WRITER, log, key, "1", "count=1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    place = "%s/0001: journal/%s: byte 4096, entry %d: the batch's CRC is wrong, and valid entries follow" % (log, newest, first)
    assert refused.returncode == 3 and place + "; damage is never passed over" in refused.stderr, refused.stderr
    before = digests(log)
    code, said, _ = tool("repair", log)
    assert code == 1 and said.startswith(place + "\nwith --accept-gap: "), said
    assert tool("repair", "--accept-gap", log) == (3, "", "rankguard-audit: %s: holds no audit key; name the one that signs this "
                                                          "log with --audit-key\n" % log)
    assert digests(log) == before, "looking changed something"
    code, said, _ = tool("repair", "--accept-gap", "--audit-key", key, log)
    assert code == 0 and said == place + "\nset aside; a new epoch began and names what was lost: run `rankguard-audit verify " \
        "%s`\n" % log, said
    after = digests(log)
    gone = {name for digest, name in before.items() if digest not in after}
    # Partial tiles and the checkpoint give way to what was signed last, as in every round of publishing.
    assert all(re.search(r"/tile/.*\.p/\d+$|/checkpoint$|/\.tmp-", name) for name in gone), gone
    code, said, _ = tool("verify", "--strict", log)
    # How far the checkpoint reached when the writer was killed decides what is known to be lost.
    assert code == 0 and re.search(r"note: 0002/ entry 1: a gap: entries (\d+ to \d+ of example.org/crash/host/0001 are lost|from "
                                   r"\d+ on of example.org/crash/host/0001 may be lost, how many is not known); repair set \d+ "
                                   r"files aside: journal/%s: byte 4096" % newest, said), said
    assert tool("repair", "--accept-gap", "--audit-key", key, log)[0] == 1
    subprocess.run([WRITER, log, key, "1", "count=5"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert tool("verify", "--strict", log)[0] == 0
    assert tool("repair")[0] == 2 and tool("repair", "--gap", log)[0] == 2
    assert tool("repair", os.path.join(top, "no"))[0] == 3
finally:
    shutil.rmtree(top)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""prune_test.py WRITER TOOL: a log whose first epoch is pruned, as the verbs tell it."""
import os
import shutil
import subprocess
import sys
import tempfile

WRITER, TOOL = sys.argv[1:3]


def tool(*args):
    done = subprocess.run([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


top = tempfile.mkdtemp(prefix="rankguard-prune-")
try:
    log, key = os.path.join(top, "log"), os.path.join(top, "key")
    os.mkdir(log)
    subprocess.run([TOOL, "keygen", key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    writer = subprocess.Popen([WRITER, log, key, "1", "seal=100", "prune"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while os.path.exists(os.path.join(log, "0001", "tile", "entries")) or not os.path.exists(os.path.join(log, "0001", "pruned")):
        assert writer.stdout.readline(), "the writer ended"
    writer.kill()
    writer.stdout.read()
    writer.wait()
    subprocess.run([WRITER, log, key, "1", "count=1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    code, said, talk = tool("verify", "--strict", log)
    assert code == 0 and "note: 0001/ entries 0 to " in said and " are pruned, as a note signed by the log says" in said, said + talk
    code, said, talk = tool("show", log, "0001/5")
    assert code == 1 and said == "" and "0001/5: is pruned: the log's retention policy removed" in talk, talk
    code, said, talk = tool("export", "--format", "jsonl", log)
    assert code == 0 and "pruned" in talk and "does not make" not in talk and '"type":"prune"' in said, talk
    assert all("host/0001\"" not in line or '"type":"open"' in line or '"type":"prune"' in line for line in said.split("\n"))
    # Without the note they are missing.
    os.unlink(os.path.join(log, "0001", "pruned"))
    code, said, talk = tool("verify", log)
    assert code == 1 and "0001/tile/entries/" in said, said
finally:
    shutil.rmtree(top)

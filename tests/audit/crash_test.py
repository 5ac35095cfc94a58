#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""crash_test.py WRITER TOOL: kills the writer with SIGKILL at random times and compares the log with a list of
acknowledged entries that was kept outside of it. A control writer that acknowledges too early must be noticed."""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

WRITER, TOOL = sys.argv[1:3]
ROUNDS = int(os.environ.get("RANKGUARD_ROUNDS", "20"))
SEED = int(os.environ.get("RANKGUARD_SEED", "1"))


def entries(log):
    """Everything in the log, signed or not: index -> number of each signal of the newest epoch."""
    out = subprocess.run([TOOL, "tail", "-n", "1000000000", log], stdout=subprocess.PIPE, check=True).stdout
    found = {}
    for line in out.splitlines():
        index, leaf = line.split(b" ", 1)
        entry = json.loads(leaf)
        if entry["type"] == "signal":
            found[int(index)] = int(entry["item"][2:])
    return found


def kill_round(log, key, number, pause, early):
    """Runs the writer, kills it after at least one acknowledgement and a pause; returns what it acknowledged."""
    args = [WRITER, log, key, str(number)] + (["early"] if early else [])
    writer = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = writer.stdout.readline()
    assert first, "the writer ended by itself"
    time.sleep(pause)  # the moment of death is the random variable
    writer.kill()
    rest = writer.stdout.read()
    writer.wait()
    acked = []
    for line in (first + rest).split(b"\n")[:-1]:  # a line without its end was not said
        receipt, number = line.decode().split()
        acked.append((2**64 - 1 if receipt == "early" else int(receipt.rpartition("/")[2]), int(number)))
    return acked


def missing(acked, found):
    numbers = set(found.values())
    lost = []
    for index, number in acked:
        if index == 2**64 - 1:
            if number not in numbers:
                lost.append(number)
        elif found.get(index) != number:
            lost.append(number)
    return lost


def run(early, rounds):
    """Returns how many acknowledged entries were lost over all rounds."""
    top = tempfile.mkdtemp(prefix="rankguard-crash-")
    try:
        log, key = os.path.join(top, "log"), os.path.join(top, "key")
        os.mkdir(log)
        subprocess.run([TOOL, "keygen", key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        acked, lost, dice = [], 0, random.Random(SEED)
        for i in range(rounds):
            acked += kill_round(log, key, 1 + i * 10000000, dice.random() * 0.2, early)
            gone = missing(acked, entries(log))
            lost += len(gone)
            if gone and not early:
                print("round %d: lost %s" % (i, gone[:10]))
            verify = subprocess.run([TOOL, "verify", log], stdout=subprocess.PIPE, text=True)
            assert verify.returncode == 0, verify.stdout
            if early and lost:
                return lost
        subprocess.run([WRITER, log, key, "999", "count=1"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        lost += len(missing([a for a in acked if a[0] < 2**64 - 1], entries(log)))
        verify = subprocess.run([TOOL, "verify", "--strict", log], stdout=subprocess.PIPE, text=True)
        assert verify.returncode == 0, verify.stdout
        assert sorted(os.listdir(log)) == ["0001"], os.listdir(log)
        recoveries = subprocess.run([TOOL, "tail", "-n", "1000000000", log], stdout=subprocess.PIPE).stdout
        print("%d rounds, %d acknowledged entries, %d recoveries, %d lost" %
              (rounds, len(acked), len(re.findall(b'"type":"recovery"', recoveries)), lost))
        return lost
    finally:
        shutil.rmtree(top)


print("seed %d" % SEED)
assert run(False, ROUNDS) == 0
assert run(True, 10 * ROUNDS) > 0, "the control lost nothing: this test cannot see what it is for"
print("the control was noticed")

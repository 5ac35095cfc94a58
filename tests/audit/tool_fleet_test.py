#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_fleet_test.py WRITER TOOL: many logs: runs, time that no log covers, overlaps, logs that are named and not there."""
import json
import os
import shutil

from story import decision, expect, main, path, tool, write


def told(*args):
    code, out, err = tool("fleet", "--json", *args)
    assert err == "", err
    return code, [json.loads(line) for line in out.splitlines()]


def of(said, what):
    return [line for line in said if what in line]


def covered():
    a, b = path("a"), path("b")
    write(a, "@2026-03-01T08:00:00Z", "@2026-03-01T10:00:00Z")
    write(a, "@2026-03-01T11:00:00Z", decision("x"), "@2026-03-01T12:00:00Z", decision("x"), "@2026-03-01T12:30:00Z", "crash")
    write(a, "@2026-03-01T14:00:00Z", "@2026-03-01T15:00:00Z")
    write(b, "@2026-03-01T09:00:00Z", "@2026-03-01T18:00:00Z", identity="pod-b")
    code, said = told(a, b)
    assert code == 0
    assert [(l["log"], l["directory"], l["predecessor"]) for l in of(said, "log")] == [
        ("example.org/script/pod-a/0001", a, None), ("example.org/script/pod-b/0001", b, None)]
    assert [(r["from"][11:16], r["to"][11:16], r.get("end")) for r in of(said, "run") if r["run"].endswith("pod-a")] == [
        ("08:00", "10:00", None), ("11:00", "12:00", "no stop was recorded"), ("14:00", "15:00", None)]
    assert [(r["from"][11:16], r["to"][11:16]) for r in of(said, "uncovered")] == [("10:00", "11:00"), ("12:00", "14:00")]
    assert [(p["pod"], p["runs"], p["uncovered_seconds"]) for p in of(said, "pod")] == [
        ("example.org/script/pod-a", 3, 3 * 3600), ("example.org/script/pod-b", 1, 0)]
    text = expect(0, None, "", "fleet", a, b)
    assert "uncovered  example.org/script/pod-a  2026-03-01T10:00:00.000000000Z to 2026-03-01T11:00:00.000000000Z\n" in text
    assert "pod        example.org/script/pod-a  3 runs from 2026-03-01T08:00:00.000000000Z to 2026-03-01T15:00:00.000000000Z, " \
           "10800 s of it uncovered\n" in text


def links():
    a, copy, other = path("a"), path("copy"), path("other")
    shutil.copytree(a, copy)
    code, said = told(a, copy)
    assert code == 1 and "example.org/script/pod-a/0001: is here twice" in [f["finding"] for f in of(said, "finding")]
    assert sum("ran twice at the same time" in f["finding"] for f in of(said, "finding")) >= 1
    write(other, "@2026-03-01T14:30:00Z", "@2026-03-01T16:00:00Z")
    code, said = told(a, other)
    assert code == 1
    assert ["example.org/script/pod-a: ran twice at the same time: example.org/script/pod-a/0001 in %s and "
            "example.org/script/pod-a/0001 in %s" % (a, other), "example.org/script/pod-a/0001: is here twice"] == [
        f["finding"] for f in of(said, "finding")]
    # An epoch that follows another names it; alone, its predecessor is missing.
    log = path("epochs")
    write(log, "@2026-03-01T08:00:00Z", decision("x"), "@2026-03-01T09:00:00Z")
    for folder in ("journal", "tile"):
        shutil.rmtree(os.path.join(log, "0001", folder))
    write(log, "@2026-03-02T08:00:00Z", "@2026-03-02T09:00:00Z")
    code, said = told(os.path.join(log, "0002"))
    assert code == 1 and of(said, "log")[0]["predecessor"] == "example.org/script/pod-a/0001"
    assert [f["finding"] for f in of(said, "finding")] == [
        "example.org/script/pod-a/0002: its predecessor example.org/script/pod-a/0001 is not here"]


def refusals():
    expect(2, "", "rankguard-audit fleet: name the directories of the logs\n...", "fleet")
    expect(3, "", "rankguard-audit: /not/there: /not/there: cannot be read: No such file or directory\n", "fleet", path("a"), "/not/there")


main(covered, links, refusals)

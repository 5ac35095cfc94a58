#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_timeline_test.py WRITER TOOL: `timeline` and `rules`: what was operating, when, and the exact rule text."""
import os
import shutil

from story import digest, entry, expect, lines, main, members, path, ruleset, tool, write

OLD = [("a.cfg", "rules = ( );\n"), ("phrases/en.txt", "never \"ever\"\n\\ \ttab é\n")]
NEW = [("a.cfg", "rules = ( # new\n );")]


def story(log):
    """Two clean runs with a switch, a crash, a run that is over when the log ends."""
    write(log, "@2026-03-01T08:00:00Z", ruleset("careful", "1", OLD), "@2026-03-01T09:00:00Z",
          entry("mode", ("mode", "observe"), ("until", "2026-03-01T10:00:00.000000000Z"), ("by", "ops\n\"x\"")),
          "@2026-03-01T10:00:00Z", entry("mode", ("mode", "enforce"), ("cause", "until")),
          "@2026-03-01T12:00:00Z")
    write(log, "@2026-03-01T13:00:00Z", ruleset("careful", "1", OLD), "@2026-03-01T14:00:00Z",
          ruleset("careful", "2", NEW), "@2026-03-01T15:00:00Z",
          entry("failure", ("class", "history"), ("effect", "suppress"), ("count", 3), ("reason", "r")),
          "@2026-03-01T16:00:00Z", "crash")
    write(log, "@2026-03-02T08:00:00Z", ruleset("careful", "2", NEW), "@2026-03-02T09:00:00Z")


def timeline():
    log = path("log")
    story(log)
    said = lines("timeline", log)
    events = [(e["time"][:16], e["event"]) for e in said]
    assert events == [
        ("2026-03-01T08:00", "start"), ("2026-03-01T08:00", "ruleset"), ("2026-03-01T09:00", "mode"),
        ("2026-03-01T10:00", "mode"), ("2026-03-01T12:00", "stop"),
        ("2026-03-01T13:00", "start"), ("2026-03-01T13:00", "ruleset"), ("2026-03-01T14:00", "ruleset"),
        ("2026-03-01T15:00", "failure"), ("2026-03-01T15:00", "unclean stop"),
        ("2026-03-02T08:00", "start"), ("2026-03-02T08:00", "recovery"), ("2026-03-02T08:00", "ruleset"),
        ("2026-03-02T09:00", "stop")], events
    assert all(e["signed"] for e in said)
    mode = said[2]
    assert mode["mode"] == "observe" and mode["until"].startswith("2026-03-01T10") and mode["by"] == "ops\n\"x\""
    assert said[8]["count"] == 3 and said[1]["digest"] == digest(OLD) and said[0]["versions"] == {"rankguard": "test"}
    text = expect(0, None, "", "timeline", log)
    assert len(text.splitlines()) == len(said)
    assert "  mode          example.org/script/pod-a/0001/2  mode=observe  until=2026-03-01T10:00:00.000000000Z  by=ops \"x\"\n" in text
    assert "2026-03-01T15:00:00.000000000Z  unclean stop  example.org/script/pod-a/0001/8  its last entry; no stop was recorded\n" in text, text
    # A span, one epoch alone, and a log that just ends.
    assert [e["event"] for e in lines("timeline", "--since", "2026-03-01T10:00:00Z", "--until", "2026-03-01T14:00:00Z", log)] \
        == ["start", "ruleset", "mode", "mode", "stop", "start", "ruleset"]
    said = lines("timeline", "--since", "2026-03-01T13:30:00Z", "--until", "2026-03-01T13:40:00Z", log)
    assert [(e["event"], e["before"]) for e in said] == [("start", True), ("ruleset", True)]
    said = lines("timeline", "--since", "2026-03-03", log)
    assert [(e["event"], e["before"]) for e in said] == [("stop", True)]
    assert len(lines("timeline", log + "/0001")) == 14
    crashed = path("crashed")
    write(crashed, "@2026-03-01T08:00:00Z", ruleset("careful", "1", OLD), "crash")
    said = lines("timeline", crashed)
    assert [(e["event"], e["signed"]) for e in said] == [("start", False), ("ruleset", False), ("unclean stop", False)]
    assert expect(0, None, "", "timeline", crashed).count("(not signed yet)\n") == 3


def refusals():
    log = path("log")
    expect(2, "", "rankguard-audit timeline: --until: is not after --since; nothing lies between them\n...",
           "timeline", "--since", "2026-03-02", "--until", "2026-03-01", log)
    expect(2, "", "timeline: unrecognized option '--rule'\nrankguard-audit timeline: wrong option\n...", "timeline", "--rule", "x", log)
    expect(2, "", "rankguard-audit timeline: name one directory\n...", "timeline")
    expect(2, "", "rankguard-audit rules: name a time: --at 2026-03-01T08:00:00Z\n...", "rules", log)
    expect(2, "", "rankguard-audit rules: --at: \"noon\" is not a time; write 2026-03-01T08:00:00Z, or 7d for seven days ago\n...",
           "rules", "--at", "noon", log)
    for at, want in (("2026-03-01T07:00:00Z", "the log begins at 2026-03-01T08:00:00.000000000Z"),
                     ("2026-03-01T12:30:00Z", "stopped at 2026-03-01T12:00:00.000000000Z, started again at 2026-03-01T13:00:00.000000000Z"),
                     ("2026-03-01T20:00:00Z", "the log's last entry before it is at 2026-03-01T15:00:00.000000000Z, started again at 2026-03-02T08:00:00.000000000Z"),
                     ("2026-03-02T10:00:00Z", "stopped at 2026-03-02T09:00:00.000000000Z")):
        expect(1, "", "rankguard-audit: nothing was in force: %s\n" % want, "rules", "--at", at, log)


def read(folder):
    return {os.path.relpath(os.path.join(at, name), folder): open(os.path.join(at, name), newline="").read()
            for at, _, names in os.walk(folder) for name in names}


def rules():
    log, out = path("log"), path("out")
    for at, files in (("2026-03-01T08:00:00Z", OLD), ("2026-03-01T11:59:59Z", OLD), ("2026-03-01T13:30:00Z", OLD),
                      ("2026-03-01T14:00:00Z", NEW), ("2026-03-02T08:30:00Z", NEW)):
        expect(0, "ruleset  careful ...", "", "rules", "--at", at, "--output", out, log)
        assert read(out) == dict(files)
        shutil.rmtree(out)
        said, = lines("rules", "--at", at, log)
        assert said["digest"] == digest(files) and [(f["name"], f["text"]) for f in said["files"]] == files
    text = expect(0, None, "", "rules", "--at", "2026-03-01T14:00:00Z", log)
    assert text.endswith("==> a.cfg, %d bytes <==\n%s" % (len(NEW[0][1]), NEW[0][1]))


def parts():
    """Files that lie over several entries come back byte for byte; a part that is missing or out of place is named."""
    big = "".join("phrase %d\n" % i for i in range(5000))
    files = [("a.cfg", "x"), ("b.txt", big)]
    head = [("name", "n"), ("version", "1"), ("digest", digest(files))]

    def part(k, n, sources):
        return "ruleset " + members([("part", [k, n])] + head + [("sources", sources)])
    first = part(1, 3, [{"name": "a.cfg", "text": "x"}, {"name": "b.txt", "text": big[:20000]}])
    second = part(2, 3, [{"name": "b.txt", "from": 20000, "text": big[20000:50000]}])
    third = part(3, 3, [{"name": "b.txt", "from": 50000, "text": big[50000:]}])
    rows = ((first, second, third), None), ((first, second), "entry 0001/1: part 3 of 3 is missing"), \
        ((first, third), "example.org/script/pod-a/0001: entry 2: a part that does not go on where the last one ended"), \
        ((first, second, part(3, 3, [{"name": "b.txt", "from": 50001, "text": "y"}])),
         "example.org/script/pod-a/0001: entry 3: its sources do not follow each other"), \
        ((first, second, part(3, 3, [{"name": "b.txt", "from": 50000, "text": "y"}])),
         "entry 0001/1: its files do not make its digest " + digest(files)), \
        ((entry("ruleset", ("name", "n"), ("sources", [])),), "example.org/script/pod-a/0001: entry 1: a ruleset without a digest"), \
        ((entry("ruleset", ("digest", "d")),), "example.org/script/pod-a/0001: entry 1: a ruleset without sources")
    for i, (script, want) in enumerate(rows):
        log, out = path("parts-%d" % i), path("out-%d" % i)
        write(log, "@2026-03-01T08:00:00Z", *script, "@2026-03-01T09:00:00Z", "crash")
        code, _, said = tool("rules", "--at", "2026-03-01T08:30:00Z", "--output", out, log)
        if want:
            assert code in (1, 3) and said == "rankguard-audit: %s\n" % want, said
        else:
            assert code == 0 and read(out) == dict(files)
        assert sum(e["event"] == "ruleset" for e in lines("timeline", log)) == 1


def names():
    """A log that names a file outside the folder does not get it written."""
    for i, name in enumerate(("../evil", "/etc/evil", "a/../../evil", ".", "", "a//b")):
        log, files = path("names-%d" % i), [(name, "x")]
        write(log, "@2026-03-01T08:00:00Z", ruleset("n", "1", files), "@2026-03-01T09:00:00Z")
        expect(3, "", "rankguard-audit: \"%s\" is not the name of a file below a folder; --json shows it\n" % name,
               "rules", "--at", "2026-03-01T08:30:00Z", "--output", path("evil"), log)
        assert not os.path.exists(path("evil"))


main(timeline, refusals, rules, parts, names)

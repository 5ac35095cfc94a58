#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_query_test.py WRITER TOOL: `query` finds what its filters say, over epochs and parts, by ids and by pseudonyms."""
import json
import os
import subprocess

from story import (KEY, METHOD, SUBJECT, TOOL, decision, delivered, entry, expect, intervention, lines, main, members, path,
                   pseudonym, tally, tool, vkey, write)


def part(k, n, *pairs):
    return "decision " + members((("part", [k, n]), ("method", METHOD)) + pairs)


def story(log):
    write(log, "@2026-03-01T08:00:00Z",
          decision("alice", "s1", "de-DE", interventions=[intervention("scores.bound", "clamp")]),
          "@2026-03-01T09:00:00Z", decision("bob", "s2", "en", METHOD + "2", [intervention("prompts.cap", "suppress")]),
          delivered("alice"), "@2026-03-01T10:00:00Z",
          tally("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", ("prompts.cap", 1, 2, 3, 4)),
          part(1, 2, ("user", pseudonym("user", "carol")), ("interventions", [intervention("a", "clamp")])),
          part(2, 2, ("interventions", [intervention("last", "flag")])),
          "@2026-03-01T11:00:00Z")


def indices(*args):
    return [line["index"] for line in lines("query", *args) if "entry" in line]


def finds():
    log = path("log")
    story(log)
    for args, want in (
            ((), list(range(8))), (("--type", "decision"), [1, 2, 5, 6]), (("--user", "alice", "--subject-key", SUBJECT), [1, 3]),
            (("--user", pseudonym("user", "bob")), [2]), (("--session", "s1", "--subject-key", SUBJECT), [1]),
            (("--user", "s1", "--subject-key", SUBJECT), []), (("--rule", "prompts.cap"), [2]),
            (("--rule", "prompts.cap", "--type", "tally"), [4]), (("--action", "flag"), [5, 6]),
            (("--rule", "last", "--user", "carol", "--subject-key", SUBJECT), [5, 6]), (("--rule", "last", "--action", "clamp"), []),
            (("--since", "2026-03-01T09:00:00Z", "--until", "2026-03-01T10:00:00Z"), [2, 3]),
            (("--method", METHOD), [1, 3, 5, 6]), (("--since", "1d"), [])):
        assert indices(*args, log) == want, args
    said = lines("query", "--rule", "last", log)[-1]
    assert said == {"origin": "example.org/script/pod-a/0001", "signed": 8,
                    "matched": {"entries": 1, "first": 5, "last": 6, "types": {"decision": 1}},
                    "left_out": {"entries": 6, "first": 0, "last": 7,
                                 "types": {"open": 1, "decision": 2, "delivered": 1, "tally": 1, "close": 1}}}
    told = "example.org/script/pod-a/0001: 1 of 7 entries match: 1 delivered (entries 3 to 3)\n"
    text = expect(0, None, told, "query", "--type", "delivered", log)
    assert text.startswith("0001/3 {\"v\":1,\"type\":\"delivered\"") and text.count("\n") == 1
    expect(0, "", told, "query", "--type", "delivered", "--count", log)
    expect(0, "", "example.org/script/pod-a/0001: 0 of 7 entries match: none\n", "query", "--rule", "nobody", log)


def epochs():
    """The log of another pod is another log; two epochs of one directory are walked in order."""
    log = path("epochs")
    write(log, "@2026-03-01T08:00:00Z", entry("signal", ("kind", "dismissed")))
    # A log that is shorter than what it signed never goes on: the next epoch begins.
    first = os.path.join(log, "0001")
    for name in os.listdir(os.path.join(first, "journal")):
        os.remove(os.path.join(first, "journal", name))
    entries = os.path.join(first, "tile/entries")
    saved = {at: {n: open(os.path.join(at, n), "rb").read() for n in names} for at, _, names in os.walk(entries)}
    for at, names in saved.items():
        for name in names:
            os.remove(os.path.join(at, name))
    write(log, "@2026-03-02T08:00:00Z", entry("signal", ("kind", "dismissed")))
    for at, names in saved.items():
        for name, data in names.items():
            open(os.path.join(at, name), "wb").write(data)
    assert sorted(n for n in os.listdir(log) if n.isdigit()) == ["0001", "0002"]
    text = expect(0, None, None, "query", "--type", "signal", log)
    assert [line.split(" ")[0] for line in text.splitlines()][0] == "0001/1" and "0002/" in text
    assert expect(0, None, None, "query", "--type", "signal", first).startswith("1 {")


def refusals():
    log = path("log")
    expect(2, "", "rankguard-audit query: --user: \"alice\" is not a pseudonym of 32 hex digits; to look for an id, give "
           "--subject-key FILE\n...", "query", "--user", "alice", log)
    expect(2, "", "rankguard-audit query: --subject-key: %s: ..." % KEY, "query", "--user", "alice", "--subject-key", KEY, log)
    expect(2, "", "rankguard-audit query: --type: \"decisions\" is not a type of entry; did you mean \"decision\"?\n...",
           "query", "--type", "decisions", log)
    expect(2, "", "rankguard-audit query: name one directory\n...", "query")
    expect(3, "", "rankguard-audit: /not/there: cannot be read: No such file or directory\n", "query", "/not/there")
    with open("/dev/full", "w") as full:
        for args in ((), ("--json",)):
            assert subprocess.run([TOOL, "query", *args, log], stdout=full, stderr=subprocess.DEVNULL).returncode == 3
    # A bundle that is not there is no empty answer.
    os.rename(log + "/0001/tile/entries", log + "/0001/tile/gone")
    code, out, err = tool("query", log)
    assert code == 3 and out == "" and "tile/entries/000" in err, err
    os.rename(log + "/0001/tile/gone", log + "/0001/tile/entries")


def proofs():
    """What was found is carried away with its proof, and checked with nothing but that."""
    log, proof, leaf = path("log"), path("1.tlog-proof"), path("1.json")
    key = vkey(log + "/0001")
    index = str(indices("--user", "alice", "--subject-key", SUBJECT, log)[0])
    expect(0, "", "", "prove", "--output", proof, "--entry", leaf, log, index)
    assert expect(0, None, "", "prove", log, index) == open(proof).read()
    assert lines("prove", log, index)[0]["proof"] == open(proof).read()
    expect(0, "proven   entry 1 of example.org/script/pod-a/0001\nsigned   8 entries, root ...", "", "check-proof", "--entry", leaf,
           "--key", key, proof)
    expect(0, None, "", "check-proof", "--entry", "-", "--key", key, proof, stdin=open(leaf, "rb").read() + b"\n")
    said = json.loads(expect(0, None, "", "check-proof", "--json", "--entry", leaf, "--key", key, proof))
    assert said["proven"] and said["index"] == 1 and said["signed"] == 8
    other = tool("keygen", path("other"))[1].strip()
    expect(1, "", "rankguard-audit: %s: note: not signed by example.org/script/pod-a/0001+..." % proof, "check-proof", "--entry", leaf, "--key", other, proof)
    said = json.loads(expect(1, None, "", "check-proof", "--json", "--entry", proof, "--key", key, proof))
    assert not said["proven"] and said["why"].startswith("the path does not lead from this entry to the signed root")
    good = open(proof).read()
    for wrong, want in ((good.replace("index 1\n", "index 2\n"), "the path does not lead from this entry to the signed root; it "
                         "is not entry 2 of that log"), (good[30:], "not a proof; its first line is c2sp.org/tlog-proof@v1"),
                        (good.replace("\n8\n", "\n7\n"), "..."), (good.replace("index 1\n", ""), "there is no line `index <number>`")):
        open(proof, "w").write(wrong)
        end = "" if want == "..." else "\n"
        expect(1, "", "rankguard-audit: %s: %s%s" % (proof, want, end), "check-proof", "--entry", leaf, "--key", key, proof)
    expect(1, "", "rankguard-audit: example.org/script/pod-a/0001: entry 8 is not signed; 8 entries are\n", "prove", log, "8")
    expect(2, "", "rankguard-audit prove: \"x\" is not an index; write 12, 0001/12 or a whole receipt\n...", "prove", log, "x")
    expect(3, "", "rankguard-audit: /not/there/p: cannot be made: No such file or directory\n", "prove", "--output", "/not/there/p", log, "1")
    expect(2, "", "rankguard-audit check-proof: name the key that you trust: --key VKEY\n...", "check-proof", "--entry", leaf, proof)
    expect(2, "", "rankguard-audit check-proof: name the entry that it is said to prove: --entry FILE\n...", "check-proof", "--key", key, proof)
    expect(2, "", "rankguard-audit check-proof: --key: verifier key: too short...", "check-proof", "--entry", leaf, "--key", "x", proof)
    expect(3, "", "rankguard-audit: /not/there: cannot be read: No such file or directory\n", "check-proof", "--entry", leaf,
           "--key", key, "/not/there")


def consistency():
    log, old = path("grows"), path("old")
    talk = write(log, "@2026-03-01T08:00:00Z", decision("alice"), "@2026-03-01T09:00:00Z")
    open(old, "w").write(open(log + "/0001/checkpoint").read())
    write(log, "@2026-03-02T08:00:00Z", decision("bob"))
    told = "example.org/script/pod-a/0001: its 6 signed entries begin with the 3 that were signed then\n"
    expect(0, told, "", "consistency", log, old)
    expect(0, told, "", "consistency", "--key", vkey(log + "/0001"), log, old)
    line = [line for line in talk.splitlines() if line.startswith("c checkpoint")][-1]
    for form in (line, json.dumps({"time": "now", "level": "info", "text": line[2:]}), "2026-03-01T08:00:00Z pod-a rankguard: " + line[2:]):
        expect(0, told, "", "consistency", log, "-", stdin=form.encode() + b"\n")
        open(path("held"), "w").write("noise checkpoint x\n%s\n" % form)
        said = json.loads(tool("verify", "--json", "--checkpoints", path("held"), log)[1].splitlines()[-1])
        assert said["checkpoints_held"] == 1 and said["findings"] == 0
    other = tool("keygen", path("third"))[1].strip()
    expect(1, "", "rankguard-audit: example.org/script/pod-a/0001: the log's key is not the one given\n", "consistency", "--key", other, log, old)
    expect(1, "", "rankguard-audit: OLD-CHECKPOINT: ...", "consistency", log, KEY)
    expect(3, "", "rankguard-audit: /not/there: cannot be read: No such file or directory\n", "consistency", log, "/not/there")
    # The same sizes with other entries; an older state; another log.
    for i, (script, want) in enumerate((
            ((decision("mallory"), "@2026-03-01T09:00:00Z", decision("x"), decision("y"), decision("z")),
             "the log does not begin with the 3 entries that were signed: it was changed below them, or its hash tiles are damaged; "
             "run verify --checkpoints"),
            (("crash",), "a checkpoint of 3 entries was signed; this log has 0, so entries were cut off"))):
        forged = path("forged-%d" % i)
        write(forged, "@2026-03-01T08:00:00Z", *script)
        expect(1, "", "rankguard-audit: example.org/script/pod-a/0001: %s\n" % want, "consistency", forged, old)
        said = json.loads(expect(1, None, "", "consistency", "--json", forged, old))
        assert not said["consistent"] and said["why"] == want
    away = path("away")
    write(away, "@2026-03-01T08:00:00Z", identity="pod-b")
    expect(1, "", "rankguard-audit: example.org/script/pod-a/0001: %s does not hold that log\n" % away, "consistency", away, old)


main(finds, epochs, refusals, proofs, consistency)

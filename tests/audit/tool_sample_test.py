#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_sample_test.py WRITER TOOL: a sample is what anybody computes from root, seed and index; strata share the draws;
each draw is proven by files alone; the log may grow meanwhile."""
import collections
import hashlib
import os
import random

from story import METHOD, decision, entry, expect, intervention, lines, main, members, path, public, tool, write

RULES = ("scores.bound",) * 12 + ("prompts.cap",) * 5 + ("rare \"rule\"",)
SEED = 20261123


def story(log, count=300):
    print("seed", SEED)
    rng, script = random.Random(SEED), []
    for i in range(count):
        if i % 40 == 0:
            script.append("@2026-03-%02dT08:00:00Z" % (1 + i // 40))
        rules = {rng.choice(RULES) for _ in range(rng.choice((1, 1, 2)))}
        script.append(decision("u%d" % i, locale=rng.choice(("de", "en", None)),
                               interventions=[intervention(rule, "clamp") for rule in sorted(rules)]))
        if i % 7 == 0:
            script.append(entry("signal", ("kind", "dismissed")))
    script += ["decision " + members((("part", [k, 2]), ("method", METHOD), ("interventions", [intervention(rule, "flag")])))
               for k, rule in ((1, "first part"), (2, "second part"))]
    write(log, *script)


def strata_of(log, by):
    """Which entries stand in which stratum, from the export alone."""
    strata, first = collections.defaultdict(list), None
    for line in lines("query", "--type", "decision", log)[:-1]:
        leaf = line["entry"]
        if leaf.get("part", [1])[0] == 1:
            first = line["index"]
        if by == "rule":
            names = [i["rule"] for i in leaf["interventions"]]
        elif leaf.get("part", [1])[0] > 1:
            names = []
        else:
            names = [{"day": leaf["time"][:10], "locale": leaf.get("locale", "_none"), None: "all"}[by]]
        for name in names:
            strata[name].append(first)
    return strata


def key(root, seed, index):
    return hashlib.sha256(("%s\n%s\n%d\n" % (root, seed, index)).encode()).hexdigest()


def expected(log, n, seed, by):
    root = open(log + "/0001/checkpoint").read().split("\n")[2]
    strata, left, drawn = strata_of(log, by), n, {}
    order = sorted(strata, key=lambda name: (min(n, len(strata[name])), name.encode()))
    for i, name in enumerate(order):
        share = min(len(strata[name]), left // (len(order) - i))
        drawn[name] = sorted(strata[name], key=lambda index: key(root, seed, index))[:share]
        left -= share
    return {name: (len(strata[name]), drawn[name]) for name in strata}


def drawn(*args):
    head, *rows = lines("sample", *args)
    found = {s["stratum"]: (s["population"], []) for s in head["strata"]}
    for row in rows:
        found[row["stratum"]][1].append(row["index"])
    assert all(s["drawn"] == len(found[s["stratum"]][1]) for s in head["strata"])
    assert all(row["key"] == key(head["logs"][0]["root"], head["seed"], row["index"]) for row in rows)
    return found


def anybody_draws_the_same():
    log = path("log")
    story(log)
    for by in (None, "rule", "locale", "day"):
        for n in (1, 2, 7, 60, 299, 5000):
            for seed in ("dice 4 2 6 1", "é"):
                args = ["--n", str(n), "--seed", seed] + (["--by", by] if by else [])
                got = drawn(*args, log)
                assert got == expected(log, n, seed, by), (by, n, seed)
    assert drawn("--n", "50", "--seed", "a", log) != drawn("--n", "50", "--seed", "b", log)
    assert set(drawn("--n", "20", "--seed", "a", "--by", "rule", "--action", "flag", log)) == {"first part", "second part"}
    assert drawn("--n", "5", "--seed", "a", "--type", "signal", log)["all"][0] == 43
    assert drawn("--n", "5", "--seed", "a", "--rule", "nobody", log) == {}
    text = expect(0, "example.org/script/pod-a/0001/...", "first part: 1 of 1 entries\n...", "sample", "--n", "9", "--seed", "s", "--by", "rule", log)
    assert len(text.splitlines()) == 9


def each_draw_is_proven():
    log, out = path("log"), path("sample")
    rows = lines("sample", "--n", "40", "--seed", "s", "--by", "rule", "--prove", out, log)[1:]
    want = {row["index"] + part for row in rows for part in range(row["parts"])}
    assert any(row["parts"] == 2 for row in rows) and len(rows) == 40
    assert set(os.listdir(out)) == {"0001-%d%s" % (i, end) for i in want for end in (".json", ".tlog-proof")}
    for i in want:
        stem = os.path.join(out, "0001-%d" % i)
        expect(0, "proven   entry %d of example.org/script/pod-a/0001\n..." % i, "", "check-proof", "--entry", stem + ".json",
               "--key", public(log + "/0001"), stem + ".tlog-proof")


def a_log_that_grows_gives_the_same_sample():
    log, old, out = path("log"), path("old"), path("old-sample")
    args = ["--n", "30", "--seed", "s", "--by", "day"]
    open(old, "w").write(open(log + "/0001/checkpoint").read())
    before = lines("sample", *args, log)
    write(log, "@2026-04-01T08:00:00Z", *[decision("v%d" % i) for i in range(50)])
    assert lines("sample", *args, log) != before
    assert lines("sample", *args, "--checkpoint", old, "--prove", out, log) == before
    name = sorted(n for n in os.listdir(out) if n.endswith(".tlog-proof"))[0]
    assert open(os.path.join(out, name)).read().endswith(open(old).read())
    away = path("away")
    write(away, "@2026-03-01T08:00:00Z", decision("x"), identity="pod-b")
    expect(1, "", "rankguard-audit: --checkpoint: %s does not hold that log\n" % away, "sample", *args, "--checkpoint", old, away)
    forged = path("forged")
    write(forged, "@2026-03-01T08:00:00Z", decision("x"))
    expect(1, "", "rankguard-audit: example.org/script/pod-a/0001: --checkpoint: a checkpoint of 347 entries was signed; this log "
           "has 3, so entries were cut off\n", "sample", *args, "--checkpoint", old, forged)


def refusals():
    log = path("log")
    for args, want in ((("--seed", "s"), "say how many: --n N"), (("--n", "5"), "give a seed that was chosen after the checkpoint was "
                                                                  "signed: --seed S"),
                       (("--n", "0", "--seed", "s"), "--n: \"0\" is not a number from 1 to 10000"),
                       (("--n", "10001", "--seed", "s"), "--n: \"10001\" is not a number from 1 to 10000"),
                       (("--n", "5x", "--seed", "s"), "--n: \"5x\" is not a number from 1 to 10000"),
                       (("--n", "-5", "--seed", "s"), "--n: \"-5\" is not a number from 1 to 10000"),
                       (("--n", "5", "--seed", ""), "--seed: must be one line that is not empty"),
                       (("--n", "5", "--seed", "a\nb"), "--seed: must be one line that is not empty"),
                       (("--n", "5", "--seed", "s", "--by", "user"), "--by: \"user\" is not a stratum; rule, locale and day are")):
        expect(2, "", "rankguard-audit sample: %s\n..." % want, "sample", *args, log)
    expect(3, "", "rankguard-audit: /not/there/x: cannot be made: No such file or directory\n", "sample", "--n", "5", "--seed", "s",
           "--prove", "/not/there/x", log)
    many = path("many")
    write(many, "@2026-03-01T08:00:00Z", *[decision(interventions=[intervention("r%d" % i, "clamp")]) for i in range(1001)])
    expect(3, "", "rankguard-audit: example.org/script/pod-a/0001: there are more than 1000 strata; narrow the entries with filters\n",
           "sample", "--n", "5", "--seed", "s", "--by", "rule", many)
    assert tool("sample", "--n", "5", "--seed", "s", many)[0] == 0


main(anybody_draws_the_same, each_draw_is_proven, a_log_that_grows_gives_the_same_sample, refusals)

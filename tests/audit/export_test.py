#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""export_test.py LOG_WRITER TOOL: every format of rankguard-audit export, read again by programs that are not ours:
Python's csv, sqlite3, html.parser and hashlib. One of the logs has in every text what breaks pages and spreadsheets."""
import base64
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile

WRITER, TOOL = sys.argv[1:3]
FORMATS = ("jsonl", "csv", "sqlite", "html")
top = tempfile.mkdtemp(prefix="rankguard-export-")


def path(name):
    return os.path.join(top, name)


def export(log, format_, *args, **more):
    done = subprocess.run([TOOL, "export", "--format", format_, log, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    return done.returncode, done.stdout, done.stderr.decode()


def must_fail(check, *args):
    """The control of a check: it has to be able to say no."""
    try:
        check(*args)
    except (AssertionError, sqlite3.Error):
        return
    raise SystemExit("%s accepts what it must refuse" % check.__name__)


def root_of(leaves):
    stack = []
    for leaf in leaves:
        stack.append((1, hashlib.sha256(b"\0" + leaf).digest()))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (width, right), (_, left) = stack.pop(), stack.pop()
            stack.append((2 * width, hashlib.sha256(b"\1" + left + right).digest()))
    root = stack.pop()[1]
    while stack:
        root = hashlib.sha256(b"\1" + stack.pop()[1] + root).digest()
    return base64.b64encode(root).decode()


def entries_of(leaves):
    """Entries with all their parts, and their interventions joined: (index, leaves, first leaf, interventions)."""
    found = []
    for index, leaf in enumerate(leaves):
        one = json.loads(leaf)
        if one.get("part", [1])[0] == 1:
            found.append((index, [], one, []))
        found[-1][1].append(leaf)
        for i in one.get("interventions", []):
            if "targets_from" in i or "evidence_from" in i:
                for key in ("ids", "before", "after", "evidence"):
                    found[-1][3][-1].setdefault(key, []).extend(i.get(key, []))
            else:
                found[-1][3].append(i)
    return found


# ---- csv

def check_cell(cell):
    """No spreadsheet takes it for a formula, whatever it splits at."""
    if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", cell):
        return
    for part in [cell] + re.split(r"[;\t\r\n]", cell):
        assert not re.match(r"[ \"]*[=+\-@\uff1d\uff0b\uff0d\uff20]", part), "%r may be a formula" % cell
    assert not cell.startswith(("\t", "\r", "\n")), repr(cell)


def bare(cell):
    """Without apostrophes, which may have been put in."""
    return cell.replace("'", "")


def check_csv(text, entries):
    assert text.endswith("\r\n")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header, rows = rows[0], [dict(zip(rows[0], row)) for row in rows[1:] if len(row) == len(rows[0])]
    assert header[:4] == ["log", "index", "leaves", "leaf_hash"] and len(set(header)) == len(header)
    assert len(rows) == sum(max(1, len(entry[3])) for entry in entries), "rows"
    at = iter(rows)
    for index, leaves, first, interventions in entries:
        for n, i in enumerate(interventions or [None], 1):
            row = next(at)
            for cell in row.values():
                check_cell(cell)
            assert (row["index"], row["leaves"], row["type"]) == (str(index), str(len(leaves)), first["type"]), row
            assert row["leaf_hash"].lstrip("'") == base64.b64encode(hashlib.sha256(b"\0" + leaves[0]).digest()).decode()
            assert row["time"] == first["time"] and row["day"] == first["time"][:10]
            if not i:
                assert row["rule"] == "" and row["intervention"] == ""
                continue
            assert row["intervention"] == str(n) and row["targets"] == str(len(i["ids"]))
            assert all(bare(row[k]) == bare(i[k]) for k in ("rule", "action", "reason")), row
            for key in ("ids", "before", "after"):
                shown, whole = json.loads(bare(row[key])), json.loads(bare(json.dumps(i[key])))
                assert shown == whole or len(row[key]) > 30000 and shown == whole[:len(shown)]


# ---- sqlite

def check_sqlite(file, leaves, entries, complete=True):
    db = sqlite3.connect("file:%s?mode=ro" % file, uri=True)
    one = lambda sql: db.execute(sql).fetchone()[0]
    assert one("PRAGMA integrity_check") == "ok" and db.execute("PRAGMA foreign_key_check").fetchall() == []
    for name, sql in db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"):
        assert "STRICT" in sql, name
    stored = db.execute("SELECT idx, leaf, hash FROM leaves ORDER BY leaf_number").fetchall()
    assert [leaf.encode() for _, leaf, _ in stored] == leaves, "leaves"
    assert all(hash_ == hashlib.sha256(b"\0" + leaf.encode()).digest() for _, leaf, hash_ in stored), "hashes"
    if complete:
        assert [i for i, _, _ in stored] == list(range(len(leaves)))
        assert one("SELECT root FROM logs") == root_of(leaves) and one("SELECT root_is_signed FROM logs") == 1
        assert one("SELECT checkpoint FROM logs").split("\n")[2] == root_of(leaves)
    assert one("SELECT count(*) FROM entries") == len(entries)
    want = [(e[0], leaf.decode()) for e in entries for leaf in e[1]]
    assert db.execute("SELECT e.idx, l.leaf FROM entries e JOIN leaves l ON l.leaf_number BETWEEN e.first_leaf"
                      " AND e.first_leaf + e.leaves - 1 ORDER BY l.leaf_number").fetchall() == want
    want = [(i["rule"], i["action"], i["line"], int(i["would"]), len(i["ids"])) for e in entries for i in e[3]]
    assert db.execute("SELECT rule, action, line, would, targets FROM interventions ORDER BY entry, n").fetchall() == want
    want = [t for e in entries for i in e[3] for t in zip(i["ids"], i["before"], i["after"])]
    assert db.execute("SELECT id, before, after FROM targets ORDER BY entry, n, k").fetchall() == want
    want = [x for e in entries for i in e[3] for x in i.get("evidence", [])]
    assert [x for x, in db.execute("SELECT idx FROM evidence ORDER BY entry, n, k")] == want
    tallies = [e[2] for e in entries if e[2]["type"] == "tally"]
    want = [tuple(c[k] for k in ("by", "of", "governed", "changed", "interventions")) for t in tallies for c in t.get("cells", [])]
    assert db.execute("SELECT by_what, of_what, governed, changed, interventions FROM tally_cells ORDER BY entry, n").fetchall() == want
    want = [(t["calls"], t["governed"], t["changed"]) for t in tallies]
    assert db.execute("SELECT calls, governed, changed FROM tallies ORDER BY entry").fetchall() == want
    for table, type_ in (("decisions", "decision"), ("deliveries", "delivered"), ("signals", "signal"), ("rulesets", "ruleset"), ("openings", "open")):
        assert one("SELECT count(*) FROM " + table) == sum(e[2]["type"] == type_ for e in entries), table
    assert one("SELECT count(*) FROM changes") == sum(max(1, len(i["ids"])) for e in entries for i in e[3])
    db.close()


# ---- html

class Page(html.parser.HTMLParser):
    """Holds a page to what makes it safe and readable."""
    VOID = {"meta", "link", "br", "img", "input", "hr"}
    MAY = set("html head meta title style body a header p h1 h2 h3 nav ul ol li main section dl dt dd em div details summary table "
              "caption thead tbody tr th td code pre strong article footer script bdi span time svg line rect text desc".split())

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.ids, self.heads, self.scripts, self.texts = [], {}, set(), [], [], []
        self.tables = []
        self.feed(text)
        self.close()
        assert self.open == [], "not closed: %s" % self.open

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        assert tag in self.MAY, "element %s" % tag
        assert len(attributes) == len(pairs), "an attribute twice"
        for name, value in pairs:
            assert not name.startswith("on") and name not in ("style", "src", "srcdoc", "action"), "%s %s" % (tag, name)
            assert name != "href" or value.startswith("#"), value
        if "id" in attributes:
            assert attributes["id"] not in self.ids, attributes["id"]
            self.ids.add(attributes["id"])
        self.seen.setdefault(tag, []).append(attributes)
        if tag in ("h1", "h2", "h3"):
            self.heads.append(int(tag[1]))
        if tag == "table":
            self.tables.append(False)
        if tag == "caption":
            self.tables[-1] = True
        if tag == "script":
            self.scripts.append([attributes, ""])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, "</%s> in %s" % (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError("a comment: %s" % data)


def sha(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def check_html(text, entries):
    page = Page(text)
    assert [dict(a) for a, _ in page.scripts] == [{"type": "text/plain", "id": "rows"}, {"type": "application/json", "id": "words"},
                                                  {"type": "application/json", "id": "logs"}, {}], page.scripts
    style = text[text.index("<style>") + 7:text.index("</style>")]
    policy = [m["content"] for m in page.seen["meta"] if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'" % (sha(page.scripts[3][1]), sha(style))]
    assert "url(" not in style and "@import" not in style
    # landmarks, headings, names
    for tag in ("header", "main", "footer", "h1"):
        assert len(page.seen[tag]) == 1, tag
    assert page.seen["html"] == [{"lang": "en"}] and page.seen["nav"][0]["aria-label"]
    assert all(b - a <= 1 for a, b in zip(page.heads, page.heads[1:])), "a heading skips a level"
    assert all(page.tables), "a table has no caption"
    assert all("scope" in th for th in page.seen["th"]), "a header cell has no scope"
    for tag in ("section", "div"):
        for a in page.seen[tag]:
            assert "aria-labelledby" not in a or a["aria-labelledby"] in page.ids, a
            assert a.get("role") != "region" or a.get("aria-label") and a.get("tabindex") == "0", a
    for a in page.seen["a"]:
        assert a["href"][1:] in page.ids, a
    assert "prefers-color-scheme: dark" in style and "@media print" in style
    # the data
    words, logs = json.loads(page.scripts[1][1]), json.loads(page.scripts[2][1])
    rows = [json.loads(line) for line in page.scripts[0][1].split("\n") if line]
    assert len(logs) == 1 and len(rows) == len(entries)
    word = lambda x: words[x] if isinstance(x, int) else x
    for row, (index, leaves, first, interventions) in zip(rows, reversed(entries)):
        assert (row[0], row[1], row[2], row[3], word(row[4])) == (1, index, len(leaves), first["time"], first["type"])
        assert len(row[6]) == len(interventions)
        for shown, i in zip(row[6], interventions):
            members = dict(zip(map(word, shown[0][::2]), map(word, shown[0][1::2])))
            assert members["rule"] == i["rule"] and members["action"] == i["action"] and members["reason"] == i["reason"]
            assert shown[1] == len(i["ids"]) and shown[2:5] == [i[k][:50] for k in ("ids", "before", "after")]
    return page


def text_of(page):
    return re.sub(r"\s+", " ", " ".join(page.texts))


def formats(name, *writer):
    log = path(name)
    os.mkdir(log)
    subprocess.run([WRITER, log, path("key"), *writer], check=True)
    code, lines, talk = export(log, "jsonl")
    leaves = lines.split(b"\n")[:-1]
    entries = entries_of(leaves)
    assert code == 0 and talk == "example.org/reco/pod-7f/0001: %d entries, root %s\n" % (len(leaves), root_of(leaves)), talk
    outs = {}
    for format_ in FORMATS:
        out = path("%s.%s" % (name, format_))
        code, said, again = export(log, format_, "--output", out)
        assert (code, said, again) == (0, b"", talk), again
        outs[format_] = open(out, "rb").read()
        assert export(log, format_)[1] == outs[format_], "stdout and --output differ"
    check_csv(outs["csv"].decode(), entries)
    check_sqlite(path(name + ".sqlite"), leaves, entries)
    page = check_html(outs["html"].decode(), entries)
    return log, leaves, entries, outs, page


def totals(page, leaves, entries):
    """Numbers of the page are those of the log."""
    said = text_of(page)
    every = [i for e in entries for i in e[3]]
    tallies = [e[2] for e in entries if e[2]["type"] == "tally"]
    for count, what in ((len(every), "interventions recorded"), (sum(t["governed"] for t in tallies), "rankings checked"),
                        (sum(i["would"] for i in every), "of these observed only")):
        assert "%s %s" % (what, format(count, ",")) in said, what
    cells = [c for t in tallies for c in t["cells"] if c["by"] == "locale" and c["of"] == "de"]
    governed, changed = (sum(c[k] for c in cells) for k in ("governed", "changed"))
    assert " de %s %s %.1f%% " % (format(governed, ","), format(changed, ","), 100 * changed / governed) in said
    jazz = [c for t in tallies for c in t["categories"] if c["category"] == "jazz"]
    shift = sum(c["items"] * c["rank_change"] for c in jazz) / sum(c["items"] for c in jazz)
    assert " jazz %s %+.2f " % (format(sum(c["items"] for c in jazz), ","), shift) in said
    assert "All %s entries under the signed checkpoint were read" % format(len(leaves), ",") in said


def controls(entries, leaves, outs, hostile):
    """What each check is there to find is found."""
    text = outs["csv"].decode()
    must_fail(check_cell, "=1+1")
    must_fail(check_cell, "a;=1+1")
    must_fail(check_csv, text.replace(",scores.bound,", ",=scores.bound,", 1), entries)
    for bad in ("<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<p>", "</p>", "<!-- -->"):
        must_fail(check_html, outs["html"].decode().replace("scores.bound", bad, 1), entries)
    copy = path("flipped.sqlite")
    shutil.copy(path("plain.sqlite"), copy)
    db = sqlite3.connect(copy)
    db.execute("UPDATE leaves SET leaf = replace(leaf, 'scores.bound', 'scores.b0und')")
    db.commit()
    db.close()
    must_fail(check_sqlite, copy, leaves, entries)
    assert "alert(1)" in hostile and "<img" not in hostile


def filters(log, leaves, entries):
    """What a filter leaves out shows in every format, and no id in clear gets into one."""
    args = ("--rule", "scores.bound", "--since", "2026-03-08")
    want = [e for e in entries if e[2]["time"] >= "2026-03-08" and any(i["rule"] == "scores.bound" for i in e[3])]
    assert 10 < len(want) < len(entries) / 2
    out = path("filtered.sqlite")
    code, lines, talk = export(log, "jsonl", *args)
    assert code == 0 and lines.split(b"\n")[:-1] == [leaf for e in want for leaf in e[1]]
    assert "; exported: %d decision (entries %d to %d); left out, filtered: " % (len(want), want[0][0], want[-1][0]) in talk
    assert ": %d entries, root %s;" % (len(leaves), root_of(leaves)) in talk, talk
    code, text, _ = export(log, "csv", *args)
    check_csv(text.decode(), want)
    assert export(log, "sqlite", "--output", out, *args)[0] == 0
    check_sqlite(out, [leaf for e in want for leaf in e[1]], want, complete=False)
    db = sqlite3.connect(out)
    left = {type_: sum(e[2]["type"] == type_ for e in entries) for type_ in {e[2]["type"] for e in entries}}
    left["decision"] -= len(want)
    assert dict(db.execute("SELECT type, entries FROM left_out WHERE why = 'filtered'")) == left
    assert db.execute("SELECT value FROM export WHERE name = 'filters'").fetchone()[0] == '--since 2026-03-08T00:00:00.000000000Z --rule "scores.bound"'
    assert db.execute("SELECT leaves, root, root_is_signed, exported, left_out FROM logs").fetchone() == (
        len(leaves), root_of(leaves), 1, len(want), len(entries) - len(want))
    db.close()
    page = check_html(export(log, "html", *args)[1].decode(), want)
    said = text_of(page)
    assert "it leaves out %s entries." % format(len(entries) - len(want), ",") in said and "In part, and as it was signed" in said
    assert "do not count by group" in said
    key = path("subject")
    subprocess.run([TOOL, "keygen", "--subject", key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for format_ in FORMATS:
        code, text, talk = export(log, format_, "--user", "alice@example.org", "--subject-key", key)
        assert code == 0 and b"alice" not in text and "alice" not in talk, format_


def refusals(log):
    """Bad places to write to: one sentence, exit code 3, and nothing is left lying about."""
    def refused(format_, *args, words, code=3, **more):
        got = export(log, format_, *args, **more)
        assert got[0] == code and got[2].startswith(words), got
    before = sorted(os.listdir(top))
    there, link = path("there"), path("link")
    open(there, "w").write("mine")
    os.symlink(path("nowhere"), link)
    shut = path("shut")
    os.mkdir(shut)
    for format_ in FORMATS:
        for taken in (there, link, top):
            refused(format_, "--output", taken, words="rankguard-audit: %s: exists already; an export never overwrites, name another file\n" % taken)
        refused(format_, "--output", "/not/there/x", words="rankguard-audit: /not/there/x: cannot be made: No such file or directory\n")
        refused(format_, "--output", path("new/"), words="rankguard-audit: %s: is not the name of a file\n" % path("new/"))
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        got = export(log, format_, "--output", path("shut/x"), preexec_fn=limit)
        words = "sqlite: disk I/O error" if format_ == "sqlite" else "cannot be written: File too large"
        assert got[0] == 3 and got[2].endswith("rankguard-audit: %s: %s\n" % (path("shut/x"), words)), (format_, got[2])
        assert os.listdir(shut) == []
        with open("/dev/full", "w") as full:
            done = subprocess.run([TOOL, "export", "--format", format_, log], stdout=full, stderr=subprocess.PIPE, text=True)
            assert done.returncode == 3 and "No space left on device" in done.stderr, (format_, done.stderr)
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([TOOL, "export", "--format", format_, log], stdout=writer, stderr=subprocess.PIPE, text=True)
        os.close(writer)
        assert done.returncode == 3 and done.stderr.endswith("rankguard-audit: the export: cannot be written: Broken pipe\n"), (format_, done.stderr)
    refused("sqlit", code=2, words="rankguard-audit export: \"sqlit\" is not a format; did you mean sqlite?\n")
    refused("parquet", code=2, words="rankguard-audit export: \"parquet\" is not a format; jsonl, csv, sqlite and html are\n")
    refused("sqlite", code=3, words="rankguard-audit: a temporary file cannot be made: No such file or directory\n", env={"TMPDIR": "/not/there"})
    assert open(there).read() == "mine" and os.readlink(link) == path("nowhere")
    assert sorted(os.listdir(top)) == sorted(before + ["there", "link", "shut"])


def damaged(log):
    """Entries that do not make the signed root: the export says so, everywhere, with exit code 1."""
    copy = path("damaged")
    shutil.copytree(log, copy)
    bundle = os.path.join(copy, "0001/tile/entries/000")
    content = open(bundle, "rb").read()
    os.chmod(bundle, 0o644)
    open(bundle, "wb").write(content.replace(b"scores.bound", b"scores.b0und", 1))
    for format_ in FORMATS:
        out = path("damaged." + format_)
        code, _, talk = export(copy, format_, "--output", out)
        assert code == 1 and talk.endswith("the entries do not make the root that was signed; run verify\n"), talk
    assert sqlite3.connect(path("damaged.sqlite")).execute("SELECT root_is_signed FROM logs").fetchone() == (0,)
    said = text_of(Page(open(path("damaged.html")).read()))
    assert "Do not rely on this report" in said and "this is NOT the root" in said and "as it was signed</h2>" not in said


def without_cells():
    """Logs from before tallies counted by group."""
    log, _, _, _, page = formats("old", "200", "cells=0")
    assert "The tallies in this report do not count by group" in text_of(page)


try:
    subprocess.run([TOOL, "keygen", "--name", "example.org/k", path("key")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    LOG, LEAVES, ENTRIES, OUTS, PAGE = formats("plain", "600", "wide=3000")
    totals(PAGE, LEAVES, ENTRIES)
    assert any(len(e[1]) > 1 for e in ENTRIES), "no entry is in parts"
    HOSTILE = formats("hostile", "400", "wide=3000", "hostile")
    controls(ENTRIES, LEAVES, OUTS, HOSTILE[3]["html"].decode())
    filters(LOG, LEAVES, ENTRIES)
    refusals(LOG)
    damaged(LOG)
    without_cells()
    print("%d entries, %d hostile ones" % (len(ENTRIES), len(HOSTILE[2])))
finally:
    shutil.rmtree(top)

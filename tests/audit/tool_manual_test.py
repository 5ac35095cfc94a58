#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tool_manual_test.py WRITER TOOL PAGE [--write]: the manual page says what the tool says, has no faults, and its worked
examples work as they stand there. --write puts the tool's help into the page."""
import datetime
import os
import re
import subprocess
import sys

from story import TOOL, TOP, decision, delivered, entry, intervention, main, path, public, ruleset, tally, tool, write

PAGE = sys.argv[3]
BEGIN, END = ".\\\" begin verbs: written by tests/audit/tool_manual_test.py --write\n", ".\\\" end verbs\n"


def roff(text):
    """Plain text as roff that prints the same."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join("\\&" + line if line[:1] in (".", "'") else line for line in text.splitlines(True))


def verbs():
    text = ""
    for line in tool("--help")[1].splitlines():
        if not line.startswith("  rankguard-audit "):
            continue
        verb = line.split()[1]
        usage, help_ = tool(verb, "--help")[1].split("\n\n", 1)
        assert usage == "usage: " + line.strip(), usage
        text += ".Ss %s\n.Bd -literal\n%s\n\n%s.Ed\n" % (roff(verb), roff(line.strip()), roff(help_))
    return text


def page_is_in_step():
    page = open(PAGE).read()
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    new = verbs()
    if sys.argv[4:] == ["--write"]:
        open(PAGE, "w").write(before + BEGIN + new + END + after)
    else:
        assert old == new, "the manual page is not what --help says: run %s with --write" % sys.argv[0]
    for verb in re.findall(r"^\.Ss ([a-z\\-]+)$", new, re.M):
        code, help_, _ = tool(verb.replace("\\-", "-"), "--help")
        assert code == 0 and ("Example" in help_ or verb in ("export", "repair", "replay")), verb


def page_has_no_faults():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    shown = subprocess.run(["mandoc", "-T", "ascii", PAGE], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "printf '%s\\n%s\\n%s\\n' ROOT SEED INDEX | sha256sum" in shown
    # The control: a fault is found.
    broken = path("broken.1")
    open(broken, "w").write(open(PAGE).read().replace(".Ed", "", 1))
    assert subprocess.run(["mandoc", "-T", "lint", "-W", "warning", broken], stdout=subprocess.DEVNULL).returncode != 0


def example(name):
    """The commands of one example, as a reader types them, in a shell that stops at the first that fails."""
    block = open(PAGE).read().split(".\\\" example %s\n" % name)[1].split(".\\\" end\n")[0]
    script = re.sub(r"^(\$|  ?)(?= )", "", block.replace("\\-", "-").replace("\\e", "\\"), flags=re.M)
    env = dict(os.environ, PATH=os.path.dirname(TOOL) + ":" + os.environ["PATH"], KEY=public(path("audit/0001")))
    done = subprocess.run(["/bin/sh", "-euc", script], cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    return done.stdout


RULES = [("rules.cfg", "rules = (\n  { id = \"prompts.cap\"; kind = \"prompt_cap\";\n    max = 2; per = \"session\"; } );\n")]


def at(time):
    return "@" + time.strftime("%Y-%m-%dT%H:%M:%SZ")


def user():
    """Three of the user's entries lie in the last week, one before it."""
    now = datetime.datetime.utcnow()
    write(path("audit"), "@2026-02-01T08:00:00Z", ruleset("r", "1", RULES), "@2026-03-10T12:00:00Z",
          tally("2026-03-10T11:59:00Z", "2026-03-10T12:00:00Z", ("prompts.cap", 5, 1, 0, 0)), "@2026-04-02T08:00:00Z")
    day = datetime.timedelta(days=1)
    write(path("audit"), at(now - 9 * day), delivered("u-1042"), at(now - 3 * day), delivered("u-1042"), delivered("u-7"),
          decision("u-1042", interventions=[intervention("prompts.cap", "suppress")]), at(now - 2 * day),
          entry("signal", ("user", delivered("u-1042").split("\"user\":\"")[1][:32]), ("kind", "dismissed")))
    out = example("user")
    assert out.count("receipt  example.org/script/pod-a/0001/") == 3 and "u-1042" not in out, out


def rule():
    talk = write(path("other-log"), "@2026-03-01T08:00:00Z", identity="pod-b")
    open(path("daemon.log"), "w").write(talk)
    out = example("rule")
    assert "ruleset" in out and "(before)" in out and "max = 2; per = \"session\";" in out and "\"exceeded\":1" in out, out


def sample():
    os.rename(path("audit"), path("audit.before"))
    write(path("audit"), "@2026-03-01T08:00:00Z",
          *[decision("u%d" % i, interventions=[intervention("r%d" % (i % 3), "clamp")]) for i in range(400)])
    out = example("sample")
    assert out.count("proven   entry") == 200, out
    rows = open(path("sample.txt")).read().splitlines()
    assert len(rows) == 200 and {row.split("  ")[1] for row in rows} == {"r0", "r1", "r2"}


main(page_is_in_step, page_has_no_faults, user, rule, sample)

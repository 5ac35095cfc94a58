# SPDX-License-Identifier: Apache-2.0
"""What is refused before anything is served: `check` and `serve` say the same words, with file and line, and
exit with 1. Nothing is left behind by a refused start."""
import os
import socket

import harness
import rules_kit
from sidecar import RULES_HEAD, Refused, Sidecar, rules_text, until

CONFIG, RULES = "rankguard.cfg", "rules.cfg"


class Start(harness.Case):
    def setUp(self):
        super().setUp()
        self.sidecar = Sidecar(self.home.folder, f"unix:{self.home.path('reco.sock')}", rules_kit.RULES)
        self.addCleanup(self.sidecar.stop)

    def check(self):
        result = harness.run("rankguard", "check", "--config", self.sidecar.config)
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout.splitlines()

    def findings(self):
        """The errors that check and serve agree on."""
        code, lines = self.check()
        self.assertEqual(code, 1, lines)
        with self.assertRaises(Refused) as refused:
            self.sidecar.start()
        self.assertEqual(refused.exception.code, 1)
        self.assertEqual(self.sidecar.errors(), [line for line in lines if not line.startswith(("warning: ", "note: "))])
        self.assertFalse(os.path.exists(self.sidecar.socket), "a refused start left a socket behind")
        return self.sidecar.errors()

    def assertFound(self, file, line, *words):
        """One finding, in that file and line (None: the file as a whole), that says these words."""
        (finding,) = self.findings()
        place = os.path.join(self.sidecar.folder, file) + ":" + (f"{line}: " if line else " ")
        self.assertTrue(finding.startswith(place), f"{finding!r} does not begin with {place!r}")
        for word in words:
            self.assertIn(word, finding)


def one_more(line):
    """The last line of the configuration."""
    def change(sidecar):
        with open(sidecar.config, "a", encoding="utf-8") as file:
            file.write(line + "\n")
    return change


def option(group, key, value):
    def change(sidecar):
        if group:
            sidecar.options.setdefault(group, {})[key] = value
        else:
            sidecar.options[key] = value
        sidecar.write_config()
    return change


def observe(**more):
    """The keys of the observe switch on one line, some of them changed or (None) left out."""
    keys = {"mode": "observe", "observe_until": until(3600), "observe_by": "me", **more}
    return one_more(" ".join(f'{key} = "{one}";' for key, one in keys.items() if one))


def without(key):
    def change(sidecar):
        del sidecar.options[key]
        sidecar.write_config()
    return change


# Order of the configuration that tests begin with: listen 1, upstream 2, rules 3, identity 4, audit 5, drain 6,
# admin 7.
CONFIGURATIONS = [
    ("unknown_key", one_more("listne = [ ];"), 8, 'unknown key "listne"; did you mean "listen"?'),
    ("unknown_key_in_group", option("audit", "directroy", "x"), 5,
     'unknown key "audit.directroy"; did you mean "directory"?'),
    ("unknown_group", one_more("limit: { items = 3; };"), 8, 'unknown key "limit"; did you mean "limits"?'),
    ("key_in_the_wrong_place", one_more("in_flight = 3;"), 8, '"in_flight"', '"limits.in_flight"'),
    ("text_for_number", one_more('workers = "2";'), 8, "workers: a whole number is expected"),
    ("number_for_text", option(None, "upstream", 5), 2, "upstream: a text is expected"),
    ("text_for_list", option(None, "listen", "unix:/x"), 1, "listen: a list of texts"),
    ("empty_list", option(None, "listen", []), 1, "listen: a list of texts, not empty"),
    ("out_of_range", one_more("workers = 0;"), 8, "workers: "),
    ("too_large_for_an_integer", one_more("workers = 99999999999;"), 8, ""),
    ("bad_duration", option("drain", "delay", "5 seconds"), 6, "drain.delay: "),
    ("duration_without_unit", option("drain", "delay", "5"), 6, "drain.delay: "),
    ("negative_duration", option("drain", "delay", "-5s"), 6, "drain.delay: "),
    ("bad_size", one_more('limits: { message = "16 MB"; };'), 8, "limits.message: "),
    ("bad_choice", option("audit", "durability", "dsik"), 5, "audit.durability: ", '"disk"'),
    ("tls_of_no_use", one_more('tls: { cert = "c"; key = "k"; };'), 8, "tls: is of no use: "),
    ("observes_without_end", observe(observe_until=None), 8, 'mode: "observe" needs observe_until (when it '
     'returns to enforce by itself, at most 30 days ahead); write observe_until = "2026-12-01T00:00:00Z";'),
    ("observes_for_nobody", observe(observe_by=None), 8, 'mode: "observe" needs observe_by (who answers for it); '
     'write observe_by = "sre@example.org";'),
    ("observes_for_ever", observe(observe_until="2120-01-01T00:00:00Z"), 8,
     "observe_until: 2120-01-01T00:00:00Z is more than 30 days ahead; write ", "Z or earlier"),
    ("observes_until_nonsense", observe(observe_until="soon"), 8, 'observe_until: "soon" is not a time'),
    ("enforces_until", observe(mode="enforce", observe_by=None), 8,
     'observe_until: is of no use in mode "enforce"; write mode = "observe", or leave it out'),
    ("enforces_for_somebody", observe(mode=None, observe_until=None), 8,
     'observe_by: is of no use in mode "enforce"; write mode = "observe", or leave it out'),
    ("missing_upstream", without("upstream"), None, "upstream: is missing"),
    ("bad_address", option(None, "upstream", "localhost"), 2, "upstream: "),
    ("listens_for_other_machines", option(None, "listen", ["0.0.0.0:50050"]), 1, "0.0.0.0:50050",
     "allow_plaintext = true"),
    ("admin_for_other_machines", option("admin", "http", "0.0.0.0:9901"), 7, "admin.http: "),
    ("goes_round", lambda sidecar: option(None, "upstream", sidecar.address)(sidecar), 2, "upstream: "),
    ("unset_environment", option(None, "upstream", "env:RANKGUARD_NO_SUCH_NAME"), 2,
     "RANKGUARD_NO_SUCH_NAME"),
    ("missing_file", option(None, "upstream", "file:/nonexistent/upstream"), 2, "/nonexistent/upstream"),
    ("missing_bracket", one_more("limits: { items = 3;"), 9, ""),
    ("include", one_more('@include "more.cfg"'), 8, "@include"),
    ("twice", one_more('upstream = "unix:/y";'), 8, ""),
    ("not_utf8", lambda sidecar: open(sidecar.config, "ab").write(b"# \xff\n"), 8, "UTF-8"),
    ("audit_key_missing", option("audit", "key", "/nonexistent/audit.key"), None, "/nonexistent/audit.key",
     "rankguard-audit keygen"),
]


@harness.named(CONFIGURATIONS)
class Configuration(Start):
    def row(self, change, line, *words):
        change(self.sidecar)
        self.assertFound(CONFIG, line, *words)

    def test_all_findings_are_told_at_once(self):
        one_more('listne = 1;\nworkers = "x";\nlimits: { items = 0; };')(self.sidecar)
        self.sidecar.write_rules(rules_text(rules_kit.cap(1).replace("max = 1", 'max = "one"')))
        found = self.findings()
        self.assertEqual([finding.split(":")[1] for finding in found[:3]], ["8", "9", "10"])

    def test_a_good_configuration(self):
        code, lines = self.check()
        self.assertEqual((code, lines[-1]),
                         (0, f"{self.sidecar.config}: nothing that serve would refuse"))

    def test_no_such_file(self):
        result = harness.run("rankguard", "check", "--config", self.home.path("missing.cfg"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("missing.cfg", result.stdout)
        self.assertIn("No such file", result.stdout)

    def test_a_folder_for_a_file(self):
        result = harness.run("rankguard", "check", "--config", self.home.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a regular file", result.stdout)

    def test_check_leaves_nothing(self):
        """No key, no log, no socket is made by looking."""
        self.check()
        self.assertEqual(os.listdir(self.sidecar.directory), [])
        self.assertFalse(os.path.exists(self.sidecar.socket))


RULE_FILES = [
    ("unknown_key", rules_text(rules_kit.cap(1, more="mxa = 2;")), 'unknown key "mxa"', '"max"'),
    ("misspelt_kind", rules_text(rules_kit.cap(1).replace("prompt_cap", "promt_cap")), '"promt_cap"',
     '"prompt_cap"'),
    ("wrong_type", rules_text(rules_kit.cap(1).replace("max = 1", 'max = "one"')), "prompts.cap", "max"),
    ("duplicate_id", rules_text(rules_kit.cap(1), rules_kit.cap(2)), "prompts.cap"),
    ("bad_duration", rules_text(rules_kit.cap(1).replace('"24h"', '"24 hours"')), "prompts.cap", "window"),
    ("duration_without_unit", rules_text(rules_kit.cap(1).replace('"24h"', '"24"')), "window"),
    ("no_window", rules_text(rules_kit.cap(1).replace('window = "24h"; ', "")), "window"),
    ("negative_cap", rules_text(rules_kit.cap(-1)), "max"),
    ("no_bound", rules_text(rules_kit.bound().replace("max_absolute = 0.2; ", "")), "scores.bound"),
    ("no_reason", rules_text('{ id = "a.b"; kind = "score_bound"; max_absolute = 0.1; }'), "reason"),
    ("bad_id", rules_text(rules_kit.cap(1, "Prompts Cap")), "Prompts Cap"),
    ("bad_mode", rules_text(rules_kit.cap(1, more='mode = "obsreve";')), '"observe"'),
    ("bad_action", rules_text(rules_kit.cap(1, more='action = "clamp";')), "action"),
    ("missing_fallback", rules_text(rules_kit.deny(more='action = "replace"; fallback = "no.such";')),
     "no.such"),
    ("fallback_denied", rules_text(rules_kit.deny(more='action = "replace"; fallback = "ack.neutral";'),
                                   texts=(rules_kit.NEUTRAL.replace("We will adjust.", "Your fault!"),)),
     "ack.neutral"),
    ("bad_locale_range", rules_text(rules_kit.cap(1, more='when = { locale = [ "en*" ]; };')), "en*"),
    ("integer_too_large", rules_text(rules_kit.cap(4294967297)), "4294967297"),
    ("include", RULES_HEAD + '@include "x"\n', "@include"),
    ("no_name", "format = 1;\nrules = ( );\n", "name"),
    ("no_format", rules_text(rules_kit.cap(1)).replace("format = 1;", ""), "format"),
    ("syntax", RULES_HEAD + "rules = ( { id = ; } );\n", ""),
    ("byte_order_mark", "\ufeff" + rules_text(rules_kit.cap(1)), ""),
]


@harness.named(RULE_FILES)
class Rules(Start):
    def row(self, text, *words):
        self.sidecar.write_rules(text)
        found = self.findings()
        self.assertGreaterEqual(len(found), 1)
        self.assertTrue(all(finding.startswith(self.sidecar.rules + ":") for finding in found), found)
        for word in words:
            self.assertIn(word, " ".join(found))
        tool = harness.run("rankguard-rules", "check", self.sidecar.rules)
        self.assertEqual(tool.returncode, 1)
        for finding in found:
            self.assertIn(finding, tool.stdout + tool.stderr, "rankguard-rules check says it too")

    def test_no_such_file(self):
        os.unlink(self.sidecar.rules)
        self.assertFound(RULES, None, "No such file")

    def test_an_empty_directory(self):
        os.unlink(self.sidecar.rules)
        os.mkdir(self.sidecar.rules)
        self.assertFound(RULES, None)

    def test_a_directory_without_rule_files(self):
        os.unlink(self.sidecar.rules)
        os.mkdir(self.sidecar.rules)
        for name in (".hidden.cfg", "rules_test.cfg", "README"):
            self.write(os.path.join(self.sidecar.rules, name), rules_kit.RULES)
        self.assertFound(RULES, None)

    def test_a_file_that_cannot_be_read(self):
        os.unlink(self.sidecar.rules)
        os.symlink("/nonexistent", self.sidecar.rules)
        self.assertFound(RULES, None, "No such file")

    def test_a_socket_for_a_rule_file(self):
        os.unlink(self.sidecar.rules)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(self.sidecar.rules)
            self.assertFound(RULES, None)

    def test_a_directory_is_read_in_the_order_of_names(self):
        os.unlink(self.sidecar.rules)
        os.mkdir(self.sidecar.rules)
        self.write(os.path.join(self.sidecar.rules, "10.cfg"), rules_text(rules_kit.cap(1)))
        self.write(os.path.join(self.sidecar.rules, "20.cfg"),
                   "format = 1;\nrules = (\n" + rules_kit.cap(2) + "\n);\n")
        (finding,) = self.findings()
        self.assertTrue(finding.startswith(self.sidecar.rules + "/20.cfg:3: "), finding)


class Usage(harness.Case):
    def test_wrong_usage(self):
        for arguments in ([], ["serve"], ["check"], ["srve", "--config", "x"], ["serve", "--confg", "x"],
                          ["serve", "check", "--config", "x"], ["serve", "--config", "x", "--log", "xml"]):
            result = harness.run("rankguard", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertNotEqual(result.stderr, "")

    def test_help_and_version(self):
        for argument in ("--help", "--version"):
            result = harness.run("rankguard", argument)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("rankguard", result.stdout)


if __name__ == "__main__":
    harness.main()

# SPDX-License-Identifier: Apache-2.0
"""The Debian package: what stands where, with which modes; its scripts and manual pages are well-formed.

RANKGUARD_BUILD names the build folder, RANKGUARD_SOURCE the source."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD, SOURCE = os.environ["RANKGUARD_BUILD"], os.environ["RANKGUARD_SOURCE"]

# path: mode as dpkg-deb prints it
EXPECTED = {
    "./usr/bin/rankguard": "-rwxr-xr-x",
    "./usr/bin/rankguard-rules": "-rwxr-xr-x",
    "./usr/bin/rankguard-audit": "-rwxr-xr-x",
    "./etc/rankguard/rankguard.cfg": "-rw-r--r--",
    "./etc/rankguard/rules.d/rules.cfg": "-rw-r--r--",
    "./etc/rankguard/rules.d/catalogue.cfg": "-rw-r--r--",
    "./lib/systemd/system/rankguard.service": "-rw-r--r--",
    "./usr/share/man/man8/rankguard.8.gz": "-rw-r--r--",
    "./usr/share/man/man5/rankguard.cfg.5.gz": "-rw-r--r--",
    "./usr/share/man/man1/rankguard-rules.1.gz": "-rw-r--r--",
    "./usr/share/man/man1/rankguard-audit.1.gz": "-rw-r--r--",
    "./usr/share/man/man5/rankguard-rules.5.gz": "-rw-r--r--",
    "./usr/share/bash-completion/completions/rankguard": "-rw-r--r--",
    "./usr/share/doc/rankguard/OPERATING.md": "-rw-r--r--",
    "./usr/share/doc/rankguard/copyright": "-rw-r--r--",
}


def run(*command, **more):
    return subprocess.run(command, text=True, capture_output=True, check=False, **more)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="rankguard-package-")
        result = run("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", cls.folder)
        assert result.returncode == 0, result.stdout + result.stderr
        (name,) = [name for name in os.listdir(cls.folder) if name.endswith(".deb")]
        cls.package = os.path.join(cls.folder, name)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def contents(self):
        rows = [line.split(None, 5) for line in run("dpkg-deb", "-c", self.package).stdout.splitlines()]
        return {row[5].split(" -> ")[0]: (row[0], row[1]) for row in rows}

    def test_what_stands_where(self):
        contents = self.contents()
        self.assertEqual({path: contents.get(path, ("missing",))[0] for path in EXPECTED}, EXPECTED)
        self.assertEqual({owner for _, owner in contents.values()}, {"root/root"})
        writable = [path for path, (mode, _) in contents.items() if mode[0] != "l" and (mode[5] == "w" or mode[8] == "w")]
        self.assertEqual(writable, [])

    def test_no_key_and_no_log_is_in_it(self):
        self.assertEqual([path for path in self.contents() if path.endswith((".key", ".vkey")) or "/var/" in path], [])

    def test_the_scripts(self):
        control = os.path.join(self.folder, "control")
        self.assertEqual(run("dpkg-deb", "-e", self.package, control).returncode, 0)
        for name in ("postinst", "prerm", "postrm"):
            path = os.path.join(control, name)
            self.assertTrue(os.access(path, os.X_OK), name)
            self.assertEqual(run("sh", "-n", path).stderr, "", name)
        with open(os.path.join(control, "conffiles"), encoding="ascii") as file:
            for path in file.read().split():
                self.assertIn("." + path, EXPECTED)
        with open(os.path.join(control, "control"), encoding="utf-8") as file:
            self.assertIn("libgrpc", re.search(r"^Depends: (.*)$", file.read(), re.M)[1])

    def test_the_manual_pages(self):
        root = os.path.join(self.folder, "root")
        run("dpkg-deb", "-x", self.package, root)
        pages = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(root, "usr/share/man"))
                 for name in names]
        self.assertGreaterEqual(len(pages), 4)
        for page in pages:
            text = run("zcat", page).stdout
            said = run("groff", "-man", "-Tutf8", "-ww", "-z", input=text)
            self.assertEqual((said.returncode, said.stderr), (0, ""), page)
        options = run(os.path.join(BUILD, "bin", "rankguard"), "options").stdout
        names = re.findall(r"^(\S+) = ", options, re.M)
        self.assertGreater(len(names), 25)
        text = run("zcat", os.path.join(root, "usr/share/man/man5/rankguard.cfg.5.gz")).stdout
        for name in names:
            self.assertIn(f".TP\n.B {name}\n", text)

    def test_a_bad_page_is_found(self):
        """The control of the test above."""
        said = run("groff", "-man", "-Tutf8", "-ww", "-z", input=".TH X 1\n.SH NAME\n.undefined\n")
        self.assertNotEqual(said.stderr, "")

    def test_completion(self):
        script = os.path.join(SOURCE, "sidecar/package/completion.bash")
        rows = (("rankguard", ["rankguard", ""], "reload"), ("rankguard-rules", ["rankguard-rules", "ch"], "check"),
                ("rankguard-audit", ["rankguard-audit", "ver"], "verify"),
                ("rankguard-audit", ["rankguard-audit", "verify", "--st"], "--strict"))
        for program, words, expected in rows:
            with self.subTest(words=words):
                quoted = " ".join(f"'{word}'" for word in words)
                said = run("bash", "-c", f". {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                           f"_rankguard {os.path.join(BUILD, 'bin', program)}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
                self.assertEqual(said.stderr, "")
                self.assertIn(expected, said.stdout.split())


class Deploy(unittest.TestCase):
    def test_names_in_alerts_and_dashboard_are_metrics(self):
        """Every metric that they ask for is one that the daemon writes."""
        with open(os.path.join(SOURCE, "tests/sidecar/data/metrics.prom"), encoding="utf-8") as file:
            known = set(re.findall(r"^([a-z_]+)", file.read(), re.M))
        # Only a daemon with TLS writes these: tests/e2e/tls_test.py sees them.
        with open(os.path.join(SOURCE, "sidecar/tls.c"), encoding="utf-8") as file:
            known |= set(re.findall(r'"(rankguard_certificate_[a-z_]+)"', file.read()))
        for name in ("prometheus-rules.yaml", "grafana-dashboard.json"):
            with open(os.path.join(SOURCE, "sidecar/deploy", name), encoding="utf-8") as file:
                asked = set(re.findall(r"\b((?:rankguard|grpc_server)_[a-z_]+)\b(?=[\[{ )=]|$)", file.read(), re.M))
            self.assertGreater(len(asked), 4)
            self.assertEqual(asked - known, set(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)

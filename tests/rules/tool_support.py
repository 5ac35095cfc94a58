# SPDX-License-Identifier: Apache-2.0
"""What tests of rankguard-rules share: a folder of their own, and a run of the tool."""
import os
import subprocess
import sys
import tempfile
import unittest

TOOL, PACKS = sys.argv[1], sys.argv[2]


class ToolCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text, name="a.cfg"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_tool(self, *args, code, stdout=subprocess.PIPE):
        # libconfig 1.5 does not free what it was reading when a syntax error stops it.
        quiet = self.write("leak:libconfig.so\n", "lsan.supp")
        done = subprocess.run([TOOL, *args], stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", check=False,
                              env={**os.environ, "LSAN_OPTIONS": "print_suppressions=0:suppressions=" + quiet})
        self.assertEqual(done.returncode, code, (done.stdout or "") + done.stderr)
        return done.stdout, done.stderr

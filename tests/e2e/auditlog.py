# SPDX-License-Identifier: Apache-2.0
"""The log from outside: rankguard-audit, what it prints, and what an outside list of receipts says about it."""
import collections
import hashlib
import hmac
import json
import re
import time

import entry_schema
import harness

TYPE = re.compile(r'\{"v":1,"type":"([a-z_]+)"')
CHECKED = 100  # entries of each type that are held against proto/rankguard/audit/v1/entry.proto


def verify(directory, *arguments):
    return harness.run("rankguard-audit", "verify", directory, "--strict", *arguments)


def check(directory):
    """verify --strict finds nothing, and the first entries of each type follow their schema."""
    result = verify(directory)
    assert result.returncode == 0, f"verify: {result.returncode}\n{result.stdout}\n{result.stderr}"
    seen = collections.Counter()
    for leaf in harness.run("rankguard-audit", "export", directory, "--format", "jsonl").stdout.split("\n")[:-1]:
        kind = TYPE.match(leaf)[1]
        seen[kind] += 1
        if seen[kind] <= CHECKED:
            assert entry_schema.check(leaf) == kind


class Entry:
    """One entry: where it stands, its bytes and what they say."""

    def __init__(self, origin, index, leaf):
        self.origin, self.index, self.leaf = origin, index, leaf
        self.fields = json.loads(leaf)
        self.type = self.fields["type"]
        self.receipt = f"{origin}/{index}"

    def __getitem__(self, name):
        return self.fields.get(name)

    def __repr__(self):
        return f"{self.receipt}: {self.leaf}"


def _export(directory):
    """All entries as text, one a line: those that a sidecar at work has not signed yet are waited for."""
    until = time.monotonic() + harness.GUARD_S
    while True:
        result = harness.run("rankguard-audit", "export", directory, "--format", "jsonl")
        assert result.returncode == 0, f"export: {result.returncode}\n{result.stderr}"
        if "left out" not in result.stderr:
            return result.stdout
        assert time.monotonic() < until, f"the log is not published: {result.stderr}"


class Log:
    """All entries of a directory, read once. `publish` of the sidecar must be short, or it must have ended."""

    def __init__(self, directory):
        self.entries, origin, index = [], None, 0
        for leaf in _export(directory).split("\n")[:-1]:
            fields = json.loads(leaf)
            if fields["type"] == "open" and fields["origin"] != origin:
                origin, index = fields["origin"], 0
            self.entries.append(Entry(origin, index, leaf))
            index += 1
        self._by_receipt = {entry.receipt: entry for entry in self.entries}

    def at(self, receipt):
        """The entry that a receipt names; None when the log does not hold it."""
        return self._by_receipt.get(receipt)

    def of(self, *types):
        return [entry for entry in self.entries if entry.type in types]

    def missing(self, receipts):
        """Those receipts that name no entry about a response."""
        found = {entry.receipt for entry in self.of("decision", "delivered")}
        return [receipt for receipt in receipts if receipt not in found]


class Key:
    """The deployment's subject key, read as its documentation says: 64 hex digits."""

    def __init__(self, path):
        with open(path, encoding="ascii") as file:
            self.key = bytes.fromhex(file.read().strip())

    def _mac(self, domain, content):
        return hmac.new(self.key, domain.encode() + b"\0" + content, hashlib.sha256).hexdigest()

    def pseudonym(self, domain, subject):
        return self._mac(domain, subject.encode())[:32]

    def digest(self, content):
        return "hmac-sha256:" + self._mac("digest", content)

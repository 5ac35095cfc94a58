# SPDX-License-Identifier: Apache-2.0
"""A verifier of rankguard's audit logs, written from audit/FORMAT.md alone: nothing of rankguard is imported.

    verifier.py VKEY DIR [--checkpoint FILE]...    one epoch, and checkpoints that were kept elsewhere
    verifier.py VKEY --proof FILE ENTRY            one entry and its proof, without the log

Exit code 0: sound; 1: not, each finding on stdout. Needs python3-cryptography.
"""
import base64
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Bad(what)


def unbase64(text):
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 that is not canonical")
    return raw


# --- keys and notes (FORMAT.md, "Keys and signed notes") ---

class VKey:
    def __init__(self, text):
        self.name, key_id, rest = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+(.+)", text).groups()
        key = unbase64(rest)
        need(len(key) == 33 and key[0] == 1, "vkey: not an Ed25519 key")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + key).digest()[:4]
        need(self.id.hex() == key_id, "vkey: the key ID is not that of the key")
        self.public = Ed25519PublicKey.from_public_bytes(key[1:])

    def open(self, note):
        """The note's text, when its signature is right."""
        text, blank, signatures = note.rpartition(b"\n\n")
        need(blank and signatures.endswith(b"\n"), "note: no signatures")
        text += b"\n"
        found = False
        for line in signatures[:-1].split(b"\n"):
            match = re.fullmatch("— (\\S+) (\\S+)", line.decode())
            need(match, "note: a line that is no signature")
            raw = unbase64(match[2])
            if match[1] != self.name or raw[:4] != self.id:
                continue
            try:
                self.public.verify(raw[4:], text)
            except InvalidSignature:
                raise Bad("note: the signature is wrong") from None
            found = True
        need(found, "note: no signature of this key")
        return text.decode()


def read_checkpoint(vkey, note):
    lines = vkey.open(note).split("\n")
    need(len(lines) == 4 and lines[3] == "", "checkpoint: not three lines")
    need(lines[0] == vkey.name, "checkpoint: of another log")
    need(re.fullmatch("0|[1-9][0-9]*", lines[1]), "checkpoint: the size is no number")
    root = unbase64(lines[2])
    need(len(root) == 32, "checkpoint: the root is no hash")
    return int(lines[1]), root


# --- the tree (FORMAT.md, "Tree") ---

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Roots of perfect subtrees, the largest first, and optionally the root at some sizes."""

    def __init__(self, sizes=()):
        self.size, self.stack, self.wanted, self.roots = 0, [], set(sizes), {}
        if 0 in self.wanted:
            self.roots[0] = self.root()

    def push(self, leaf):
        height, node = 0, leaf
        while self.stack and self.stack[-1][0] == height:
            node = node_hash(self.stack.pop()[1], node)
            height += 1
        self.stack.append((height, node))
        self.size += 1
        if self.size in self.wanted:
            self.roots[self.size] = self.root()

    def root(self):
        if not self.stack:
            return hashlib.sha256(b"").digest()
        node = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            node = node_hash(left, node)
        return node


def check_proof(vkey, proof, entry):
    """FORMAT.md, "Proofs"; the walk of RFC 9162, section 2.1.3.2."""
    head, blank, note = proof.partition(b"\n\n")
    need(blank, "proof: no checkpoint")
    lines = head.decode().split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "proof: not a proof of version 1")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    need(lines and lines[0].startswith("index "), "proof: no index")
    index = int(lines.pop(0)[6:])
    size, root = read_checkpoint(vkey, note)
    need(index < size, "proof: the index is not below the size")
    first, last, node = index, size - 1, leaf_hash(entry)
    for line in lines:
        need(last > 0, "proof: too many hashes")
        other = unbase64(line)
        if first & 1 or first == last:
            node = node_hash(other, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, other)
        first, last = first >> 1, last >> 1
    need(last == 0 and node == root, "proof: it does not lead to the root")
    return index


# --- tiles and bundles (FORMAT.md, "Published tree") ---

def tile_path(level, number):
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return os.path.join("tile", str(level), *groups)


def read_tile(epoch, level, number, width):
    """A full file serves for a partial one: its beginning is the same."""
    path = os.path.join(epoch, tile_path(level, number))
    names = [path] if width == 256 else [f"{path}.p/{width}", path]
    for name in names:
        if os.path.exists(name):
            with open(name, "rb") as file:
                return name, file.read(), width == 256 or name != path
    raise Bad(f"{names[0]}: is missing")


def entries_of(name, bundle, width, exact):
    at = 0
    for _ in range(width):
        need(at + 2 <= len(bundle), f"{name}: ends inside an entry")
        length = int.from_bytes(bundle[at:at + 2], "big")
        need(length and at + 2 + length <= len(bundle), f"{name}: ends inside an entry")
        yield bundle[at + 2:at + 2 + length]
        at += 2 + length
    need(not exact or at == len(bundle), f"{name}: more than {width} entries")


# --- entries (FORMAT.md, "Entries") ---

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


class Run:
    """What must hold from one entry to the next."""

    def __init__(self):
        self.time, self.part, self.counts = "", None, {}

    def see(self, index, entry, origin):
        try:
            text = entry.decode("utf-8")
            fields = json.loads(text)
        except ValueError:
            raise Bad(f"entry {index}: not a line of JSON") from None
        need("\n" not in text and list(fields)[:3] == ["v", "type", "time"] and fields["v"] == 1,
             f"entry {index}: does not begin with v, type and time")
        need(TIME.fullmatch(fields["time"]) and fields["time"] >= self.time, f"entry {index}: its time")
        self.time = fields["time"]
        k, n = fields.get("part", (1, 1))
        kind, last, count = self.part or (fields["type"], 0, n)
        need((kind, last + 1, count) == (fields["type"], k, n), f"entry {index}: a part is missing before it")
        self.part = (kind, k, n) if k < n else None
        need(index > 0 or (kind == "open" and fields["origin"] == origin), "entry 0: not the opening of this log")
        self.counts[kind] = self.counts.get(kind, 0) + (k == 1)


# --- one epoch ---

def check_identity(vkey_text, epoch):
    with open(os.path.join(epoch, "log.id"), "rb") as file:
        note = file.read()
    lines = VKey(vkey_text).open(note).split("\n")
    need(lines[0] == "rankguard log" and lines[1] == vkey_text.split("+")[0] and lines[2] == vkey_text,
         "log.id: states another log")


def check_epoch(vkey_text, epoch, kept=()):
    """Returns (origin, size, root, entries by type). kept: checkpoints that somebody else kept."""
    vkey = VKey(vkey_text)
    check_identity(vkey_text, epoch)
    with open(os.path.join(epoch, "checkpoint"), "rb") as file:
        size, root = read_checkpoint(vkey, file.read())
    old = [read_checkpoint(vkey, note) for note in kept]
    tree, run, levels = Tree(one for one, _ in old), Run(), [[]]
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        hashes = []
        for entry in entries_of(*(lambda n, d, e: (n, d, width, e))(*read_tile(epoch, "entries", number, width))):
            run.see(tree.size, entry, vkey.name)
            hashes.append(leaf_hash(entry))
            tree.push(hashes[-1])
        levels[0].append(hashes)
    need(tree.root() == root, "the entries do not make the root of the checkpoint")
    need(run.part is None or size == 0, "the last entry lacks parts")
    for old_size, old_root in old:
        need(tree.roots.get(old_size) == old_root, f"a kept checkpoint of {old_size} entries says otherwise")
    check_hash_tiles(epoch, levels)
    return vkey.name, size, root, run.counts


def check_hash_tiles(epoch, levels):
    level, tiles = 0, levels[0]
    while tiles:
        above = []
        for number, hashes in enumerate(tiles):
            name, data, exact = read_tile(epoch, level, number, len(hashes))
            want = b"".join(hashes)
            need(data == want if exact else data.startswith(want), f"{name}: not the hashes of the entries")
            if len(hashes) == 256:
                row = hashes
                while len(row) > 1:
                    row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
                above.append(row[0])
        level += 1
        tiles = [above[i:i + 256] for i in range(0, len(above), 256)]


def main(arguments):
    vkey, rest = arguments[0], arguments[1:]
    try:
        if rest[0] == "--proof":
            with open(rest[1], "rb") as proof, open(rest[2], "rb") as entry:
                print("entry", check_proof(VKey(vkey), proof.read(), entry.read()), "proven")
            return 0
        kept = []
        for at, word in enumerate(rest):
            if word == "--checkpoint":
                with open(rest[at + 1], "rb") as file:
                    kept.append(file.read())
        origin, size, root, counts = check_epoch(vkey, rest[0], kept)
        print(f"{origin}: {size} entries, root {base64.b64encode(root).decode()}: sound")
        print(", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
        return 0
    except (Bad, OSError, ValueError, AttributeError) as problem:
        print(f"not sound: {problem}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

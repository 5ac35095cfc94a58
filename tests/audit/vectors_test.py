# SPDX-License-Identifier: Apache-2.0
"""Test vectors and the verifier that was written from FORMAT.md alone.

    vectors_test.py MAKER TOOL           the log that MAKER makes is the committed one; the verifier takes it, and
                                         finds what was flipped, deleted, swapped or inserted
    vectors_test.py MAKER TOOL --update  writes the vectors anew

tests/audit/vectors: audit.key (the signing key), log/ (the log, without its journal), vectors.json (vkey, size,
root, leaf hashes), entry and entry.tlog-proof (one entry and its proof).
"""
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "verifier"))
import entry_schema  # noqa: E402
import verifier  # noqa: E402

VECTORS = os.path.join(HERE, "vectors")
LOG = os.path.join(VECTORS, "log")
EPOCH = os.path.join(LOG, "0001")
PROVEN = 7
SEED = 20261123


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def files(top):
    """Published files below `top`: the journal is the writer's own, and its salt is random."""
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(one for one in folders if one != "journal")
        for name in sorted(names):
            if name != "lock":
                path = os.path.join(folder, name)
                found[os.path.relpath(path, top)] = read(path)
    return found


def vkey_of(epoch):
    return read(os.path.join(epoch, "log.id")).decode().split("\n")[2]


def leaves_of(epoch):
    size, _ = verifier.read_checkpoint(verifier.VKey(vkey_of(epoch)), read(os.path.join(epoch, "checkpoint")))
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        name, bundle, exact = verifier.read_tile(epoch, "entries", number, width)
        yield from verifier.entries_of(name, bundle, width, exact)


def describe(epoch):
    leaves = list(leaves_of(epoch))
    tree = verifier.Tree()
    for leaf in leaves:
        tree.push(verifier.leaf_hash(leaf))
    return {"vkey": vkey_of(epoch), "size": len(leaves), "root": tree.root().hex(),
            "leaf_hashes": [verifier.leaf_hash(leaf).hex() for leaf in leaves]}


def make(maker, tool, top):
    """A new log, a proof of one of its entries."""
    key = os.path.join(top, "audit.key")
    write(key, read(os.path.join(VECTORS, "audit.key")))
    os.chmod(key, 0o400)
    log = os.path.join(top, "log")
    os.mkdir(log)
    subprocess.run([maker, log, key], check=True)
    subprocess.run([tool, "verify", log, "--strict"], check=True, stdout=subprocess.DEVNULL)
    proof = subprocess.run([tool, "prove", log, str(PROVEN)], check=True, stdout=subprocess.PIPE).stdout
    epoch = os.path.join(log, "0001")
    return {"log": files(log), "proof": proof, "vectors": describe(epoch),
            "entry": list(leaves_of(epoch))[PROVEN]}


def update(made):
    shutil.rmtree(LOG, ignore_errors=True)
    for name, content in made["log"].items():
        write(os.path.join(LOG, name), content)
    write(os.path.join(VECTORS, "entry"), made["entry"])
    write(os.path.join(VECTORS, "entry.tlog-proof"), made["proof"])
    write(os.path.join(VECTORS, "vectors.json"), (json.dumps(made["vectors"], indent=1) + "\n").encode())


def compare(made):
    assert made["log"] == files(LOG), "the maker's log is not the committed one; run with --update and look"
    assert made["entry"] == read(os.path.join(VECTORS, "entry"))
    assert made["proof"] == read(os.path.join(VECTORS, "entry.tlog-proof"))
    assert made["vectors"] == json.loads(read(os.path.join(VECTORS, "vectors.json")))


def schema(top, tool):
    """All entries follow entry.proto, also when an export writes them."""
    lines = os.path.join(top, "export.jsonl")
    subprocess.run([tool, "export", os.path.join(top, "log"), "--format", "jsonl", "--output", lines], check=True,
                   stderr=subprocess.DEVNULL)
    entry_schema.main([lines])


def verdict(epoch, vkey, kept=()):
    try:
        verifier.check_epoch(vkey, epoch, kept)
        return None
    except (verifier.Bad, OSError, ValueError, AttributeError) as problem:
        return str(problem) or repr(problem)


def found(top, vkey, name, change, kept=()):
    """The verifier finds what `change` does to a copy."""
    copy = os.path.join(top, "copy")
    shutil.copytree(EPOCH, copy)
    change(copy)
    words = verdict(copy, vkey, kept)
    shutil.rmtree(copy)
    assert words, f"{name}: not found"
    return words


def with_entries(change):
    """A change of the first bundle's entries, their lengths kept right."""
    def apply(epoch):
        path = os.path.join(epoch, "tile/entries/000")
        entries = list(verifier.entries_of(path, read(path), 256, True))
        change(entries)
        write(path, b"".join(len(one).to_bytes(2, "big") + one for one in entries))
    return apply


def swap(entries):
    entries[20], entries[21] = entries[21], entries[20]


def tamper(top, vkey):
    """Every file, a bit at a time at places drawn by a printed seed, and every file gone; entries moved about."""
    draw, count = random.Random(SEED), 0
    print("seed", SEED)
    for name in sorted(files(EPOCH)):
        size = os.path.getsize(os.path.join(EPOCH, name))
        for _ in range(24):
            at, bit = draw.randrange(size), draw.randrange(8)

            def flip(epoch, name=name, at=at, bit=bit):
                path = os.path.join(epoch, name)
                content = bytearray(read(path))
                content[at] ^= 1 << bit
                write(path, content)

            found(top, vkey, f"{name}: bit {bit} of byte {at}", flip)
            count += 1
        found(top, vkey, f"{name}: gone", lambda epoch, name=name: os.unlink(os.path.join(epoch, name)))
        count += 1
    for name, change in (("deleted", lambda one: one.pop(30)), ("swapped", swap),
                         ("inserted", lambda one: one.insert(30, one[30])),
                         ("replaced", lambda one: one.__setitem__(30, one[31]))):
        found(top, vkey, name, with_entries(change))
        count += 1
    return count


def main(maker, tool, *options):
    top = tempfile.mkdtemp(prefix="rankguard-vectors-")
    try:
        made = make(maker, tool, top)
        if options:
            update(made)
            return
        compare(made)
        schema(top, tool)
        vkey = made["vectors"]["vkey"]
        assert verdict(EPOCH, vkey) is None, verdict(EPOCH, vkey)
        kept = read(os.path.join(EPOCH, "checkpoint"))
        assert verdict(EPOCH, vkey, [kept]) is None
        program = [sys.executable, "-B", os.path.join(HERE, "verifier", "verifier.py"), vkey]
        assert subprocess.run([*program, EPOCH], stdout=subprocess.DEVNULL).returncode == 0
        proven = [*program, "--proof", os.path.join(VECTORS, "entry.tlog-proof")]
        assert subprocess.run([*proven, os.path.join(VECTORS, "entry")], stdout=subprocess.DEVNULL).returncode == 0
        assert subprocess.run([*proven, os.path.join(VECTORS, "vectors.json")],
                              stdout=subprocess.DEVNULL).returncode == 1
        other = vkey.split("+")[0] + "x+" + vkey.split("+", 1)[1]
        assert verdict(EPOCH, other), "a key of another name was taken"
        print(tamper(top, vkey), "changes found;", base64.b64encode(bytes.fromhex(made["vectors"]["root"])).decode())
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""Entries against proto/rankguard/audit/v1/entry.proto: every member is known, of its type, and in its place.

    entry_schema.py FILE...     JSON Lines, or `-`; needs entry_pb2 in PYTHONPATH
"""
import json
import sys

from google.protobuf import json_format
from rankguard.audit.v1 import entry_pb2


class Wrong(Exception):
    pass


def in_order(value, descriptor, path):
    """Members of a message stand as its fields do, and have their very names."""
    if descriptor.full_name.startswith("google.protobuf."):
        return
    last = 0
    for name, one in value.items():
        field = descriptor.fields_by_name.get(name)
        if field is None or field.number <= last:
            raise Wrong(f"{path}{name}: not known here, or not in its place")
        last = field.number
        if field.message_type:
            for part in one if field.label == field.LABEL_REPEATED else [one]:
                if isinstance(part, dict):
                    in_order(part, field.message_type, f"{path}{name}.")


def check(line):
    """Raises Wrong. Returns the entry's type."""
    entry = json.loads(line)
    message = getattr(entry_pb2, entry["type"].capitalize(), None)
    if message is None:
        raise Wrong(f"no type {entry['type']}")
    try:
        json_format.ParseDict(entry, message())
    except json_format.ParseError as problem:
        raise Wrong(str(problem)) from None
    in_order(entry, message.DESCRIPTOR, "")
    if json.dumps(entry, separators=(",", ":"))[:20] != line[:20]:
        raise Wrong("white space between tokens")
    return entry["type"]


def control(line):
    """What must not pass: an unknown member, another type, another order."""
    entry = json.loads(line)
    for changed in ({**entry, "other": 1}, {**entry, "time": 7}, {"type": entry["type"], **entry},
                    {**entry, "type": "nothing"}):
        try:
            check(json.dumps(changed, separators=(",", ":")))
        except Wrong:
            continue
        raise AssertionError(f"taken: {changed}")


def main(paths):
    seen = {}
    for path in paths:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as lines:
            for line in lines:
                kind = check(line.rstrip("\n"))
                if kind not in seen:
                    control(line.rstrip("\n"))
                seen[kind] = seen.get(kind, 0) + 1
    print(", ".join(f"{kind} {count}" for kind, count in sorted(seen.items())))


if __name__ == "__main__":
    main(sys.argv[1:])

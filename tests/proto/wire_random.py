# SPDX-License-Identifier: Apache-2.0
"""Random messages of any schema, written straight to the wire so that every freedom of the format is used.

Fields come in any order and any number of times: a single value twice, a single message in pieces, both sides
of a oneof, packed and unpacked runs of one list, map entries with the value first or twice, numbers and
lengths in more bytes than needed, defaults written out, unknown fields and groups in between."""
import struct

from google.protobuf.descriptor import FieldDescriptor as F

VARINT = {F.TYPE_INT64, F.TYPE_UINT64, F.TYPE_INT32, F.TYPE_UINT32, F.TYPE_BOOL, F.TYPE_ENUM,
          F.TYPE_SINT32, F.TYPE_SINT64}
FIXED64 = {F.TYPE_DOUBLE, F.TYPE_FIXED64, F.TYPE_SFIXED64}
FIXED32 = {F.TYPE_FLOAT, F.TYPE_FIXED32, F.TYPE_SFIXED32}
DEPTH = 10
NESTING = ('google.protobuf.Struct', 'google.protobuf.ListValue')  # values in values
LEN, GROUP, GROUP_END = 2, 3, 4

DOUBLES = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-300, 1e300, float('inf'), float('-inf'), float('nan'), 0.25, 3.5]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.10000000149011612, float('inf'), float('-inf'), float('nan'), 0.25, 3.5]
TEXTS = ['', '', 'a', 'item-7', 'größe', '\U0001f642', 'x' * 127, 'y' * 128, 'z' * 300, '\0', '"\\']
BYTES = [b'\0\xff', bytes(range(16)), b'\xc3\x28']
NUMBERS = [0, 0, 1, 2, 3, 4, 5, 6, 13, 127, 128, 2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1]


def varint(value, pad=0):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(pad):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


class Writer:
    def __init__(self, random, words=()):
        self.random, self.texts = random, TEXTS + list(words) * 3

    def padded(self, value, most):
        """Sometimes in more bytes than needed, as long as every parser reads it."""
        plain = varint(value)
        if len(plain) < most and self.random.random() < 0.05:
            return varint(value, self.random.randint(1, most - len(plain)))
        return plain

    def tag(self, number, wire):
        return self.padded(number << 3 | wire, 5)

    def run(self, number, body):
        return self.tag(number, LEN) + self.padded(len(body), 5) + body

    def scalar(self, kind):
        if kind in VARINT:
            value = self.random.choice(NUMBERS)
            if kind == F.TYPE_ENUM and self.random.random() < 0.7:
                value = self.random.randint(0, 10)
            return self.padded(value, 10)
        if kind == F.TYPE_DOUBLE:
            return struct.pack('<d', self.random.choice(DOUBLES))
        if kind == F.TYPE_FLOAT:
            return struct.pack('<f', self.random.choice(FLOATS))
        return self.random.randbytes(8 if kind in FIXED64 else 4)

    def unknown(self, known, depth=0):
        number = self.random.choice([n for n in (90, 91, 15, 16, 2000, 536870911) if n not in known])
        wire = self.random.choice([0, 1, LEN, GROUP, 5])
        if wire == GROUP:
            inner = b''.join(self.unknown((), depth + 1) for _ in range(self.random.randint(0, 2 - min(depth, 2))))
            return self.tag(number, GROUP) + inner + self.tag(number, GROUP_END)
        if wire == LEN:
            return self.run(number, self.random.randbytes(self.random.choice([0, 1, 5, 130])))
        body = self.padded(self.random.choice(NUMBERS), 10) if wire == 0 else self.random.randbytes(8 if wire == 1 else 4)
        return self.tag(number, wire) + body

    def field(self, field, depth):
        kind = field.type
        if kind == F.TYPE_MESSAGE:
            return self.run(field.number, self.message(field.message_type, depth + 1) if depth < DEPTH else b'')
        if kind == F.TYPE_GROUP:
            return self.tag(field.number, GROUP) + self.tag(field.number, GROUP_END)
        if kind == F.TYPE_BYTES and self.random.random() < 0.4:
            return self.run(field.number, self.random.choice(BYTES))
        if kind in (F.TYPE_STRING, F.TYPE_BYTES):
            return self.run(field.number, self.random.choice(self.texts).encode())
        if field.label == F.LABEL_REPEATED and self.random.random() < 0.5:
            return self.run(field.number, b''.join(self.scalar(kind) for _ in range(self.random.randint(0, 4))))
        wire = 0 if kind in VARINT else 1 if kind in FIXED64 else 5
        return self.tag(field.number, wire) + self.scalar(kind)

    def message(self, descriptor, depth=0):
        chunks = []
        numbers = {field.number for field in descriptor.fields}
        for field in descriptor.fields:
            if depth > 3 and field.message_type and field.message_type.full_name in NESTING and self.random.random() < 0.8:
                continue
            most = 6 if field.label == F.LABEL_REPEATED and depth < 2 else 3
            for _ in range(self.random.choice([0, 1, 1, 1, 2, self.random.randint(0, most)])):
                chunks.append(self.field(field, depth))
        while self.random.random() < 0.25:
            chunks.append(self.unknown(numbers))
        self.random.shuffle(chunks)
        return b''.join(chunks)

# SPDX-License-Identifier: Apache-2.0
"""Paths of a mapping on parsed messages, by Python's own reflection: an independent reading of proto/path.h."""
import re
import uuid

from google.protobuf.descriptor import FieldDescriptor as F

FIELD, EACH, INDEX, KEY = range(4)
WRAPPERS = {'google.protobuf.' + name for name in (
    'DoubleValue', 'FloatValue', 'Int64Value', 'UInt64Value', 'Int32Value', 'UInt32Value', 'BoolValue',
    'StringValue', 'BytesValue')}
PART = re.compile(r"(\w+)((?:\[[^]']*\]|\['[^']*'\])*)(?:\.|$)")
BRACKET = re.compile(r"\[(?:'([^']*)'|([^]]*))\]")


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def value_field(field):
    return field.message_type.fields_by_name['value']


class Entry:
    """One entry of a map, as a message with a key and a value."""

    def __init__(self, container, key, field):
        self.container, self.key = container, key
        self.DESCRIPTOR = field.message_type


class Place:
    """Where a path ends: a field of a message, a value of a map, or an element of a list."""

    def __init__(self, owner, field, pick=FIELD, at=None):
        self.owner, self.field, self.pick, self.at = owner, field, pick, at
        self.has_presence = pick == FIELD and field.has_presence and not isinstance(owner, Entry)

    def present(self):
        if self.pick == INDEX:
            return self.at < len(self.owner)
        if self.pick == KEY:
            return self.at in self.owner
        return not self.has_presence or self.owner.HasField(self.field.name)

    def get(self):
        if isinstance(self.owner, Entry):
            return self.owner.key if self.field.name == 'key' else self.owner.container[self.owner.key]
        return self.owner[self.at] if self.pick in (INDEX, KEY) else getattr(self.owner, self.field.name)

    def set(self, value):
        if isinstance(self.owner, Entry):
            self.owner.container[self.owner.key] = value
        elif self.pick == KEY:
            self.owner[self.at] = value
        else:
            setattr(self.owner, self.field.name, value)

    def clear(self):
        if self.pick == KEY:
            self.owner.pop(self.at, None)
        else:
            self.owner.ClearField(self.field.name)


class Path:
    """Steps of (field, pick, at); `want` is what a Value at the end is read as."""

    def __init__(self, text, descriptor, want):
        self.text, self.steps, self.message = text, [], descriptor
        at = 0
        while at < len(text):
            part = PART.match(text, at)
            self.name(part.group(1))
            for quoted, plain in BRACKET.findall(part.group(2)):
                self.bracket(quoted, plain)
            at = part.end()
        field, pick, _ = self.steps[-1]
        self.ends_in_list = pick == EACH
        if self.message is None or want is None or is_map(field) and pick == EACH:
            return
        if self.message.full_name in WRAPPERS:
            self.name('value')
        elif self.message.full_name == 'google.protobuf.Value':
            self.name(want)

    def name(self, name):
        field = self.message.fields_by_name[name]
        self.steps.append((field, EACH if field.label == F.LABEL_REPEATED else FIELD, None))
        self.message = field.message_type

    def bracket(self, quoted, plain):
        if self.steps[-1][1] != EACH and self.message.full_name == 'google.protobuf.Value':
            self.name('list_value' if plain else 'struct_value')
        if self.steps[-1][1] != EACH:
            self.name('values' if self.message.full_name == 'google.protobuf.ListValue' else 'fields')
        field = self.steps[-1][0]
        if is_map(field):
            key = {'true': True, 'false': False}.get(plain) if plain in ('true', 'false') else int(plain) if plain else quoted
            self.steps[-1] = (field, KEY, key)
            self.message = value_field(field).message_type
        elif plain:
            self.steps[-1] = (field, INDEX, int(plain))

    def leaf(self):
        field, pick, _ = self.steps[-1]
        return value_field(field) if pick == KEY else field

    def inside(self, message, step, make):
        """The messages that a step leads into."""
        field, pick, at = step
        if isinstance(message, Entry):
            return [message.container[message.key]]
        inner = getattr(message, field.name)
        if pick == EACH:
            return list(inner)
        if pick == KEY:
            return [inner[at]] if make or at in inner else []
        if pick == INDEX:
            if make and at == len(inner):
                inner.add()
            return [inner[at]] if at < len(inner) else []
        if not make and not message.HasField(field.name):
            return []
        inner.SetInParent()
        return [inner]

    def owners(self, message, make=False):
        """The messages that have the last field: one, or those in all lists on the way."""
        found = [message]
        for step in self.steps[:-1]:
            found = [inner for outer in found for inner in self.inside(outer, step, make)]
        return found

    def place(self, message, make=False):
        owners = self.owners(message, make)
        if not owners:
            return None
        field, pick, at = self.steps[-1]
        if pick == KEY:
            return Place(getattr(owners[0], field.name), value_field(field), KEY, at)
        if pick == INDEX:
            return Place(getattr(owners[0], field.name), field, INDEX, at)
        return Place(owners[0], field)

    def lists(self, message):
        """The lists that the path ends at, one for each message that has one."""
        return [getattr(owner, self.steps[-1][0].name) for owner in self.owners(message)]


def text_of(value, field):
    """The stable text form of a value."""
    if field.type == F.TYPE_ENUM:
        named = field.enum_type.values_by_number.get(value)
        return (named.name if named else str(value)).encode()
    if field.type == F.TYPE_STRING:
        return value.encode()
    if field.type != F.TYPE_BYTES:
        return str(value).encode()
    try:
        if all(ord(c) >= 0x20 and ord(c) != 0x7f for c in value.decode()):
            return value
    except UnicodeDecodeError:
        pass
    return (str(uuid.UUID(bytes=value)) if len(value) == 16 else '0x' + value.hex()).encode()


def _varint(wire, at):
    value = shift = 0
    while True:
        byte = wire[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _skip_group(wire, at):
    while True:
        tag, at = _varint(wire, at)
        if tag & 7 == 4:
            return at
        at = _value(wire, at, tag & 7)[1]


def _value(wire, at, kind):
    if kind == 0:
        return _varint(wire, at)
    if kind == 2:
        size, at = _varint(wire, at)
        return wire[at:at + size], at + size
    if kind == 3:
        return None, _skip_group(wire, at)
    size = 8 if kind == 1 else 4
    return wire[at:at + size], at + size


def fields(wire):
    """The fields of one message on the wire: (number, value)."""
    at = 0
    while at < len(wire):
        tag, at = _varint(wire, at)
        value, at = _value(wire, at, tag & 7)
        yield tag >> 3, value


def key_order(wire, number):
    """The keys (texts) of a map that stands in the message itself, in the order of their last entries."""
    keys = {}
    for found, entry in fields(wire):
        if found != number:
            continue
        key = ''
        for inner, value in fields(entry):
            key = value.decode() if inner == 1 else key
        keys.pop(key, None)
        keys[key] = None
    return list(keys)

# SPDX-License-Identifier: Apache-2.0
"""Canonical messages as bytes, and a reader of wire bytes that knows no schema."""
import warnings

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from rankguard.v1 import ranking_pb2 as pb

ASK = pb.PROMPT_KIND_CLARIFYING_QUESTION
ACKNOWLEDGE = pb.PROMPT_KIND_ACKNOWLEDGEMENT


def request(session="", user="", surface="home", locale="en", **more):
    """A RankRequest. Ids of tests begin with sidecar.CLEAR."""
    return pb.RankRequest(session_id=session, user_id=user, surface=surface, locale=locale,
                          **more).SerializeToString()


def signal(session="", kind=pb.SIGNAL_KIND_DISSATISFIED, **more):
    return pb.SignalRequest(session_id=session, kind=kind, **more).SerializeToString()


def item(item_id, score, baseline=None, category="jazz"):
    return pb.RankedItem(item_id=item_id, score=score, category=category,
                         **({} if baseline is None else {"baseline_score": baseline}))


def prompt(text="Would you like to see less jazz?", prompt_id="p1", kind=ASK, locale="en", **more):
    return pb.Prompt(prompt_id=prompt_id, kind=kind, text=text, locale=locale, **more)


def response(items=(), prompts=(), **more):
    return pb.RankResponse(items=items, prompts=prompts, **more).SerializeToString()


def parsed(message):
    return pb.RankResponse.FromString(message)


def _schema_without_texts():
    """The canonical response with `bytes` where it has `string`."""
    file = descriptor_pb2.FileDescriptorProto()
    pb.DESCRIPTOR.CopyToProto(file)
    kinds = descriptor_pb2.FieldDescriptorProto
    for one in (one for message in file.message_type for one in message.field):
        if one.type == kinds.TYPE_STRING:
            one.type = kinds.TYPE_BYTES
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName("rankguard.v1.RankResponse"))


_Untexted = _schema_without_texts()


def decodes(message):
    """What Python's protobuf says of the bytes of a response. Whether texts are valid UTF-8 is not asked."""
    with warnings.catch_warnings(record=True) as left_over:  # bytes behind the message are a warning there
        warnings.simplefilter("always")
        try:
            _Untexted.FromString(message)
        except DecodeError:
            return False
    return not left_over


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, content):
    """A field on the wire: an int as varint, bytes as length-delimited."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def _read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at


def fields(data):
    """Varint and length-delimited fields as {number: [content, ...]}."""
    found, at = {}, 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        content, at = _read_varint(data, at)
        if tag & 7 == 2:
            content, at = data[at:at + content], at + content
        found.setdefault(tag >> 3, []).append(content)
    return found

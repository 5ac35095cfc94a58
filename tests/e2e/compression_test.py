# SPDX-License-Identifier: Apache-2.0
"""Compressed messages. Both ends are made of frames, so that flags, encodings and bytes are seen as they are on
the wire: what is not governed passes raw; what is governed is decompressed, decided and compressed again; what
cannot be decompressed within limits.message is refused before it costs memory.
"""
import gzip
import re
import zlib

import harness
import messages
import rules_kit
import wire
from auditlog import Key, Log, check
from client import value
from harness import OTHER, RANK, SIGNAL, STREAM_RANK
from messages import field, item, pb, request, response
from sidecar import CLEAR, Sidecar

LIMIT = 1 << 20  # limits.message of these sidecars
BOMB = 40 << 20  # compressed it is shorter than the first window of HTTP/2
OK, INTERNAL = "0", "13"

CODINGS = {"gzip": (gzip.compress, gzip.decompress), "deflate": (zlib.compress, zlib.decompress)}
ACCEPT = (b"grpc-accept-encoding", b"identity,deflate,gzip")

SESSION = CLEAR + "compressed"
REQUEST = request(SESSION, user=CLEAR + "user")
WITHIN = response([item("a", 0.5, 0.4)], explanation="because " * 100)
EXCEEDED = response([item("a", 0.9, 0.4)], explanation="because " * 100)  # a goes down to 0.6


def bomb(coding, size):
    """So many zero bytes in a thousandth of them, as protobuf: one unknown field of that length."""
    return CODINGS[coding][0](field(1000, bytes(size)))


def short(pairs):
    """Long messages would make a difference unreadable."""
    return [(flag, body if len(body) < 200 else (len(body), zlib.crc32(body))) for flag, body in pairs]


def encoding(coding):
    return [(b"grpc-encoding", coding.encode())]


def answers(*bodies, more=()):
    """A peer's answer: headers, the messages as they are given (flag, body), status OK."""

    def answer(connection, stream):
        connection.send(
            wire.frame(wire.HEADERS, wire.END_HEADERS, stream,
                       wire.RESPONSE_HEADERS + wire.headers(more)),
            *(wire.data(stream, wire.message(body, flag)) for flag, body in bodies),
            wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, stream, wire.OK_TRAILERS))

    return answer


class Compression(harness.Case):
    OPTIONS = {"limits": {"message": "1MiB"}}

    @classmethod
    def setUpClass(cls):
        cls.ends = harness.Home()
        path = cls.ends.path("reco.sock")
        cls.peer = wire.Peer(path, None)
        cls.sidecar = Sidecar(cls.ends.folder, f"unix:{path}", rules_kit.RULES, cls.OPTIONS).start()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.sidecar.settled()
            cls.sidecar.stop()
            check(cls.sidecar.directory)
            cls.peer.close()
        finally:
            cls.ends.remove()

    def setUp(self):
        super().setUp()
        self.peer.said.clear()

    def ask(self, method, sent, answer, more=(ACCEPT,)):
        """Sends (flag, body) pairs; returns what the application got and what the recommender was asked."""
        self.peer.answer = answer
        got = wire.talk(self.sidecar.socket, method, *(wire.message(body, flag) for flag, body in sent),
                        more=more)
        return got, self.peer.said[0] if self.peer.said else None

    def assertRefused(self, got, why):
        self.assertEqual((value(got.trailers, "grpc-status"), short(got.messages)), (INTERNAL, []))
        # grpc-message is percent-encoded; these texts have nothing else to encode.
        self.assertEqual(value(got.trailers, "grpc-message").replace("%25", "%"), "rankguard: " + why)

    def log(self):
        return Log(self.sidecar.directory)


@harness.named([(f"{kind}_{coding}", method, coding)
                for kind, method in (("rank", RANK), ("stream", STREAM_RANK), ("unmapped", OTHER), ("signal", SIGNAL))
                for coding in CODINGS])
class Untouched(Compression):
    """What no rule changes has the same encoding, flags and bytes behind the hop as before it."""

    def row(self, method, coding):
        pack = CODINGS[coding][0]
        sent = [(1, pack(messages.signal(SESSION) if method == SIGNAL else REQUEST))]
        proposed = [(1, pack(WITHIN))]
        if method in (STREAM_RANK, OTHER):  # flags may differ from message to message
            sent += [(0, REQUEST), (1, pack(b""))]
            proposed += [(0, WITHIN), (1, pack(b"")), (1, b""), (0, b"")]
        got, asked = self.ask(method, sent, answers(*proposed, more=[*encoding(coding), ACCEPT]),
                              [*encoding(coding), ACCEPT])
        self.assertEqual(asked.messages, sent)
        self.assertEqual(got.messages, proposed)
        self.assertEqual(value(got.trailers, "grpc-status"), OK)
        for said in (asked.headers, got.headers):
            self.assertEqual(value(said, "grpc-encoding"), coding)
            self.assertEqual(value(said, "grpc-accept-encoding").replace(" ", ""), ACCEPT[1].decode())


class Encodings(Compression):
    """What one end says it accepts is what the other end hears; silence stays silence."""

    def test_accepted(self):
        for said, heard in (((), None), ([(b"grpc-accept-encoding", b"identity")], None),
                            ([(b"grpc-accept-encoding", b"gzip")], "identity,gzip"),
                            ([(b"grpc-accept-encoding", b"deflate")], "identity,deflate"),
                            ([(b"grpc-accept-encoding", b"snappy,gzip")], "identity,gzip")):
            for method in (RANK, STREAM_RANK, OTHER):
                with self.subTest(said=said, method=method):
                    self.peer.said.clear()
                    got, asked = self.ask(method, [(0, REQUEST)], answers((0, WITHIN), more=said), said)
                    for headers in (asked.headers, got.headers):
                        accepted = value(headers, "grpc-accept-encoding")
                        self.assertEqual(accepted and accepted.replace(" ", ""), heard)
                        self.assertIsNone(value(headers, "grpc-encoding"))

    def test_an_encoding_that_was_not_offered_passes(self):
        """A recommender may know better; the application decides what it makes of it."""
        proposed = [(1, gzip.compress(WITHIN))]
        for method in (RANK, STREAM_RANK, OTHER):
            got, _ = self.ask(method, [(0, REQUEST)], answers(*proposed, more=encoding("gzip")), ())
            self.assertEqual((got.messages, value(got.headers, "grpc-encoding")), (proposed, "gzip"))

    def test_a_flag_without_encoding_stays_where_nothing_is_governed(self):
        got, asked = self.ask(OTHER, [(1, b"request")], answers((1, b"response")))
        self.assertEqual((asked.messages, got.messages), ([(1, b"request")], [(1, b"response")]))

    def test_the_cores_own_key_is_not_taken_from_a_peer(self):
        """It once told the core to compress."""
        forged = [(b"grpc-internal-encoding-request", b"gzip")]
        got, asked = self.ask(OTHER, [(0, b"x" * 1000)], answers((0, b"y" * 1000), more=forged), forged)
        self.assertEqual((asked.messages, got.messages), ([(0, b"x" * 1000)], [(0, b"y" * 1000)]))
        for headers in (asked.headers, got.headers):
            self.assertEqual([pair for pair in headers if "encoding" in pair[0]], [])


@harness.named([(f"{kind}_{coding}", method, coding)
                for kind, method in (("rank", RANK), ("stream", STREAM_RANK)) for coding in CODINGS])
class Changed(Compression):
    """A governed message is read through its compression, and what leaves in its place is compressed alike."""

    def row(self, method, coding):
        pack, unpack = CODINGS[coding]
        got, asked = self.ask(method, [(1, pack(REQUEST))],
                              answers((1, pack(EXCEEDED)), more=encoding(coding)), [*encoding(coding), ACCEPT])
        self.assertEqual(asked.messages, [(1, pack(REQUEST))])
        self.assertEqual(value(got.headers, "grpc-encoding"), coding)
        (flag, body), = got.messages
        self.assertEqual(flag, 1)
        left = messages.parsed(unpack(body))
        self.assertEqual([one.score for one in left.items], [0.6])
        self.assertEqual(left.explanation, "because " * 100)
        entry = self.log().at(value(got.trailers, "rankguard-decision"))
        key = Key(self.sidecar.subject_key)
        self.assertEqual(entry["session"], key.pseudonym("session", SESSION))
        self.assertEqual((entry["request"], entry["proposed"], entry["governed"]),
                         tuple(map(key.digest, (REQUEST, EXCEEDED, unpack(body)))))

    def test_an_uncompressed_message_of_a_compressed_call_stays_uncompressed(self):
        got, _ = self.ask(RANK, [(0, REQUEST)], answers((0, EXCEEDED), more=encoding("gzip")))
        (flag, body), = got.messages
        self.assertEqual((flag, messages.parsed(body).items[0].score), (0, 0.6))
        self.assertEqual(value(got.headers, "grpc-encoding"), "gzip")

    def test_messages_of_a_stream_one_by_one(self):
        got, _ = self.ask(STREAM_RANK, [(0, REQUEST)],
                          answers((1, gzip.compress(EXCEEDED)), (0, EXCEEDED), (1, gzip.compress(WITHIN)),
                                  more=encoding("gzip")))
        flags, bodies = zip(*got.messages)
        self.assertEqual(flags, (1, 0, 1))
        self.assertEqual(gzip.decompress(bodies[0]), bodies[1])
        self.assertEqual(bodies[2], gzip.compress(WITHIN))

    def test_a_compressed_signal_is_understood(self):
        signal = messages.signal(SESSION, pb.SIGNAL_KIND_OPT_OUT)
        got, asked = self.ask(SIGNAL, [(1, gzip.compress(signal))], answers((0, b"")), encoding("gzip"))
        self.assertEqual((asked.messages, got.messages), ([(1, gzip.compress(signal))], [(0, b"")]))
        self.assertEqual(self.log().of("signal")[-1]["kind"], "opt_out")


LONG = f"message: decompressed it is longer than {LIMIT} bytes, the most that limits.message allows"
NOWHERE = "message: it is marked as compressed, but grpc-encoding names neither gzip nor deflate"
GZIPPED, DEFLATED = gzip.compress(EXCEEDED, mtime=0), zlib.compress(EXCEEDED)
# Name, grpc-encoding, bytes, the class of the failure, what is said of them.
BAD = [
    ("bomb_gzip", "gzip", bomb("gzip", BOMB), "limit", LONG),
    ("bomb_deflate", "deflate", bomb("deflate", BOMB), "limit", LONG),
    ("one_byte_too_long", "gzip", gzip.compress(field(1000, bytes(LIMIT - 4))), "limit", LONG),
    ("cut", "gzip", GZIPPED[:-20], "undecodable", "message: its gzip data end too early"),
    ("cut_in_the_trailer", "gzip", GZIPPED[:-1], "undecodable", "message: its gzip data end too early"),
    ("cut_in_the_header", "gzip", GZIPPED[:5], "undecodable", "message: its gzip data end too early"),
    ("cut_deflate", "deflate", DEFLATED[:-3], "undecodable", "message: its deflate data end too early"),
    ("garbage_behind", "gzip", GZIPPED + b"\0", "undecodable",
     "message: 1 bytes stand behind the end of its gzip data"),
    ("second_member", "gzip", gzip.compress(b"", mtime=0) + GZIPPED, "undecodable",
     f"message: {len(GZIPPED)} bytes stand behind the end of its gzip data"),
    ("wrong_checksum", "gzip", GZIPPED[:-8] + b"\0\0\0\0" + GZIPPED[-4:], "undecodable",
     "message: these are no gzip data: incorrect data check"),
    ("wrong_length", "gzip", GZIPPED[:-4] + b"\1\0\0\0", "undecodable",
     "message: these are no gzip data: incorrect length check"),
    ("not_compressed", "gzip", EXCEEDED, "undecodable", "message: these are no gzip data: incorrect header check"),
    ("deflate_as_gzip", "gzip", DEFLATED, "undecodable",
     "message: these are no gzip data: incorrect header check"),
    ("gzip_as_deflate", "deflate", GZIPPED, "undecodable",
     "message: these are no deflate data: incorrect header check"),
    ("bare_deflate", "deflate", DEFLATED[2:-4], "undecodable",
     "message: these are no deflate data: incorrect header check"),
    ("another_algorithm", "snappy", EXCEEDED, "undecodable", NOWHERE),
    ("identity", "identity", EXCEEDED, "undecodable", NOWHERE),
]


def exact(size, pack=gzip.compress):
    """A message of just that many bytes, compressed."""
    body = field(1000, bytes(size - 10))
    return pack(body + field(6, b"m" * (size - len(body) - 2)))


@harness.named([(f"{kind}_{name}", method, *rest) for kind, method in (("rank", RANK), ("stream", STREAM_RANK))
                for name, *rest in BAD])
class Refused(Compression):
    """What cannot be read is not passed on, in either direction, and says why."""

    def row(self, method, coding, body, failure, why):
        counted = self.sidecar.failures(failure) or 0
        got, asked = self.ask(method, [(1, body)], answers((0, WITHIN)), encoding(coding))
        self.assertRefused(got, why)
        self.assertTrue(asked is None or method == STREAM_RANK, "the recommender was asked")
        got, _ = self.ask(method, [(0, REQUEST)], answers((1, body), more=encoding(coding)))
        self.assertRefused(got, why)
        self.assertEqual(self.sidecar.failures(failure), counted + 2)

    def test_just_the_limit_is_read(self):
        proposed = [(1, exact(LIMIT))]
        got, _ = self.ask(RANK, [(0, REQUEST)], answers(*proposed, more=encoding("gzip")))
        self.assertEqual((value(got.trailers, "grpc-status"), got.messages), (OK, proposed))

    def test_what_is_not_governed_is_not_looked_at(self):
        for name, coding, body, _, _ in BAD:
            with self.subTest(body=name):
                self.peer.said.clear()
                got, asked = self.ask(OTHER, [(1, body)], answers((1, body), more=encoding(coding)),
                                      encoding(coding))
                self.assertEqual((short(asked.messages), short(got.messages)), (short([(1, body)]),) * 2)

    def test_a_bomb_costs_no_memory(self):
        """Neither where it is refused nor where it passes: the peak of the process stays where it was."""
        body = bomb("gzip", BOMB)

        def peak():
            with open(f"/proc/{self.sidecar.pid}/status", encoding="ascii") as file:
                return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) << 10

        more = encoding("gzip")
        for before in (True, False):  # the first round warms up
            for method in (RANK, STREAM_RANK, OTHER):
                start = peak()
                for _ in range(4):
                    self.ask(method, [(1, body)], answers((1, body), more=more), more)
                    self.ask(method, [(0, REQUEST)], answers((1, body), more=more))
                grown = peak() - start
                self.assertTrue(before or grown < 8 << 20, f"{method}: {grown} bytes")


class Lenient(Compression):
    """failure.undecodable = "pass": it passes as it came, and that is recorded."""

    OPTIONS = {"limits": {"message": "1MiB"}, "failure": {"undecodable": "pass"}}

    def test_passes_raw_and_is_recorded(self):
        for name, coding, body, failure, why in BAD:
            with self.subTest(body=name):
                got, _ = self.ask(RANK, [(0, REQUEST)], answers((1, body), more=encoding(coding)))
                self.assertEqual(short(got.messages), short([(1, body)]))
                entry = self.log().at(value(got.trailers, "rankguard-decision"))
                self.assertEqual((entry.type, entry["class"], entry["effect"], entry["reason"]),
                                 ("failure", failure, "pass", why))


if __name__ == "__main__":
    harness.main()

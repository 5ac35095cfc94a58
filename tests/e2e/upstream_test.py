# SPDX-License-Identifier: Apache-2.0
"""A recommender that is not there, dies in the middle of a call, breaks off in the middle of a message, or
comes back. What a frame-level peer does is compared with what an application sees without the hop."""
import os
import time

import grpc

import harness
import rules_kit
import wire
from auditlog import Log, check
from client import Client, finish, finish_unary, value
from harness import OTHER, RANK, STREAM_RANK
from messages import item, request, response
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, Sidecar

Code = grpc.StatusCode
CHANGED = response([item("a", 0.9, 0.4)])
REQUEST = request(CLEAR + "session")


class Upstream(harness.Case):
    def setUp(self):
        super().setUp()
        self.socket = self.home.path("reco.sock")
        self.sidecar = Sidecar(self.home.folder, f"unix:{self.socket}", rules_kit.RULES)
        self.addCleanup(self.end)

    def serve(self):
        self.sidecar.start()
        self.client = Client(self.sidecar.address)
        self.addCleanup(self.client.close)

    def end(self):
        self.sidecar.settled()
        self.sidecar.stop()
        check(self.sidecar.directory)

    def recommender(self):
        recommender = Recommender(f"unix:{self.socket}")
        self.addCleanup(recommender.stop)
        for method in (RANK, OTHER, STREAM_RANK):
            recommender.on(method, reply(CHANGED))
        return recommender

    def until_served(self):
        """Calls until one is served; each refused one must say why. The sidecar recovers alone."""
        until = time.monotonic() + harness.GUARD_S
        while True:
            answer = self.client.call(RANK, REQUEST)
            if answer.code == Code.OK:
                self.assertIsNotNone(value(answer.trailing, "rankguard-decision"))
                return
            self.assertEqual(answer.code, Code.UNAVAILABLE, answer.details)
            self.assertLess(time.monotonic(), until, "it did not recover")


class Away(Upstream):
    def test_absent_at_start(self):
        self.serve()
        for method in (RANK, OTHER):
            answer = self.client.call(method, REQUEST)
            self.assertEqual((answer.code, answer.messages), (Code.UNAVAILABLE, []))
        self.assertEqual(self.sidecar.admin("/readyz"),
                         (503, f"upstream unix:{self.socket} not reachable\n"))
        self.assertEqual(self.sidecar.admin("/healthz")[0], 200)
        self.recommender()
        self.assertTrue(self.sidecar.said("upstream", "is reachable"))
        self.until_served()
        self.assertEqual(self.sidecar.admin("/readyz"), (200, "ready\n"))

    def test_a_signal_is_recorded_without_the_recommender(self):
        self.serve()
        answer = self.client.call(harness.SIGNAL, b"\x12\x07" + CLEAR.encode() + b"x\x18\x01")
        self.assertEqual(answer.code, Code.UNAVAILABLE)
        self.assertEqual(len(Log(self.sidecar.directory).of("signal")), 1)

    def test_gone_and_back(self):
        recommender = self.recommender()
        self.serve()
        self.until_served()
        since = 0
        for _ in range(3):
            self.assertTrue(self.sidecar.said("upstream", "is reachable", since))
            recommender.stop()
            self.assertEqual(self.client.call(RANK, REQUEST).code, Code.UNAVAILABLE)
            self.assertTrue(self.sidecar.said("upstream", "not reachable", since))
            since = len(self.sidecar.lines)
            if os.path.exists(self.socket):
                os.unlink(self.socket)
            recommender = self.recommender()
            self.until_served()

    def test_gone_while_calls_are_held(self):
        recommender = self.recommender()
        gate = Gate()
        for method in (RANK, OTHER, STREAM_RANK):
            recommender.on(method, reply(CHANGED, gate=gate))
        self.serve()
        unary = [self.client.start(method, REQUEST) for method in (RANK, OTHER) * 4]
        streams = [self.client.stream(method, [REQUEST]) for method in (STREAM_RANK, OTHER) * 2]
        gate.wait_for(len(unary) + len(streams))
        stopping = recommender._server.stop(0)
        for answer in [finish_unary(call) for call in unary] + [finish(call) for call in streams]:
            self.assertEqual((answer.code, answer.messages), (Code.UNAVAILABLE, []), answer.details)
        gate.open()
        stopping.wait(harness.GUARD_S)
        self.assertEqual(Log(self.sidecar.directory).of("decision", "delivered"), [])

    def test_gone_in_the_middle_of_a_stream(self):
        """Messages that had left stay recorded; the stream ends with the recommender's end."""
        recommender = self.recommender()
        gate = Gate()

        def one_and_hold(_):
            yield CHANGED
            gate.wait()

        recommender.on(STREAM_RANK, one_and_hold)
        self.serve()
        call = self.client.stream(STREAM_RANK, [REQUEST])
        first = next(call)
        stopping = recommender._server.stop(0)
        answer = finish(call, [first])
        gate.open()
        stopping.wait(harness.GUARD_S)
        self.assertEqual((answer.code, len(answer.messages)), (Code.UNAVAILABLE, 1))
        self.assertEqual(len(Log(self.sidecar.directory).of("decision")), 1)
        self.assertEqual(Log(self.sidecar.directory).missing([value(answer.trailing, "rankguard-decision")]),
                         [])

    def test_the_answer_comes_when_nobody_waits_any_more(self):
        recommender = self.recommender()
        gate = Gate()
        recommender.on(RANK, reply(CHANGED, gate=gate))
        self.serve()
        for _ in range(20):
            call = self.client.start(RANK, REQUEST)
            gate.wait_for(1)
            call.cancel()
        gate.open()
        self.sidecar.settled()
        recommender.on(RANK, reply(CHANGED))
        self.until_served()


# ---- a peer made of frames ----

def headers(connection, stream):
    connection.send(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, wire.RESPONSE_HEADERS))


def data(connection, stream, payload, flags=0):
    connection.send(wire.frame(wire.DATA, flags, stream, payload))


def trailers(connection, stream, pairs=wire.OK_TRAILERS):
    connection.send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, stream, pairs))


def close(connection, _):
    connection.sock.shutdown(2)


def resets(code):
    def reset(connection, stream):
        connection.send(wire.frame(wire.RST_STREAM, 0, stream, code.to_bytes(4, "big")))
    return reset


def does(*steps):
    def answer(connection, stream):
        for step in steps:
            step(connection, stream)
    return answer


def sends(payload, flags=0):
    return lambda connection, stream: data(connection, stream, payload, flags)


WHOLE = wire.message(CHANGED)
PEERS = [
    ("closes", close),
    ("closes_after_headers", does(headers, close)),
    ("closes_after_half_a_prefix", does(headers, sends(WHOLE[:3]), close)),
    ("closes_after_half_a_message", does(headers, sends(WHOLE[:-4]), close)),
    ("half_a_message_and_ok", does(headers, sends(WHOLE[:-4]), trailers)),
    ("half_a_message_and_end", does(headers, sends(WHOLE[:-4], wire.END_STREAM))),
    ("a_message_and_no_trailers", does(headers, sends(WHOLE, wire.END_STREAM))),
    ("a_message_and_closes", does(headers, sends(WHOLE), close)),
    ("resets_no_error", resets(0)),
    ("resets_internal", resets(2)),
    ("resets_refused", resets(7)),
    ("resets_cancel", resets(8)),
    ("resets_enhance_your_calm", resets(11)),
    ("resets_inadequate_security", resets(12)),
    ("resets_after_a_message", does(headers, sends(WHOLE), resets(2))),
    ("compressed_without_encoding", does(headers, sends(wire.message(CHANGED, 1)), trailers)),
    ("length_of_4_gib", does(headers, sends(b"\0\xff\xff\xff\xff" + b"x" * 50), trailers)),
    ("status_is_no_number", does(headers, lambda c, s: trailers(c, s, wire.headers([(b"grpc-status", b"x")])))),
    ("status_is_unknown", does(headers, lambda c, s: trailers(c, s, wire.headers([(b"grpc-status", b"99")])))),
    ("http_503", lambda c, s: trailers(c, s, wire.headers([(b":status", b"503"),
                                                           (b"content-type", b"text/html")]))),
    ("whole", does(headers, sends(WHOLE), trailers)),
]


@harness.named([(f"{kind}_{name}", method, *rest) for kind, method in (("rank", RANK), ("unmapped", OTHER))
                for name, *rest in PEERS
                # The C core reads it as plain, where the protocol wants INTERNAL: so does the hop, where it reads.
                if (kind, name) != ("rank", "compressed_without_encoding")])
class Broken(Upstream):
    """Status and number of messages are what a direct application sees; of a broken answer nothing is
    recorded as delivered or decided, except what left."""

    def row(self, method, answer):
        self.addCleanup(wire.Peer(self.socket, answer).close)
        self.serve()
        with Client(f"unix:{self.socket}") as caller:
            direct = caller.call(method, REQUEST, timeout=20)
        hop = self.client.call(method, REQUEST, timeout=20)
        self.assertEqual((hop.code, len(hop.messages)), (direct.code, len(direct.messages)),
                         (hop.details, direct.details))
        if method == RANK and any(hop.messages):
            entry = Log(self.sidecar.directory).at(value(hop.trailing, "rankguard-decision"))
            self.assertEqual(entry.type, "decision")


UNSENDABLE = wire.headers([(b"x-odd", b"a\x01b")])  # the core takes such a value and will not send it


def says(initial=b"", trailing=b"", body=b""):
    def answer(connection, stream):
        connection.send(
            wire.frame(wire.HEADERS, wire.END_HEADERS, stream, wire.RESPONSE_HEADERS + initial),
            wire.data(stream, body),
            wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, stream, wire.OK_TRAILERS + trailing))
    return answer


class Unsendable(Upstream):
    """Metadata that cannot go on end the call at once and by name; nothing hangs."""

    def test_metadata_that_cannot_be_forwarded(self):
        plain = says(body=wire.message(CHANGED))
        peer = wire.Peer(self.socket, plain)
        self.addCleanup(peer.close)
        self.serve()
        for method in (RANK, STREAM_RANK, OTHER):
            for name, answer, more, whose in (
                    ("initial", says(initial=UNSENDABLE), (), "response"),
                    ("trailing", says(trailing=UNSENDABLE), (), "response"),
                    ("initial, message", says(UNSENDABLE, body=wire.message(CHANGED)), (), "response"),
                    ("trailing, message", says(b"", UNSENDABLE, wire.message(CHANGED)), (), "response"),
                    ("request", plain, [(b"x-odd", b"a\x01b")], "request")):
                with self.subTest(method=method, where=name):
                    peer.answer = answer
                    got = wire.talk(self.sidecar.socket, method, wire.message(REQUEST), more=more)
                    self.assertEqual((value(got.trailers, "grpc-status"), value(got.trailers, "grpc-message")),
                                     ("13", f"rankguard: the {whose}'s metadata cannot be forwarded"))


if __name__ == "__main__":
    harness.main()

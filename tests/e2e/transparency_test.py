# SPDX-License-Identifier: Apache-2.0
"""A hop that nobody notices: each scenario runs straight against the recommender and through the sidecar, and
the transcripts of both ends must be the same.

A scenario is a function of (recommender, client) that returns what the application saw. What the recommender
saw of the call is added. Forced differences, all of the C core's making, are listed in FORCED and nowhere
else.
"""
import zlib

import grpc

import client
import harness
import wire
from client import Client, Feed
from harness import OTHER, RANK, STREAM_RANK
from messages import field
from recommender import Gate, Recommender, reply
from sidecar import Sidecar, rules_text

Code = grpc.StatusCode
EMPTY_RULES = rules_text()

# The C core writes user-agent itself on every call that it makes; the sidecar gives the application's own on
# as x-forwarded-user-agent. Both are taken out of the comparison, after the row below was checked.
FORCED = ("user-agent", "x-forwarded-user-agent")

ASCII = [("x-one", "1"), ("x-two", "b"), ("x-one", "2"), ("x-empty", ""), ("x-space", "a  b, c;d=\"e\""),
         ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("x-two", "a")]
BINARY = [("x-raw-bin", bytes(range(256))), ("x-raw-bin", b"\x00"), ("x-none-bin", b"")]
# google.rpc.Status { code: 5 message: "gone" details { type_url: "t" value: "\x00\xff" } }
DETAILS = ("grpc-status-details-bin", b"\x08\x05\x12\x04gone\x1a\x07\x0a\x01t\x12\x02\x00\xff")


def plain(answer):
    """An Answer as comparable values."""
    return {**answer._asdict(), "messages": [digest(one) for one in answer.messages]}


def digest(message):
    """Long messages would make a difference unreadable."""
    return message if message is None or len(message) < 1000 else (len(message), zlib.crc32(message))


def words(text):
    """A message that says nothing a rule looks at: field 6 is `segment` in a request and `model_version` in a
    response of the canonical API."""
    return field(6, text)


# ---- unary, for a governed and for an unmapped method ----

def empty_unary(recommender, caller, method):
    recommender.on(method, reply(b""))
    return plain(caller.call(method, b""))


def bytes_unary(recommender, caller, method):
    recommender.on(method, reply(words(b"abc")))
    return plain(caller.call(method, words(b"home")))


def metadata_unary(recommender, caller, method):
    recommender.on(method, reply(b"", initial=ASCII + BINARY, trailing=BINARY + ASCII))
    return plain(caller.call(method, b"", metadata=ASCII + BINARY))


def status_unary(recommender, caller, method, code, details, trailing=()):
    recommender.on(method, reply(code=code, details=details, trailing=trailing))
    return plain(caller.call(method, b""))


def status_with_message(recommender, caller, method):
    recommender.on(method, reply(words(b"m"), code=Code.DATA_LOSS, details="half", trailing=ASCII))
    return plain(caller.call(method, b""))


def ok_without_message(recommender, caller, method):
    recommender.on(method, reply())
    return plain(caller.call(method, b""))


def status_after_initial(recommender, caller, method):
    recommender.on(method, reply(initial=[("x-first", "1")], code=Code.ABORTED, details="later",
                                 trailing=[("x-last", "2"), DETAILS]))
    return plain(caller.call(method, b""))


def large_unary(recommender, caller, method, request, response):
    recommender.on(method, reply(words(b"x" * response)))
    return plain(caller.call(method, words(b"x" * request)))


def deadline_reaches(recommender, caller, method):
    """grpc-timeout is coarse: a long time is rounded up to hundredths of itself."""
    recommender.on(method, reply(b""))
    answer = caller.call(method, b"", timeout=1000)
    recommender_call = recommender.arrived()
    return {**plain(answer), "within": 900 < recommender_call.remaining_s < 1020}


def no_deadline(recommender, caller, method):
    recommender.on(method, reply(b""))
    answer = caller.call(method, b"", timeout=None)
    return {**plain(answer), "none": recommender.arrived().remaining_s > 10 ** 8}


def deadline_passes(recommender, caller, method):
    gate = Gate()
    recommender.on(method, reply(b"", gate=gate))
    answer = caller.call(method, b"", timeout=0.3)
    call = recommender.arrived()
    call.wait_ended()  # the recommender was told, too
    gate.open()
    return plain(answer)


def cancel_unary(recommender, caller, method):
    gate = Gate()
    recommender.on(method, reply(b"", gate=gate))
    under_way = caller.start(method, b"")
    gate.wait_for(1)
    under_way.cancel()
    recommender.arrived().wait_ended()
    gate.open()
    return plain(client.finish_unary(under_way))


def compressed_unary(recommender, caller, method):
    recommender.on(method, reply(words(b"abc" * 100)))
    return plain(caller.call(method, words(b"h" * 400), compression=grpc.Compression.Gzip))


def unimplemented(recommender, caller, method):
    recommender.on(method, None)
    return plain(caller.call(method, b""))


def two_messages_for_one(recommender, caller, method):
    """More than a unary method may answer. Neither end may hang for longer than the deadline."""
    recommender.on(method, reply(b"", b""))
    answer = caller.call(method, b"", timeout=1)
    return {"code is OK": answer.code == Code.OK}


# ---- streams ----

def echo(call):
    for request in call.requests:
        yield request


def client_stream(recommender, caller, method):
    def count(call):
        yield words(b"%d" % sum(len(request) for request in call.requests))

    recommender.on(method, count)
    return plain(caller.exchange(method, [words(b"x" * size) for size in (27182, 8, 1828, 45904)]))


def server_stream(recommender, caller, method):
    sizes = (31415, 9, 2653, 58979, 0, 1)
    recommender.on(method, reply(*(words(b"y" * size) for size in sizes), initial=ASCII, trailing=BINARY))
    return plain(caller.exchange(method, [words(b"go")], metadata=BINARY))


def many_messages(recommender, caller, method):
    recommender.on(method, echo)
    return plain(caller.exchange(method, [words(b"%d" % i) for i in range(500)]))


def ping_pong(recommender, caller, method):
    """Each answer is awaited before the next request is sent."""
    recommender.on(method, echo)
    feed, seen = Feed(), []
    call = caller.stream(method, feed)
    for i in range(20):
        feed.give(words(b"%d" % i))
        seen.append(next(call))
    feed.end()
    return plain(client.finish(call, seen))


def server_first(recommender, caller, method):
    """The recommender speaks before the application said anything."""

    def greet(call):
        yield words(b"welcome")
        yield from echo(call)

    recommender.on(method, greet)
    feed = Feed()
    call = caller.stream(method, feed)
    seen = [next(call)]
    feed.give(words(b"thanks"))
    seen.append(next(call))
    feed.end()
    return plain(client.finish(call, seen))


def initial_first(recommender, caller, method):
    """Initial metadata arrive while nothing else does."""
    gate = Gate()

    def behave(call):
        call.context.send_initial_metadata((("x-early", "1"),))
        gate.wait()
        yield words(b"late")

    recommender.on(method, behave)
    call = caller.stream(method, Feed())
    early = [tuple(pair) for pair in call.initial_metadata()]
    gate.open()
    first = next(call)
    call.cancel()  # whether the stream had ended by then is anybody's guess
    return {"early": early, "first": first}


def empty_initial_first(recommender, caller, method):
    """The same with initial metadata that hold nothing: an application may wait for them before it goes on."""
    gate = Gate()

    def behave(call):
        call.context.send_initial_metadata(())
        gate.wait()
        yield words(b"late")

    recommender.on(method, behave)
    call = caller.stream(method, Feed())
    early = list(call.initial_metadata())
    gate.open()
    first = next(call)
    call.cancel()  # whether the stream had ended by then is anybody's guess
    return {"early": early, "first": first}


def half_close_order(recommender, caller, method):
    """The recommender answers something else once the application has half-closed."""

    def behave(call):
        count = 0
        for _ in call.requests:
            count += 1
            yield words(b"have %d" % count)
        yield words(b"over")

    recommender.on(method, behave)
    feed = Feed(words(b"1"), words(b"2"))
    call = caller.stream(method, feed)
    seen = [next(call), next(call)]
    feed.end()
    return plain(client.finish(call, seen))


def empty_stream(recommender, caller, method):
    recommender.on(method, echo)
    return plain(caller.exchange(method, []))


def empty_messages(recommender, caller, method):
    recommender.on(method, reply(b"", b"", b""))
    return plain(caller.exchange(method, [b"", b""]))


def status_mid_stream(recommender, caller, method):
    recommender.on(method, reply(words(b"1"), words(b"2"), code=Code.RESOURCE_EXHAUSTED, details="enough",
                                 trailing=[DETAILS, ("x-after", "2")]))
    return plain(caller.exchange(method, [b""]))


def status_before_half_close(recommender, caller, method):
    """The recommender ends the call while the application is still sending."""

    def refuse(call):
        next(call.requests)
        call.context.set_code(Code.FAILED_PRECONDITION)
        call.context.set_details("not now")
        yield words(b"last word")

    recommender.on(method, refuse)
    feed = Feed(words(b"1"))
    call = caller.stream(method, feed)
    answer = client.finish(call)
    feed.end()
    return plain(answer)


def cancel_after_begin(recommender, caller, method):
    gate = Gate()

    def hold(call):
        gate.wait()
        yield b""

    recommender.on(method, hold)
    feed = Feed()
    call = caller.stream(method, feed)
    gate.wait_for(1)
    call.cancel()
    feed.end()
    recommender.arrived().wait_ended()
    gate.open()
    return plain(client.finish(call))


def cancel_after_first_response(recommender, caller, method):
    gate = Gate()

    def one_and_hold(call):
        yield words(b"first")
        gate.wait()
        yield words(b"never seen")

    recommender.on(method, one_and_hold)
    feed = Feed(words(b"1"))
    call = caller.stream(method, feed)
    seen = [next(call)]
    call.cancel()
    feed.end()
    recommender.arrived().wait_ended()
    gate.open()
    return plain(client.finish(call, seen))


def cancelled_by_recommender(recommender, caller, method):
    recommender.on(method, reply(words(b"1"), code=Code.CANCELLED, details="no more"))
    return plain(caller.exchange(method, [b""]))


def stream_deadline(recommender, caller, method):
    gate = Gate()

    def one_and_hold(call):
        yield words(b"first")
        gate.wait()
        yield words(b"never seen")

    recommender.on(method, one_and_hold)
    answer = caller.exchange(method, [words(b"1")], timeout=1)
    recommender.arrived().wait_ended()
    gate.open()
    return plain(answer)


def large_stream(recommender, caller, method, size):
    recommender.on(method, echo)
    answer = caller.exchange(method, [words(b"%d" % i * size) for i in range(3)])
    return plain(answer)


def compressed_stream(recommender, caller, method):
    recommender.on(method, echo)
    return plain(caller.exchange(method, [words(b"a" * 73086), b"", words(b"b" * 9)],
                                 compression=grpc.Compression.Gzip))


MESSAGES = (("plain", "gone"), ("empty", ""), ("utf8", "\u00fcber \u2603 \U0001f600"),
            ("white_space", "\t line one \r\n two %41 % %zz \x7f "), ("long", "m" * 3000))
CODES = [code for code in Code if code is not Code.OK]

UNARY = [
    ("empty", empty_unary), ("bytes", bytes_unary), ("metadata", metadata_unary),
    ("status_with_message", status_with_message), ("ok_without_message", ok_without_message),
    ("status_after_initial", status_after_initial),
    ("interop_sizes", large_unary, 271828, 314159), ("one_mebibyte", large_unary, 1 << 20, 1 << 20),
    ("ten_mebibytes", large_unary, 10 << 20, 10 << 20),
    ("deadline_reaches", deadline_reaches), ("no_deadline", no_deadline),
    ("deadline_passes", deadline_passes), ("cancel", cancel_unary), ("compressed", compressed_unary),
    ("unimplemented", unimplemented), ("two_messages_for_one", two_messages_for_one),
    ("status_details", status_unary, Code.NOT_FOUND, "gone", [DETAILS]),
    ("status_metadata", status_unary, Code.UNAVAILABLE, "busy", ASCII + BINARY),
    *((f"status_{code.name.lower()}", status_unary, code, "as it is") for code in CODES),
    *((f"message_{name}", status_unary, Code.UNKNOWN, text) for name, text in MESSAGES),
]
STREAMS = [
    ("client_stream", client_stream), ("server_stream", server_stream), ("many_messages", many_messages),
    ("ping_pong", ping_pong), ("server_first", server_first), ("initial_first", initial_first),
    ("empty_initial_first", empty_initial_first),
    ("half_close_order", half_close_order), ("empty_stream", empty_stream),
    ("empty_messages", empty_messages), ("status_mid_stream", status_mid_stream),
    ("status_before_half_close", status_before_half_close), ("cancel_after_begin", cancel_after_begin),
    ("cancel_after_first_response", cancel_after_first_response),
    ("cancelled_by_recommender", cancelled_by_recommender), ("stream_deadline", stream_deadline),
    ("one_mebibyte", large_stream, 1 << 20), ("ten_mebibytes", large_stream, 10 << 20),
    ("compressed", compressed_stream), ("metadata", metadata_unary), ("unimplemented", unimplemented),
]
ROWS = ([(f"rank_{name}", RANK, *rest) for name, *rest in UNARY] +
        [(f"unmapped_{name}", OTHER, *rest) for name, *rest in UNARY] +
        [(f"rank_stream_{name}", STREAM_RANK, *rest) for name, *rest in STREAMS] +
        [(f"unmapped_stream_{name}", OTHER, *rest) for name, *rest in STREAMS])




def seen_by_recommender(recommender):
    """What the recommender saw, as comparable values."""
    return [{"method": call.method, "host": call.host, "received": [digest(one) for one in call.received],
             "metadata": [pair for pair in call.metadata if pair[0] not in FORCED]}
            for call in recommender.calls]


def transcript(recommender, caller, method, scenario, *arguments):
    recommender.forget()
    seen = scenario(recommender, caller, method, *arguments)
    return {"application": seen, "recommender": seen_by_recommender(recommender)}


class Ends:
    """A recommender, a sidecar before it, and a client of each; made once for all rows of a class."""

    @classmethod
    def setUpClass(cls):
        cls.ends = harness.Home()
        cls.recommender = Recommender(f"unix:{cls.ends.path('reco.sock')}")
        cls.sidecar = Sidecar(cls.ends.folder, cls.recommender.address, EMPTY_RULES).start()
        cls.direct, cls.hop = Client(cls.recommender.address), Client(cls.sidecar.address)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.direct.close()
            cls.hop.close()
            cls.sidecar.stop()
            cls.recommender.stop()
        finally:
            cls.ends.remove()


@harness.named(ROWS)
class Transparency(Ends, harness.Case):
    def row(self, method, scenario, *arguments):
        direct = transcript(self.recommender, self.direct, method, scenario, *arguments)
        hop = transcript(self.recommender, self.hop, method, scenario, *arguments)
        self.assertEqual(hop, direct)


# Name, method, behaviour, frames of the answer.
FRAMES = [
    (f"{kind}_{name}", method, behaviour, frames)
    for kind, method in (("rank", RANK), ("unmapped", OTHER), ("streamed", STREAM_RANK))
    for name, behaviour, frames in (
        ("trailers_only", reply(code=Code.NOT_FOUND, details="gone", trailing=[("x-t", "1")]),
         ["HEADERS+END"]),
        ("trailers_only_ok", reply(), ["HEADERS+END"]),
        ("initial_then_status", reply(initial=[("x-i", "1")], code=Code.NOT_FOUND),
         ["HEADERS", "HEADERS+END"]),
        ("message", reply(b""), ["HEADERS", "DATA", "HEADERS+END"]),
    )]


@harness.named(FRAMES)
class Frames(Ends, harness.Case):
    """Trailers-Only stays Trailers-Only, and nothing else becomes it."""

    def row(self, method, behaviour, frames):
        self.recommender.on(method, behaviour)
        direct = wire.ask(self.ends.path("reco.sock"), method, wire.message(b""))
        self.assertEqual(direct, frames, "the recommender itself")
        self.assertEqual(wire.ask(self.sidecar.socket, method, wire.message(b"")), frames)


class Forced(Ends, harness.Case):
    """The differences that FORCED allows are these and no others."""

    def test_the_users_agent_goes_on_under_another_name(self):
        for method in (RANK, OTHER):
            self.recommender.on(method, reply(b""))
            self.recommender.forget()
            self.direct.call(method, b"")
            self.hop.call(method, b"")
            direct, hop = self.recommender.calls
            agent = client.value(direct.metadata, "user-agent")
            self.assertIn("grpc-python", agent)
            self.assertEqual(client.value(hop.metadata, "x-forwarded-user-agent"), agent)
            self.assertTrue(client.value(hop.metadata, "user-agent").startswith("grpc-c/"))

    def test_the_authority_goes_on(self):
        options = [("grpc.default_authority", "shop.example:443")]
        with Client(self.sidecar.address, options) as caller:
            for method in (RANK, OTHER):
                self.recommender.on(method, reply(b""))
                self.recommender.forget()
                caller.call(method, b"")
                self.assertEqual(self.recommender.arrived().host, "shop.example:443")

    def test_control_a_changed_answer_is_noticed(self):
        """A hop that would add one piece of metadata: the comparison must fail."""
        def scenario(recommender, caller, method):
            extra = [("x-added", "1")] if caller is self.hop else []
            recommender.on(method, reply(b"", trailing=extra))
            return plain(caller.call(method, b""))

        direct = transcript(self.recommender, self.direct, OTHER, scenario)
        hop = transcript(self.recommender, self.hop, OTHER, scenario)
        self.assertNotEqual(hop, direct)


if __name__ == "__main__":
    harness.main()

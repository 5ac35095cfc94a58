# SPDX-License-Identifier: Apache-2.0
"""Input that no honest recommender or application sends. Whatever comes: the call ends, nothing ungoverned
leaves, the sidecar goes on serving, and the log stays whole."""
import itertools
import math
import random
import socket

import grpc

import harness
import messages
import rules_kit
import wire
from auditlog import Log, check
from client import Client, finish_unary, value
from harness import OTHER, RANK, SIGNAL, STREAM_RANK
from messages import field, item, parsed, pb, prompt, request, response, varint
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text

Code = grpc.StatusCode
RECEIPT = "rankguard-decision"
SEED = 7
GOOD = response([item("a", 0.5, 0.4)])
CHANGED = response([item("a", 0.9, 0.4)])


class BadInput(harness.Case):
    OPTIONS = {}
    RULES = rules_kit.RULES
    _sessions = itertools.count()

    def setUp(self):
        super().setUp()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.sidecar = Sidecar(self.home.folder, self.recommender.address, self.RULES, self.OPTIONS).start()
        self.addCleanup(self.end)
        self.client = Client(self.sidecar.address)
        self.addCleanup(self.client.close)

    def end(self):
        self.sidecar.settled()
        self.sidecar.stop()
        check(self.sidecar.directory)

    def request(self):
        return request(f"{CLEAR}session-{next(self._sessions)}")

    def rank(self, proposed, sent=None):
        self.recommender.on(RANK, reply(proposed))
        return self.client.call(RANK, self.request() if sent is None else sent)

    def assertServes(self):
        answer = self.rank(CHANGED)
        self.assertEqual(answer.code, Code.OK)
        self.assertIsNotNone(value(answer.trailing, RECEIPT))

    def assertClosed(self, answer, *words):
        """Failed closed: INTERNAL with a reason, and nothing of the response."""
        self.assertEqual((answer.code, answer.messages), (Code.INTERNAL, []), answer.details)
        for word in ("rankguard: ", *words):
            self.assertIn(word, answer.details)


def nested(depth):
    """An unknown field of groups inside groups."""
    return varint(60 << 3 | 3) * depth + varint(60 << 3 | 4) * depth


UNDECODABLE = [
    ("truncated_message", CHANGED[:-1]),
    ("truncated_tag", CHANGED + b"\x80"),
    ("length_beyond_the_end", b"\x0a\x7f"),
    ("length_of_2_to_the_63", b"\x0a" + b"\xff" * 8 + b"\x7f"),
    ("length_of_2_to_the_64", b"\x0a" + b"\xff" * 9 + b"\x01"),
    ("endless_varint", b"\x08" + b"\xff" * 11),
    ("field_number_zero", b"\x02\x00"),
    ("wire_type_six", b"\x0e\x00"),
    ("wire_type_seven", b"\x0f\x00"),
    ("group_never_ends", varint(60 << 3 | 3)),
    ("group_ends_alone", varint(60 << 3 | 4)),
    ("group_ends_as_another", varint(60 << 3 | 3) + varint(61 << 3 | 4)),
    ("groups_too_deep", nested(100000)),
    ("truncated_item", field(1, CHANGED[2:-1])),
    ("truncated_double", field(1, field(1, b"a") + b"\x11\x00\x00")),
    ("garbage", bytes(range(255, 0, -1))),
    ("text", b"<html>502 Bad Gateway</html>"),
]


@harness.named(UNDECODABLE)
class Undecodable(BadInput):
    def row(self, proposed):
        answer = self.rank(proposed)
        self.assertClosed(answer)
        self.assertEqual(self.sidecar.failures("undecodable"), 1)
        self.recommender.on(STREAM_RANK, reply(proposed))
        self.assertClosed(self.client.exchange(STREAM_RANK, [self.request()]))
        self.assertServes()


class Differential(BadInput):
    """Python's protobuf judges the same bytes: what it can parse is governed, what it cannot fails closed."""

    def judge(self, proposed):
        decodes, answer = messages.decodes(proposed), self.rank(proposed)
        closed = answer.code == Code.INTERNAL
        if closed:
            self.assertClosed(answer)
        # Stricter on purpose: a known field in another wire type is unknown to protobuf, and no fact.
        if not (closed and "has wire type" in answer.details):
            self.assertEqual(decodes, not closed, (proposed, answer.details))
        return decodes

    def test_truncated_at_every_byte(self):
        whole = response([item("a", 0.9, 0.4), item("b", 0.3, 0.3)], [prompt()], explanation="because")
        judged = [self.judge(whole[:end]) for end in range(len(whole) + 1)]
        self.assertIn(True, judged)
        self.assertIn(False, judged)
        self.assertServes()

    def test_one_byte_changed(self):
        choose = random.Random(SEED)
        whole = bytearray(response([item("a", 0.9, 0.4), item("b", 0.3, 0.3)], confidence=0.5))
        for turn in range(300):
            changed = bytearray(whole)
            changed[choose.randrange(len(whole))] = choose.randrange(128)
            with self.subTest(turn=turn, seed=SEED):
                self.judge(bytes(changed))
        self.assertServes()

    def test_random_bytes(self):
        """Of these only that the call ends and nothing ungoverned leaves."""
        choose = random.Random(SEED)
        for turn in range(300):
            proposed = choose.randbytes(choose.randrange(64))
            with self.subTest(turn=turn, seed=SEED, proposed=proposed):
                answer = self.rank(proposed)
                self.assertIn(answer.code, (Code.OK, Code.INTERNAL, Code.PERMISSION_DENIED))
        self.assertServes()


class Passing(BadInput):
    """failure.undecodable = "pass": the message leaves as it is, and that is an entry."""

    OPTIONS = {"failure": {"undecodable": "pass"}, "limits": {"items": 10}}

    def passed(self, proposed, kind):
        answer = self.rank(proposed)
        self.assertEqual((answer.code, answer.messages), (Code.OK, [proposed]))
        entry = Log(self.sidecar.directory).of("failure")[-1]
        self.assertEqual((entry["class"], entry["effect"], entry["count"]), (kind, "pass", 1))
        self.assertEqual(value(answer.trailing, RECEIPT), entry.receipt)
        self.assertEqual(self.sidecar.failures(kind, "pass"), 1)

    def test_undecodable(self):
        self.passed(b"\x0a\xff", "undecodable")

    def test_too_many_items(self):
        self.passed(response([item(str(i), 0.1, 0.1) for i in range(11)]), "limit")

    def test_a_request_that_cannot_be_decoded(self):
        sent = b"\x0a\xff"
        answer = self.rank(CHANGED, sent)
        self.assertEqual((answer.code, self.recommender.calls[0].received), (Code.OK, [sent]))
        self.assertEqual(Log(self.sidecar.directory).of("failure")[-1]["effect"], "pass")


NAN, INF = math.nan, math.inf
SCORES = [
    ("nan", [(NAN, 0.4), (0.3, 0.3)]), ("infinite", [(INF, 0.4), (0.3, 0.3)]),
    ("minus_infinite", [(0.3, 0.3), (-INF, 0.1)]), ("nan_baseline", [(0.9, NAN), (0.3, 0.3)]),
    ("infinite_baseline", [(0.9, INF), (0.3, 0.3)]), ("all_nan", [(NAN, NAN), (NAN, NAN)]),
    ("nan_without_baseline", [(NAN, None)]), ("huge", [(1e308, -1e308), (1e308, 1e308)]),
    ("tiny", [(5e-324, 0.0), (0.0, 5e-324)]), ("minus_zero", [(-0.0, 0.0)]),
    ("no_score", [(None, 0.4)]),
]


@harness.named(SCORES)
class Scores(BadInput):
    """No score that is not finite leaves under an enforcing bound, and none beyond the bound."""

    def row(self, scores):
        items = []
        for number, (score, baseline) in enumerate(scores):
            one = pb.RankedItem(item_id=f"i{number}", category="jazz")
            if score is not None:
                one.score = score
            if baseline is not None:
                one.baseline_score = baseline
            items.append(one)
        answer = self.rank(response(items))
        self.assertIn(answer.code, (Code.OK, Code.PERMISSION_DENIED), answer.details)
        if answer.messages and answer.messages != [response(items)]:
            self.assertIsNotNone(value(answer.trailing, RECEIPT))
        for one in (one for message in answer.messages for one in parsed(message).items):
            self.assertTrue(not one.HasField("score") or math.isfinite(one.score), one)
            if one.HasField("score") and math.isfinite(one.baseline_score):
                self.assertLessEqual(abs(one.score - one.baseline_score), 0.2)
        self.assertServes()


class Facts(BadInput):
    """What is missing or malformed never lets a response escape a rule."""

    def left(self, answer):
        self.assertEqual(answer.code, Code.OK, answer.details)
        return parsed(answer.messages[0])

    def test_no_baseline_is_rejected(self):
        answer = self.rank(response([item("a", 0.9), item("b", 0.3)]))
        self.assertEqual((answer.code, answer.details),
                         (Code.PERMISSION_DENIED, "A score moves by at most 0.2."))
        self.assertIsNotNone(value(answer.trailing, RECEIPT))

    def test_an_item_without_a_baseline_goes_last(self):
        left = self.left(self.rank(response([item("new", 0.9), item("b", 0.3, 0.3)])))
        self.assertEqual([one.item_id for one in left.items], ["b", "new"])

    def test_no_session_means_no_prompt(self):
        answer = self.rank(response([], [prompt()]), request(""))
        self.assertEqual(len(self.left(answer).prompts), 0)
        self.assertEqual(value(answer.trailing, "rankguard-rules"), "prompts.cap")

    def test_a_user_does_not_stand_in_for_the_session(self):
        answer = self.rank(response([], [prompt()]), request("", user=CLEAR + "user"))
        self.assertEqual(len(self.left(answer).prompts), 0)

    def test_no_request_at_all(self):
        """An empty message is a request without any fact."""
        answer = self.rank(response([], [prompt()]), b"")
        self.assertEqual(len(self.left(answer).prompts), 0)

    def test_invalid_utf8_in_a_prompt_is_suppressed(self):
        bad = prompt().SerializeToString().replace(b"jazz", b"j\xff\xfez")
        answer = self.rank(field(3, bad))
        self.assertEqual(len(self.left(answer).prompts), 0)
        self.assertIn("language.blame", value(answer.trailing, "rankguard-rules"))

    def test_invalid_utf8_in_ids(self):
        """Ids are bytes to the rules and stay as they are; the log writes them as valid JSON."""
        bad_item = field(1, b"\xff\xc0") + item("", 0.9, 0.4, "").SerializeToString() + field(4, b"\x80")
        bad_prompt = field(1, b"\xed\xa0\x80") + prompt(prompt_id="").SerializeToString()
        sent = field(2, CLEAR.encode() + b"\xff\xfe") + field(1, CLEAR.encode() + b"\xc1") + field(3, b"\x80")
        answer = self.rank(field(1, bad_item) + field(3, bad_prompt), sent)
        self.assertEqual(answer.code, Code.OK)
        self.assertIn(b"\xff\xc0", answer.messages[0])
        log = Log(self.sidecar.directory)
        self.assertEqual(log.missing([value(answer.trailing, RECEIPT)]), [])
        again = self.rank(field(3, bad_prompt), sent)
        self.assertNotIn(b"\xed\xa0\x80", again.messages[0], "the cap counts by the same bytes")

    def test_invalid_utf8_in_a_signal(self):
        self.recommender.on(SIGNAL, reply(b""))
        sent = field(2, CLEAR.encode() + b"\xff") + field(3, 1) + field(4, b"\xff\x00\x01") + field(6, b"\xc3")
        self.assertEqual(self.client.call(SIGNAL, sent).code, Code.OK)
        self.assertEqual(len(Log(self.sidecar.directory).of("signal")), 1)

    def test_an_unknown_enum(self):
        strange = prompt()
        strange.kind = 77
        answer = self.rank(response([], [strange, strange]))
        self.assertEqual(len(self.left(answer).prompts), 1, "it counts under the cap")

    def test_a_very_long_id(self):
        answer = self.rank(response([item("i" * 100000, 0.9, 0.4)]), request(CLEAR + "s" * 100000))
        self.assertEqual(answer.code, Code.OK)
        self.assertEqual(Log(self.sidecar.directory).missing([value(answer.trailing, RECEIPT)]), [])

    def test_a_decision_longer_than_one_entry(self):
        """20,000 clamped scores: the entry is split; the receipt names its first part."""
        answer = self.rank(response([item(f"item-{i}", 0.9, 0.4) for i in range(20000)]))
        self.assertEqual(value(answer.trailing, "rankguard-actions"), "clamp=20000")
        log = Log(self.sidecar.directory)
        first = log.at(value(answer.trailing, RECEIPT))
        count = first["part"][1]
        self.assertEqual(first["part"], [1, count])
        self.assertGreater(count, 1)
        parts = [log.at(f"{first.origin}/{first.index + i}") for i in range(count)]
        self.assertEqual([part["part"] for part in parts], [[i + 1, count] for i in range(count)])
        ids = [name for part in parts for one in part["interventions"] for name in one.get("ids", [])]
        self.assertEqual(len(set(ids)), 20000)


class Requests(BadInput):
    """The application's side."""

    def test_a_request_that_cannot_be_decoded(self):
        self.assertClosed(self.rank(GOOD, b"\x0a\xff"))
        self.assertEqual(self.recommender.calls, [], "nothing went to the recommender")

    def test_a_signal_that_cannot_be_decoded(self):
        self.recommender.on(SIGNAL, reply(b""))
        self.assertClosed(self.client.call(SIGNAL, b"\x0a\xff"))
        self.assertEqual(Log(self.sidecar.directory).of("signal"), [])

    def broken_off(self, method, *data, end=True):
        """Whatever the answer is: it comes, and nothing stays behind."""
        self.recommender.on(method, reply(GOOD))
        frames = wire.ask(self.sidecar.socket, method, *data, end=end)
        self.sidecar.settled()
        self.assertServes()
        return frames

    def test_broken_requests(self):
        body = wire.message(self.request())
        for method in (RANK, STREAM_RANK, OTHER):
            for name, data, end in (
                    ("no message", (), True), ("two messages", (body, body), True),
                    ("half a prefix", (b"\0\0",), True), ("half a message", (body[:-3],), True),
                    ("compressed without encoding", (wire.message(b"abc", 1),), True),
                    ("a compression flag of 7", (wire.message(b"abc", 7),), True),
                    ("a length of 4 GiB", (b"\0\xff\xff\xff\xff" + b"x" * 100,), True),
                    ("left at once", (), False), ("left behind half a message", (body[:-3],), False),
                    ("left behind a message", (body,), False)):
                with self.subTest(method=method, request=name):
                    self.broken_off(method, *data, end=end)

    def test_not_http2(self):
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, wire.PREFACE + b"\xff" * 100,
                        wire.PREFACE + wire.frame(wire.SETTINGS, 0, 0) +
                        wire.frame(wire.HEADERS, wire.END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
                        random.Random(SEED).randbytes(4096)):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.sidecar.socket)
                sock.settimeout(wire.GUARD_S)
                sock.sendall(garbage)
                sock.shutdown(socket.SHUT_WR)
                try:
                    while sock.recv(4096):
                        pass
                except ConnectionError:
                    pass
            self.assertServes()

    def test_too_much_metadata(self):
        """The C core answers with an error of the whole connection; another one is served."""
        with Client(self.sidecar.address) as other:
            self.recommender.on(RANK, reply(GOOD))
            answer = other.call(RANK, self.request(), metadata=[("x-long", "v" * 40000)])
            self.assertNotEqual(answer.code, Code.OK)
        self.assertEqual(self.recommender.calls, [])
        self.assertServes()


class Limits(BadInput):
    OPTIONS = {"limits": {"in_flight": 4, "connections": 3, "message": "1MiB", "items": 1000, "prompts": 3}}

    def test_items(self):
        at_limit = response([item("a", 0.1, 0.1)] * 1000)
        self.assertEqual(self.rank(at_limit).messages, [at_limit])
        self.assertClosed(self.rank(response([item("a", 0.1, 0.1)] * 1001)), "1000", "items")
        self.assertEqual(self.sidecar.failures("limit"), 1)

    def test_prompts(self):
        self.assertClosed(self.rank(response([], [prompt()] * 4)), "3", "prompts")

    def test_a_message_over_the_limit(self):
        for method, call in ((RANK, self.client.call), (OTHER, self.client.call)):
            self.recommender.on(method, reply(field(6, b"x" * (2 << 20))))
            answer = call(method, b"")
            self.assertEqual((answer.code, answer.messages), (Code.RESOURCE_EXHAUSTED, []))
            self.assertIn("1048576", answer.details)
        self.assertServes()

    def test_a_request_over_the_limit(self):
        self.recommender.on(RANK, reply(GOOD))
        answer = self.client.call(RANK, field(3, b"x" * (2 << 20)))
        self.assertEqual(answer.code, Code.RESOURCE_EXHAUSTED)
        # The core ends the call and says so a moment later: until then a call without a byte may have gone on.
        self.assertFalse(any(any(call.received) for call in self.recommender.calls))
        self.assertServes()

    def test_too_many_in_flight(self):
        """Refused at once, not queued; the others are not disturbed; afterwards there is room again."""
        for method in (RANK, OTHER):
            gate = Gate()
            self.recommender.on(method, reply(GOOD, gate=gate))
            held = [self.client.start(method, self.request()) for _ in range(4)]
            gate.wait_for(4)
            for other in (RANK, OTHER, SIGNAL):
                answer = self.client.call(other, b"")
                self.assertEqual((answer.code, answer.details),
                                 (Code.RESOURCE_EXHAUSTED,
                                  "rankguard: too many calls in flight; retry later"))
            gate.open()
            for call in held:
                self.assertEqual(finish_unary(call).messages, [GOOD])
            self.sidecar.settled()
            self.assertServes()
            self.sidecar.settled()
        self.assertEqual(self.sidecar.failures("overload"), 6)

    def test_too_many_connections(self):
        others = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for one in others:
            one.connect(self.sidecar.socket)
        self.assertTrue(self.sidecar.said("connections", "refused"))
        for one in others:
            one.close()
        self.recommender.on(RANK, reply(GOOD))
        answer = self.client.call(RANK, self.request(), wait_for_ready=True)
        self.assertEqual(answer.messages, [GOOD])


class AMillionItems(BadInput):
    """Bounded work and memory, whatever the limits of the deployment let through."""

    def test_over_the_limit(self):
        self.assertClosed(self.rank(field(1, b"") * 1000000), "20000", "items")
        self.assertClosed(self.rank(field(1, field(1, b"id")) * 1000000), "20000", "items")
        self.assertServes()

    def test_weights_and_tags_too(self):
        self.assertClosed(self.rank(field(2, b"") * 1000000), "20000")
        answer = self.rank(field(1, field(6, b"t") * 1000000 + item("a", 0.9, 0.4).SerializeToString()))
        self.assertIn(answer.code, (Code.OK, Code.INTERNAL))
        self.assertServes()

    def test_candidates_too(self):
        """They may be baselines. As many as are allowed pass as they are."""
        sent = self.request() + field(10, b"") * 20000
        self.assertEqual(self.rank(GOOD, sent).messages, [GOOD])
        self.assertEqual(self.recommender.calls[-1].received, [sent])
        self.assertClosed(self.rank(GOOD, sent + field(10, b"")), "20000")
        self.assertServes()


class AMillionItemsAllowed(BadInput):
    """limits.items of a million: it is governed, or the memory of one call is not enough and it fails closed;
    the sidecar goes on either way."""

    OPTIONS = {"limits": {"items": 1000000, "message": "64MiB"}}

    def test_a_million(self):
        answer = self.rank(field(1, item("", 0.9, 0.4, "").SerializeToString()) * 1000000)
        if answer.code == Code.OK:
            self.assertEqual(value(answer.trailing, "rankguard-actions"), "clamp=1000000")
        else:
            self.assertClosed(answer, "memory")
        self.assertServes()

    def test_a_hundred_thousand(self):
        one = field(1, item("", 0.9, 0.4, "").SerializeToString())
        answer = self.rank(one * 100000)
        self.assertEqual(value(answer.trailing, "rankguard-actions"), "clamp=100000", answer.details)


if __name__ == "__main__":
    harness.main()

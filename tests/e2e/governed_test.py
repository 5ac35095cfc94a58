# SPDX-License-Identifier: Apache-2.0
"""What becomes of one governed response, and what the log and the caller learn of it."""
import itertools

import grpc

import harness
import messages
import rules_kit
import wire
from auditlog import Key, Log, check
from client import Client, Feed, finish, value, values
from harness import RANK, SIGNAL, STREAM_RANK
from messages import field, item, pb, prompt, request, response, varint
from recommender import Recommender, reply
from sidecar import CLEAR, ORIGIN, UID, Sidecar, rules_text

Code = grpc.StatusCode
RECEIPT, ACTIONS, RULES = "rankguard-decision", "rankguard-actions", "rankguard-rules"
FORGED = [(RECEIPT, "example.org/forged/1"), (ACTIONS, "none"), (RULES, "none"), ("x-mine", "1"),
          (RECEIPT, "example.org/forged/2"), ("rankguard-anything", "1")]

WITHIN = [item("a", 0.5, 0.4), item("b", 0.4, 0.4)]
EXCEEDED = [item("a", 0.9, 0.4), item("b", 0.5, 0.5)]  # a goes down to 0.6


class Governed(harness.Case):
    """A recommender and a sidecar with the rules of the class; each test has a session of its own."""

    RULES = rules_kit.RULES
    OPTIONS = {}
    _sessions = itertools.count()

    @classmethod
    def setUpClass(cls):
        cls.ends = harness.Home()
        cls.recommender = Recommender(f"unix:{cls.ends.path('reco.sock')}")
        cls.sidecar = Sidecar(cls.ends.folder, cls.recommender.address, cls.RULES, cls.OPTIONS).start()
        cls.client = Client(cls.sidecar.address)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.client.close()
            cls.sidecar.stop()
            check(cls.sidecar.directory)
            cls.recommender.stop()
        finally:
            cls.ends.remove()

    def setUp(self):
        super().setUp()
        self.session = f"{CLEAR}session-{next(self._sessions)}"
        self.request = request(session=self.session, user=f"{CLEAR}user")
        self.recommender.forget()

    def rank(self, proposed, sent=None, **how):
        self.recommender.on(RANK, reply(proposed, **how))
        return self.client.call(RANK, sent or self.request)

    def log(self):
        return Log(self.sidecar.directory)

    def key(self):
        return Key(self.sidecar.subject_key)

    def entry_of(self, answer):
        receipt = value(answer.trailing, RECEIPT)
        self.assertIsNotNone(receipt, "no receipt")
        entry = self.log().at(receipt)
        self.assertIsNotNone(entry, f"{receipt} is not in the log")
        return entry

    def assertUntouched(self, answer, proposed):
        self.assertEqual((answer.code, answer.messages), (Code.OK, [proposed]))
        for key in (RECEIPT, ACTIONS, RULES):
            self.assertEqual(values(answer.trailing, key), [])


# Responses in which no rule finds anything, as odd on the wire as protobuf allows.
ODD = [
    ("empty", b""),
    ("plain", response(WITHIN, model_version="m1", explanation="because", confidence=0.5)),
    ("unknown_fields", field(1000, 7) + response(WITHIN) + field(77, b"\x00\xffopaque") +
     varint(99 << 3 | 1) + b"8bytes!!" + varint(98 << 3 | 5) + b"4by!"),
    ("unknown_group", varint(50 << 3 | 3) + field(1, 1) + varint(50 << 3 | 4) + response(WITHIN)),
    ("unknown_field_in_item", field(1, WITHIN[0].SerializeToString() + field(900, b"kept"))),
    ("fields_backwards", field(6, b"m") + field(5, b"e") +
     b"".join(field(1, one.SerializeToString()) for one in WITHIN)),
    ("items_apart", field(1, WITHIN[0].SerializeToString()) + field(6, b"m") +
     field(1, WITHIN[1].SerializeToString())),
    ("last_value_wins", field(6, b"first") + response(WITHIN) + field(6, b"last")),
    ("last_score_wins", field(1, field(1, b"a") + b"\x11" + b"\0" * 6 + b"\xf0\x3f" +  # 1.0
                              item("a", 0.5, 0.4).SerializeToString())),
    ("long_varint_length", b"\x32\x83\x80\x00abc" + response(WITHIN)),
    ("long_varint_tag", b"\xb2\x80\x00\x03abc" + response(WITHIN)),
    ("defaults_on_the_wire", field(5, b"") + field(6, b"") + response(WITHIN)),
    ("weight_without_numbers", response(WITHIN) + field(2, field(1, b"jazz") + field(4, b"t"))),
    ("many_items", response([item(f"i{i}", 1 - i / 5000, 1 - i / 5000) for i in range(5000)])),
]


@harness.named(ODD)
class Unchanged(Governed):
    """A response without a finding leaves byte for byte, and nothing is recorded."""

    def row(self, proposed):
        self.assertUntouched(self.rank(proposed), proposed)
        self.assertEqual(self.log().of("decision", "delivered", "failure"), [])

    def test_the_request_arrives_byte_for_byte(self):
        sent = field(3, b"home") + self.request + field(500, b"unknown\x00\xff") + b"\x1a\x84\x80\x00feed"
        self.assertUntouched(self.rank(response(WITHIN), sent), response(WITHIN))
        self.assertEqual(self.recommender.calls[0].received, [sent])


class Changed(Governed):
    """A response with a finding leaves changed, with a receipt that stands in the log."""

    def test_a_clamped_score(self):
        proposed = response(EXCEEDED) + field(700, b"not ours")
        answer = self.rank(proposed)
        governed = messages.parsed(answer.messages[0])
        self.assertEqual([one.item_id for one in governed.items], ["a", "b"])
        self.assertLessEqual(governed.items[0].score - 0.4, 0.2)
        self.assertAlmostEqual(governed.items[0].score, 0.6)
        self.assertEqual(governed.items[1], EXCEEDED[1])
        self.assertIn(field(700, b"not ours"), answer.messages[0])
        self.assertEqual(value(answer.trailing, ACTIONS), "clamp=1")
        self.assertEqual(value(answer.trailing, RULES), "scores.bound")

    def test_its_entry_says_what_was_changed(self):
        proposed = response(EXCEEDED)
        answer = self.rank(proposed)
        entry, key = self.entry_of(answer), self.key()
        self.assertEqual(entry.origin, f"{ORIGIN}/{UID}/0001")
        self.assertEqual(entry.type, "decision")
        self.assertEqual(entry["method"], RANK)
        self.assertEqual(entry["session"], key.pseudonym("session", self.session))
        self.assertEqual(entry["user"], key.pseudonym("user", f"{CLEAR}user"))
        self.assertEqual((entry["surface"], entry["locale"]), ("home", "en"))
        self.assertEqual((entry["items"], entry["prompts"], entry["rejected"]), (2, 0, False))
        self.assertEqual(entry["request"], key.digest(self.request))
        self.assertEqual(entry["proposed"], key.digest(proposed))
        self.assertEqual(entry["governed"], key.digest(answer.messages[0]))
        (one,) = entry["interventions"]
        self.assertEqual({name: one[name] for name in ("rule", "file", "kind", "mode", "action", "verdict",
                                                       "would", "reason", "target", "ids", "before")},
                         {"rule": "scores.bound", "file": "rules.cfg", "kind": "score_bound",
                          "mode": "enforce", "action": "clamp", "verdict": "exceeded", "would": False,
                          "reason": "A score moves by at most 0.2.", "target": "item", "ids": ["a"],
                          "before": [0.9]})
        self.assertEqual(one["after"], [messages.parsed(answer.messages[0]).items[0].score])

    def test_a_clamped_score_changes_the_order(self):
        answer = self.rank(response([item("a", 0.9, 0.1), item("b", 0.8, 0.7), item("c", 0.2, 0.2)]))
        governed = messages.parsed(answer.messages[0])
        self.assertEqual([one.item_id for one in governed.items], ["b", "a", "c"])

    def test_a_changed_response_is_within(self):
        """Governing is idempotent: what left is untouched when it comes again."""
        governed = self.rank(response(EXCEEDED)).messages[0]
        self.assertUntouched(self.rank(governed), governed)

    def test_a_denied_phrase_is_replaced(self):
        answer = self.rank(response(WITHIN, [prompt("This is Your Fault.")]))
        (left,) = messages.parsed(answer.messages[0]).prompts
        self.assertEqual((left.text, left.template_id, left.kind, left.prompt_id),
                         ("We will adjust.", "ack.neutral", messages.ACKNOWLEDGE, "p1"))
        self.assertEqual(value(answer.trailing, ACTIONS), "replace=1")
        decision, log = self.entry_of(answer), self.log()
        delivered = log.at(f"{decision.origin}/{decision.index + 1}")
        self.assertEqual(decision["interventions"][0]["rule"], "language.blame")
        self.assertEqual((delivered.type, delivered["kind"], delivered["prompt_id"]),
                         ("delivered", "acknowledgement", "p1"))
        self.assertEqual(delivered["text"], self.key().digest(b"We will adjust."))

    def test_a_prompt_beyond_the_cap_is_suppressed(self):
        first = self.entry_of(self.rank(response(WITHIN, [prompt()])))
        answer = self.rank(response(WITHIN, [prompt(prompt_id="p2")]))
        self.assertEqual(messages.parsed(answer.messages[0]), messages.parsed(response(WITHIN)))
        self.assertEqual(value(answer.trailing, ACTIONS), "suppress=1")
        self.assertEqual(value(answer.trailing, RULES), "prompts.cap")
        (one,) = self.entry_of(answer)["interventions"]
        self.assertEqual((one["action"], one["target"], one["ids"]), ("suppress", "prompt", ["p2"]))
        self.assertEqual(one["evidence"], [first.index])

    def test_two_rules_are_both_named(self):
        answer = self.rank(response(EXCEEDED, [prompt(), prompt(prompt_id="p2")]))
        self.assertEqual(value(answer.trailing, ACTIONS), "clamp=1, suppress=1")
        self.assertEqual(set(value(answer.trailing, RULES).split(", ")), {"scores.bound", "prompts.cap"})
        self.assertEqual([one["rule"] for one in self.entry_of(answer)["interventions"]],
                         ["scores.bound", "prompts.cap"])

    def test_the_recommenders_metadata_stay(self):
        answer = self.rank(response(EXCEEDED), initial=[("x-i", "1")], trailing=[("x-t", "2")])
        self.assertEqual(answer.initial, [("x-i", "1")])
        self.assertEqual(answer.trailing[0], ("x-t", "2"))

    def test_the_trace_id_is_recorded(self):
        self.recommender.on(RANK, reply(response(EXCEEDED)))
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        answer = self.client.call(RANK, self.request, metadata=[("traceparent", parent)])
        self.assertEqual(self.entry_of(answer)["trace_id"], "0af7651916cd43dd8448eb211c80319c")

    def test_receipts_are_distinct_and_the_ruleset_is_in_the_log(self):
        receipts = {value(self.rank(response(EXCEEDED)).trailing, RECEIPT) for _ in range(20)}
        log = self.log()
        self.assertEqual(len(receipts), 20)
        self.assertEqual(log.missing(receipts), [])
        (ruleset,) = log.of("ruleset")
        self.assertEqual(ruleset["sources"], [{"name": "rules.cfg", "text": self.RULES}])
        self.assertEqual({log.at(receipt)["ruleset"] for receipt in receipts}, {ruleset["digest"]})


class Delivered(Governed):
    """A response that carries a prompt is recorded although nothing was changed."""

    def test_a_delivered_prompt(self):
        proposed = response(WITHIN, [prompt("Less of this?", template_id="t1")])
        answer = self.rank(proposed)
        self.assertEqual(answer.messages, [proposed])
        self.assertEqual(values(answer.trailing, ACTIONS) + values(answer.trailing, RULES), [])
        entry, key = self.entry_of(answer), self.key()
        self.assertEqual({name: entry[name] for name in ("type", "method", "session", "kind", "prompt_id",
                                                         "template_id", "text", "locale")},
                         {"type": "delivered", "method": RANK,
                          "session": key.pseudonym("session", self.session), "kind": "clarifying_question",
                          "prompt_id": "p1", "template_id": "t1", "text": key.digest(b"Less of this?"),
                          "locale": "en"})

    def test_a_suppressed_prompt_is_never_delivered(self):
        self.rank(response(WITHIN, [prompt()]))
        self.rank(response(WITHIN, [prompt(prompt_id="p2")]))
        session = self.key().pseudonym("session", self.session)
        self.assertEqual([entry["prompt_id"] for entry in self.log().of("delivered")
                          if entry["session"] == session], ["p1"])


class Signals(Governed):
    def signals(self):
        session = self.key().pseudonym("session", self.session)
        return [entry for entry in self.log().of("signal") if entry["session"] == session]

    def test_a_signal_is_recorded_and_passes(self):
        sent = messages.signal(self.session, pb.SIGNAL_KIND_PROMPT_DISMISSED, prompt_id="p1",
                               category="jazz", item_id="i1") + field(99, b"unknown")
        self.recommender.on(SIGNAL, reply(b"", trailing=[("x-t", "1")]))
        answer = self.client.call(SIGNAL, sent)
        self.assertEqual((answer.code, answer.messages), (Code.OK, [b""]))
        self.assertIn(("x-t", "1"), answer.trailing)
        self.assertEqual(self.recommender.calls[0].received, [sent])
        (entry,) = self.signals()
        self.assertEqual((entry["kind"], entry["prompt_id"], entry["category"], entry["item"]),
                         ("prompt_dismissed", "p1", "jazz", "i1"))

    def test_a_signal_is_recorded_whatever_the_recommender_answers(self):
        self.recommender.on(SIGNAL, reply(code=Code.INTERNAL, details="broken"))
        answer = self.client.call(SIGNAL, messages.signal(self.session))
        self.assertEqual((answer.code, answer.details), (Code.INTERNAL, "broken"))
        self.assertEqual([entry["kind"] for entry in self.signals()], ["dissatisfied"])


class Forged(Governed):
    """Only the sidecar gives receipts."""

    def assertOnlyMine(self, answer):
        self.assertEqual([pair for pair in answer.trailing if pair in FORGED], [("x-mine", "1")])

    def test_untouched(self):
        answer = self.rank(response(WITHIN), trailing=FORGED)
        self.assertUntouched(answer, response(WITHIN))
        self.assertOnlyMine(answer)

    def test_changed(self):
        answer = self.rank(response(EXCEEDED), trailing=FORGED)
        self.assertOnlyMine(answer)
        self.assertEqual(self.entry_of(answer).type, "decision")

    def test_status(self):
        answer = self.rank(b"", trailing=FORGED, code=Code.ABORTED)
        self.assertEqual(answer.code, Code.ABORTED)
        self.assertOnlyMine(answer)

    def test_trailers_only(self):
        self.recommender.on(RANK, reply(trailing=FORGED, code=Code.ABORTED))
        self.assertOnlyMine(self.client.call(RANK, self.request))

    def test_stream(self):
        self.recommender.on(STREAM_RANK, reply(response(WITHIN), trailing=FORGED))
        self.assertOnlyMine(self.client.exchange(STREAM_RANK, [self.request]))

    def test_signal(self):
        self.recommender.on(SIGNAL, reply(b"", trailing=FORGED))
        self.assertOnlyMine(self.client.call(SIGNAL, messages.signal(self.session)))


class Streamed(Governed):
    """Each message of a stream of rankings is governed; the context is the request's."""

    def stream(self, *proposed, **how):
        self.recommender.on(STREAM_RANK, reply(*proposed, **how))
        return self.client.exchange(STREAM_RANK, [self.request])

    def test_each_message(self):
        answer = self.stream(response(WITHIN), response(EXCEEDED), response(WITHIN), response(EXCEEDED))
        self.assertEqual(answer.messages[0::2], [response(WITHIN)] * 2)
        for governed in answer.messages[1::2]:
            self.assertAlmostEqual(messages.parsed(governed).items[0].score, 0.6)
        receipts = values(answer.trailing, RECEIPT)
        self.assertEqual(len(set(receipts)), 2)
        self.assertEqual(self.log().missing(receipts), [])
        self.assertEqual(value(answer.trailing, ACTIONS), "clamp=2")
        self.assertEqual(value(answer.trailing, RULES), "scores.bound")

    def test_no_finding(self):
        answer = self.stream(response(WITHIN), b"", response(WITHIN))
        self.assertEqual(answer.messages, [response(WITHIN), b"", response(WITHIN)])
        self.assertEqual(values(answer.trailing, RECEIPT), [])

    def test_the_cap_spans_the_stream(self):
        asking = response(WITHIN, [prompt()])
        answer = self.stream(asking, asking, asking)
        self.assertEqual([len(messages.parsed(one).prompts) for one in answer.messages], [1, 0, 0])

    def test_at_most_16_receipts(self):
        answer = self.stream(*[response(EXCEEDED)] * 20)
        self.assertEqual(len(set(values(answer.trailing, RECEIPT))), 16)
        self.assertEqual(value(answer.trailing, ACTIONS), "clamp=20")

    def test_one_that_cannot_be_decoded_ends_it(self):
        answer = self.stream(response(EXCEEDED), b"\x0a\xff", response(WITHIN))
        self.assertEqual(len(answer.messages), 1)
        self.assertEqual(answer.code, Code.INTERNAL)
        self.assertIn("rankguard", answer.details)
        self.assertEqual(self.log().missing(values(answer.trailing, RECEIPT)), [])

    def test_a_status_of_the_recommender_comes_with_the_receipts(self):
        answer = self.stream(response(EXCEEDED), code=Code.ABORTED, details="later", trailing=[("x-t", "1")])
        self.assertEqual((answer.code, answer.details), (Code.ABORTED, "later"))
        self.assertIn(("x-t", "1"), answer.trailing)
        self.assertEqual(len(values(answer.trailing, RECEIPT)), 1)

    def test_messages_wait_for_one_another(self):
        """Ping-pong through a governed stream: one is governed and delivered before the next is asked for."""
        def behave(call):
            for _ in call.requests:
                yield response(EXCEEDED)

        self.recommender.on(STREAM_RANK, behave)
        feed, seen = Feed(), []
        call = self.client.stream(STREAM_RANK, feed)
        for _ in range(5):
            feed.give(self.request)
            seen.append(next(call))
        feed.end()
        answer = finish(call, seen)
        self.assertEqual((answer.code, len(answer.messages)), (Code.OK, 5))


class Observed(Governed):
    """A rule that observes changes nothing and is recorded."""

    RULES = rules_text(rules_kit.bound(more='mode = "observe";'),
                       rules_kit.deny(more='mode = "observe"; action = "suppress";'),
                       rules_kit.cap(0, "off.cap", more='mode = "off";'))

    def test_it_changes_nothing(self):
        proposed = response(EXCEEDED, [prompt("your fault")]) + field(700, b"kept")
        answer = self.rank(proposed)
        self.assertEqual(answer.messages, [proposed])
        self.assertEqual(values(answer.trailing, ACTIONS) + values(answer.trailing, RULES), [])

    def test_it_is_recorded(self):
        answer = self.rank(response(EXCEEDED))
        entry = self.entry_of(answer)
        (one,) = entry["interventions"]
        self.assertEqual((one["rule"], one["mode"], one["action"], one["would"]),
                         ("scores.bound", "observe", "clamp", True))
        self.assertEqual(entry["governed"], entry["proposed"])

    def test_it_is_counted_apart(self):
        before = self.sidecar.metric("rankguard_rule_results_total", rule="scores.bound", result="would") or 0
        self.rank(response(EXCEEDED))
        after = self.sidecar.metric("rankguard_rule_results_total", rule="scores.bound", result="would")
        self.assertEqual(after, before + 1)


class Rejected(Governed):
    RULES = rules_text(
        rules_kit.bound(more='action = "reject"; when = { surface = [ "checkout" ]; };'),
        rules_kit.bound("scores.flag", more='action = "flag"; when = { surface = [ "feed" ]; };'))

    def call(self, surface, **how):
        return self.rank(response(EXCEEDED), request(self.session, surface=surface), **how)

    def test_a_rejected_call(self):
        answer = self.call("checkout", initial=[("x-i", "1")], trailing=[("x-t", "1")])
        self.assertEqual((answer.code, answer.details, answer.messages),
                         (Code.PERMISSION_DENIED, "A score moves by at most 0.2.", []))
        self.assertEqual((answer.initial, values(answer.trailing, "x-t")), ([], []))
        self.assertEqual(value(answer.trailing, ACTIONS), "reject=1")

    def test_its_error_info(self):
        status = messages.fields(value(self.call("checkout").trailing, "grpc-status-details-bin"))
        self.assertEqual((status[1], status[2]), ([7], [b"A score moves by at most 0.2."]))
        (details,) = status[3]
        details = messages.fields(details)
        self.assertEqual(details[1], [b"type.googleapis.com/google.rpc.ErrorInfo"])
        self.assertEqual(messages.fields(details[2][0]), {1: [b"scores.bound"], 2: [b"rankguard"]})

    def test_its_entry(self):
        entry = self.entry_of(self.call("checkout"))
        self.assertEqual((entry.type, entry["rejected"], entry["governed"]), ("decision", True, None))
        self.assertEqual(entry["interventions"][0]["action"], "reject")

    def test_it_is_trailers_only_on_the_wire(self):
        self.recommender.on(RANK, reply(response(EXCEEDED)))
        body = wire.message(request(self.session, surface="checkout"))
        self.assertEqual(wire.ask(self.sidecar.socket, RANK, body), ["HEADERS+END"])

    def test_a_stream_ends(self):
        self.recommender.on(STREAM_RANK, reply(response(WITHIN), response(EXCEEDED), response(WITHIN)))
        answer = self.client.exchange(STREAM_RANK, [request(self.session, surface="checkout")])
        self.assertEqual((answer.code, answer.messages), (Code.PERMISSION_DENIED, [response(WITHIN)]))
        self.assertEqual(self.log().missing(values(answer.trailing, RECEIPT)), [])

    def test_flag_leaves_the_message_as_it_is(self):
        answer = self.call("feed")
        self.assertEqual(answer.messages, [response(EXCEEDED)])
        self.assertEqual((value(answer.trailing, ACTIONS), value(answer.trailing, RULES)),
                         ("flag=1", "scores.flag"))
        self.assertEqual(self.entry_of(answer)["interventions"][0]["action"], "flag")

    def test_where_no_rule_applies_nothing_happens(self):
        self.assertUntouched(self.call("home"), response(EXCEEDED))


class Loopback(harness.Case):
    """The same over TCP on loopback, on both sides, with two listeners."""

    def test_tcp(self):
        ports = harness.free_ports(2)
        recommender = Recommender(f"127.0.0.1:{ports[0]}")
        self.addCleanup(recommender.stop)
        recommender.on(RANK, reply(response(EXCEEDED)))
        sidecar = Sidecar(self.home.folder, recommender.address, rules_kit.RULES)
        sidecar.options["listen"].append(f"127.0.0.1:{ports[1]}")
        sidecar.write_config()
        sidecar.start()
        self.addCleanup(sidecar.stop)
        receipts = []
        for address in sidecar.options["listen"]:
            with Client(address) as caller:
                receipts.append(value(caller.call(RANK, request(CLEAR + "s")).trailing, RECEIPT))
        self.assertEqual(Log(sidecar.directory).missing(receipts), [])


if __name__ == "__main__":
    harness.main()

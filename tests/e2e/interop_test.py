# SPDX-License-Identifier: Apache-2.0
"""gRPC's interoperability cases and more, with two independent stacks: python3-grpcio, which is the C core that the
sidecar itself is made of, and grpc-go as Debian packages it, which shares no code with it. Each application
(two) runs each case against each recommender (two), straight and through the hop, on a method that nobody governs and
on governed ones; what both ends saw must be the same.

The cases are those of gRPC's interop-test-descriptions.md that do not need a cloud or an authentication service, by
their names there; the others say what they are for. Compression flags as they are on the wire are the
matter of compression_test.py.

RANKGUARD_INTEROP_TIMES=1 prints how long a cancellation took to reach the other end. Nothing is asserted of it.
"""
import json
import os
import statistics
import subprocess
import threading

import harness
from harness import OTHER, RANK, STREAM_RANK
from interop_stack import Application, Records, Server
from sidecar import Sidecar, rules_text

GO = os.environ.get("RANKGUARD_INTEROP")

# What the C core changes on every call that it makes or takes; sidecar/peer.h and README.md say why.
FORCED = ("user-agent", "x-forwarded-user-agent")

TEST = "/grpc.testing.TestService/"
UNKNOWN_METHOD, UNKNOWN_SERVICE = TEST + "UnimplementedCall", "/grpc.testing.UnimplementedService/UnimplementedCall"
METHODS = [RANK, STREAM_RANK, OTHER]

SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
MANY = [["x-one", "1"], ["x-two", "b"], ["x-one", "2"], ["x-one", "0"], ["x-odd", "a  b, c;d=\"e\""],
        ["x-raw-bin", bytes(range(256)).hex()], ["x-raw-bin", "00"], ["x-raw-bin", "fffe"]]
TRACE = [["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
         ["tracestate", "a=1,b=2"], ["b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"]]
# google.rpc.Status { code: 5 message: "gone" details { type_url: "t" value: "\x00\xff" } }
DETAILS = [["grpc-status-details-bin", "0805120467 6f6e651a070a017412020 0ff".replace(" ", "")]]
ECHO = [["x-grpc-test-echo-initial", "test_initial_metadata_value"],
        ["x-grpc-test-echo-trailing-bin", "ababab"]]
MIB = 1 << 20


def send(*sizes, size=0, **more):
    """A request of so many bytes, to be answered with responses of these sizes."""
    return {"script": {"sizes": list(sizes), **more}, "size": size}


def status(code, text, **more):
    return {"script": {"status": code, "text": text, **more}}


PAIRS = ((27182, 31415), (8, 9), (1828, 2653), (45904, 58979))
STREAMED = [{"script": {"at_end": {"sum": True}}, "size": size} for size in (27182, 8, 1828, 45904)]
ALL_AT_ONCE = [send(31415, 9, 2653, 58979)]

# Name, how the application goes about it, what it sends; "unary" runs on a unary method.
UNARY = [
    ("empty_unary", {"send": [{}]}),
    ("large_unary", {"send": [send(314159, size=271828)]}),
    ("client_compressed_unary", {"send": [send(314159, size=271828)], "gzip": True}),
    ("server_compressed_unary", {"send": [send(314159)], "gzip": True}),
    ("custom_metadata", {"send": [send(314159, size=271828)], "metadata": ECHO}),
    ("status_code_and_message", {"send": [status(2, "test status message")]}),
    ("special_status_message", {"send": [status(2, SPECIAL)]}),
    ("timeout_on_sleeping_server", {"send": [{"script": {"hold": True}}], "timeout_ms": 100}),
    ("status_details", {"send": [status(5, "gone", trailing=DETAILS)]}),
    ("status_with_metadata", {"send": [status(9, "no", initial=MANY, trailing=MANY)]}),
    ("duplicate_and_binary_metadata", {"send": [send(10, initial=MANY, trailing=MANY)], "metadata": MANY}),
    ("trace_context", {"send": [send(1)], "metadata": TRACE}),
    ("remaining_deadline", {"send": [send(1)], "timeout_ms": 20000}),
    ("4_mebibytes", {"send": [send(4 * MIB - 6, size=4 * MIB - 6)]}),
    ("16_mebibytes", {"send": [send(16 * MIB - 6, size=16 * MIB - 6)]}),
    ("retried", {"send": [send(5, status=14, text="busy", fails=2)], "heard": 3}),
    ("retried_in_vain", {"send": [status(14, "busy", fails=5, trailing=[["x-last", "1"]])], "heard": 3}),
    ("not_retried_after_headers", {"send": [send(5, status=14, text="busy", fails=2, early=True)]}),
    ("not_retried_after_metadata",
     {"send": [send(5, status=14, text="busy", fails=2, initial=[["x-head", "1"]], early=True)]}),
    ("not_retried_status", {"send": [send(5, status=9, text="no", fails=2)]}),
]
STREAMS = [
    ("client_streaming", "all", {"send": STREAMED}),
    ("client_compressed_streaming", "all", {"send": STREAMED, "gzip": True}),
    ("server_streaming", "all", {"send": ALL_AT_ONCE}),
    ("server_compressed_streaming", "all", {"send": ALL_AT_ONCE, "gzip": True}),
    ("ping_pong", "each", {"send": [send(there, size=back) for back, there in PAIRS]}),
    ("ping_pong_compressed", "each", {"send": [send(there, size=back) for back, there in PAIRS], "gzip": True}),
    ("empty_stream", "all", {"send": []}),
    ("custom_metadata_stream", "each", {"send": [send(314159, size=271828)], "metadata": ECHO}),
    ("status_code_and_message_stream", "all", {"send": [status(2, "test status message")]}),
    ("special_status_message_stream", "all", {"send": [status(2, SPECIAL)]}),
    # Whether the recommender hears of a call that is given up at once is anybody's guess.
    ("cancel_after_begin", "open", {"send": [], "cancel": 0, "heard": 0}),
    ("cancel_after_first_response", "open", {"send": [send(31415, size=27182)], "cancel": 1}),
    ("cancelled_while_held", "open", {"send": [send(1), send(1, hold=True)], "cancel": 2}),
    ("ended_by_the_recommender", "open", {"send": [send(1), send(1), send(2, end=True, trailing=MANY)]}),
    ("refused_by_the_recommender", "open", {"send": [send(1), status(8, "enough")]}),
    ("cancelled_by_the_recommender", "open", {"send": [send(1), status(1, "no more")]}),
    ("half_close_order", "each",
     {"send": [send(1), send(2, at_end={"sizes": [3], "trailing": [["x-after", "1"]]})]}),
    ("status_after_half_close", "each", {"send": [send(1, at_end={"status": 10, "text": "late"})]}),
    ("speaks_first", "each", {"send": [send(3)], "metadata": [["x-script", '{"sizes": [1, 2]}']]}),
    ("metadata_first", "each",
     {"send": [send(3)], "metadata": [["x-script", '{"early": true, "initial": [["x-early", "1"]]}']]}),
    ("empty_metadata_first", "each", {"send": [send(3)], "metadata": [["x-script", '{"early": true}']]}),
    ("timeout_of_a_stream", "open", {"send": [send(1), send(1, hold=True)], "timeout_ms": 300}),
    ("metadata_of_a_stream", "all", {"send": [send(10, initial=MANY, trailing=MANY)], "metadata": MANY}),
    ("many_messages", "each", {"send": [send(number) for number in range(200)]}),
    ("4_mebibytes_stream", "each", {"send": [send(4 * MIB - 6, size=4 * MIB - 6)] * 2}),
]
# The application's own clock and the deadline that went with the call race; both name the same code.
RACED = ("timeout_on_sleeping_server", "timeout_of_a_stream")


def cases():
    for kind, method in (("rank", RANK), ("unmapped", OTHER)):
        for name, how in UNARY:
            yield {"name": f"{kind}_{name}", "method": method, "kind": "unary", "cancel": -1, **how}
    for kind, method in (("stream", STREAM_RANK), ("unmapped", OTHER)):
        for name, way, how in STREAMS:
            yield {"name": f"{kind}_{name}", "method": method, "kind": way, "cancel": -1, **how}
    for name, method in (("unimplemented_method", UNKNOWN_METHOD), ("unimplemented_service", UNKNOWN_SERVICE)):
        yield {"name": name, "method": method, "kind": "unary", "send": [{}], "cancel": -1, "heard": 0}


def plain(name):
    return name.split("_", 1)[1]


class GoServer:
    def __init__(self, address, _):
        self.address, self.records = address, Records()
        self._process = subprocess.Popen([GO, "serve", address.removeprefix("unix:")], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        assert json.loads(self._process.stdout.readline()) == "listening"
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.records.add(json.loads(line))

    def stop(self):
        self._process.stdin.close()
        self._process.wait(harness.GUARD_S)
        self._reader.join(harness.GUARD_S)
        self._process.stdout.close()


class GoApplication:
    def __init__(self, address):
        self._process = subprocess.Popen([GO, "call", address.removeprefix("unix:")], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, env={**os.environ, "GRPC_GO_RETRY": "on"})

    def run(self, case):
        self._process.stdin.write(json.dumps(case).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(harness.GUARD_S)
        self._process.stdout.close()


def comparable(pairs):
    """Metadata without what is forced. Of the encodings that a peer accepts the core keeps those it knows, and
    names identity, which is always meant."""
    kept = []
    for name, value in pairs or ():
        if name == "grpc-accept-encoding":
            value = sorted(set(value.replace(" ", "").split(",")) - {"identity"})
        if name not in (*FORCED, "x-case"):
            kept.append([name, value])
    return kept


def transcript(case, application, recommender):
    """What both ends saw, as comparable values."""
    seen = {key: application.get(key) for key in ("messages", "code", "packed", "encoding", "text")}
    seen["initial"], seen["trailing"] = map(comparable, (application["initial"], application["trailing"]))
    if plain(case["name"]) in RACED:
        del seen["text"], seen["initial"], seen["trailing"]
    heard = []
    for call in recommender:
        one = {key: call.get(key) for key in ("method", "messages", "packed", "encoding")}
        one["metadata"] = comparable(call["metadata"])
        # A second for a machine that is busy: what is left is never more than what was given.
        one["deadline"] = (call["left_ms"] >= 0 and
                           case.get("timeout_ms", 60000) - 5000 < call["left_ms"] <= case.get("timeout_ms", 60000) + 700)
        heard.append(one)
    return {"application": seen, "recommender": heard}


class Pair:
    """One application stack against one recommender stack, all cases straight and through the hop."""

    def __init__(self, home, name, application, recommender):
        self.recommender, self.straight, self.through, self.failed = recommender, {}, {}, None
        self._sidecar = Sidecar(home, recommender.address, rules_text(), name=name)
        self._application = application

    def run(self):
        try:
            self._sidecar.start()
            for address, results in ((self.recommender.address, self.straight), (self._sidecar.address, self.through)):
                self._run(address, results)
            self._sidecar.settled()
            self._sidecar.stop()
        except BaseException as error:  # shown by the first test of the pair
            self.failed = error

    def _run(self, address, results):
        application = self._application(address)
        way = "through" if results is self.through else "straight"
        for case in cases():
            tagged = {**case, "name": f"{self._sidecar.folder}/{way}/{case['name']}"}
            seen = application.run(tagged)
            count = case.get("heard", 1)
            results[case["name"]] = (case, seen, self.recommender.records.take(tagged["name"], count) if count else [])
        application.close()


STACKS = {"python": (Application, Server), "go": (GoApplication, GoServer)}


def pairs(home):
    made = {}
    for server, (_, recommender) in STACKS.items():
        one = recommender("unix:" + os.path.join(home, f"{server}.sock"), METHODS)
        for client, (application, _) in STACKS.items():
            made[client, server] = Pair(home, f"{client}-{server}", application, one)
    return made


@harness.named([(f"{client}_to_{server}_{case['name']}", client, server, case["name"])
                for client in STACKS for server in STACKS for case in cases()])
class Interop(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.ends = harness.Home()
        cls.pairs = pairs(cls.ends.folder)
        threads = [threading.Thread(target=pair.run) for pair in cls.pairs.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @classmethod
    def tearDownClass(cls):
        for recommender in {pair.recommender for pair in cls.pairs.values()}:
            recommender.stop()
        cls.ends.remove()

    def row(self, client, server, name):
        pair = self.pairs[client, server]
        if name not in pair.through and pair.failed:
            raise pair.failed
        self.assertEqual(transcript(*pair.through[name]), transcript(*pair.straight[name]))

    def test_control_the_transcripts_hold_something(self):
        """A comparison of nothing would succeed: what the cases are about is there."""
        for (client, server), pair in self.pairs.items():
            with self.subTest(client=client, server=server):
                seen = {name: one[1] for name, one in pair.through.items()}
                heard = {name: one[2] for name, one in pair.through.items()}
                self.assertEqual(seen["unmapped_client_streaming"]["code"], 0)
                self.assertEqual(len(seen["unmapped_ping_pong"]["messages"]), 4)
                self.assertEqual(seen["rank_special_status_message"]["text"], SPECIAL)
                self.assertEqual(seen["rank_timeout_on_sleeping_server"]["code"], 4)
                self.assertEqual(seen["stream_cancel_after_first_response"]["code"], 1)
                self.assertEqual(seen["unimplemented_service"]["code"], 12)
                self.assertEqual([len(heard[name]) for name in ("rank_retried", "rank_not_retried_after_headers")],
                                 [3, 1])
                if (client, server) == ("go", "go"):  # the C core shows nothing of it
                    for one in (seen["rank_server_compressed_unary"], heard["rank_client_compressed_unary"][0]):
                        self.assertEqual((one["encoding"], one["packed"]), ("gzip", [True]))
                self.assertEqual((seen["rank_retried"]["code"], seen["rank_not_retried_after_headers"]["code"]),
                                 (0, 14))

    def test_times(self):
        """From giving up to the other end's knowledge of it: printed, not judged."""
        if not os.environ.get("RANKGUARD_INTEROP_TIMES"):
            self.skipTest("RANKGUARD_INTEROP_TIMES is not set")
        for (client, server), pair in self.pairs.items():
            for way, results in (("straight", pair.straight), ("through", pair.through)):
                times = [(heard[0]["ended_us"] - seen["gave_up_us"]) / 1000
                         for _, seen, heard in results.values() if seen["gave_up_us"] and heard]
                print(f"{client} to {server}, {way}: cancelled after "
                      f"{statistics.median(times):.1f} ms, at most {max(times):.1f} ms ({len(times)} calls)")


if __name__ == "__main__":
    harness.main()

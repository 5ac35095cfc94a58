# SPDX-License-Identifier: Apache-2.0
"""The cases of interop_test.py on Debian's python3-grpcio (the C core): what interop/main.go does with grpc-go.

A case says what the application does; scripts inside its messages say what the recommender does. Both sides note
what they saw as a record, in the same form in both languages:

    messages   [length, CRC-32] of each that arrived
    metadata, initial, trailing   sorted by name, values of one name in their order, those of -bin as hexadecimal
    code, text, left_ms (of the deadline when the call arrived), ended_us, gave_up_us
"""
import json
import threading
import time
import zlib

import grpc

from client import GUARD_S, Client
from messages import field, fields
from recommender import Recommender

# Retries belong to the application: two more attempts when a call ends UNAVAILABLE.
RETRIES = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 3, "initialBackoff": "0.001s", "maxBackoff": "0.01s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})


def now_us():
    return time.time_ns() // 1000


def wrap(text):
    """Field 6 of the canonical request and response, a text; no field at all when it is empty."""
    return field(6, text) if text else b""


def filler(size):
    return (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]


def message_of(request):
    text = json.dumps(request["script"]).encode() if request.get("script") else b""
    return wrap(text.ljust(request.get("size", 0)))


def noted(message):
    return [len(message), zlib.crc32(message)]


def decode(pairs):
    return [(name, bytes.fromhex(value) if name.endswith("-bin") else value) for name, value in pairs]


def encode(metadata):
    """Sorted by name. Values of a name that came more than once stay in their order."""
    return sorted(([name, value.hex() if isinstance(value, bytes) else value] for name, value in metadata or ()),
                  key=lambda pair: pair[0])


class Records:
    """What recommenders saw, one record for each call that has ended."""

    def __init__(self):
        self._all, self._changed = [], threading.Condition()

    def add(self, record):
        with self._changed:
            self._all.append(record)
            self._changed.notify_all()

    def take(self, case, count):
        """The records of a case, when so many of its calls have ended."""

        def found():
            return [one for one in self._all if one["case"] == case]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, GUARD_S), f"{case}: no record"
            return found()


class Over(Exception):
    """The call ends here."""


class Server:
    """The recommender: plays the scripts. One object per call, so that its state has a place."""

    def __init__(self, address, methods):
        self.address, self.records = address, Records()
        self._recommender = Recommender(address)
        for method in methods:
            self._recommender.on(method, self._behave)

    def stop(self):
        self._recommender.stop()

    def _behave(self, call):
        def end():
            self.records.add({
                "case": dict(call.metadata).get("x-case"), "method": call.method,
                "metadata": encode(call.metadata), "messages": [noted(one) for one in call.received],
                "left_ms": -1 if call.remaining_s > 10 ** 8 else int(call.remaining_s * 1000),
                "ended_us": now_us()})

        if not call.context.add_callback(end):
            end()
        return Played(call).run()


class Played:
    def __init__(self, call):
        self.call = call
        self.metadata = dict(call.metadata)
        self.attempts = int(self.metadata.get("grpc-previous-rpc-attempts", 0))
        self.initial, self.trailing, self.head_sent = [], [], False

    def run(self):
        for name, to in (("x-grpc-test-echo-initial", self.initial),
                         ("x-grpc-test-echo-trailing-bin", self.trailing)):
            if name in self.metadata:
                to.append((name, self.metadata[name]))
        try:
            yield from self._converse()
        except Over:
            pass
        self.call.context.set_trailing_metadata(tuple(self.trailing))

    def _converse(self):
        at_end = None
        if "x-script" in self.metadata:
            yield from self._play(json.loads(self.metadata["x-script"]))
        for request in self.call.requests:
            text = fields(request)[6][0] if request else b""
            script = json.loads(text) if text else {"sizes": [0]}
            at_end = script.get("at_end") or at_end
            yield from self._play(script)
        if at_end:
            yield from self._play(at_end)

    def _play(self, script):
        self.initial += decode(script.get("initial") or ())
        self.trailing += decode(script.get("trailing") or ())
        fails = script.get("fails", 0)
        if script.get("early"):
            self._head()
        if script.get("status") and self.attempts < fails:
            self._end(script)
        for size in script.get("sizes") or ():
            yield self._message(filler(size))
        if script.get("sum"):
            yield self._message(b"%d" % sum(len(one) for one in self.call.received))
        if script.get("hold"):
            self.call.wait_ended()
            raise Over
        if script.get("status") and not fails:
            self._end(script)
        if script.get("end"):
            raise Over

    def _head(self):
        if not self.head_sent:
            self.call.context.send_initial_metadata(tuple(self.initial))
        self.head_sent = True

    def _message(self, text):
        self._head()
        return wrap(text)

    def _end(self, script):
        """With a status, and with initial metadata only when there are some."""
        if self.initial:
            self._head()
        self.call.context.set_code(next(one for one in grpc.StatusCode if one.value[0] == script["status"]))
        self.call.context.set_details(script.get("text", ""))
        raise Over


class Application:
    """The application: does what a case says and returns its record."""

    def __init__(self, address):
        self._client = Client(address, [("grpc.enable_retries", 1), ("grpc.service_config", RETRIES)])

    def close(self):
        self._client.close()

    def run(self, case):
        record = {"case": case["name"], "messages": [], "gave_up_us": 0}
        how = {"metadata": tuple(decode(case.get("metadata") or ())) + (("x-case", case["name"]),),
               "timeout": case.get("timeout_ms", GUARD_S * 1000) / 1000,
               "compression": grpc.Compression.Gzip if case.get("gzip") else None}
        if case["kind"] == "unary":
            call = self._client.channel.unary_unary(case["method"]).future(message_of(case["send"][0]), **how)
            self._finish(call, record, lambda: record["messages"].append(noted(call.result())))
        else:
            self._converse(case, record, how)
        return record

    def _converse(self, case, record, how):
        """all: sends everything, half-closes, reads to the end. each: reads after each request as many responses
        as its script has sizes. open: like each, and never half-closes. A script in the metadata is heard first."""
        go_on, over = threading.Semaphore(0), threading.Event()

        def requests():
            for one in case.get("send") or ():
                go_on.acquire()
                if over.is_set():
                    return
                yield message_of(one)
            go_on.acquire()
            if case["kind"] == "open":
                over.wait()

        call = self._client.channel.stream_stream(case["method"])(requests(), **how)

        def give_up():
            if len(record["messages"]) == case.get("cancel", -1):
                record["gave_up_us"] = now_us()
                call.cancel()

        def receive():
            record["messages"].append(noted(next(call)))
            give_up()

        def converse():
            for name, value in case.get("metadata") or ():
                if name == "x-script":
                    script = json.loads(value)
                    if script.get("early"):
                        call.initial_metadata()
                    for _ in script.get("sizes") or ():
                        receive()
            for one in case.get("send") or ():
                go_on.release()
                for _ in (one.get("script") or {}).get("sizes") or () if case["kind"] != "all" else ():
                    receive()
            give_up()
            go_on.release()
            while True:
                receive()

        self._finish(call, record, converse)
        over.set()
        go_on.release(100)

    @staticmethod
    def _finish(call, record, read):
        try:
            read()
        except (StopIteration, grpc.RpcError, grpc.FutureCancelledError):
            pass
        record["ended_us"] = now_us()
        record["code"], record["text"] = call.code().value[0], call.details() or ""
        record["initial"], record["trailing"] = encode(call.initial_metadata()), encode(call.trailing_metadata())

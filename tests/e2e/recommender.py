# SPDX-License-Identifier: Apache-2.0
"""A recommender that does what a test says: any bytes, any status, any metadata, any stream, held at any point.

    recommender = Recommender("unix:/tmp/x/reco.sock")
    recommender.on(RANK, reply(b"...", trailing=[("k", "v")]))
    call = recommender.arrived()       # the next call, as the recommender saw it
    recommender.stop()

A behaviour is a generator function of one Call: it yields the response messages. Nothing here knows the
canonical messages; requests and responses are bytes.
"""
import concurrent.futures
import logging
import queue
import threading

import grpc

GUARD_S = 60  # a test that hangs ends; no property depends on it
THREADS = 96

# Behaviours that a cancelled call interrupts are no news; failures are kept in Recommender.failures.
logging.getLogger("grpc").setLevel(logging.CRITICAL)


class Call:
    """One call as the recommender sees it."""

    def __init__(self, method, requests, context):
        self.method = method
        self.received = []  # requests, as far as the behaviour has read them
        self.requests = self._read(requests)  # iterator of bytes; ends at the half-close
        self.context = context
        self.metadata = [(pair[0], pair[1]) for pair in context.invocation_metadata()]
        # The public interface does not show the authority.
        self.host = context._rpc_event.call_details.host.decode()
        self.remaining_s = context.time_remaining()
        self.ended = threading.Event()  # finished, or given up by the other side
        if not context.add_callback(self.ended.set):
            self.ended.set()

    def _read(self, requests):
        for request in requests:
            self.received.append(request)
            yield request

    def wait_ended(self):
        assert self.ended.wait(GUARD_S), "the call did not end"


class Gate:
    """Holds calls until it is opened. `waiting` is released once by each call that arrives at it."""

    def __init__(self):
        self._open = threading.Event()
        self.waiting = threading.Semaphore(0)

    def open(self):
        self._open.set()

    def wait(self):
        self.waiting.release()
        assert self._open.wait(GUARD_S), "the gate was not opened"

    def wait_for(self, count):
        """Returns when `count` calls more have arrived here."""
        for _ in range(count):
            assert self.waiting.acquire(timeout=GUARD_S), "a call did not arrive at the gate"


def reply(*messages, initial=(), trailing=(), code=grpc.StatusCode.OK, details="", gate=None):
    """A behaviour: reads the whole request, then answers so."""

    def behave(call):
        for _ in call.requests:
            pass
        if gate:
            gate.wait()
        if initial:
            call.context.send_initial_metadata(tuple(initial))
        call.context.set_trailing_metadata(tuple(trailing))
        if code != grpc.StatusCode.OK:
            call.context.set_code(code)
            call.context.set_details(details)
        yield from messages

    return behave


class Recommender(grpc.GenericRpcHandler):
    """`credentials`: of a server with TLS; None: plain text."""

    def __init__(self, address, credentials=None):
        self.address = address
        self.calls = []  # all, in the order of arrival, since forget()
        self.failures = []  # mistakes of behaviours
        self._behaviours = {}
        self._arrived = queue.SimpleQueue()
        self._server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(THREADS), handlers=[self],
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
                     ("grpc.max_metadata_size", 64 * 1024), ("grpc.so_reuseport", 0)])
        port = (self._server.add_secure_port(address, credentials) if credentials
                else self._server.add_insecure_port(address))
        assert port, f"{address} cannot be used"
        self._server.start()

    def on(self, method, behaviour):
        """What happens to calls of this method from now on; None: there is no such method."""
        self._behaviours[method] = behaviour

    def arrived(self):
        return self._arrived.get(timeout=GUARD_S)

    def forget(self):
        """Drops the calls seen so far."""
        self.calls.clear()
        while not self._arrived.empty():
            self._arrived.get()

    def stop(self):
        self._server.stop(0).wait(GUARD_S)
        if self.failures:
            raise self.failures[0]

    # grpc.GenericRpcHandler
    def service(self, details):
        behaviour = self._behaviours.get(details.method)
        if behaviour is None:
            return None
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self._serve(behaviour, details.method, requests, context))

    def _serve(self, behaviour, method, requests, context):
        call = Call(method, requests, context)
        self.calls.append(call)
        self._arrived.put(call)
        try:
            yield from behaviour(call)
        except grpc.RpcError:  # the library's way to say that the call was given up
            raise
        except Exception as error:
            self.failures.append(error)
            raise

# SPDX-License-Identifier: Apache-2.0
"""The application's side: Debian's python3-grpcio, bytes in and bytes out, everything of the answer kept."""
import collections
import queue

import grpc

GUARD_S = 60  # the deadline of calls that test nothing about deadlines

# One answer, whole. Metadata are lists of (key, value) in the order of arrival; `messages` is a list.
Answer = collections.namedtuple("Answer", "messages initial trailing code details")


def _pairs(metadata):
    return [(pair[0], pair[1]) for pair in metadata or ()]


class Feed:
    """Request messages that a test gives one by one; end() is the half-close."""

    _END = object()

    def __init__(self, *messages):
        self._queue = queue.SimpleQueue()
        for message in messages:
            self.give(message)

    def give(self, message):
        self._queue.put(message)

    def end(self):
        self._queue.put(self._END)

    def __iter__(self):
        return iter(self._queue.get, self._END)


class Client:
    """`credentials`: of a channel with TLS; None: plain text."""

    def __init__(self, address, options=(), credentials=None):
        options = [*{
            "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1,
            "grpc.max_metadata_size": 64 * 1024, "grpc.enable_retries": 0,
            "grpc.use_local_subchannel_pool": 1, "grpc.enable_http_proxy": 0,
            "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1000,
            **dict(options)}.items()]
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, method, request, metadata=(), timeout=GUARD_S, **more):
        """A unary call under way; finish() returns its Answer."""
        return self.channel.unary_unary(method).future(request, metadata=tuple(metadata), timeout=timeout,
                                                       **more)

    def stream(self, method, requests, metadata=(), timeout=GUARD_S, **more):
        """A streaming call under way, from an iterable of bytes: iterate over it, then finish()."""
        return self.channel.stream_stream(method)(iter(requests), metadata=tuple(metadata), timeout=timeout,
                                                  **more)

    def call(self, method, request, metadata=(), timeout=GUARD_S, **more):
        return finish_unary(self.start(method, request, metadata, timeout, **more))

    def exchange(self, method, requests, metadata=(), timeout=GUARD_S, **more):
        """A streaming call from beginning to end."""
        return finish(self.stream(method, requests, metadata, timeout, **more))


def finish_unary(call):
    messages = []
    try:
        messages.append(call.result())
    except (grpc.RpcError, grpc.FutureCancelledError):
        pass
    return Answer(messages, _pairs(call.initial_metadata()), _pairs(call.trailing_metadata()), call.code(),
                  call.details())


def finish(call, before=()):
    """Reads the rest of a stream; `before`: messages that the test has read already."""
    messages = list(before)
    try:
        messages.extend(call)
    except grpc.RpcError:
        pass
    return Answer(messages, _pairs(call.initial_metadata()), _pairs(call.trailing_metadata()), call.code(),
                  call.details())


def values(metadata, key):
    """All values of one key, in order."""
    return [value for name, value in metadata if name == key]


def value(metadata, key):
    """The only value of a key; None when it is not there."""
    found = values(metadata, key)
    assert len(found) <= 1, f"{key} is there {len(found)} times"
    return found[0] if found else None

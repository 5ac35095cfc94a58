# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frames by hand (RFC 9113), for what a gRPC library hides: whether an answer was Trailers-Only, and
peers that break off in the middle of a frame.

Headers are written as literals without indexing and without Huffman coding (RFC 7541, section 6.2.2); Debian's
python3-hpack reads them.
"""
import collections
import contextlib
import socket
import struct
import threading

import hpack

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
NAMES = {DATA: "DATA", HEADERS: "HEADERS", RST_STREAM: "RST_STREAM", GOAWAY: "GOAWAY"}
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GUARD_S = 20  # a test that hangs ends; no property depends on it


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def message(body, compressed=0):
    """A gRPC message with its prefix: flag, length."""
    return struct.pack(">BI", compressed, len(body)) + body


def data(stream, payload):
    """DATA frames of the length that every peer takes (RFC 9113, section 4.2)."""
    return b"".join(frame(DATA, 0, stream, payload[at:at + 16384]) for at in range(0, len(payload), 16384))


def messages(data):
    """The other way round: [(flag, body), ...]; what is cut off at the end is one with flag None."""
    found = []
    while data:
        length = int.from_bytes(data[1:5], "big")
        whole = len(data) >= 5 + length
        found.append((data[0] if whole else None, data[5:5 + length]))
        data = data[5 + length:]
    return found


def _string(text):
    length = len(text)
    if length < 127:
        return bytes([length]) + text
    rest, out = length - 127, bytearray([127])
    while rest >= 128:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes(out + bytes([rest])) + text


def headers(pairs):
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in pairs)


def request_headers(method, more=()):
    return headers([(b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()),
                    (b":authority", b"localhost"), (b"te", b"trailers"),
                    (b"content-type", b"application/grpc"), *more])


RESPONSE_HEADERS = headers([(b":status", b"200"), (b"content-type", b"application/grpc")])
OK_TRAILERS = headers([(b"grpc-status", b"0")])


class Connection:
    """One end of an HTTP/2 connection over a connected socket."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(GUARD_S)
        self.decoder = hpack.Decoder()

    def headers_of(self, payload):
        """The fields of a HEADERS frame, in order. Every such frame of a connection must be read."""
        return [(pair[0].decode(), pair[1].decode("latin-1")) for pair in self.decoder.decode(payload, raw=True)]

    def close(self):
        self.sock.close()

    def send(self, *frames):
        """To a peer that has left nothing is sent; what it said before can still be read."""
        with contextlib.suppress(ConnectionError):
            self.sock.sendall(b"".join(frames))

    def _exactly(self, length):
        got = b""
        while len(got) < length:
            try:
                part = self.sock.recv(length - len(got))
            except ConnectionError:
                part = b""
            if not part:
                return None
            got += part
        return got

    def next(self):
        """The next frame as (kind, flags, stream, payload); None at the end. Settings and pings are
        answered and left out."""
        while True:
            head = self._exactly(9)
            payload = head and self._exactly(int.from_bytes(head[:3], "big"))
            if payload is None:
                return None
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.send(frame(kind, ACK, 0, payload if kind == PING else b""))
            if kind == DATA and payload:  # read is read: the windows are given back
                more = struct.pack(">I", len(payload))
                self.send(frame(WINDOW_UPDATE, 0, 0, more), frame(WINDOW_UPDATE, 0, stream, more))
            if stream:
                return kind, flags, stream, payload


def ask(path, method, *data, end=True):
    """Sends one request on a connection of its own, its body as the given DATA payloads, and returns the
    frames of the answer as names: ["HEADERS", "DATA", "HEADERS+END"]. Frames in a row of the same name are
    one; "EOF" when the connection ended first. With end=False the request is left open and the connection
    is closed at once."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    connection = Connection(sock)
    try:
        connection.send(PREFACE, frame(SETTINGS, 0, 0),
                        frame(HEADERS, END_HEADERS, 1, request_headers(method)),
                        *(frame(DATA, 0, 1, part) for part in data))
        if not end:
            return []
        connection.send(frame(DATA, END_STREAM, 1))
        return _answer(connection)
    finally:
        connection.close()


def _answer(connection):
    names = []
    while True:
        got = connection.next()
        if got is None:
            return names + ["EOF"]
        kind, flags, stream, _ = got
        if stream != 1 or kind not in NAMES:
            continue
        ended = kind in (DATA, HEADERS) and flags & END_STREAM
        name = NAMES[kind] + ("+END" if ended else "")
        if not names or names[-1] != name:
            names.append(name)
        if ended or kind == RST_STREAM:
            return names


# What one side sent: fields of its HEADERS frames, its messages as (flag, body), and how it ended.
Said = collections.namedtuple("Said", "headers messages trailers end")


def talk(path, method, *bodies, more=()):
    """Like ask, with more request headers; returns what was answered."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    connection = Connection(sock)
    got_data, blocks, end = b"", [], "EOF"
    try:
        connection.send(PREFACE, frame(SETTINGS, 0, 0),
                        frame(HEADERS, END_HEADERS, 1, request_headers(method, more)),
                        *(data(1, body) for body in bodies), frame(DATA, END_STREAM, 1))
        while (got := connection.next()) is not None:
            kind, flags, _, payload = got
            if kind == HEADERS:
                blocks.append(connection.headers_of(payload))
            elif kind == DATA:
                got_data += payload
            if kind == RST_STREAM or flags & END_STREAM:
                end = NAMES[kind]
                break
    finally:
        connection.close()
    return Said(blocks[0] if len(blocks) > 1 else [], messages(got_data), blocks[-1] if blocks else [], end)


class Peer:
    """A recommender made of frames: `answer(connection, stream)` runs for each request whose headers and
    END_STREAM have arrived; what it does not send is missing, and it may close the connection. What was asked
    stands in `said`, in the order of arrival."""

    def __init__(self, path, answer):
        self.answer = answer
        self.said = []
        self.requests = threading.Semaphore(0)  # one released per request
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(16)
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            thread.start()

    def _serve(self, sock):
        connection = Connection(sock)
        try:
            if connection._exactly(len(PREFACE)) != PREFACE:
                return
            connection.send(frame(SETTINGS, 0, 0))
            head, body = {}, collections.defaultdict(bytes)
            while (got := connection.next()) is not None:
                kind, flags, stream, payload = got
                if kind == HEADERS:
                    head[stream] = connection.headers_of(payload)
                elif kind == DATA:
                    body[stream] += payload
                if kind in (DATA, HEADERS) and flags & END_STREAM:
                    self.said.append(Said(head[stream], messages(body[stream]), [], NAMES[kind]))
                    self.requests.release()
                    self.answer(connection, stream)
        except OSError:
            pass  # closed by the answer or by the other side
        finally:
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

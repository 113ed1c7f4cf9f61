"""`BatchConnection` against plain wsproto, which is the oracle, and where it differs by intent."""

import itertools
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from polymarket_realtime._venue.frames import BatchConnection

LIMIT = 200_000
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def frame(opcode, payload=b"", *, fin=True, rsv=0, width=None, mask=b""):
    """One frame of a server. `width` (0, 2, 8) forces how many bytes extend the length."""
    size = len(payload)
    if width is None:
        width = 0 if size < 126 else 2 if size < 65_536 else 8
    marker, extension = {
        0: (size, b""),
        2: (126, struct.pack("!H", size & 0xFFFF)),
        8: (127, struct.pack("!Q", size)),
    }[width]
    masked = 0x80 if mask else 0
    return (
        bytes([fin << 7 | rsv << 4 | opcode, masked | marker & 0x7F]) + extension + mask + payload
    )


def begin(connection):
    """The request of a client, and the bytes that accept it."""
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(connection.send(Request(host="venue.test", target="/ws")))
    assert any(isinstance(event, Request) for event in server.events())
    return server.send(AcceptConnection())


class Reading:
    """What a connection makes of chunks, read the way trio-websocket reads."""

    def __init__(self, connection):
        self.connection = connection
        self.messages, self.controls, self.batch_sizes = [], [], []
        self.close_code = None
        self._parts = []

    def feed(self, *chunks):
        for chunk in chunks:
            if self.close_code is None:
                try:
                    self.connection.receive_data(chunk)
                except RemoteProtocolError as exc:
                    self.close_code = exc.event_hint.code
                    self._take_batch()
                    return self
                self._take_batch()
                for event in self.connection.events():
                    self._take(event)
        return self

    def _take(self, event):
        if isinstance(event, Message):
            text = isinstance(event, TextMessage)
            self._parts.append(event.data.encode() if text else bytes(event.data))
            if event.message_finished:
                self.messages.append(b"".join(self._parts))
                self._parts.clear()
        elif isinstance(event, CloseConnection):
            self.close_code = event.code
        elif isinstance(event, Ping | Pong):
            self.controls.append((type(event), bytes(event.payload)))

    def _take_batch(self):
        if isinstance(self.connection, BatchConnection) and self.connection.messages:
            batch = self.connection.take_messages()
            self.messages += batch
            self.batch_sizes.append(len(batch))


def open_reading(limit=LIMIT):
    """A `Reading` whose handshake is done."""
    connection = BatchConnection(limit)
    return Reading(connection).feed(begin(connection))


def cut(stream, places):
    edges = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges) if a < b]


def sizes(most):
    edges = [n for n in (0, 1, 124, 125, 126, 127, 65_535, 65_536, 65_537) if n <= most]
    return st.sampled_from(edges) | st.integers(0, min(most, 300))


texts = st.text(max_size=20).map(str.encode) | sizes(70_000).map(lambda n: b"\x1e" * n)
binaries = st.binary(max_size=20) | sizes(70_000).map(lambda n: b"\xff" * n)
controls = st.builds(
    frame, st.sampled_from([PING, PONG]), st.binary(max_size=20) | sizes(125).map(bytes)
)


@st.composite
def fragmented(draw):
    """One message in pieces, at any byte, with control frames between them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    payload = draw(texts if opcode == TEXT else binaries)
    pieces = cut(payload, draw(st.lists(st.integers(0, 100_000), max_size=3))) or [b""]
    out = b""
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        out += frame(CONTINUATION if number else opcode, piece, fin=last)
        if not last:
            out += b"".join(draw(st.lists(controls, max_size=2)))
    return out


closes = st.just(frame(CLOSE)) | st.builds(
    lambda code, reason: frame(CLOSE, struct.pack("!H", code) + reason),
    st.sampled_from([1000, 1008, 1013, 3000, 4999, 1005, 999]),
    st.sampled_from([b"", b"slow consumer: send buffer full", b"\xff"]),
)
whole = st.builds(frame, st.just(TEXT), texts) | st.builds(frame, st.just(BINARY), binaries)
streams = st.builds(
    lambda parts, end: b"".join(parts) + end,
    st.lists(whole | fragmented() | controls, max_size=12),
    st.just(b"") | closes,
)
places = st.lists(st.integers(0, 1 << 32), max_size=8)
odd_frames = st.builds(
    frame,
    st.integers(0, 15),
    st.sampled_from([b"", b"a", b"bb", b"c" * 125, b"d" * 126, b"e" * 65_536]),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 0, 1, 4]),
    mask=st.sampled_from([b"", b"", b"", b"mask"]),
    width=st.sampled_from([None, None, None, 2, 8]),
)


def both(stream, places):
    """What plain wsproto and `BatchConnection` make of a handshake followed by *stream*."""
    return [
        Reading(connection).feed(*cut(begin(connection) + stream, places))
        for connection in (WSConnection(ConnectionType.CLIENT), BatchConnection(LIMIT))
    ]


@settings(max_examples=300, deadline=None)
@given(streams, places)
def test_messages_pings_and_close_are_those_of_wsproto_wherever_reads_fall(stream, places):
    plain, batched = both(stream, places)
    assert batched.messages == plain.messages
    assert batched.controls == plain.controls
    assert batched.close_code == plain.close_code


@settings(max_examples=300, deadline=None)
@given(st.lists(odd_frames | whole, min_size=1, max_size=5).map(b"".join), places)
def test_odd_frames_are_refused_where_wsproto_refuses_them(stream, places):
    plain, batched = both(stream, places)
    assert batched.messages == plain.messages
    assert batched.close_code == plain.close_code


def test_one_read_of_many_messages_is_one_batch():
    messages = [b'{"n":%d}' % n for n in range(500)]
    reading = open_reading().feed(b"".join(frame(TEXT, m) for m in messages))
    assert reading.messages == messages
    assert reading.batch_sizes == [500]


def test_a_batch_holds_what_its_read_completed_and_no_more():
    stream = b"".join(frame(TEXT, b"x" * 98) for _ in range(10))
    reading = open_reading().feed(stream[:250], stream[250:260], stream[260:])
    assert reading.batch_sizes == [2, 8]


def test_order_holds_across_whole_fragmented_and_binary_messages_of_one_read():
    reading = open_reading().feed(
        frame(TEXT, b"first")
        + frame(TEXT, b"sec", fin=False)
        + frame(PING, b"now?")
        + frame(CONTINUATION, b"ond")
        + frame(BINARY, b"\x00third")
        + frame(TEXT, b"fourth")
        + frame(CLOSE, b"\x03\xf5slow consumer")
    )
    assert reading.messages == [b"first", b"second", b"\x00third", b"fourth"]
    assert reading.batch_sizes == [4]
    assert reading.controls == [(Ping, b"now?")]
    assert reading.close_code == 1013


@pytest.mark.parametrize("payload", [b"", b"\x1e", b"a\x1eb", b"\x1e\x1e", b"\xff not utf-8"])
def test_any_payload_survives_in_text(payload):
    around = frame(TEXT, b"before") + frame(TEXT, payload) + frame(TEXT, b"after")
    assert open_reading().feed(around).messages == [b"before", payload, b"after"]


def test_text_that_is_not_utf8_ends_the_connection_only_in_fragments():
    fragments = frame(TEXT, b"\xff", fin=False) + frame(CONTINUATION)
    assert open_reading().feed(fragments).close_code == 1007
    assert open_reading().feed(frame(TEXT, b"\xff")).close_code is None


@pytest.mark.parametrize(
    "stream",
    [
        frame(TEXT, b"a", mask=b"mask"),
        frame(TEXT, b"a" * 200, mask=b"mask"),
        frame(TEXT, b"a", width=2, mask=b"mask"),
        frame(TEXT, b"a", rsv=4),
        frame(TEXT, b"a", rsv=1),
        frame(TEXT, b"a" * 125, width=2),
        frame(TEXT, b"a" * 65_535, width=8),
        b"\x81\xff" + bytes(12),
        b"\x81\x7f\x80" + bytes(7),
        frame(PING, b"a" * 126),
        b"\x89\x7f" + struct.pack("!Q", 1 << 40),
        frame(PING, fin=False),
        frame(CLOSE, fin=False),
        frame(CLOSE, b"a" * 126),
        frame(CLOSE, b"a"),
        frame(3),
        frame(0xF),
        frame(CONTINUATION),
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
        frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"),
    ],
)
@pytest.mark.parametrize("step", [1, 1_000_000], ids=["byte by byte", "in one read"])
def test_frames_that_break_the_protocol_end_it_with_1002_after_what_came_before(stream, step):
    stream = frame(TEXT, b"before") + stream + frame(TEXT, b"after")
    reading = open_reading()
    reading.feed(*(stream[at : at + step] for at in range(0, len(stream), step)))
    assert reading.messages == [b"before"]
    assert reading.close_code == 1002


@pytest.mark.parametrize(
    "announcement",
    [
        b"\x81\x7e" + struct.pack("!H", 1001),
        b"\x81\x7f" + struct.pack("!Q", 1 << 40),
        b"\x82\x7e" + struct.pack("!H", 1001),
        frame(TEXT, b"x" * 600, fin=False) + b"\x80\x7e" + struct.pack("!H", 401),
        frame(BINARY, b"x" * 600, fin=False) + b"\x00\x7e" + struct.pack("!H", 401),
    ],
    ids=["text", "huge text", "binary", "last fragment", "fragment"],
)
def test_message_over_the_limit_is_refused_by_its_header_alone(announcement):
    reading = open_reading(limit=1000).feed(frame(TEXT, b"before") + announcement)
    assert reading.close_code == 1009
    assert reading.messages == [b"before"]
    assert reading.connection.failure.reason == "message of more than 1000 bytes"


def test_limit_is_for_one_message_and_never_for_a_batch():
    fragments = frame(TEXT, b"x" * 600, fin=False) + frame(CONTINUATION, b"x" * 400)
    reading = open_reading(limit=1000).feed((frame(TEXT, b"x" * 1000) + fragments) * 20)
    assert reading.batch_sizes == [40]
    assert reading.close_code is None


@pytest.mark.parametrize("size", [512, 65_536])
def test_long_message_in_many_reads_takes_linear_time(size):
    payload = bytes(16 << 20)
    stream = frame(TEXT, payload)
    reading = open_reading(limit=len(payload))
    begun = time.perf_counter()
    reading.feed(*(stream[at : at + size] for at in range(0, len(stream), size)))
    # Joining at each read would copy 256 GiB in the first case and 2 GiB in the second.
    assert time.perf_counter() - begun < 2.0
    assert reading.messages == [payload]


def test_frames_behind_the_handshake_in_the_same_read_are_not_lost():
    connection = BatchConnection(LIMIT)
    stream = begin(connection) + frame(TEXT, b"one") + frame(TEXT, b"two")
    reading = Reading(connection).feed(stream[:-2], stream[-2:])
    assert reading.messages == [b"one", b"two"]
    assert reading.batch_sizes == [1, 1]


def test_refused_handshake_is_known_before_its_body_has_come():
    connection = BatchConnection(LIMIT)
    begin(connection)
    with pytest.raises(RemoteProtocolError, match="HTTP status 429"):
        connection.receive_data(
            b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\n"
        )
    assert connection.rejection.status_code == 429
    assert dict(connection.rejection.headers)[b"retry-after"] == b"7"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "Bad HTTP message"),
        (b"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Bad accept"),
        (b"HTTP/1.1 101 Ok\r\n" + b"X: y\r\n" * 20_000, "endless HTTP head"),
    ],
    ids=["no HTTP", "no accept token", "endless head"],
)
def test_answer_that_is_no_handshake_is_refused_without_a_reply(answer, problem):
    connection = BatchConnection(LIMIT)
    begin(connection)
    with pytest.raises(RemoteProtocolError, match=problem) as caught:
        connection.receive_data(answer)
    assert caught.value.event_hint is None


def test_once_this_end_closes_pings_and_messages_are_dropped_until_the_peer_closes():
    reading = open_reading()
    reading.connection.send(CloseConnection(code=1000))
    reading.feed(frame(PING) + frame(TEXT, b"late"), frame(CLOSE, b"\x03\xe8"))
    assert reading.controls == []
    assert reading.messages == []
    assert reading.close_code == 1000


def test_offence_after_this_end_closed_has_no_second_close_frame():
    connection = open_reading().connection
    connection.send(CloseConnection(code=1000))
    with pytest.raises(RemoteProtocolError) as caught:
        connection.receive_data(frame(TEXT, rsv=1))
    assert caught.value.event_hint is None

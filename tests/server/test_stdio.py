"""The MCP wire: lines over Trio streams, and the process's own stdin and stdout."""

import json
import os
import pty
import signal
import socket
import sys
from contextlib import asynccontextmanager
from subprocess import PIPE, Popen

import anyio
import mcp_types as types
import pytest
import trio
import trio.testing
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage

from polymarket_realtime.server import stdio
from polymarket_realtime.server.lines import LineReader, LineWriter
from polymarket_realtime.server.stdio import serve_streams

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def notice(number, size=0):
    message = types.JSONRPCNotification(
        jsonrpc="2.0", method="notifications/x", params={"n": number, "pad": "x" * size}
    )
    return SessionMessage(message)


async def received(reader):
    """All that a reader yields: `ping` for a message, the exception's type for a failure."""
    return [
        type(item) if isinstance(item, Exception) else item.message.method async for item in reader
    ]


def feed(*chunks):
    """A stream that yields these chunks, then the end."""

    rest = iter(chunks)

    class Chunks(trio.abc.ReceiveStream):
        async def receive_some(self, max_bytes=None):
            await trio.lowlevel.checkpoint()
            chunk = next(rest, b"")
            if isinstance(chunk, Exception):
                raise chunk
            return chunk

        async def aclose(self):
            await trio.lowlevel.checkpoint()

    return Chunks()


# Reading


@pytest.mark.parametrize(
    "chunks",
    [
        [PING + b"\n"],
        [PING],
        [PING[:7], PING[7:] + b"\n"],
        [bytes([byte]) for byte in PING + b"\r\n"],
        [b"\n \r\n\t\n" + PING + b"\n\n"],
    ],
    ids=["whole", "no newline at the end", "in two chunks", "byte by byte", "among blank lines"],
)
async def test_a_message_is_found_however_its_bytes_arrive(chunks):
    assert await received(LineReader(feed(*chunks))) == ["ping"]


async def test_several_messages_in_one_chunk_come_out_in_order():
    lines = [b'{"jsonrpc":"2.0","method":"m%d"}' % number for number in range(5)]
    assert await received(LineReader(feed(b"\n".join(lines)))) == [f"m{n}" for n in range(5)]


@pytest.mark.parametrize(
    "garbage",
    [b"hello", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc":"2.0"}', b"[" + PING + b"]"],
    ids=["no JSON", "no UTF-8", "far too deep", "no message", "a batch"],
)
async def test_a_line_that_is_no_message_is_a_value_and_the_next_one_is_read(garbage):
    failure, method = await received(LineReader(feed(garbage + b"\n" + PING + b"\n")))
    assert issubclass(failure, ValueError)
    assert method == "ping"


async def test_half_a_character_is_a_question_mark_and_costs_no_message():
    line = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"text": "cut \ud83d"}}
    message = await LineReader(feed(json.dumps(line).encode() + b"\n")).receive()
    assert message.message.params == {"text": "cut ?"}


@pytest.mark.parametrize("size", [3, 64], ids=["in small chunks", "in one chunk"])
async def test_a_line_beyond_the_limit_is_dropped_and_the_next_one_is_read(size):
    data = b"x" * 65 + b"\n" + PING + b"\n"
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    reader = LineReader(feed(*chunks), max_line=64)
    first = await reader.receive()
    assert str(first) == "a line of 65 bytes exceeds the limit of 64"
    assert await received(reader) == ["ping"]


async def test_a_line_beyond_the_limit_is_not_held_in_memory():
    reader = LineReader(feed(*[b"x" * 1000] * 100), max_line=5000)
    assert await received(reader) == [ValueError]
    splitter = reader._splitter
    for _ in range(10):
        splitter.feed(b"x" * 1000)
    assert len(splitter._line) == 0


async def test_a_line_of_exactly_the_limit_is_read():
    assert await received(LineReader(feed(PING + b"\n"), max_line=len(PING))) == ["ping"]


async def test_a_long_line_costs_time_linear_in_its_length():
    """Each byte is searched for a newline once: counted, as time would be a guess."""
    searched = 0

    class Counted(bytes):
        def split(self, *args):
            nonlocal searched
            searched += len(self)
            return super().split(*args)

    splitter = stdio.LineReader(feed())._splitter
    for _ in range(200):
        splitter.feed(Counted(b"x" * 100))
    assert splitter.feed(b"\n") == [b"x" * 20_000]
    assert searched == 20_000


async def test_a_peer_that_resets_the_connection_has_ended_its_input():
    assert await received(LineReader(feed(PING, trio.BrokenResourceError()))) == ["ping"]


async def test_the_end_can_be_met_again():
    reader = LineReader(feed())
    for _ in range(2):
        with pytest.raises(anyio.EndOfStream):
            await reader.receive()


async def test_a_closed_reader_and_a_closed_stream_say_so():
    async with LineReader(feed(PING)) as reader:
        pass
    with pytest.raises(anyio.ClosedResourceError):
        await reader.receive()
    with pytest.raises(anyio.ClosedResourceError):
        await LineReader(feed(trio.ClosedResourceError())).receive()


async def test_a_cancelled_read_loses_nothing(autojump_clock):
    ours, theirs = trio.testing.memory_stream_pair()
    reader = LineReader(ours)
    await theirs.send_all(PING[:9])
    with trio.move_on_after(1) as scope:
        await reader.receive()
    assert scope.cancelled_caught
    await theirs.send_all(PING[9:] + b"\n")
    with trio.fail_after(5):
        assert (await reader.receive()).message.method == "ping"


# Writing


class Recorder(trio.abc.SendStream):
    """Records each write; the first waits for `gate`."""

    def __init__(self):
        self.writes, self.gate = [], trio.Event()

    async def send_all(self, data):
        self.writes.append(bytes(data))
        await self.gate.wait()

    async def wait_send_all_might_not_block(self):
        await trio.lowlevel.checkpoint()

    async def aclose(self):
        await trio.lowlevel.checkpoint()


async def test_frames_queued_during_a_write_leave_together(autojump_clock):
    sink = Recorder()
    async with serve_streams(feed(), sink) as (_, writer):
        for number in range(6):
            await writer.send(notice(number))
            await trio.testing.wait_all_tasks_blocked()
        assert writer.backlog() == 5
        sink.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert writer.backlog() == 0
    assert [write.count(b"\n") for write in sink.writes] == [1, 5]
    frames = b"".join(sink.writes).splitlines()
    assert [json.loads(frame)["params"]["n"] for frame in frames] == list(range(6))


async def test_a_batch_stops_growing_at_what_a_pipe_holds(autojump_clock):
    sink = Recorder()
    async with serve_streams(feed(), sink) as (_, writer):
        for number in range(9):
            await writer.send(notice(number, size=20_000))
            await trio.testing.wait_all_tasks_blocked()
        sink.gate.set()
    assert [write.count(b"\n") for write in sink.writes] == [1, 4, 4]


async def test_a_sender_waits_once_the_capacity_is_used(autojump_clock):
    sink = Recorder()
    async with serve_streams(feed(), sink, capacity=2) as (_, writer):
        for number in range(3):
            await writer.send(notice(number))
            await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1) as scope:
            await writer.send(notice(3))
        assert scope.cancelled_caught
        sink.gate.set()
    assert b"".join(sink.writes).count(b"\n") == 3


async def test_cancelling_a_sender_never_tears_a_frame(autojump_clock):
    """The peer takes 7 bytes at a time, so every frame is under way when its sender goes."""
    ours, theirs = trio.testing.lockstep_stream_pair()
    taken = bytearray()

    async def take_slowly():
        async with theirs:
            while chunk := await theirs.receive_some(7):
                taken.extend(chunk)
                await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_slowly)
        async with ours, serve_streams(feed(), ours, capacity=1, flush_timeout=60) as (_, writer):
            for number in range(30):
                with trio.move_on_after(0.03):
                    await writer.send(notice(number))
    numbers = [json.loads(frame)["params"]["n"] for frame in taken.splitlines()]
    assert 0 < len(numbers) < 30
    assert numbers == sorted(numbers)


async def test_what_was_queued_is_written_even_when_the_block_is_cancelled(autojump_clock):
    ours, theirs = trio.testing.memory_stream_pair()
    with trio.CancelScope() as scope:
        async with serve_streams(ours, ours) as (_, writer):
            for number in range(20):
                await writer.send(notice(number))
            scope.cancel()
    await ours.aclose()
    assert (await theirs.receive_some()).count(b"\n") == 20


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_peer_that_never_reads_delays_the_end_by_the_flush_timeout(
    cancelled, autojump_clock
):
    ours, _theirs = trio.testing.lockstep_stream_pair()
    start = trio.current_time()
    with trio.CancelScope() as scope:
        async with serve_streams(ours, ours, flush_timeout=3) as (_, writer):
            await writer.send(notice(0))
            if cancelled:
                scope.cancel()
    assert trio.current_time() - start == pytest.approx(3)


async def test_an_idle_block_ends_without_delay(autojump_clock):
    ours, _theirs = trio.testing.memory_stream_pair()
    start = trio.current_time()
    async with serve_streams(ours, ours):
        await trio.testing.wait_all_tasks_blocked()
    assert trio.current_time() == start


async def test_senders_learn_that_the_peer_is_gone():
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    async with serve_streams(ours, ours) as (_, writer):
        await writer.send(notice(0))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(anyio.BrokenResourceError):
            await writer.send(notice(1))


async def test_a_closed_writer_says_so():
    async with LineWriter(1) as writer:
        pass
    with pytest.raises(anyio.ClosedResourceError):
        await writer.send(notice(0))


# A server upon them


async def list_tools(ctx, params):
    return types.ListToolsResult(tools=[types.Tool(name="echo", input_schema={"type": "object"})])


async def call_tool(ctx, params):
    if params.arguments.get("forever"):
        await trio.sleep_forever()
    text = json.dumps(params.arguments)
    return types.CallToolResult(content=[types.TextContent(text=text)])


@asynccontextmanager
async def echo_server():
    """Runs an echo server; gives the client's two ends, and its byte stream for mischief."""
    ours, theirs = trio.testing.memory_stream_pair()
    server = Server("echo", on_list_tools=list_tools, on_call_tool=call_tool)

    async def serve():
        async with ours, serve_streams(ours, ours) as (reader, writer):
            await server.run(reader, writer, server.create_initialization_options())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        async with theirs, serve_streams(theirs, theirs) as ends:
            yield ends, theirs


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_protocol_eras_are_served_and_the_end_of_input_ends_the_server(mode):
    version = {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]

    @asynccontextmanager
    async def transport():
        async with echo_server() as (ends, stream):
            yield ends
            await stream.send_eof()

    with trio.fail_after(5):
        async with Client(transport(), mode=mode) as client:
            assert client.protocol_version == version
            for number in range(3):
                result = await client.call_tool("echo", {"n": number})
                assert result.content[0].text == json.dumps({"n": number})


async def test_garbage_between_two_requests_costs_only_itself():
    with trio.fail_after(5):
        async with echo_server() as ((reader, _), stream):
            for data in (PING, b"garbage", b"", PING):
                await stream.send_all(data + b"\n")
            assert [(await reader.receive()).message.id for _ in range(2)] == [1, 1]
            await stream.send_eof()


# Descriptors


def test_a_diverted_descriptor_leads_elsewhere_and_back():
    wire_out, wire = os.pipe()
    aside_out, aside = os.pipe()
    try:
        with stdio._diverted(wire, aside) as original:
            os.write(wire, b"stray")
            os.write(original, b"frame")
        os.write(wire, b", after")
        assert os.read(wire_out, 99) == b"frame, after"
        assert os.read(aside_out, 99) == b"stray"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(original)
    finally:
        for fd in (wire_out, wire, aside_out, aside):
            os.close(fd)


async def test_threads_can_stand_in_for_descriptors_that_cannot_be_waited_for():
    out, into = os.pipe()
    reader, writer = stdio._ThreadedFd(out), stdio._ThreadedFd(into)
    with trio.fail_after(5):
        async with serve_streams(reader, writer) as (messages, frames):
            await frames.send(notice(1))
            assert (await messages.receive()).message.params["n"] == 1
            with trio.move_on_after(0.01) as scope:
                await messages.receive()
            assert scope.cancelled_caught
    os.close(into)  # lets go the thread that still reads
    with pytest.raises(trio.BrokenResourceError):
        await writer.send_all(b"x")


CHILD = """
import os, signal, sys
import mcp_types as types, trio
from mcp.shared.message import SessionMessage
from polymarket_realtime.server.stdio import open_stdio

async def echo():
    "Sends back what comes until the end of the input, with strangers writing to stdout."
    async with open_stdio() as (reader, writer):
        print("stray print", flush=True)
        await trio.run_process(["echo", "stray child"], capture_stdout=False)
        assert os.read(0, 1) == b""
        async for item in reader:
            await writer.send(item)
        print("late print")
    print("after")

async def stall():
    "Sends until nobody reads, then waits for SIGTERM."
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async with open_stdio(capacity=8, flush_timeout=0.2) as (reader, writer):
                nursery.start_soon(flood, writer)
                async for _ in signals:
                    nursery.cancel_scope.cancel()

async def flood(writer):
    message = types.JSONRPCNotification(jsonrpc="2.0", method="x", params={"pad": "x" * 2000})
    with trio.CancelScope() as scope:
        while True:
            scope.deadline = trio.current_time() + 0.3
            await writer.send(SessionMessage(message))
    print("stalled", writer.backlog(), file=sys.stderr, flush=True)

async def leave():
    "Serves for a moment; says whether the terminal that is all three streams blocks."
    async with open_stdio():
        meanwhile = os.get_blocking(2)
    print(meanwhile, *(os.get_blocking(fd) for fd in (0, 1, 2)))

trio.run(globals()[sys.argv[1]])
"""


CHILD_ENV = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    "PYTHONUNBUFFERED": "",  # a print that waits in a buffer is the harder case
}


def child_command(part):
    return [sys.executable, "-W", "error", "-c", CHILD, part]


def start_child(part, **streams):
    return Popen(child_command(part), env=CHILD_ENV, **streams)


def echo_over_pipes(data, tmp_path):
    child = start_child("echo", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    return *child.communicate(data, timeout=10), child.returncode


def echo_over_a_socket(data, tmp_path):
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb") as wire:
        with theirs:
            child = start_child("echo", stdin=theirs, stdout=theirs, stderr=PIPE)
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        _, errors = child.communicate(timeout=10)
        return wire.read(), errors, child.returncode


def echo_over_files(data, tmp_path):
    given, taken = tmp_path / "given", tmp_path / "taken"
    given.write_bytes(data)
    with given.open("rb") as stdin, taken.open("wb") as stdout:
        child = start_child("echo", stdin=stdin, stdout=stdout, stderr=PIPE)
        _, errors = child.communicate(timeout=10)
    return taken.read_bytes(), errors, child.returncode


@pytest.mark.parametrize("echo", [echo_over_pipes, echo_over_a_socket, echo_over_files])
def test_only_frames_reach_the_wire_until_the_input_ends_and_stdout_is_given_back(echo, tmp_path):
    lines = b"".join(b'{"jsonrpc":"2.0","method":"m%d"}\n' % number for number in range(3))
    wire, errors, code = echo(lines, tmp_path)
    assert (wire, code) == (lines + b"after\n", 0)
    assert errors.split() == b"stray print stray child late print".split()


def test_without_stderr_what_is_no_frame_is_lost_and_the_wire_is_whole():
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *child_command("echo")]
    with Popen(command, env=CHILD_ENV, stdin=PIPE, stdout=PIPE) as child:
        wire, _ = child.communicate(PING + b"\n", timeout=10)
    assert (wire, child.returncode) == (PING + b"\nafter\n", 0)


def test_sigterm_ends_a_server_whose_host_neither_reads_nor_leaves():
    child = start_child("stall", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    with child:
        assert child.stderr.readline() == b"stalled 8\n"
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0
        *frames, torn = child.stdout.read().split(b"\n")
        assert len(frames) > 5
        assert {json.loads(frame)["method"] for frame in frames} == {"x"}
        assert frames[0].startswith(torn)


def test_a_terminal_blocks_again_once_the_server_has_left_it():
    host, terminal = pty.openpty()
    try:
        child = start_child("leave", stdin=terminal, stdout=terminal, stderr=terminal)
        assert child.wait(10) == 0
        assert os.read(host, 999).split() == b"False True True True".split()
        assert os.get_blocking(terminal)
    finally:
        os.close(host)
        os.close(terminal)

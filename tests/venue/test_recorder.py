"""Recordings, written to real files and read by the sandbox that replays them."""

import fcntl
import json
import os
import stat
import time
from contextlib import asynccontextmanager, suppress

import attrs
import pytest
import trio

from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._venue import recorder
from polymarket_realtime._venue.recorder import NOT_RECORDED, open_recorder
from polymarket_realtime.errors import ConnectFailed, ConnectionLost, SettingsError
from polymarket_realtime.sandbox.replay import load_replay

MARKET = "wss://venue.test/ws/market"
USER = "wss://venue.test/ws/user"
BOOK = b'{"event_type":"book","asset_id":"1","market":"0x1","bids":[],"asks":[]}'

CREDENTIALS = Credentials(
    api_key=Secret("3f0c1a52-9d7e-4b86-a2c4-6e5d8f7a9b01"),
    secret=Secret("c2VjcmV0LW9mLWEtdGVzdC10aGF0LWlzLTMyLWJ5dGU="),
    passphrase=Secret("5d9a1f" * 10 + "03b7"),
)
SECRETS = [each.reveal() for each in attrs.astuple(CREDENTIALS)]


@attrs.define
class FakeStream:
    """Hands out what it is made of, and then waits; an exception among it is raised."""

    script: list
    sent: list[str] = attrs.field(factory=list)

    async def receive_batch(self):
        if not self.script:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def send(self, text):
        await trio.lowlevel.checkpoint()
        self.sent.append(text)


def dialler(*script):
    @asynccontextmanager
    async def dial(url):
        if script and isinstance(script[0], ConnectFailed):
            raise script[0]
        yield FakeStream(list(script))

    return dial


def as_it_is(text):
    return text


@asynccontextmanager
async def recorded(path, *script, url=MARKET, scrub=as_it_is):
    """One connection of its own recorder."""
    with trio.fail_after(5):
        async with open_recorder(path, scrub) as record, record(dialler(*script))(url) as stream:
            yield stream


async def receive_all(stream):
    """Read until the connection is lost."""
    with suppress(ConnectionLost):
        while True:
            await stream.receive_batch()


async def until(condition):
    """Wait for the writer, which works in a thread and tells nobody."""
    with trio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await trio.sleep(0.02)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "feed.jsonl"


# What is written


async def test_a_connection_is_written_as_it_passes(path):
    before = time.time()
    async with recorded(path, [b"one", b"two"], ConnectionLost(1001, "bye")) as stream:
        await stream.send("hello")
        assert await stream.receive_batch() == [b"one", b"two"]
        await receive_all(stream)
    lines = lines_of(path)
    assert [{k: v for k, v in line.items() if k not in {"t", "conn"}} for line in lines] == [
        {"kind": "open"},
        {"kind": "sent", "text": "hello"},
        {"kind": "recv", "text": "one"},
        {"kind": "recv", "text": "two"},
        {"kind": "close", "rcvd": {"code": 1001, "reason": "bye"}},
    ]
    times = [line["t"] for line in lines]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()
    assert len({line["conn"] for line in lines}) == 1


async def test_the_connection_itself_is_not_altered(path):
    async with recorded(path, [b"\xff"], url=USER, scrub=CREDENTIALS.scrub) as stream:
        frame = json.dumps({"type": "user", "auth": {"secret": SECRETS[1]}})
        await stream.send(frame)
        assert stream.stream.sent == [frame]
        assert await stream.receive_batch() == [b"\xff"]


@pytest.mark.parametrize(
    ("lost", "rcvd"),
    [
        (ConnectionLost(None), None),
        (ConnectionLost(1000), {"code": 1000, "reason": ""}),
        (ConnectionLost(4999, "ours"), {"code": 4999, "reason": "ours"}),
        (ConnectionLost(60_000, "beyond all codes"), None),
    ],
)
async def test_the_end_is_written_once_and_in_a_form_that_can_be_replayed(path, lost, rcvd):
    async with recorded(path, [BOOK], lost, lost) as stream:
        await receive_all(stream)
        await receive_all(stream)
    assert [line["rcvd"] for line in lines_of(path) if line["kind"] == "close"] == [rcvd]
    (replayed,) = load_replay(path).recordings
    assert replayed.ending is not None
    assert replayed.ending.code == (rcvd and rcvd["code"])


async def test_the_sandbox_replays_what_was_recorded(path):
    script = ([b"[]\n", BOOK], [b"PONG"], ["“ü\n”".encode()], ConnectionLost(1006))
    async with recorded(path, *script) as stream:
        await receive_all(stream)
    (replayed,) = load_replay(path).recordings
    assert [frame.text for frame in replayed.frames] == ["[]\n", BOOK.decode(), "“ü\n”"]
    assert [book["asset_id"] for frame in replayed.frames for book in frame.books] == ["1"]
    assert replayed.ending is not None


async def test_a_connection_left_by_us_has_no_recorded_end(path):
    async with recorded(path, [BOOK]) as stream:
        await stream.receive_batch()
    (replayed,) = load_replay(path).recordings
    assert replayed.ending is None


async def test_connections_of_one_file_have_names_of_their_own(path):
    for _ in range(2):
        async with open_recorder(path, as_it_is) as record:
            dial = record(dialler([BOOK]))
            async with dial(MARKET) as first, dial(USER) as second, dial("wss://x.test") as third:
                for stream in (first, second, third):
                    await stream.receive_batch()
    names = [recording.name for recording in load_replay(path).recordings]
    assert len(set(names)) == 6
    assert [name.partition("@")[0] for name in names[:3]] == ["market#1", "user#2", "connection#3"]


async def test_a_failed_dial_leaves_no_line_and_comes_bare(path):
    with pytest.RaisesGroup(ConnectFailed):
        async with recorded(path, ConnectFailed(MARKET, "refused")):
            raise AssertionError("never opened")
    assert lines_of(path) == []


async def test_a_recording_is_appended_to_and_is_its_owners_only(path):
    path.write_text("what was there\n")
    path.chmod(0o640)
    other = path.with_name("new.jsonl")
    for each in (path, other):
        async with recorded(each, []):
            pass
    assert path.read_text().startswith("what was there\n{")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


async def test_lines_are_on_disk_soon_and_not_only_at_the_end(path):
    async with recorded(path, [b"one"]) as stream:
        await stream.receive_batch()
        await until(lambda: path.stat().st_size)
        assert [line["kind"] for line in lines_of(path)] == ["open", "recv"]


# What is not


@pytest.mark.parametrize(
    ("frame", "written"),
    [
        (
            {"type": "user", "auth": dict(zip("abc", SECRETS, strict=True)), "markets": ["0x1"]},
            {"type": "user", "auth": NOT_RECORDED, "markets": ["0x1"]},
        ),
        ({"auth": SECRETS[0]}, {"auth": NOT_RECORDED}),
    ],
)
async def test_the_credentials_of_a_frame_are_left_out_even_without_a_scrubber(
    path, frame, written
):
    async with recorded(path, url=USER) as stream:
        await stream.send(json.dumps(frame))
    assert json.loads(lines_of(path)[1]["text"]) == written
    assert not [secret for secret in SECRETS if secret in path.read_text()]


@pytest.mark.parametrize(
    "text",
    [
        '[{"auth": "canary"}]',
        '{"type": "user", "auth": "canary"',
        '{"subscriptions": [{"auth": "canary"}]}',
    ],
)
async def test_a_frame_with_credentials_in_an_unknown_place_is_left_out_whole(path, text):
    async with recorded(path, url=USER) as stream:
        await stream.send(text)
    assert lines_of(path)[1]["text"] == NOT_RECORDED
    assert "canary" not in path.read_text()


async def test_every_text_is_scrubbed(path):
    said = json.dumps(SECRETS)
    script = ([said.encode()], ConnectionLost(1008, "no such key: " + SECRETS[0]))
    async with recorded(path, *script, scrub=CREDENTIALS.scrub) as stream:
        await stream.send(said)
        await receive_all(stream)
    masked = '["<api key>", "<secret>", "<passphrase>"]'
    _, sent, received, closed = lines_of(path)
    assert (sent["text"], received["text"]) == (masked, masked)
    assert closed["rcvd"]["reason"] == "no such key: <api key>"


# When things go wrong


async def test_what_waits_is_written_even_when_cancelled(path):
    with trio.CancelScope() as scope:
        async with recorded(path, [b"last words"]) as stream:
            await stream.receive_batch()
            scope.cancel()
            await trio.sleep_forever()
    assert lines_of(path)[-1]["text"] == "last words"


async def test_what_waits_is_written_when_the_block_fails(path):
    with pytest.RaisesGroup(KeyError):
        async with recorded(path, [b"last words"]) as stream:
            await stream.receive_batch()
            raise KeyError
    assert lines_of(path)[-1]["text"] == "last words"


@pytest.mark.parametrize("place", ["", "missing/feed.jsonl"])
async def test_a_file_that_cannot_be_opened_is_told_at_the_start(tmp_path, place):
    with pytest.raises(SettingsError, match="cannot be written") as caught:
        async with recorded(tmp_path / place):
            raise AssertionError("never opened")
    assert caught.value.name == "record"


async def test_a_full_disk_ends_the_recording_and_not_the_feed(tmp_path, caplog):
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    async with recorded(full, *([b"x"] for _ in range(9))) as stream:
        await stream.receive_batch()
        await until(lambda: caplog.messages)
        for _ in range(8):
            assert await stream.receive_batch() == [b"x"]
        await stream.send("still here")
    assert caplog.messages == [f"recording to {full} has ended: No space left on device"]


async def test_what_a_full_disk_took_of_a_line_is_taken_back(path, monkeypatch, caplog):
    async with recorded(path, [b"whole"]) as stream:
        await stream.receive_batch()
    whole, write = path.read_bytes(), os.write

    def write_a_part(file, data):
        if file == stream.recorder.file and path.stat().st_size > len(whole):
            raise OSError(28, "No space left on device")
        return write(file, data[:7])

    async with recorded(path, [b"part"]) as stream:
        monkeypatch.setattr(recorder.os, "write", write_a_part)
        await stream.receive_batch()
    assert path.read_bytes() == whole
    assert "No space left on device" in caplog.text


async def test_lines_that_find_too_much_waiting_are_dropped_and_counted(path, monkeypatch, caplog):
    monkeypatch.setattr(recorder, "_MOST_LINES", 4)
    monkeypatch.setattr(recorder, "_GATHERING", 60)
    async with recorded(path, [b"%d" % n for n in range(10)]) as stream:
        await until(lambda: not stream.recorder.lines_out.statistics().current_buffer_used)
        assert len(await stream.receive_batch()) == 10
    assert [line.get("text") for line in lines_of(path)] == [None, "0", "1", "2", "3"]
    assert caplog.messages == [
        f"recording to {path}: the disk is too slow; lines are dropped",
        f"recording to {path}: 6 lines were dropped",
    ]


async def test_the_text_that_waits_is_bounded_as_well(path, monkeypatch):
    monkeypatch.setattr(recorder, "_MOST_CHARACTERS", 100)
    async with recorded(path, [b"x" * 60, b"y" * 60, b"z" * 40], [b"x" * 100]) as stream:
        await stream.receive_batch()
        await until(lambda: not stream.recorder.waiting)
        await stream.receive_batch()
    texts = [line["text"] for line in lines_of(path) if line["kind"] == "recv"]
    assert [(text[0], len(text)) for text in texts] == [("x", 60), ("z", 40), ("x", 100)]


async def test_a_disk_that_hangs_stalls_neither_the_feed_nor_the_end(path, monkeypatch, caplog):
    monkeypatch.setattr(recorder, "_LAST_WRITE", 0.2)
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    async with recorded(path, *([b"x" * 500_000] for _ in range(100))) as stream:
        start = trio.current_time()
        for _ in range(100):
            await stream.receive_batch()
        assert trio.current_time() - start < 1.0
        # The writer has taken them, and hangs.
        await until(lambda: not stream.recorder.lines_out.statistics().current_buffer_used)
    assert f"recording to {path}: the disk is too slow; its end is missing" in caplog.messages
    os.close(reader)  # frees the thread: nobody reads any more


async def test_a_stream_that_outlives_the_recorder_works_on(path):
    async with open_recorder(path, as_it_is) as record:
        dial = record(dialler([b"late"]))
    async with dial(MARKET) as stream:
        assert await stream.receive_batch() == [b"late"]
    assert lines_of(path) == []

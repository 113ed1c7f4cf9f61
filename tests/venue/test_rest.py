"""One call of the venue's REST: how long, how often, and what it says when it fails."""

from __future__ import annotations

import json
import logging
import ssl
import traceback
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import httpx2
import pytest
import trio
import trustme

from polymarket_realtime import Settings
from polymarket_realtime._model.ids import AssetId, ConditionId
from polymarket_realtime._venue.catalog import Catalog
from polymarket_realtime._venue.rest import Scope, open_rest
from polymarket_realtime.errors import LookupFailed, RestFailed, Unauthorized

URL = "https://venue.test/data"
SECRET = "hush-hush-hush-hush"


def longest(_low, high):
    return high


class Venue:
    """Answers in the order told; the last answer stays. Knows when it was asked what."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.times = []

    async def answer(self, request):
        self.requests.append(request)
        self.times.append(trio.current_time())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = await answer()
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        # A transport hands out streams, which can be read once only.
        return httpx2.Response(status, content=body, headers=dict(headers))

    @property
    def waits(self):
        return [later - sooner for sooner, later in zip(self.times, self.times[1:], strict=False)]

    def open(self, **settings):
        transport = httpx2.MockTransport(self.answer)
        return open_rest(Settings(**settings), uniform=longest, transport=transport)


async def ask(rest, method="GET", **options):
    return await rest.request(method, URL, **{"scope": Scope.CLOB, **options})


async def failure(rest, method="GET", **options):
    with pytest.raises(RestFailed) as caught:
        await ask(rest, method, **options)
    return caught.value


async def headers_with_a_secret():
    return {"POLY_SIGNATURE": SECRET}


async def test_an_answer_is_its_body(autojump_clock):
    venue = Venue((200, b"yes"))
    async with venue.open(user_agent="tests") as rest:
        answer = await ask(
            rest, params=[("id", "1"), ("id", "2")], sign=headers_with_a_secret, scrub=bytes.upper
        )
    assert answer == b"YES"
    [request] = venue.requests
    assert (request.method, str(request.url)) == ("GET", URL + "?id=1&id=2")
    assert request.headers["user-agent"] == "tests"
    assert request.headers["poly_signature"] == SECRET


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_passes_is_asked_again_with_growing_waits(autojump_clock, status):
    venue = Venue((status, b""), (status, b""), (200, b"yes"))
    async with venue.open() as rest:
        assert await ask(rest) == b"yes"
    assert venue.waits == pytest.approx([1, 2])


async def test_a_lost_connection_is_asked_again(autojump_clock):
    venue = Venue(httpx2.ReadError("cut"), (200, b"yes"))
    async with venue.open() as rest:
        assert await ask(rest) == b"yes"


async def test_three_tries_are_enough(autojump_clock):
    venue = Venue((500, b'{"error": "oops"}'))
    async with venue.open(lookup_timeout=600) as rest:
        error = await failure(rest)
    assert len(venue.requests) == 3
    assert (error.url, error.status, error.problem) == (URL, 500, "HTTP 500: oops")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 501])
async def test_a_plain_no_is_taken_at_once(autojump_clock, status):
    venue = Venue((status, b"", ("location", "https://elsewhere.test/")))
    async with venue.open() as rest:
        error = await failure(rest)
    assert (error.status, len(venue.requests)) == (status, 1)
    assert isinstance(error, Unauthorized) == (status == 401)


@pytest.mark.parametrize(
    ("first", "tries"),
    [
        ((429, b""), 2),
        (httpx2.ConnectError("refused"), 2),
        ((503, b""), 1),
        ((500, b""), 1),
        (httpx2.ReadError("cut"), 1),
    ],
    ids=["429", "refused", "503", "500", "cut"],
)
async def test_a_post_is_repeated_only_if_nothing_came_of_it(autojump_clock, first, tries):
    venue = Venue(first, (200, b"yes"))
    async with venue.open() as rest:
        if tries == 2:
            assert await ask(rest, "POST", body=b"{}") == b"yes"
        else:
            await failure(rest, "POST", body=b"{}")
    assert [request.content for request in venue.requests] == [b"{}"] * tries


async def test_every_try_is_signed_anew(autojump_clock):
    venue = Venue((503, b""), (200, b""))

    async def sign():
        return {"POLY_TIMESTAMP": f"{trio.current_time() - start:.0f}"}

    async with venue.open() as rest:
        start = trio.current_time()
        await ask(rest, sign=sign)
    assert [request.headers["poly_timestamp"] for request in venue.requests] == ["0", "1"]


@pytest.mark.parametrize("status", [429, 503])
async def test_the_server_says_how_long_to_wait(autojump_clock, status):
    venue = Venue((status, b"", ("retry-after", "7")), (200, b"yes"))
    async with venue.open() as rest:
        assert await ask(rest) == b"yes"
    assert venue.waits == pytest.approx([7])


async def test_the_server_may_name_a_date(autojump_clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    venue = Venue((429, b"", ("retry-after", date)), (200, b"yes"))
    async with venue.open(lookup_timeout=120) as rest:
        assert await ask(rest) == b"yes"
    assert 55 < venue.waits[0] <= 60


async def test_a_wait_that_is_too_long_is_not_begun(autojump_clock):
    venue = Venue((429, b"", ("retry-after", "30")))
    async with venue.open(lookup_timeout=10) as rest:
        start = trio.current_time()
        error = await failure(rest)
        assert trio.current_time() == start
    assert (error.status, error.retry_after, len(venue.requests)) == (429, 30.0, 1)


async def test_after_a_429_all_of_its_scope_waits(autojump_clock):
    venue = Venue((429, b"", ("retry-after", "30")), (200, b"yes"))
    async with venue.open(lookup_timeout=10) as rest:
        await failure(rest)
        await trio.sleep(5)
        error = await failure(rest)
        assert error.retry_after == pytest.approx(25)
        assert len(venue.requests) == 1
        assert await ask(rest, scope=Scope.LEDGER) == b"yes"
        await trio.sleep(20)
        assert await ask(rest) == b"yes"
    assert venue.waits == pytest.approx([5, 25])


async def test_a_server_that_asks_for_years_is_asked_again_in_a_minute(autojump_clock):
    venue = Venue((429, b"", ("retry-after", "9" * 400)), (200, b"yes"))
    async with venue.open() as rest:
        await failure(rest)
        await trio.sleep(60)
        assert await ask(rest) == b"yes"


async def test_the_whole_call_is_bounded(autojump_clock):
    venue = Venue((502, b""), trio.sleep_forever)
    async with venue.open(lookup_timeout=10) as rest:
        start = trio.current_time()
        error = await failure(rest)
        assert trio.current_time() - start == pytest.approx(10)
    assert error.problem == "no answer within 10 s; before that: HTTP 502"
    assert error.status == 502


async def test_a_wait_beyond_the_bound_is_not_begun(autojump_clock):
    venue = Venue((502, b""))
    async with venue.open(lookup_timeout=2.5) as rest:
        start = trio.current_time()
        await failure(rest)
        assert trio.current_time() - start == pytest.approx(1)
    assert len(venue.requests) == 2


async def test_the_caller_may_give_up(autojump_clock):
    venue = Venue(trio.sleep_forever)
    async with venue.open() as rest:
        with trio.move_on_after(1) as scope:
            await ask(rest)
    assert scope.cancelled_caught


async def test_many_at_once_stay_below_the_rate_limit(autojump_clock):
    venue = Venue((200, b""))
    async with venue.open(lookup_timeout=60) as rest, trio.open_nursery() as nursery:
        for _ in range(2 * Scope.AUTH.limit + 1):
            nursery.start_soon(lambda: ask(rest, scope=Scope.AUTH))
    limit, start = Scope.AUTH.limit, venue.times[0]
    counts = [sum(time - start == after for time in venue.times) for after in (0, 10, 20)]
    assert counts == [limit, limit, 1]


async def test_an_answer_without_end_is_not_read_to_it(autojump_clock):
    async with Venue((200, b"x" * 2000)).open(max_message_size=1000) as rest:
        error = await failure(rest)
    assert error.problem == "an answer of more than 1000 bytes"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"error": "a\nb\x1b[31m"}, "HTTP 400: a b [31m"),
        ({"error": "x" * 500}, "HTTP 400: " + "x" * 199 + "…"),
        ({"error": f"you sent {SECRET}!"}, "HTTP 400: you sent <POLY_SIGNATURE>!"),
        ({"error": "the key is k3y"}, "HTTP 400: the key is <key>"),
        ({"errors": SECRET}, "HTTP 400"),
    ],
)
async def test_the_servers_words_are_short_clean_and_without_secrets(autojump_clock, said, problem):
    # Written with escapes, so that replacing bytes before reading cannot be enough.
    body = "".join(f"\\u{ord(c):04x}" if c == "3" else c for c in json.dumps(said)).encode()
    async with Venue((400, body)).open() as rest:
        error = await failure(
            rest,
            sign=headers_with_a_secret,
            scrub=lambda text: text.replace(b"k3y", b"<key>"),
        )
    assert error.problem == problem


@pytest.mark.parametrize("value", ["hush\r\nX-Other: 1", "hush\u20ac", " hush", "hush\x00"])
async def test_what_no_header_can_hold_is_not_sent_nor_repeated(autojump_clock, value, caplog):
    caplog.set_level(logging.DEBUG)

    async def sign():
        return {"POLY_PASSPHRASE": value}

    venue = Venue((200, b""))
    async with venue.open() as rest:
        error = await failure(rest, sign=sign)
    assert error.problem == "the value of POLY_PASSPHRASE cannot be sent in a header"
    assert "hush" not in "".join(traceback.format_exception(error)) + caplog.text
    assert venue.requests == []


async def test_a_failed_lookup_says_what_to_do(autojump_clock):
    async with Venue((429, b'{"error": "slow down"}', ("retry-after", "60"))).open() as rest:
        catalog = Catalog(rest.settings, rest)
        with pytest.raises(LookupFailed) as caught:
            await catalog.markets_of_conditions([ConditionId("0x" + "1" * 64)])
    error = caught.value
    assert str(error) == (
        "https://gamma-api.polymarket.com/markets did not answer: HTTP 429: slow down; "
        "try again later; token ids alone are understood without it"
    )
    assert (error.status, error.retry_after) == (429, 60.0)


async def test_a_catalogue_of_garbage_is_a_failed_lookup(autojump_clock):
    async with Venue((200, b"<html>")).open() as rest:
        with pytest.raises(LookupFailed, match="malformed"):
            await Catalog(rest.settings, rest).markets_of_assets([AssetId("7" * 77)])


async def test_markets_are_looked_for_among_the_open_ones_first(autojump_clock):
    ids = [AssetId(str(number) * 77) for number in range(1, 4)]
    condition = "0x" + "1" * 64
    row = {"conditionId": condition, "clobTokenIds": ids[:2], "outcomes": ["Yes", "No"]}
    venue = Venue((200, json.dumps([row]).encode()), (200, b"[]"))
    async with venue.open() as rest:
        markets = await Catalog(rest.settings, rest).markets_of_assets(ids)
    assert [market.condition_id for market in markets] == [condition]
    asked = [request.url.params.multi_items() for request in venue.requests]
    assert asked == [
        [("closed", "false"), ("limit", "100"), *(("clob_token_ids", each) for each in ids)],
        [("closed", "true"), ("limit", "100"), ("clob_token_ids", ids[2])],
    ]


@asynccontextmanager
async def open_server(answer, ssl_context=None):
    """A real server on this machine that gives one answer per connection; its port, its dials."""
    dials = []

    async def serve(stream):
        dials.append(stream)
        if ssl_context is not None:
            stream = trio.SSLStream(stream, ssl_context, server_side=True, https_compatible=True)
        try:
            async with stream:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (data := await stream.receive_some()):
                        return
                    request += data
                await stream.send_all(answer)
        except trio.BrokenResourceError:
            pass

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[1], dials
        nursery.cancel_scope.cancel()


OK = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n"
    b"set-cookie: a=hush-cookie\r\n\r\nok"
)


@asynccontextmanager
async def open_tls_server(monkeypatch, tmp_path, *, trusted):
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    known = tmp_path / "authority.pem"
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(known))
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    async with open_server(OK, context) as server:
        yield server


async def test_a_trusted_certificate_is_accepted(monkeypatch, tmp_path):
    server = open_tls_server(monkeypatch, tmp_path, trusted=True)
    async with server as (port, _), open_rest(Settings()) as rest:
        answer = await rest.request("GET", f"https://127.0.0.1:{port}/", scope=Scope.CLOB)
    assert answer == b"ok"


async def test_a_strange_certificate_is_refused_at_once(monkeypatch, tmp_path):
    server = open_tls_server(monkeypatch, tmp_path, trusted=False)
    async with server as (port, dials), open_rest(Settings()) as rest:
        with pytest.raises(RestFailed, match="the certificate was not accepted"):
            await rest.request("GET", f"https://127.0.0.1:{port}/", scope=Scope.CLOB)
    assert len(dials) == 1


async def test_a_service_that_asks_nothing_reads_no_certificates(monkeypatch):
    def read(*_):
        raise AssertionError("certificates were read")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", read)
    async with open_server(OK) as (port, _), open_rest(Settings()) as rest:
        url = f"http://127.0.0.1:{port}/"
        assert await rest.request("GET", url, scope=Scope.CLOB) == b"ok"


async def test_no_log_holds_the_value_of_a_header(caplog):
    caplog.set_level(logging.DEBUG)
    async with open_server(OK) as (port, _), open_rest(Settings()) as rest:
        url = f"http://127.0.0.1:{port}/"
        await rest.request("GET", url, scope=Scope.CLOB, sign=headers_with_a_secret)
    assert "receive_response_headers.complete" in caplog.messages
    assert "hush" not in caplog.text


async def test_the_log_of_others_is_left_as_it_was(caplog):
    logger = logging.getLogger("httpcore2.http11")
    venue = Venue((200, b"ok"))
    async with venue.open() as one, venue.open() as other:
        assert logger.filters == []
        for rest in (one, other):
            await ask(rest)
        assert len(logger.filters) == 2
    assert logger.filters == []


async def test_no_proxy_reaches_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with open_server(OK) as (port, _), open_rest(Settings()) as rest:
        url = f"http://127.0.0.1:{port}/"
        assert await rest.request("GET", url, scope=Scope.CLOB) == b"ok"


async def test_garbage_is_repeated_neither_by_errors_nor_by_logs(caplog):
    caplog.set_level(logging.DEBUG)
    garbage = f"HTTP/1.1 200 OK\r\nx\x00: {SECRET}\r\n\r\n".encode()
    settings = Settings(backoff_initial=0.01)
    async with open_server(garbage) as (port, dials), open_rest(settings) as rest:
        with pytest.raises(RestFailed) as caught:
            await rest.request(
                "GET",
                f"http://127.0.0.1:{port}/",
                scope=Scope.CLOB,
                sign=headers_with_a_secret,
            )
    assert len(dials) == 3
    told = "".join(traceback.format_exception(caught.value)) + repr(rest) + caplog.text
    assert SECRET not in told

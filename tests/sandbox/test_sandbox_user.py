import json
import time

import attrs
import pytest
import trio
import trio_websocket
from account_client import opening_frame
from sandbox_client import open_client

from polymarket_realtime.sandbox import ApiCredentials, SandboxConfig, open_sandbox, user_socket


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox):
    async with open_client(sandbox.user_url) as client:
        yield client


@pytest.fixture
def place(sandbox):
    """Rest an own order at the best bid of the n-th market."""

    def place(number=0):
        token = sandbox.exchange.markets[number].token_ids[0]
        price = sandbox.exchange.book(token)["bids"][-1]["price"]
        return sandbox.exchange.broker.place(token, "BUY", price, "5")

    return place


def wrong(credentials):
    """Each way in which one of the three values can be wrong."""
    yield attrs.evolve(credentials, api_key="00000000-0000-0000-0000-000000000000")
    yield attrs.evolve(credentials, secret="A" * 43 + "=")
    yield attrs.evolve(credentials, passphrase="0" * 64)
    yield ApiCredentials("", "", "")


async def ids(client):
    """What the client was told of before the PONG."""
    return [json.loads(text)["id"] for text in await client.ping()]


@pytest.mark.parametrize("more", [{}, {"markets": []}, {"markets": [], "assets_ids": []}])
async def test_nothing_is_said_at_first_and_then_all_news_of_all_markets(
    sandbox, client, place, more
):
    place()
    await client.send(**opening_frame(sandbox.credentials, **more))
    assert await client.ping() == []
    first, second = place(0), place(1)
    assert await ids(client) == [first.id, second.id]
    sandbox.exchange.broker.cancel(first.id)
    frame = await client.frame()
    assert (frame["event_type"], frame["type"]) == ("order", "CANCELLATION")
    assert frame["owner"] == sandbox.credentials.api_key


async def test_markets_narrow_what_is_heard_and_no_markets_are_all_again(sandbox, client, place):
    zero, one = (market.condition_id for market in sandbox.exchange.markets[:2])
    await client.send(**opening_frame(sandbox.credentials, markets=[zero]))
    await client.ping()
    heard = [place(0), place(1)][:1]
    assert await ids(client) == [order.id for order in heard]
    await client.send(operation="subscribe", markets=[one])
    await client.ping()
    heard = [place(0), place(1), place(2)][:2]
    assert await ids(client) == [order.id for order in heard]
    await client.send(operation="unsubscribe", markets=[zero, one])
    await client.ping()
    assert await ids(client) == []
    heard = [place(0), place(1), place(2)]
    assert await ids(client) == [order.id for order in heard]


@pytest.mark.parametrize(
    "first",
    [
        "PING",
        "hello",
        "[]",
        '{"type":"user"}',
        '{"type":"user","auth":"x"}',
        '{"type":"user","auth":{"apiKey":"a","secret":"b"}}',
        '{"type":"user","auth":{"apiKey":"a","secret":"b","passphrase":1}}',
        '{"type":"user","auth":{"apiKey":"a","secret":"b","passphrase":"c"},"markets":"0x"}',
        '{"type":"market","assets_ids":["1"]}',
        '{"operation":"subscribe","markets":[]}',
    ],
)
async def test_a_first_frame_that_is_no_subscription_closes_the_connection(sandbox, client, first):
    await client.ws.send_message(first)
    assert await client.ending() == (1008, "invalid subscription payload")
    assert sandbox.statistics().frames_received["invalid"] == 1


@pytest.mark.parametrize("which", range(4))
async def test_wrong_credentials_are_cut_off_without_a_word(sandbox, client, which):
    await client.send(**opening_frame(list(wrong(sandbox.credentials))[which]))
    await client.ws.send_message("PING")
    with trio.fail_after(5):
        with pytest.raises(trio_websocket.ConnectionClosed) as caught:
            pytest.fail(await client.ws.get_message())
    assert caught.value.reason.code == 1006
    assert sandbox.statistics().frames_sent == 0


async def test_a_second_try_on_a_connection_that_is_being_cut_off_is_not_heard(sandbox, client):
    (first, *_) = wrong(sandbox.credentials)
    await client.send(**opening_frame(first))
    await client.send(**opening_frame(sandbox.credentials))
    assert (await client.ending())[0] == 1006


@pytest.mark.parametrize("pings", [True, False])
async def test_the_ping_of_wrong_credentials_is_answered_before_the_cut_if_told(monkeypatch, pings):
    if not pings:
        monkeypatch.setattr(user_socket, "PONG_PATIENCE", 0.05)
    async with (
        open_sandbox(SandboxConfig(rate=0, pong_before_cut=True)) as sandbox,
        open_client(sandbox.user_url) as client,
    ):
        (first, *_) = wrong(sandbox.credentials)
        await client.send(**opening_frame(first))
        if pings:
            assert await client.ping() == []
        assert (await client.ending())[0] == 1006


@pytest.mark.parametrize(
    "text", ["ping", "{}", '{"operation":"buy","markets":[]}', '{"operation":"subscribe"}']
)
async def test_anything_unknown_after_the_first_frame_is_an_invalid_operation(
    sandbox, client, place, text
):
    await client.send(**opening_frame(sandbox.credentials))
    await client.ws.send_message(text)
    assert await client.text() == "INVALID OPERATION"
    order = place()
    assert await ids(client) == [order.id]


async def test_a_key_that_is_revoked_cuts_its_connections_off_and_no_others(sandbox, client, place):
    other_key = sandbox.keys.issue(sandbox.address, 1)
    async with open_client(sandbox.user_url) as second, open_client(sandbox.user_url) as other:
        for each, credentials in (
            (client, sandbox.credentials),
            (second, sandbox.credentials),
            (other, other_key),
        ):
            await each.send(**opening_frame(credentials))
            await each.ping()
        order = place()
        sandbox.keys.revoke(sandbox.credentials.api_key)
        for cut_off in (client, second):
            assert (await cut_off.frame())["id"] == order.id
            assert (await cut_off.ending())[0] == 1006
        assert await ids(other) == [order.id]
    async with open_client(sandbox.user_url) as again:
        await again.send(**opening_frame(sandbox.credentials))
        assert (await again.ending())[0] == 1006


async def test_every_connection_of_the_account_hears_and_those_of_other_wallets_do_not(
    sandbox, client, place
):
    stranger = sandbox.keys.issue("0x" + "ab" * 20, 0)
    async with open_client(sandbox.user_url) as second, open_client(sandbox.user_url) as foreign:
        await client.send(**opening_frame(sandbox.credentials))
        await second.send(**opening_frame(sandbox.credentials))
        await foreign.send(**opening_frame(stranger))
        for each in (client, second, foreign):
            await each.ping()
        order = place()
        assert await ids(client) == await ids(second) == [order.id]
        assert await ids(foreign) == []


async def test_what_happens_while_a_client_is_cut_off_is_not_said_again(sandbox, client, place):
    await client.send(**opening_frame(sandbox.credentials))
    await client.ping()
    sandbox.faults.cut()
    await client.ending()
    missed = place()
    async with open_client(sandbox.user_url) as again:
        await again.send(**opening_frame(sandbox.credentials))
        assert await ids(again) == []
        sandbox.exchange.broker.cancel(missed.id)
        assert await ids(again) == [missed.id]


async def test_the_record_holds_no_secret(sandbox, client):
    secrets = attrs.astuple(sandbox.credentials)
    await client.send(**opening_frame(sandbox.credentials, markets=["0x12"], note=secrets[1]))
    await client.ws.send_message(f'{{"auth": "{secrets[1]}')
    await client.send(**opening_frame(sandbox.credentials))
    await client.ping()
    texts = [frame.text for frame in sandbox.received]
    assert json.loads(texts[0]) == {
        "type": "user",
        "auth": {"apiKey": "<masked>", "secret": "<masked>", "passphrase": "<masked>"},
        "markets": ["0x12"],
        "note": "<masked>",
    }
    assert texts[-1] == "PING"
    assert not any(secret in text for secret in secrets for text in texts)
    kinds = sandbox.statistics().frames_received
    assert (kinds["user"], kinds["invalid"], kinds["PING"]) == (1, 2, 1)


async def test_an_idle_connection_is_dropped_without_a_close_frame():
    async with (
        open_sandbox(SandboxConfig(rate=0, idle_timeout=0.2)) as sandbox,
        open_client(sandbox.user_url) as client,
    ):
        await client.send(**opening_frame(sandbox.credentials))
        assert (await client.ending())[0] == 1006


async def test_the_channels_do_not_hear_each_other(sandbox, client, place):
    async with open_client(sandbox.market_url) as market_client:
        await market_client.open(sandbox.exchange.markets[0].token_ids[0])
        await client.send(**opening_frame(sandbox.credentials))
        await client.ping()
        order = place()
        assert (await market_client.frame())["event_type"] == "price_change"
        assert await market_client.ping() == []
        assert await ids(client) == [order.id]


async def test_the_account_acts_by_itself_and_can_be_kept_still():
    async with (
        open_sandbox(SandboxConfig(rate=400)) as sandbox,
        open_client(sandbox.user_url) as client,
    ):
        await client.send(**opening_frame(sandbox.credentials))
        for event_type in ("trade", "order"):
            assert await client.until(event_type)
    async with open_sandbox(SandboxConfig(rate=0, account=False)) as sandbox:
        for _ in range(100):
            sandbox.exchange.step()
        assert sandbox.account.history == []
        sandbox.exchange.account_step()
        assert sandbox.account.steps == 1


async def test_a_replay_has_an_account_without_anything(tmp_path):
    recording = tmp_path / "recording.jsonl"
    lines = [
        {"t": None, "kind": "recv", "conn": name, "text": json.dumps({"n": name})}
        for name in ("first", "second")
    ]
    recording.write_text("".join(json.dumps(line) + "\n" for line in lines))
    async with (
        open_sandbox(SandboxConfig(replay=recording)) as sandbox,
        open_client(sandbox.user_url) as client,
        open_client(sandbox.market_url) as market_client,
    ):
        await client.send(**opening_frame(sandbox.credentials))
        assert await client.ping() == []
        await market_client.send(type="market", assets_ids=["1"])
        # The user channel takes no recording away from those who want one.
        assert await market_client.frame() == {"n": "first"}


async def test_frames_are_stamped_by_the_venues_clock(sandbox, client, place):
    sandbox.clock.offset = 5000.0
    await client.send(**opening_frame(sandbox.credentials))
    await client.ping()
    place()
    assert int((await client.frame())["timestamp"]) / 1000 == pytest.approx(
        time.time() + 5000, abs=5
    )

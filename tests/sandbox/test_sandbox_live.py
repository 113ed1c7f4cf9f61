import json
import time
from decimal import Decimal

import httpx2
import pytest
import trio
from sandbox_client import open_client

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

CHAINLINK = "crypto_prices_chainlink"


@pytest.fixture
async def sandbox():
    async with open_sandbox(SandboxConfig(rate=0)) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox):
    async with open_client(sandbox.rtds_url) as client:
        assert await client.text() == ""
        yield client


def wish(topic, kind="*", **filters):
    """A subscription; its filter is a text of compact JSON, if there is one."""
    body = {"topic": topic, "type": kind}
    return body | {"filters": json.dumps(filters, separators=(",", ":"))} if filters else body


async def subscribe(client, *wishes):
    await client.send(action="subscribe", subscriptions=list(wishes))


async def sync(client):
    """All frames up to now: a frame that nobody understands is answered at once."""
    frames = []
    await client.ws.send_message("?")
    while (frame := await client.frame()).get("message") != "Invalid request body":
        frames.append(frame)
    return frames


async def updates(client):
    return [frame for frame in await sync(client) if frame.get("type") == "update"]


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "ping",
        "[]",
        "{}",
        '{"action":"subscribe"}',
        '{"action":"subscribe","subscriptions":[]}',
        '{"action":"subscribe","subscriptions":{}}',
        '{"action":"listen","subscriptions":[{"topic":"activity","type":"*"}]}',
    ],
)
async def test_the_gateway_refuses_what_it_does_not_understand(sandbox, client, text):
    await client.ws.send_message(text)
    refused = await client.frame()
    assert set(refused) == {"message", "connectionId", "requestId"}
    assert len(refused["connectionId"]) == 20
    assert sandbox.statistics().frames_received["invalid"] == 1


@pytest.mark.parametrize(
    "bad",
    [
        "activity",
        {"topic": "activity"},
        {"topic": "", "type": "*"},
        {"topic": "crypto_prices", "type": "update", "filters": {"symbol": "btcusdt"}},
        {"topic": "crypto_prices", "type": "update", "filters": "btcusdt"},
        wish("crypto_prices", symbol="btcusdt,ethusdt"),
        wish("equity_prices", symbol=["AAPL"]),
    ],
)
async def test_a_bad_subscription_or_filter_is_refused_with_400(sandbox, client, bad):
    await subscribe(client, wish("comments"), bad)
    refused = await client.frame()
    assert refused["statusCode"] == 400
    assert "Subscriptions[1]" in refused["body"]["message"]
    sandbox.live.comment("Nobody listens", event_id=1)
    assert await sync(client) == []


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("no_such_topic", "update"),
        ("activity", "no_such_type"),
        ("clob_market", "price_change"),
        ("rfq", "*"),
    ],
)
async def test_one_unknown_topic_or_type_spoils_the_whole_frame(sandbox, client, topic, kind):
    await subscribe(client, wish("comments"), wish(topic, kind))
    refused = await client.frame()
    assert refused["statusCode"] == 401
    assert f"topic: {topic} and type: {kind} not found" in refused["body"]["message"]
    sandbox.live.comment("Nobody listens", event_id=1)
    assert await sync(client) == []


async def test_a_retired_topic_is_not_found_but_can_be_unsubscribed():
    config = SandboxConfig(rate=0, retired=frozenset({"crypto_prices"}))
    async with open_sandbox(config) as sandbox, open_client(sandbox.rtds_url) as client:
        assert await client.text() == ""
        await subscribe(client, wish("crypto_prices"))
        assert (await client.frame())["statusCode"] == 401
        await subscribe(client, wish("comments"))
        assert await sync(client) == []
        sandbox.live.retire("comments")
        sandbox.live.comment("Still here", event_id=1)
        assert [frame["topic"] for frame in await sync(client)] == ["comments"]
        await client.send(action="unsubscribe", subscriptions=[wish("comments")])
        await subscribe(client, wish("comments"))
        assert (await client.frame())["statusCode"] == 401
        sandbox.live.comment("Gone", event_id=1)
        assert await sync(client) == []


@pytest.mark.parametrize(
    ("topic", "symbol", "points", "labelled"),
    [
        ("crypto_prices", "btcusdt", 120, "crypto_prices"),
        (CHAINLINK, "btc/usd", 57, "crypto_prices"),
        ("crypto_prices_twap_thirty", "eth/usd", 57, "crypto_prices_twap_thirty"),
        ("crypto_prices_twap_sixty", "sol/usd", 57, "crypto_prices_twap_sixty"),
        ("equity_prices", "AAPL", 120, "equity_prices"),
    ],
)
async def test_each_subscribe_to_a_price_is_answered_by_its_past(
    client, topic, symbol, points, labelled
):
    for _ in range(2):
        await subscribe(client, wish(topic, "update", symbol=symbol))
        past = await client.frame()
        assert (past["topic"], past["type"]) == (labelled, "subscribe")
        assert "connection_id" not in past
        assert past["payload"]["symbol"] == symbol
        data = past["payload"]["data"]
        stamps = [point["timestamp"] for point in data]
        assert stamps == sorted(set(stamps))
        assert len(stamps) == points
        assert 0 <= past["timestamp"] - stamps[-1] < 5_000
        assert all(isinstance(point["value"], float) for point in data)
    assert await sync(client) == []


async def test_prices_are_bare_numbers_with_all_digits_beside_them(sandbox, client):
    for topic in ("crypto_prices", CHAINLINK, "crypto_prices_twap_thirty", "equity_prices"):
        await subscribe(client, wish(topic))
    assert len(await sync(client)) == 6 + 6 + 6 + 3
    sandbox.live.tick()
    told = {(f["topic"], f["payload"]["symbol"]): f for f in await updates(client)}
    assert {s for t, s in told if t == "equity_prices"} == {"AAPL", "NVDA", "TSLA"}
    assert len(told) == 6 + 6 + 6 + 3
    for frame in told.values():
        assert len(frame["connection_id"]) == 20
        assert type(frame["timestamp"]) is int
        assert type(frame["payload"]["value"]) is float
    plain = told["crypto_prices", "btcusdt"]["payload"]
    assert Decimal(plain["full_accuracy_value"]) == Decimal(str(plain["value"]))
    scaled = told[CHAINLINK, "btc/usd"]["payload"]
    assert float(Decimal(scaled["full_accuracy_value"]) / 10**18) == scaled["value"]
    averaged = told["crypto_prices_twap_thirty", "btc/usd"]["payload"]
    assert averaged["window_s"] == 30
    assert averaged["value"] == pytest.approx(scaled["value"], rel=0.01)
    assert "received_at" in told["equity_prices", "AAPL"]["payload"]


async def test_a_price_on_demand_reaches_its_average_too(sandbox, client):
    await subscribe(client, wish(CHAINLINK), wish("crypto_prices_twap_sixty"))
    await sync(client)
    sandbox.live.price("BTC/USD", "90000.5")
    spot, average = await updates(client)
    assert spot["payload"]["full_accuracy_value"] == "90000500000000000000000"
    assert spot["payload"]["value"] == 90000.5
    assert spot["payload"]["value"] > average["payload"]["value"]
    sandbox.live.price("btcusdt", Decimal(1))
    assert await sync(client) == []


@pytest.mark.parametrize(
    ("topic", "filters", "past", "future"),
    [
        ("crypto_prices", '{"symbol":"btcusdt"}', 1, 1),
        ("crypto_prices", '{"symbol": "btcusdt"}', 1, 0),
        ("crypto_prices", '{"symbol":"BTCUSDT"}', 0, 0),
        ("crypto_prices", "{}", 0, 0),
        ("crypto_prices", "[]", 0, 0),
        ("equity_prices", '{"symbol":"aapl"}', 1, 1),
        ("equity_prices", '{"symbol":"AAPL"}', 1, 1),
        (CHAINLINK, '{"symbol":"btcusd"}', 0, 0),
    ],
)
async def test_filters_of_prices_have_their_moods(sandbox, client, topic, filters, past, future):
    await subscribe(client, {"topic": topic, "type": "*", "filters": filters})
    assert len(await sync(client)) == past
    sandbox.live.tick()
    assert len(await sync(client)) == future


async def test_a_subscription_ends_with_the_same_three_words(sandbox, client):
    wanted = wish(CHAINLINK, "update", symbol="btc/usd")
    await subscribe(client, wanted)
    assert len(await sync(client)) == 1
    await client.send(action="unsubscribe", subscriptions=[wish(CHAINLINK, "update")])
    await sync(client)
    sandbox.live.tick()
    assert len(await sync(client)) == 1
    await client.send(action="unsubscribe", subscriptions=[wanted])
    await sync(client)
    sandbox.live.tick()
    assert await sync(client) == []


async def test_trades_of_the_exchange_are_told_with_taker_and_makers(sandbox, client):
    market = sandbox.exchange.create_market("Will it rain?", price="0.4", label="Rain")
    await subscribe(client, wish("activity", "trades"))
    await sync(client)
    size = sandbox.exchange.book(market.token_ids[0])["asks"][-1]["size"]
    sandbox.exchange.trade(market.token_ids[0], "BUY", str(Decimal(size) + 1))
    taker, *makers = [frame["payload"] for frame in await sync(client)]
    assert (taker["asset"], taker["side"], taker["outcome"]) == (market.token_ids[0], "BUY", "Yes")
    assert (taker["slug"], taker["eventSlug"]) == (market.slug, market.event.slug)
    assert (taker["conditionId"], taker["title"]) == (market.condition_id, "Will it rain?")
    assert taker["size"] == float(Decimal(size) + 1)
    assert abs(taker["timestamp"] - time.time()) < 5
    assert len(makers) == 2
    assert sum(maker["size"] for maker in makers) == pytest.approx(taker["size"])
    assert {maker["transactionHash"] for maker in makers} == {taker["transactionHash"]}
    assert len({row["proxyWallet"] for row in (taker, *makers)}) == 3


async def test_orders_matched_is_the_takers_row_alone(sandbox, client):
    await subscribe(client, wish("activity", "orders_matched"))
    await sync(client)
    sandbox.exchange.trade(sandbox.exchange.markets[0].token_ids[0], "SELL", "1")
    (frame,) = await sync(client)
    assert (frame["type"], frame["payload"]["side"]) == ("orders_matched", "SELL")


async def test_any_filter_silences_activity(sandbox, client):
    market = sandbox.exchange.markets[0]
    await subscribe(client, wish("activity", "trades", event_slug=market.event.slug))
    await sync(client)
    sandbox.exchange.trade(market.token_ids[0], "BUY", "1")
    assert await sync(client) == []


async def test_comments_and_reactions_come_and_go(sandbox, client):
    live = sandbox.live
    await subscribe(client, wish("comments"))
    await sync(client)
    first = live.comment("Up only", event_id="260601", author="sandbox_sam")
    second = live.comment("No", event_id=260601, reply_to=first)
    reaction = live.react(first)
    live.take_back(reaction)
    live.remove_comment(second)
    frames = await sync(client)
    assert [frame["type"] for frame in frames] == [
        "comment_created",
        "comment_created",
        "reaction_created",
        "reaction_removed",
        "comment_removed",
    ]
    one, two, three, _, five = (frame["payload"] for frame in frames)
    assert (one["id"], one["body"], one["parentEntityID"]) == (first, "Up only", 260601)
    assert (one["parentEntityType"], one["parentCommentID"]) == ("Event", "")
    assert one["profile"]["name"] == "sandbox_sam"
    assert one["profile"]["proxyWallet"] == one["userAddress"] == two["replyAddress"]
    assert two["parentCommentID"] == first
    assert (three["id"], three["commentID"], three["reactionType"]) == (
        reaction,
        int(first),
        "HEART",
    )
    assert five["id"] == second
    with pytest.raises(ValueError, match="no comment"):
        live.react(second)
    with pytest.raises(ValueError, match="no reaction"):
        live.take_back(reaction)


async def test_comments_can_be_filtered_by_what_they_are_about(sandbox, client):
    await subscribe(client, wish("comments", parentEntityID=7, parentEntityType="Event"))
    await sync(client)
    sandbox.live.comment("Seven", event_id=7)
    sandbox.live.comment("Eight", event_id=8)
    sandbox.live.comment("A market", event_id=7, parent_type="Market")
    assert [frame["payload"]["body"] for frame in await sync(client)] == ["Seven"]


async def test_a_quiet_feed_or_topic_says_nothing_and_stays(sandbox, client):
    await subscribe(client, wish("comments"), wish("crypto_prices", symbol="btcusdt"))
    await sync(client)
    for name, heard in (("crypto_prices", {"comments"}), ("rtds", set())):
        sandbox.live.quiet(name)
        sandbox.live.tick()
        sandbox.live.comment("Hello", event_id=1)
        await subscribe(client, wish("crypto_prices", symbol="btcusdt"))
        assert {frame["topic"] for frame in await sync(client)} == heard
    sandbox.live.quiet("rtds", False)
    sandbox.live.quiet("crypto_prices", False)
    sandbox.live.tick()
    assert [frame["topic"] for frame in await sync(client)] == ["crypto_prices"]
    with pytest.raises(ValueError, match="none of"):
        sandbox.live.quiet("weather")


async def test_without_ping_the_data_stop_and_with_it_they_go_on():
    async with (
        open_sandbox(SandboxConfig(rate=0, rtds_patience=0.3)) as sandbox,
        open_client(sandbox.rtds_url) as client,
    ):
        await client.text()
        await subscribe(client, wish("comments"))
        await sync(client)
        await trio.sleep(0.35)
        sandbox.live.comment("Too late", event_id=1)
        assert await sync(client) == []
        await client.ws.send_message("PING")
        assert await sync(client) == []
        sandbox.live.comment("Awake", event_id=1)
        assert [frame["payload"]["body"] for frame in await sync(client)] == ["Awake"]
        assert sandbox.statistics().frames_received["PING"] == 1


async def test_a_connection_ends_after_its_lifetime():
    async with (
        open_sandbox(SandboxConfig(rate=0, rtds_lifetime=0.1)) as sandbox,
        open_client(sandbox.rtds_url) as client,
    ):
        assert await client.ending() == (1001, "Going away")


async def test_a_feed_can_be_closed_with_and_without_a_code(sandbox):
    for code, seen in ((1012, (1012, "restart")), (None, (1006, None))):
        async with open_client(sandbox.rtds_url) as client:
            await client.text()
            sandbox.live.close(code, "restart", "rtds")
            assert await client.ending() == seen


async def test_every_feed_is_cut_by_the_proxy(sandbox):
    for url in (sandbox.rtds_url, sandbox.sports_url, sandbox.polybolt_url):
        async with open_client(url) as client:
            assert sandbox.faults.cut() == 1
            assert (await client.ending())[0] == 1006


async def test_secrets_in_frames_are_not_kept(sandbox, client):
    auth = {"key": "k-secret", "secret": "s-secret", "passphrase": "p-secret"}
    await subscribe(client, {"topic": "clob_user", "type": "*", "clob_auth": auth})
    await client.frame()
    await client.ws.send_message("not json but s-secret")
    await client.frame()
    texts = [frame.text for frame in sandbox.received]
    assert "clob_user" in texts[0]
    assert not [text for text in texts if "secret" in text.replace('"secret"', "")]


async def test_the_live_feeds_move_by_themselves():
    async with (
        open_sandbox(SandboxConfig(rate=100, price_interval=0.02)) as sandbox,
        open_client(sandbox.rtds_url) as client,
    ):
        await client.text()
        await subscribe(client, wish("activity"), wish(CHAINLINK, "update", symbol="btc/usd"))
        topics = []
        with trio.fail_after(5):
            while topics.count(CHAINLINK) < 3 or "activity" not in topics:
                frame = json.loads(await client.ws.get_message())
                topics.append(frame["topic"])


async def test_one_seed_gives_one_course_of_prices():
    courses = []
    for seed in (3, 3, 4):
        async with open_sandbox(SandboxConfig(rate=0, seed=seed)) as sandbox:
            sandbox.live.tick()
            courses.append([p.value for p in sandbox.live.prices.series["btcusd"].points])
    assert courses[0] == courses[1] != courses[2]


async def test_the_front_page_tells_of_all_feeds(sandbox):
    async with httpx2.AsyncClient(verify=False) as http:
        page = (await http.get(sandbox.clob_url)).json()
    for name, path in (
        ("rtds_url", "/live-data"),
        ("sports_url", "/sports"),
        ("polybolt_url", "/live-v2/ws"),
    ):
        assert page[name] == getattr(sandbox, name)
        assert page[name].endswith(path)


async def test_beside_a_replay_the_feeds_are_there_and_do_not_move(tmp_path):
    recording = tmp_path / "session.jsonl"
    recording.write_text('{"t": 1.0, "kind": "recv", "conn": "a", "text": "[]"}\n')
    async with (
        open_sandbox(SandboxConfig(replay=recording, price_interval=0.01)) as sandbox,
        open_client(sandbox.rtds_url) as client,
    ):
        await client.text()
        await subscribe(client, wish("crypto_prices", symbol="btcusdt"))
        assert [frame["type"] for frame in await sync(client)] == ["subscribe"]
        await trio.sleep(0.1)
        assert await sync(client) == []

"""What users ask of a model, solved through the tools alone, while the feed is cut once.

Calls and tokens are bounded at about 1.3 times what each task takes. Starting a server takes most
of the time, so each task is solved in one era of the protocol, and each era has some.
"""

from decimal import Decimal

import pytest

from loopback.cli_process import keys_of
from loopback.scripted_model import TRUSTED, ScriptedModel, Watch, open_model
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

pytestmark = pytest.mark.process

QUIET = SandboxConfig(rate=0, lifecycle=False, account=False)
CUT = "the connection was lost"
WAIT = "wait_for_realtime_events"


async def test_a_model_can_pass_on_only_what_it_has_read():
    schema = {"properties": {"query": {"type": "string"}}}
    model = ScriptedModel(None, {"find_markets": schema}, ["query", "Find rain."])
    with pytest.raises(AssertionError, match="cannot know 'snow'"):
        await model.call("find_markets", query="snow")


# What happens to the market


def move(sandbox, token, bid, ask):
    """Everybody quotes a token around a new price."""
    book = sandbox.exchange.book(token)
    for price in (level["price"] for level in book["bids"]):
        if Decimal(price) > Decimal(bid):
            sandbox.exchange.cancel(token, "BUY", price)
    for price in (level["price"] for level in book["asks"]):
        if Decimal(price) < Decimal(ask):
            sandbox.exchange.cancel(token, "SELL", price)
    sandbox.exchange.place(token, "BUY", bid, "500")
    sandbox.exchange.place(token, "SELL", ask, "500")


async def cut(sandbox, token):
    """Cut every connection, and wait until the token is asked for again."""
    before = heard(sandbox, token)
    assert sandbox.faults.cut() > 0
    await sandbox.wait_received(lambda _: heard(sandbox, token) > before)


async def caught_up(sandbox):
    """Wait until the server has read what was sent to it, of which it may tell nobody.

    It looks every quarter of a second, and sends a PING every tenth of one.
    """
    wanted = heard(sandbox, "PING") + 5
    await sandbox.wait_received(lambda _: heard(sandbox, "PING") >= wanted)


def heard(sandbox, words):
    """How many frames from clients hold these words."""
    return sum(words in frame.text for frame in sandbox.received)


# "Tell me when it crosses 60 c"


async def tell_when_it_crosses(model, words, threshold):
    """The market that was meant, the moment, and where one may have been missed."""
    found = await model.call("find_markets", query=words, limit=3)
    (market,) = (each for each in found["markets"] if each["question"].startswith(words))
    condition = {"when": "price_crosses", "threshold": threshold, "direction": "above"}
    subscribed = await model.call(
        "subscribe_market_prices",
        market_ids=[market["outcomes"][0]["token_id"]],
        condition=condition,
    )
    watch = Watch.of(model, subscribed)
    met = await watch.until("condition_met")
    return market["question"], met, watch.gaps


async def test_a_model_tells_when_a_price_crosses_and_that_it_was_blind_for_a_moment():
    words = "Will the Liberty Party win"
    async with open_sandbox(QUIET) as sandbox:
        market = sandbox.exchange.market("will-the-liberty-party-win-the-most-seats")
        token = market.token_ids[0]

        async def happen(model):
            await model.answered("subscribe_market_prices", 1)
            await sandbox.wait_received(lambda frame: token in frame.text)
            move(sandbox, token, "0.55", "0.57")
            await caught_up(sandbox)
            await cut(sandbox, token)
            await model.answered(WAIT, 1)
            await caught_up(sandbox)
            move(sandbox, token, "0.61", "0.63")

        task = f"Tell me when '{words}' crosses 60 c."
        async with open_model(sandbox, task, happen) as model:
            question, met, gaps = await tell_when_it_crosses(model, words, "0.60")
    assert question == market.question
    assert Decimal(met["before"]) < Decimal("0.60") <= Decimal(met["value"])
    assert not met.get("already", False)
    assert [gap["reason"] for gap in gaps] == [CUT]
    assert model.within(calls=5, tokens=2100)


# "Which of these moved most?"


async def tell_which_moved_most(model, slugs):
    """The market, by how much, and where something may be missing.

    What is known begins with the first price, so that is what is compared with: `change` of an
    event is the last step alone, and `change_1m` begins some seconds later.
    """
    subscribed = await model.call("subscribe_market_prices", market_ids=slugs)
    first = {each["token"]: each["input"] for each in reversed(subscribed["resolved"])}
    watch, began = Watch.of(model, subscribed), {}
    while not watch.page.get("timed_out"):
        for event in await watch.next(wait_seconds=1):
            if event["type"] == "price_change":
                began.setdefault(event["token"], Decimal(event["price"]))
    assert watch.state in TRUSTED
    shown = await model.call("get_realtime_snapshot", ids=slugs, depth=1)
    moved = {
        each["token"]: Decimal(each["price"]) - began[each["token"]]
        for each in shown["tokens"]
        if each["state"] in TRUSTED
    }
    most = max(moved, key=lambda token: abs(moved[token]))
    return first[most], abs(moved[most]), watch.gaps


async def test_a_model_tells_which_of_five_markets_moved_most():
    async with open_sandbox(QUIET) as sandbox:
        markets = sandbox.exchange.markets[:5]
        still, little, _, most, _ = (market.token_ids[0] for market in markets)

        async def happen(model):
            await model.answered(WAIT, 1)
            move(sandbox, most, "0.56", "0.57")
            await cut(sandbox, most)
            await model.answered(WAIT, 2)
            sandbox.exchange.trade(still, "SELL", "5")
            sandbox.exchange.trade(little, "SELL", "4000")
            # The last step of the one that moved most leads back.
            move(sandbox, most, "0.55", "0.56")

        slugs = [market.slug for market in markets]
        task = f"Which of these moved most in the last minute: {', '.join(slugs)}?"
        async with open_model(sandbox, task, happen) as model:
            slug, moved, gaps = await tell_which_moved_most(model, slugs)
    assert (slug, moved) == (markets[3].slug, Decimal("0.08"))
    assert {gap["reason"] for gap in gaps} == {CUT}
    assert model.within(calls=8, tokens=7500)


# "Is this feed healthy, and if not, why?"

SOON = {
    "POLYMARKET_SILENCE_MINIMUM": "0.3",
    "POLYMARKET_SILENCE_MAXIMUM": "0.6",
    "POLYMARKET_LAG_LIMIT": "0.5",
}
"""Makes the server suspicious of silence at once."""


async def tell_whether_it_is_healthy(model, slugs):
    """What is wrong with which markets, as events have told it and as the status has it."""
    watch = Watch.of(model, await model.call("subscribe_market_prices", market_ids=slugs))
    told, names = {}, {}
    # The other states pass by themselves.
    while not watch.state.startswith(("frozen", "suspect")):
        for event in await watch.next():
            if event["type"] == "state_changed":
                told[event["token"]] = event
        names |= watch.page["tokens"]
    ill = [token for token, event in told.items() if event["state"] not in TRUSTED]
    felt = {(names[token]["question"], told[token]["reason"]) for token in ill}
    status = await model.call("get_realtime_status")
    (subscription,) = status["subscriptions"]["active"]
    seen = {
        (asset["question"], asset["reason"])
        for asset in subscription["assets"]
        if asset["state"] not in TRUSTED
    }
    return felt, seen, status["connections"]["market"]["connected"]


async def test_a_model_tells_which_market_is_frozen_and_why_though_the_connection_is_up():
    async with open_sandbox(QUIET) as sandbox:
        markets = sandbox.exchange.markets[3:6]
        _, frozen, _ = markets

        async def happen(model):
            await model.answered(WAIT, 1)
            await cut(sandbox, frozen.token_ids[0])
            await caught_up(sandbox)
            for token in frozen.token_ids:
                sandbox.feed_faults.freeze(token)
            sandbox.exchange.trade(frozen.token_ids[0], "SELL", "10")

        slugs = [market.slug for market in markets]
        task = f"I follow {', '.join(slugs)}. Is this feed healthy, and if not, why?"
        async with open_model(sandbox, task, happen, mode="legacy", **SOON) as model:
            felt, seen, connected = await tell_whether_it_is_healthy(model, slugs)
    assert connected
    for what in (felt, seen):
        assert {question for question, _ in what} == {frozen.question}
        assert all(reason.startswith("REST has moved on") for _, reason in what)
    assert model.within(calls=8, tokens=6100)


# "Watch my order until it fills"


async def watch_the_order(model):
    """Each step of the one order that is open, and whether all of them are known."""
    watch = Watch.of(model, await model.call("subscribe_user_orders"))
    order = step = await watch.until("order")
    while step["filled"] != order["of"]:
        step = await watch.until("order")
        assert step["order_id"] == order["order_id"]
    return [each for each in watch.events if each["type"] == "order"], watch.state, watch.gaps


async def test_a_model_watches_an_order_until_it_is_filled():
    async with open_sandbox(QUIET) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        best = sandbox.exchange.book(token)["bids"][-1]["price"]
        sandbox.exchange.broker.place(token, "BUY", best, "100")

        async def happen(model):
            await model.answered(WAIT, 1)
            sandbox.exchange.trade(token, "SELL", "40")
            await model.answered(WAIT, 2)
            # The rest is filled while nobody listens.
            sandbox.faults.cut()
            sandbox.exchange.trade(token, "SELL", "60")

        task, keys = "Watch my order until it fills.", keys_of(sandbox)
        async with open_model(sandbox, task, happen, mode="legacy", **keys) as model:
            steps, state, gaps = await watch_the_order(model)
    assert [(each["status"], each["filled"]) for each in steps] == [
        ("LIVE", "0"),
        ("LIVE", "40"),
        ("MATCHED", "100"),
    ]
    assert [each["source"] for each in steps[1:]] == ["stream", "reconciled"]
    assert (state, gaps) == ("live", [])
    assert model.within(calls=5, tokens=1250)


# "Who won?"


async def tell_who_won(model, slugs):
    """The winner of each of these, by its slug."""
    subscribed = await model.call("subscribe_market_resolution", market_ids=slugs)
    slug_of = {each["question"]: each["slug"] for each in subscribed["resolved"]}
    won = {
        slug_of[market["question"]]: market["winning_outcome"]
        for market in subscribed["markets"]
        if market["stage"] == "resolved"
    }
    watch = Watch.of(model, subscribed)
    while len(won) < len(slugs):
        for event in await watch.next():
            if event["type"] == "market_resolved":
                won[slug_of[event["question"]]] = event["winning_outcome"]
    return won


async def test_a_model_tells_who_won_before_it_asked_and_while_nobody_listened():
    async with open_sandbox(QUIET) as sandbox:
        before, later = sandbox.exchange.markets[0], sandbox.exchange.markets[4]
        sandbox.exchange.resolve(before.condition_id, 1)

        async def happen(model):
            await model.answered(WAIT, 1)
            sandbox.faults.cut()
            sandbox.exchange.resolve(later.condition_id, 0)

        task = f"Who won {before.slug}, and who {later.slug}?"
        soon = {
            "POLYMARKET_RESOLUTION_INTERVAL": "0.2",
            "POLYMARKET_RESOLUTION_INTERVAL_MAXIMUM": "0.5",
        }
        async with open_model(sandbox, task, happen, **soon) as model:
            won = await tell_who_won(model, [before.slug, later.slug])
    assert won == {before.slug: "No", later.slug: "Yes"}
    assert model.within(calls=5, tokens=2000)

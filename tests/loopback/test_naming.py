"""Whatever a market is called by, it lands on the same tokens."""

from __future__ import annotations

import pytest
import trio
from sandbox_settings import settings_of

from polymarket_realtime import AssetId, EventTopic, MarketCreated, PriceTopic, open_service
from polymarket_realtime._lookup.resolving import require_open
from polymarket_realtime.errors import (
    AmbiguousIdentifier,
    InvalidIdentifier,
    LookupFailed,
    MarketClosed,
    MarketNotFound,
    TooManyTokens,
)
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

QUIET = SandboxConfig(rate=0, lifecycle=False, account=False)

OF_A_MARKET = (
    "{condition}",
    "{CONDITION}",
    "  {condition}\n",
    '"{condition}"',
    "{slug}",
    " {slug} ",
    "'{slug}'",
    "<{slug}>",
    "{id}",
    "market/{slug}",
    "/market/{slug}",
    "event/{event}/{slug}",
    "/event/{event}/{slug}",
    "https://polymarket.com/market/{slug}",
    "http://polymarket.com/market/{slug}/",
    "polymarket.com/market/{slug}",
    "www.polymarket.com/market/{slug}",
    "https://www.polymarket.com/market/{slug}?tid=17",
    "HTTPS://POLYMARKET.COM/market/{slug}",
    "https://polymarket.com/event/{event}/{slug}",
    "https://polymarket.com/event/{event}/{slug}/",
    "https://polymarket.com/event/{event}/{slug}?tid=1791124648409",
    "https://polymarket.com/event/{event}/{slug}#comments",
    "https://polymarket.com/de/event/{event}/{slug}",
    "https://polymarket.com/market/%77{slug[1:]}",
)
"""Names of one market, which stand for both of its tokens."""

OF_A_TOKEN = ("{token}", " {token} ", '"{token}"', "{token}\n", "<{token}>")

OF_AN_EVENT = (
    "{event}",
    " {event}",
    "event/{event}",
    "/event/{event}/",
    "{event_id}",
    "polymarket.com/event/{event}",
    "https://polymarket.com/event/{event}",
    "http://www.polymarket.com/event/{event}/",
    "https://polymarket.com/event/{event}?tid=2",
    "https://polymarket.com/es/event/{event}#top",
)


class Names(dict):
    """Fills the forms above; `{slug[1:]}` is all but the first letter."""

    def fill(self, form: str) -> str:
        return form.replace("{slug[1:]}", self["slug"][1:]).format_map(self)


def names_of(market) -> Names:
    return Names(
        condition=market.condition_id,
        CONDITION="0x" + market.condition_id[2:].upper(),
        token=market.token_ids[1],
        slug=market.slug,
        id=market.id,
        event=market.event.slug,
        event_id=market.event.id,
    )


async def test_forty_ways_to_name_a_market_land_on_the_same_tokens():
    assert len(OF_A_MARKET) + len(OF_A_TOKEN) + len(OF_AN_EVENT) == 40
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        group = [m for m in sandbox.exchange.markets if "win-the-most-seats" in m.slug]
        market = group[1]
        names = names_of(market)
        expected = {key: list(market.token_ids) for key in map(names.fill, OF_A_MARKET)}
        expected |= {key: [market.token_ids[1]] for key in map(names.fill, OF_A_TOKEN)}
        every = [token for each in group for token in each.token_ids]
        expected |= dict.fromkeys(map(names.fill, OF_AN_EVENT), every)
        assert len(expected) == 40
        found = {
            text: [asset.asset_id for asset in (await service.look_up([text])).assets]
            for text in expected
        }
        everything = await service.look_up(list(expected))
    assert {text: ids for text, ids in found.items() if ids != expected[text]} == {}
    assert {asset.input for asset in everything.assets} == set(expected)
    for asset in everything.assets:
        assert asset.asset_id in every
        assert (asset.event, asset.closed) == (market.event.slug, False)
        assert asset.outcome in {"Yes", "No"}
        assert "Party" in asset.question or "party" in asset.question


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("https://kalshi.com/markets/shutdown", InvalidIdentifier, "polymarket.com"),
        ("https://polymarket.com/portfolio", InvalidIdentifier, "portfolio"),
        ("https://polymarket.com.evil.test/event/x", InvalidIdentifier, "polymarket.com"),
        ("", InvalidIdentifier, ""),
        ("will the government shut down?", InvalidIdentifier, "words to search for"),
        ("will-the-goverment-shut-down-this-quarter", MarketNotFound, "will-the-government-shut"),
        ("market/ai-benchmarks-this-year", MarketNotFound, "market slug"),
        ("999999999", MarketNotFound, "market id"),
        ("0x" + "ab" * 32, MarketNotFound, "condition id"),
        ("7" * 77, MarketNotFound, "token id"),
    ],
)
async def test_what_is_no_market_is_refused_with_what_was_tried_and_what_is_like_it(
    text, error, words
):
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        with pytest.raises(error) as caught:
            await service.look_up([text])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_name_of_two_things_is_answered_with_both_and_each_then_works():
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        markets = sandbox.exchange.markets
        election = next(m.event for m in markets if "win-the-most-seats" in m.slug)
        twin = sandbox.exchange.create_market(
            "Most seats?", slug=election.slug, event=markets[0].event.slug
        )
        sandbox.exchange.create_event("other", "Other", ["A", "B"], event_id=markets[0].id)
        for text in (election.slug, markets[0].id):
            with pytest.raises(AmbiguousIdentifier) as caught:
                await service.look_up([text])
            sizes = [len((await service.look_up([c])).assets) for c in caught.value.candidates]
            assert sorted(sizes) in ([2, 6], [2, 4])
        found = await service.look_up([f"market/{twin.slug}"])
    assert [asset.asset_id for asset in found.assets] == list(twin.token_ids)


async def test_an_event_of_five_hundred_outcomes_is_refused_with_its_size():
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        labels = [f"Candidate {number}" for number in range(500)]
        sandbox.exchange.create_event("many", "Which of many?", labels)
        with pytest.raises(TooManyTokens) as caught:
            await service.look_up(["https://polymarket.com/event/many"])
    assert (caught.value.count, caught.value.limit) == (1000, 200)
    assert "many" in str(caught.value)


async def test_a_settled_market_is_refused_with_its_winner_and_what_is_still_open():
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        group = [m for m in sandbox.exchange.markets if "win-the-most-seats" in m.slug]
        sandbox.exchange.resolve(group[0].condition_id, 1)
        with pytest.raises(MarketClosed) as caught:
            require_open(await service.look_up([group[0].slug]))
        of_event = await service.look_up([group[0].event.slug])
        require_open(of_event)
        (settled, _) = await service.resolve([group[0].slug])
    assert "'No' has won" in str(caught.value)
    assert [f"market/{each.slug}" for each in group[1:]] == list(caught.value.candidates)
    assert {asset.asset_id for asset in of_event.assets} == {
        token for each in group[1:] for token in each.token_ids
    }
    assert settled.closed is True


async def test_with_the_venue_down_token_ids_work_and_names_come_later():
    async with open_sandbox(QUIET) as sandbox:
        market = sandbox.exchange.markets[0]
        token = AssetId(market.token_ids[0])
        settings = settings_of(sandbox, lookup_timeout=0.5)
        async with open_service(settings) as service:
            sandbox.faults.refuse()
            with trio.fail_after(10):
                (asset,) = (await service.look_up([token])).assets
                assert (asset.asset_id, asset.question) == (token, None)
                with pytest.raises(LookupFailed, match=market.slug):
                    await service.look_up([token, market.slug])
            with service.subscribe(PriceTopic(token)) as events:
                sandbox.faults.heal()
                with trio.fail_after(20):
                    async for event in events:
                        if getattr(event, "question", None) is not None:
                            break
                        sandbox.exchange.place(token, "BUY", "0.01", "10")
                        sandbox.exchange.trade(token, "BUY", "1")
    assert (event.question, event.outcome) == (market.question, "Yes")


async def test_a_followed_event_takes_in_a_market_whose_announcement_was_lost():
    async with open_sandbox(QUIET) as sandbox, open_service(settings_of(sandbox)) as service:
        (group,) = (await service.look_up(["most-seats-in-the-next-general-election"])).groups
        with service.subscribe(EventTopic(group)) as events, trio.fail_after(20):
            await service.wait_connected()
            late = sandbox.exchange.create_market(
                "Will the New Party win the most seats?",
                event=group.slug,
                label="New Party",
                silent=True,
            )
            async for event in events:
                if isinstance(event, MarketCreated):
                    break
            assert event.market == late.condition_id
            assert set(late.token_ids) <= set(events.asset_ids)
            await sandbox.wait_received(lambda frame: late.token_ids[0] in frame.text)

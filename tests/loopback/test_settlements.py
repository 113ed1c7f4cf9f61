"""No settlement is missed and none is told twice, whatever the venue fails to announce."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from sandbox_settings import settings_of

from polymarket_realtime import (
    BookTopic,
    MarketResolved,
    PriceTopic,
    ResolutionSource,
    ResolutionStage,
    ResolutionStatus,
    ResolutionTopic,
    open_service,
)
from polymarket_realtime.sandbox import Market as SandboxMarket
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

QUIET = SandboxConfig(rate=0, lifecycle=False, account=False)
LOSSES = ("announced", "doubled", "dropped", "before", "cut off", "restarted")


def list_markets(sandbox: Sandbox, count: int) -> dict[str, list[SandboxMarket]]:
    """Invented markets, in turns for each kind of loss."""
    groups: dict[str, list[SandboxMarket]] = {loss: [] for loss in LOSSES}
    for number in range(count):
        market = sandbox.exchange.create_market(f"Will number {number} be drawn?")
        groups[LOSSES[number % len(LOSSES)]].append(market)
    return groups


def settle(sandbox: Sandbox, markets: list[SandboxMarket], announce: str = "once") -> None:
    for market in markets:
        sandbox.exchange.resolve(market.condition_id, int(market.id) % 2, announce=announce)


def topics_of(markets, topic=ResolutionTopic):
    return [topic(token) for market in markets for token in market.token_ids]


def check(told: list[MarketResolved], markets: list[SandboxMarket]) -> None:
    """Each market is told once, and right."""
    assert Counter(event.market for event in told) == {m.condition_id: 1 for m in markets}
    winners = {event.market: event.winning_asset_id for event in told}
    assert winners == {m.condition_id: m.token_ids[int(m.id) % 2] for m in markets}


async def subscribed(sandbox: Sandbox, markets: list[SandboxMarket]) -> None:
    """Wait until the exchange has been asked for the tokens of all these."""
    last = max(token for market in markets for token in market.token_ids)
    await sandbox.wait_received(lambda frame: last in frame.text)


async def read(events, count: int) -> list[MarketResolved]:
    """The first settlements that are told, so many."""
    told: list[MarketResolved] = []
    async for event in events:
        if isinstance(event, MarketResolved):
            told.append(event)
            if len(told) == count:
                break
    return told


async def test_a_hundred_settlements_with_every_kind_of_loss_are_told_once_each():
    async with open_sandbox(QUIET) as sandbox:
        groups = list_markets(sandbox, 100)
        everything = [market for markets in groups.values() for market in markets]
        settle(sandbox, groups["before"])
        with trio.fail_after(60):
            async with open_service(settings_of(sandbox)) as service:
                with service.subscribe(*topics_of(everything)) as events:
                    await subscribed(sandbox, everything)
                    told = await read(events, len(groups["before"]))
                    for announce, loss in (("once", "announced"), ("twice", "doubled")):
                        # One by one: the venue hangs up on those who have much to read.
                        for market in groups[loss]:
                            settle(sandbox, [market], announce)
                            told += await read(events, 1)
                    heard = [*groups["before"], *groups["announced"], *groups["doubled"]]
                    check(told, heard)
                    settle(sandbox, groups["dropped"], "never")
                    sandbox.faults.refuse()
                    sandbox.faults.cut()
                    settle(sandbox, groups["cut off"])
                    sandbox.faults.heal()
                    lost = [*groups["dropped"], *groups["cut off"]]
                    told += await read(events, len(lost))
                    check(told, [*heard, *lost])
            settle(sandbox, groups["restarted"])
            async with open_service(settings_of(sandbox)) as service:
                with service.subscribe(*topics_of(groups["restarted"])) as events:
                    # It ends by itself, so all that is told is here.
                    late = [each async for each in events if isinstance(each, MarketResolved)]
                check([*told, *late], everything)
                with service.subscribe(*topics_of(everything)) as events:
                    again = [each async for each in events if isinstance(each, MarketResolved)]
                check(again, everything)
    sources = Counter(event.source for event in told)
    assert sources == {
        ResolutionSource.SOCKET: len(groups["announced"]) + len(groups["doubled"]),
        ResolutionSource.POLL: len(groups["before"]) + len(lost),
    }


@pytest.mark.parametrize("topic", [PriceTopic, BookTopic])
async def test_prices_and_books_end_with_a_settlement_that_nobody_announced(topic):
    async with open_sandbox(QUIET) as sandbox:
        market = sandbox.exchange.create_market("Will it be told?")
        async with open_service(settings_of(sandbox)) as service:
            with trio.fail_after(20), service.subscribe(*topics_of([market], topic)) as events:
                await subscribed(sandbox, [market])
                settle(sandbox, [market], "never")
                *_, last = [event async for event in events]
    assert isinstance(last, MarketResolved)
    assert (last.source, last.question) == (ResolutionSource.POLL, "Will it be told?")


async def test_the_way_to_a_settlement_is_told_and_a_split_has_no_winner():
    async with open_sandbox(QUIET) as sandbox:
        market = sandbox.exchange.create_market("Will they agree?", lasts=0)
        stages = []
        async with open_service(settings_of(sandbox)) as service:
            with trio.fail_after(20), service.subscribe(*topics_of([market])) as events:
                async for event in events:
                    if isinstance(event, ResolutionStatus):
                        stages.append(event.stage)
                        if event.stage is ResolutionStage.ENDED:
                            sandbox.exchange.propose(market.condition_id, 0)
                        elif event.stage is ResolutionStage.PROPOSED:
                            sandbox.exchange.dispute(market.condition_id)
                        elif event.stage is ResolutionStage.DISPUTED:
                            sandbox.exchange.resolve(market.condition_id, None, announce="never")
                    last = event
    assert stages == [ResolutionStage.ENDED, ResolutionStage.PROPOSED, ResolutionStage.DISPUTED]
    assert isinstance(last, MarketResolved)
    assert (last.winning_outcome, last.winning_asset_id) == (None, None)
    assert [str(payout) for payout in last.payouts] == ["0.5", "0.5"]


async def test_a_catalogue_that_lags_behind_tells_nothing_early_and_nothing_twice():
    config = SandboxConfig(rate=0, lifecycle=False, account=False, gamma_lag=1.5)
    async with open_sandbox(config) as sandbox:
        market = sandbox.exchange.create_market("Will it lag?")
        async with open_service(settings_of(sandbox)) as service:
            with (
                trio.fail_after(20),
                service.subscribe(*topics_of([market])) as heard,
                service.subscribe(PriceTopic(market.token_ids[0])) as also,
            ):
                await subscribed(sandbox, [market])
                settle(sandbox, [market])
                told = [event async for event in heard if isinstance(event, MarketResolved)]
                assert [event async for event in also][-1] is told[0]
                # While Gamma still shows it as open, and when it does no longer.
                for _ in range(2):
                    with service.subscribe(*topics_of([market])) as late:
                        again = [event async for event in late if isinstance(event, MarketResolved)]
                    assert [each.market for each in again] == [market.condition_id]
                    await trio.sleep(1.2)
    assert [event.source for event in told] == [ResolutionSource.SOCKET]

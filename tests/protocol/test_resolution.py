"""Every settlement is told once, whoever tells it, and nobody is asked too often."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

import pytest
from market_samples import (
    NO_WINS,
    WALL,
    YES_WINS,
    condition_of,
    make_announcement,
    make_market,
    make_settled,
    no_of,
    yes_of,
)

from polymarket_realtime._model.catalog import Market
from polymarket_realtime._model.events import Event
from polymarket_realtime._model.lifecycle import (
    MarketResolved,
    ResolutionSource,
    ResolutionStage,
    ResolutionStatus,
)
from polymarket_realtime._model.values import utc_from_seconds
from polymarket_realtime._protocol.resolution import Resolutions

YES, NO, CONDITION = yes_of(7), no_of(7), condition_of(7)
HALVES = ("0.5", "0.5")


def answer(resolutions: Resolutions, now: float, *markets: Market) -> list[Event]:
    """Let the catalogue answer whatever is due."""
    return resolutions.learn(markets, now, WALL + now, resolutions.due(now))


def watched(*markets: Market, now: float = 0.0) -> Resolutions:
    """A watcher that has asked about these once."""
    resolutions = Resolutions()
    resolutions.watch([each.asset_ids[0] for each in markets], now)
    answer(resolutions, now, *markets)
    return resolutions


def waits(resolutions: Resolutions, until: float, *markets: Market) -> list[float]:
    """The distances between questions, until a time."""
    times = [0.0]
    while (now := resolutions.next_deadline()) <= until:
        assert resolutions.due(now), "woken for nothing"
        answer(resolutions, now, *markets)
        times.append(now)
    return [round(b - a, 2) for a, b in pairwise(times)]


# Told once


def test_an_announced_settlement_is_told_with_what_the_catalogue_knows():
    resolutions = watched(make_market())
    told = resolutions.announce(make_announcement(winning_outcome=""), 1.0)
    assert told is not None
    assert (told.question, told.winning_outcome) == ("Question 7?", "Yes")
    assert told.payouts == (Decimal(1), Decimal(0))
    assert told.source is ResolutionSource.SOCKET
    assert resolutions.stage_of(CONDITION) is ResolutionStage.RESOLVED
    assert resolutions.resolution_of(NO) == told


def test_an_announcement_that_comes_again_is_no_news():
    resolutions = Resolutions()
    assert resolutions.announce(make_announcement(), 0.0) is not None
    assert resolutions.announce(make_announcement(), 0.0) is None


@pytest.mark.parametrize(
    ("prices", "winner", "outcome"), [(YES_WINS, YES, "Yes"), (NO_WINS, NO, "No")]
)
def test_a_settlement_that_is_never_announced_is_found_by_asking(prices, winner, outcome):
    resolutions = watched(make_market(ends=100.0))
    (told,) = answer(resolutions, 115.0, make_settled(prices=prices, closed_at=104.0))
    assert isinstance(told, MarketResolved)
    assert (told.winning_asset_id, told.winning_outcome) == (winner, outcome)
    assert told.payouts == tuple(map(Decimal, prices))
    assert (told.source, told.question) == (ResolutionSource.POLL, "Question 7?")
    assert told.resolved_at == utc_from_seconds(WALL + 104.0)
    assert (told.received, told.asset_ids) == (WALL + 115.0, (YES, NO))


def test_a_split_has_no_winner():
    resolutions = Resolutions()
    resolutions.watch([NO], 0.0)
    (told,) = answer(resolutions, 0.0, make_settled(prices=HALVES))
    assert (told.winning_asset_id, told.winning_outcome) == (None, None)
    assert told.payouts == (Decimal("0.5"), Decimal("0.5"))
    assert told.resolved_at == utc_from_seconds(WALL), "the venue does not say when it closed"


def test_what_was_settled_while_nobody_listened_is_told_by_the_first_answer():
    resolutions = Resolutions()
    resolutions.watch([YES, NO], 5.0)
    assert resolutions.due(5.0) == (YES, NO)
    assert [each.type for each in answer(resolutions, 5.0, make_settled())] == ["market_resolved"]
    assert resolutions.next_deadline() == math.inf


def test_an_announcement_after_the_catalogues_answer_is_no_news_and_the_reverse():
    resolutions = watched(make_settled())
    assert resolutions.announce(make_announcement(), 1.0) is None
    resolutions = watched(make_market())
    resolutions.announce(make_announcement(), 1.0)
    assert resolutions.learn([make_settled()], 2.0, WALL + 2.0, [YES]) == []


def test_a_final_settlement_is_never_taken_back():
    resolutions = watched(make_settled())
    assert resolutions.learn([make_market()], 2.0, WALL, [YES]) == []
    assert resolutions.learn([make_settled(prices=NO_WINS)], 3.0, WALL, [YES]) == []
    told = resolutions.resolution_of(YES)
    assert told is not None
    assert told.winning_outcome == "Yes"
    assert resolutions.stage_of(CONDITION) is ResolutionStage.RESOLVED


def test_an_announcement_before_anybody_cares_is_kept_for_late_readers():
    resolutions = Resolutions()
    resolutions.announce(make_announcement(question=None), 0.0)
    told = resolutions.resolution_of(YES)
    assert told is not None
    assert told.question is None
    resolutions.watch([YES], 1.0)
    assert answer(resolutions, 1.0, make_settled()) == []
    told = resolutions.resolution_of(YES)
    assert told is not None
    assert told.question == "Question 7?", "asked once, for the names"
    assert resolutions.next_deadline() == math.inf


def test_an_announcement_between_watching_and_the_first_answer_is_not_told_twice():
    resolutions = Resolutions()
    resolutions.watch([YES], 0.0)
    asked = resolutions.due(0.0)
    assert resolutions.announce(make_announcement(), 0.1) is not None
    assert resolutions.learn([make_settled()], 0.2, WALL, asked) == []
    assert resolutions.next_deadline() == math.inf


def test_the_condition_id_may_be_written_in_another_way():
    resolutions = watched(make_market())
    other_case = CONDITION.upper().replace("0X", "0x")
    assert resolutions.announce(make_announcement(market=other_case, asset_ids=()), 1.0)
    assert resolutions.announce(make_announcement(market="0xc7"), 1.0) is None


@pytest.mark.parametrize("winner", ["", "999"])
def test_an_unknown_winner_says_nothing_about_payouts(winner):
    resolutions = watched(make_market())
    told = resolutions.announce(make_announcement(winning_asset_id=winner, winning_outcome=""), 1.0)
    assert told is not None
    assert (told.winning_asset_id, told.winning_outcome) == (winner or None, None)
    assert told.payouts == ()


def test_watching_again_does_not_tell_again():
    resolutions = watched(make_settled())
    resolutions.retain(frozenset(), 1.0)
    resolutions.retain(frozenset({NO}), 2.0)
    assert resolutions.due(2.0) == ()
    assert resolutions.resolution_of(NO) is not None


def test_markets_that_nobody_watches_are_left_alone():
    resolutions = watched(make_market())
    resolutions.retain(frozenset(), 1.0)
    assert resolutions.learn([make_settled(), make_settled(8)], 2.0, WALL, [YES]) == []
    assert resolutions.next_deadline() == math.inf
    assert resolutions.stage_of(condition_of(8)) is None


def test_only_so_many_settlements_of_strangers_are_remembered():
    resolutions = Resolutions(keep=2)
    resolutions.watch([yes_of(9)], 0.0)
    answer(resolutions, 0.0, make_settled(9))
    for number in (1, 2, 3):
        resolutions.announce(make_announcement(number), 1.0)
    assert resolutions.resolution_of(yes_of(1)) is None
    assert resolutions.resolution_of(no_of(3)) is not None
    assert resolutions.resolution_of(yes_of(9)) is not None, "it is watched"


# Stages


@pytest.mark.parametrize(
    ("market", "stage"),
    [
        (make_market(), "open"),
        (make_market(ends=1.0), "open"),
        (make_market(ends=-1.0), "ended"),
        (make_market(closed=True), "ended"),
        (make_market(ends=1.0, uma_status="proposed"), "proposed"),
        (make_market(closed=True, uma_status="disputed"), "disputed"),
        (make_market(uma_status="resolved"), "ended"),
        (make_market(uma_status="a new word"), "open"),
        (make_settled(uma_status="proposed"), "resolved"),
        (make_market(prices=YES_WINS), "open"),
    ],
)
def test_the_stage_is_what_the_evidence_says(market, stage):
    resolutions = watched(market)
    assert resolutions.stage_of(CONDITION) == stage


def test_each_change_of_stage_is_told_and_the_way_back_too():
    resolutions = watched(make_market(ends=10.0))
    stages = []
    for now, market in enumerate(
        [
            make_market(ends=10.0),
            make_market(ends=10.0, uma_status="proposed"),
            make_market(ends=10.0, uma_status="proposed"),
            make_market(ends=10.0, uma_status="disputed"),
            make_market(ends=10.0, uma_status="resolved"),
            make_market(ends=1.0),
            make_market(ends=99.0),
        ],
        1,
    ):
        for event in resolutions.learn([market], now, WALL + now):
            assert isinstance(event, ResolutionStatus)
            assert (event.ends_at, event.received) == (market.ends_at, WALL + now)
            stages.append((now, event.stage))
    assert stages == [(2, "proposed"), (4, "disputed"), (6, "ended"), (7, "open")]


def test_a_stage_is_told_once_though_the_market_was_not_watched_for_a_while():
    resolutions = Resolutions()
    resolutions.watch([YES], 0.0)
    assert len(answer(resolutions, 0.0, make_market(ends=-5.0))) == 1
    resolutions.retain(frozenset(), 1.0)
    resolutions.retain(frozenset({YES}), 100.0)
    assert resolutions.market_of(YES) == make_market(ends=-5.0)
    assert answer(resolutions, 100.0, make_market(ends=-5.0)) == []


# When to ask


def test_a_market_is_asked_about_once_whichever_tokens_are_wanted():
    resolutions = watched(make_market())
    resolutions.watch([YES, NO], 100.0)
    assert resolutions.due(100.0) == ()
    assert len(resolutions.due(600.0)) == 1


def test_a_market_that_trades_is_asked_about_rarely_and_right_after_its_end():
    market = make_market(ends=1500.0)
    assert waits(watched(market), 1515.0, market) == [600.0, 600.0, 315.0]


def test_after_its_end_a_market_is_asked_about_at_growing_distances():
    market = make_market(ends=0.0)
    expected = [15.0, 22.5, 33.75, 50.62, 75.94, 113.91, 170.86, 256.29, 384.43, 576.65, 600, 600]
    assert waits(watched(market), 3000.0, market) == expected


def test_anything_new_about_the_end_begins_the_distances_anew():
    resolutions = watched(make_market(ends=0.0))
    waits(resolutions, 1000.0, make_market(ends=0.0))
    now = resolutions.next_deadline()
    answer(resolutions, now, make_market(ends=0.0, closed=True))
    assert resolutions.next_deadline() == now + 15.0


def test_an_end_that_moves_is_followed():
    resolutions = watched(make_market(ends=100.0))
    assert resolutions.next_deadline() == 115.0
    assert answer(resolutions, 115.0, make_market(ends=400.0)) == []
    assert resolutions.next_deadline() == 415.0


def test_a_token_that_the_catalogue_does_not_know_is_asked_about_less_and_less():
    resolutions = Resolutions()
    resolutions.watch([YES], 0.0)
    assert resolutions.is_new(YES)
    answer(resolutions, 0.0)
    assert not resolutions.is_new(YES)
    assert waits(resolutions, 130.0) == [15.0, 22.5, 33.75, 50.62]


def test_while_the_catalogue_is_down_the_waits_grow_to_their_bound_and_nothing_is_lost():
    resolutions = Resolutions()
    resolutions.watch([YES], 0.0)
    times = []
    for _ in range(2_000):
        now = resolutions.next_deadline()
        times.append(now)
        resolutions.failed(resolutions.due(now), now)
    assert times[:4] == [0.0, 15.0, 37.5, 71.25]
    assert times[-1] - times[-2] == 600.0
    assert resolutions.is_new(YES)
    now = resolutions.next_deadline()
    assert len(answer(resolutions, now, make_settled())) == 1


def test_the_venues_wish_to_wait_is_respected_within_bounds():
    resolutions = Resolutions()
    resolutions.watch([YES], 0.0)
    resolutions.failed([YES], 0.0, retry_after=120.0)
    assert resolutions.next_deadline() == 120.0
    resolutions.hint([YES], 120.0)
    resolutions.failed([YES], 120.0, retry_after=1e9)
    assert resolutions.next_deadline() == 720.0


def test_after_a_hint_it_is_asked_soon_and_a_few_times_more():
    market = make_market()
    resolutions = watched(market)
    resolutions.hint([YES, NO, yes_of(1)], 0.0)
    assert waits(resolutions, 1100.0, market) == [2, 10, 30, 90, 270, 600]


def test_hints_that_come_all_the_time_do_not_hammer():
    market = make_market()
    resolutions = watched(market)
    times = []
    for now in range(600):
        resolutions.hint([YES], float(now))
        if resolutions.next_deadline() <= now:
            answer(resolutions, float(now), market)
            times.append(now)
    assert len(times) == 30, "three a minute"


def test_a_settled_market_needs_no_hints():
    resolutions = watched(make_settled())
    resolutions.hint([YES], 1.0)
    assert resolutions.next_deadline() == math.inf


def test_questions_go_out_together():
    early, late = make_market(1, ends=0.0), make_market(2, ends=0.0)
    resolutions = watched(early)
    resolutions.watch([yes_of(2)], 2.5)
    answer(resolutions, 2.5, late)
    assert resolutions.due(14.9) == ()
    assert resolutions.due(15.0) == (yes_of(1), yes_of(2))


def test_watching_and_leaving_in_turn_asks_no_more_than_staying():
    market = make_market(ends=0.0)
    resolutions = watched(market)
    asked = 0
    for now in range(1, 61):
        resolutions.retain(frozenset({YES} if now % 2 else ()), float(now))
        asked += bool(resolutions.due(float(now)))
        answer(resolutions, float(now), market)
    assert asked <= 4


def test_a_thousand_new_tokens_are_asked_about_at_once_and_each_once():
    markets = {yes_of(number): make_market(number) for number in range(1, 1_001)}
    resolutions = Resolutions()
    resolutions.watch(markets, 0.0)
    asked = []
    while due := resolutions.due(0.0):
        assert len(due) <= 40
        asked += due
        answer(resolutions, 0.0, *(markets[each] for each in due))
    assert sorted(asked) == sorted(markets)


@pytest.mark.parametrize("hinted_every", [50.0, math.inf])
def test_a_thousand_markets_cost_at_most_a_request_a_second(hinted_every):
    markets = {yes_of(number): make_market(number, ends=0.0) for number in range(1, 1_001)}
    resolutions = Resolutions()
    resolutions.watch(markets, 0.0)
    while due := resolutions.due(0.0):
        answer(resolutions, 0.0, *(markets[each] for each in due))
    start = resolutions.next_deadline()
    requests, asked, hint_at = 0, set[str](), hinted_every
    while (now := min(resolutions.next_deadline(), hint_at)) <= start + 300.0:
        if now == hint_at:
            resolutions.hint(markets, now)
            hint_at += hinted_every
            continue
        due = resolutions.due(now)
        assert 0 < len(due) <= 40
        requests += 2
        asked.update(due)
        answer(resolutions, now, *(markets[each] for each in due))
    assert requests <= 302
    assert asked == markets.keys(), "none is forgotten"


def test_questions_about_other_markets_do_not_use_up_the_waits_after_a_hint():
    markets = {yes_of(1): make_market(1), yes_of(2): make_market(2, ends=0.0)}
    resolutions = watched(*markets.values())
    resolutions.hint([yes_of(1)], 0.0)
    times = []
    while (now := resolutions.next_deadline()) <= 60.0:
        due = resolutions.due(now)
        if yes_of(1) in due:
            times.append(now)
        answer(resolutions, now, *(markets[each] for each in due))
    assert times == [2.0, 12.0, 42.0]


def test_new_tokens_do_not_wait_for_the_pause_between_questions():
    resolutions = watched(make_market(1, ends=0.0))
    resolutions.watch([YES], 0.5)
    assert resolutions.next_deadline() == 0.5
    assert resolutions.due(0.5) == (YES,)

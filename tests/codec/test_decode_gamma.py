import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymarket_realtime._codec.gamma import (
    decode_group,
    decode_groups,
    decode_market,
    decode_markets,
    decode_search,
)
from polymarket_realtime._model.catalog import EventRef, Market, Outcome
from polymarket_realtime.errors import CodecError

YES, NO = "1" * 77, "2" * 77
CONDITION = "0x" + "ab" * 32
ROW = {
    "conditionId": CONDITION,
    "question": "Will it?",
    "slug": "will-it",
    "closed": False,
    "outcomes": '["Yes", "No"]',
    "clobTokenIds": json.dumps([YES, NO]),
    "liquidity": "12.5",
    "orderPriceMinTickSize": 0.01,
}


def decode(**changes):
    row = {key: value for key, value in {**ROW, **changes}.items() if value is not ...}
    (market,) = decode_markets(json.dumps([row]).encode())
    return market


def test_lists_are_json_inside_strings():
    assert decode() == Market(
        condition_id=CONDITION,
        question="Will it?",
        slug="will-it",
        outcomes=(Outcome(YES, "Yes"), Outcome(NO, "No")),
        closed=False,
    )


def test_lists_may_be_lists():
    assert decode(outcomes=["Yes", "No"], clobTokenIds=[YES, NO]) == decode()


@pytest.mark.parametrize("absent", [..., None, "", "[]", [], "not json", "[" * 5000, 5, "{}"])
def test_a_market_without_an_order_book_has_no_outcomes(absent):
    assert decode(clobTokenIds=absent).outcomes == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([None, "No"], ["", "No"]),
        (["Yes"], ["Yes", ""]),
        (..., ["", ""]),
        ([1, {"a": 1}], ["", ""]),
        (["Yes", "No", "Perhaps"], ["Yes", "No"]),
    ],
)
def test_a_missing_name_moves_no_other_to_the_wrong_token(names, expected):
    outcomes = decode(outcomes=names).outcomes
    assert [(o.asset_id, o.name) for o in outcomes] == list(zip([YES, NO], expected, strict=True))


@pytest.mark.parametrize(
    ("closed", "expected"),
    [(True, True), (False, False), (None, False), (..., False), ("x", False)],
)
def test_only_the_venues_own_word_closes_a_market(closed, expected):
    assert decode(closed=closed).closed is expected


def test_condition_ids_are_put_in_lower_case():
    assert decode(conditionId="0x" + "AB" * 32).condition_id == CONDITION


@pytest.mark.parametrize("key", ["question", "slug"])
def test_text_of_strangers_is_printable_and_not_endless(key):
    hostile = "\x1b[31mred\x1b[0m\nnew\u202eline " + "x" * 5000
    text = getattr(decode(**{key: hostile}), key)
    assert text.isprintable()
    assert text.startswith("[31mred [0m new line x")
    assert len(text) <= 300


@pytest.mark.parametrize("absent", [..., None, 5, []])
def test_absent_texts_are_empty(absent):
    market = decode(question=absent, slug=absent)
    assert (market.question, market.slug) == ("", "")


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"null", b"{}", b"[1]", b"[null]", b"[{}]", b'[{"conditionId":5}]', b"<html>"),
        *(b'{"error":"no"}', b"\xff", b'["\xff"]', b"[" * 5000, b"[" * 5000 + b"]" * 5000),
    ],
)
def test_anything_but_a_list_of_markets_is_a_codec_error(payload):
    with pytest.raises(CodecError, match="malformed markets frame"):
        decode_markets(payload)


@settings(deadline=None)
@given(st.binary())
def test_bytes_give_markets_or_a_codec_error(payload):
    with contextlib.suppress(CodecError):
        assert isinstance(decode_markets(payload), list)


def test_no_market_is_an_answer_too():
    assert decode_markets(b"[]") == []


def test_prices_belong_to_their_outcomes():
    def prices(value):
        return [outcome.price for outcome in decode(outcomePrices=value).outcomes]

    assert prices('["0.505", "0.495"]') == [Decimal("0.505"), Decimal("0.495")]
    assert prices([0.25, 1]) == [Decimal("0.25"), Decimal(1)]
    assert prices(["", "0.5"]) == [None, Decimal("0.5")]
    assert prices(["0.5"]) == [Decimal("0.5"), None]
    assert prices(["-1", "2"]) == prices(["NaN", True]) == prices([[], "x"]) == [None, None]


def test_a_token_that_is_none_takes_its_name_and_price_with_it():
    row = {"clobTokenIds": ["7", NO], "outcomePrices": ["0.1", "0.9"]}
    assert decode(**row).outcomes == (Outcome(NO, "No", Decimal("0.9")),)


def test_a_settled_market_tells_what_it_pays():
    market = decode(
        closed=True,
        outcomePrices='["0", "1"]',
        umaResolutionStatus="Resolved",
        umaResolutionStatuses='["proposed"]',
        closedTime="2026-10-04 14:25:00+00",
    )
    assert (market.winner.name, market.uma_status) == ("No", "resolved")
    assert market.closed_at == datetime(2026, 10, 4, 14, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "statuses", "expected"),
    [
        (..., '["proposed", "Disputed"]', "disputed"),
        ("", ["proposed"], "proposed"),
        (None, "[]", None),
        (..., ..., None),
        ("", "", None),
        (5, [{"a": 1}], None),
        ("\x1b[31m", ..., "[31m"),
    ],
)
def test_the_oracles_last_word_counts(status, statuses, expected):
    market = decode(umaResolutionStatus=status, umaResolutionStatuses=statuses)
    assert market.uma_status == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-04T14:25:00Z", datetime(2026, 10, 4, 14, 25, tzinfo=UTC)),
        ("2026-10-04T16:25:00.123456+02:00", datetime(2026, 10, 4, 14, 25, 0, 123456, UTC)),
        ("2026-10-04 14:25:00+00", datetime(2026, 10, 4, 14, 25, tzinfo=UTC)),
        ("2026-10-04T14:25:00", datetime(2026, 10, 4, 14, 25, tzinfo=UTC)),
        *((other, None) for other in ("", "soon", "0001-01-01T00:00:00+01:00", 1759588, None, ...)),
    ],
)
def test_times_are_utc_and_unreadable_ones_unknown(text, expected):
    assert decode(endDate=text).ends_at == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"volume": "9.999997"}, Decimal("9.999997")),
        ({"volumeNum": 12.5}, Decimal("12.5")),
        ({"volume": "", "volumeNum": 3}, Decimal(3)),
        *(({"volume": bad}, None) for bad in ("1e999999", "Infinity", "0." + "1" * 99, True, [])),
    ],
)
def test_volume_is_exact_or_unknown(row, expected):
    assert decode(**row).volume == expected


def test_a_market_knows_its_event_and_what_it_is_called_in_it():
    events = [None, {"slug": ""}, {"id": 30829, "slug": "who-wins", "title": "Who\nwins?"}]
    market = decode(id="559657", groupItemTitle="Harris", events=events)
    assert market.event == EventRef("30829", "who-wins", "Who wins?")
    assert (market.id, market.label) == ("559657", "Harris")


@pytest.mark.parametrize("events", [..., None, "", [], {}, ["who-wins"], [{"id": "1"}]])
def test_a_market_may_belong_to_no_event(events):
    assert decode(events=events).event is None


def test_the_markets_of_an_event_belong_to_it():
    bare = {**ROW, "conditionId": "0x" + "cd" * 32, "clobTokenIds": None}
    row = {"id": "1", "slug": "who", "title": "Who?", "negRisk": True, "markets": [ROW, bare]}
    group = decode_group(json.dumps(row).encode())
    (market,) = group.markets
    assert (market.event, group.ref, group.neg_risk) == (
        group.ref,
        EventRef("1", "who", "Who?"),
        True,
    )
    assert decode_groups(json.dumps([row]).encode()) == [group]
    assert decode_search(json.dumps({"events": [row], "profiles": [None]}).encode()) == [group]


@pytest.mark.parametrize("markets", [..., None, "", []])
def test_an_event_may_have_no_markets(markets):
    row = {"slug": "who", "markets": markets} if markets is not ... else {"slug": "who"}
    assert decode_group(json.dumps(row).encode()).markets == ()


@pytest.mark.parametrize("answer", [{}, {"events": None}, {"events": [], "tags": []}])
def test_a_search_may_find_nothing(answer):
    assert decode_search(json.dumps(answer).encode()) == []


def test_an_unreadable_one_among_others_costs_only_itself(caplog):
    markets = [None, ROW, {**ROW, "conditionId": "0x12"}]
    assert len(decode_markets(json.dumps(markets).encode())) == 1
    groups = [{"slug": "who", "markets": markets}, {"id": "2"}, 5]
    (group,) = decode_groups(json.dumps(groups).encode())
    assert len(group.markets) == 1
    assert caplog.messages == [
        "2 of 3 markets cannot be read: a market has no conditionId",
        "2 of 3 markets cannot be read: a market has no conditionId",
        "2 of 3 events cannot be read: an event has no slug",
    ]


@pytest.mark.parametrize("decode_one", [decode_market, decode_group, decode_search])
@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b"5", b'{"error": "no"}', b"<html>", b"\xff"]
)
def test_an_answer_of_another_shape_is_a_codec_error(decode_one, payload):
    with pytest.raises(CodecError, match="malformed"):
        decode_one(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    *("id", "question", "slug", "outcomes", "outcomePrices", "clobTokenIds", "closed", "events"),
    *("groupItemTitle", "endDate", "closedTime", "umaResolutionStatus", "umaResolutionStatuses"),
    *("volume", "volumeNum"),
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON | JSON.map(json.dumps)))
def test_no_field_but_the_condition_id_can_cost_a_market(fields):
    (market,) = decode_markets(json.dumps([{**ROW, **fields}]).encode())
    assert market.condition_id == CONDITION
    assert market.question.isprintable()
    assert all(outcome.name.isprintable() for outcome in market.outcomes)


def test_recorded_answers_are_read(captures):
    folder = captures / "nautilus-rust"
    market = decode_market((folder / "gamma_market.json").read_bytes())
    assert [outcome.name for outcome in market.outcomes] == ["Up", "Down"]
    assert (market.id, market.event.id, market.volume) == ("1557558", "260654", Decimal("9.999997"))
    assert market.ends_at == datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
    (group,) = decode_groups((folder / "gamma_event.json").read_bytes())
    assert [each.label for each in group.markets] == ["Stephen A. Smith", "Gretchen Whitmer"]
    assert group.neg_risk
    (found,) = decode_search((folder / "search_response.json").read_bytes())
    assert found.markets[0].event == found.ref
    assert found.markets[0].outcomes[0].price == Decimal("0.9995")

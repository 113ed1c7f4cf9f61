import pytest

from polymarket_realtime._model.feed import Gap, StreamGone
from polymarket_realtime._model.live import PriceStream, ReferencePrice
from polymarket_realtime._protocol.streams import Streams, StreamState

KEY, OTHER = "crypto:btcusd", "crypto:ethusd"
LOST = "the connection was lost"


def price(key=KEY, received=100.0):
    return ReferencePrice(
        received=received,
        timestamp_ms=int(received * 1000),
        stream=PriceStream.from_key(key),
        price=1,
    )


def gap(**facts):
    return Gap(**{"feed": "rtds", "stream": KEY, "reason": LOST} | facts)


@pytest.fixture
def streams():
    return Streams("rtds")


def test_a_stream_that_begins_to_flow_has_no_gap(streams):
    streams.carry(KEY)
    assert streams.states() == {KEY: (StreamState.WAITING, None, None)}
    assert streams.flow(KEY, 100.0) is None
    assert streams.flow(KEY, 101.0) is None
    assert streams.states() == {KEY: (StreamState.FLOWING, 101.0, None)}


def test_a_gap_lasts_from_the_latest_sign_of_life_until_the_stream_flows_again(streams):
    streams.carry(KEY)
    streams.flow(KEY, 100.0)
    streams.lose(KEY, 103.0)
    assert streams.is_interrupted(KEY)
    assert streams.states()[KEY] == (StreamState.INTERRUPTED, 100.0, LOST)
    ended = streams.flow(KEY, 110.0)
    assert ended == gap(received=110.0, gap_since=103.0)
    assert ended.gap_seconds == 7.0
    assert streams.flow(KEY, 111.0) is None


def test_a_gap_does_not_begin_before_the_stream_was_heard_by_another_way(streams):
    streams.carry(KEY)
    streams.flow(KEY, 105.0)
    streams.lose(KEY, 103.0)
    assert streams.flow(KEY, 110.0).gap_since == 105.0


def test_a_gap_can_be_filled_and_then_nothing_is_missing(streams):
    streams.carry(KEY)
    streams.lose(KEY, 103.0)
    ended = streams.flow(KEY, 110.0, filled=True)
    assert ended == gap(received=110.0, gap_since=103.0, filled=True, missed=0)


def test_there_is_no_gap_while_another_connection_carries_the_stream(streams):
    streams.carry(KEY)
    streams.carry(KEY)
    streams.lose(KEY, 103.0)
    assert not streams.is_interrupted(KEY)
    streams.interrupt([KEY], 104.0)
    assert streams.flow(KEY, 105.0) is None
    streams.lose(KEY, 106.0)
    assert streams.is_interrupted(KEY)


def test_what_was_left_because_nobody_wants_it_has_no_gap(streams):
    streams.carry(KEY)
    streams.leave(KEY)
    assert streams.flow(KEY, 105.0) is None


def test_leaving_or_losing_what_is_not_known_changes_nothing(streams):
    streams.leave(KEY)
    streams.lose(KEY, 100.0)
    assert streams.states() == {}
    streams.carry(KEY)
    streams.leave(KEY)
    streams.leave(KEY)
    streams.carry(KEY)
    streams.carry(KEY)
    streams.lose(KEY, 100.0)
    assert not streams.is_interrupted(KEY)


def test_further_failures_do_not_shorten_a_gap_nor_change_its_reason(streams):
    streams.carry(KEY)
    streams.flow(KEY, 100.0)
    streams.lose(KEY, 101.0, "it stalled")
    streams.interrupt([KEY], 105.0)
    streams.carry(KEY)
    streams.lose(KEY, 108.0)
    ended = streams.flow(KEY, 110.0)
    assert (ended.gap_since, ended.reason) == (101.0, "it stalled")


def test_an_interruption_of_what_was_never_carried_has_an_end_too(streams):
    streams.interrupt([KEY], 100.0)
    assert streams.flow(KEY, 110.0) == gap(received=110.0, gap_since=100.0)


def test_what_the_venue_counts_as_missing_is_a_gap_since_the_stream_was_heard(streams):
    streams.carry(KEY)
    streams.flow(KEY, 100.0)
    assert streams.flow(KEY, 101.0, missed=3) == gap(
        received=101.0, gap_since=100.0, missed=3, reason="the venue left out events"
    )


def test_nobody_knows_how_much_was_missed_while_a_connection_was_lost(streams):
    streams.carry(KEY)
    streams.lose(KEY, 100.0)
    assert streams.flow(KEY, 101.0, missed=3).missed is None


def test_what_could_not_be_read_is_a_gap_although_the_stream_flows(streams):
    streams.carry(KEY)
    streams.flow(KEY, 100.0)
    streams.damage(KEY, 101.0, "a frame could not be read")
    ended = streams.flow(KEY, 102.0)
    assert (ended.gap_since, ended.reason) == (101.0, "a frame could not be read")
    assert streams.flow(KEY, 103.0) is None


def test_a_stream_that_is_gone_is_told_once(streams):
    gone = streams.end(KEY, "no such topic", "ask elsewhere", 100.0)
    assert gone == StreamGone(
        received=100.0, feed="rtds", stream=KEY, reason="no such topic", instead="ask elsewhere"
    )
    assert streams.end(KEY, "no such topic", None, 101.0) is None
    assert streams.is_gone(KEY)
    assert not streams.is_gone(OTHER)
    assert streams.states()[KEY] == (StreamState.GONE, None, "no such topic")
    assert streams.known() == (gone,)


def test_a_stream_that_comes_back_has_a_gap_since_it_was_gone(streams):
    streams.carry(KEY)
    streams.flow(KEY, 90.0)
    streams.leave(KEY)
    streams.end(KEY, "no such topic", None, 100.0)
    back = streams.flow(KEY, 110.0)
    assert (back.gap_since, back.reason) == (100.0, "no such topic")
    assert streams.states()[KEY] == (StreamState.FLOWING, 110.0, None)
    assert streams.end(KEY, "no such topic", None, 120.0) is not None


def test_a_gap_that_began_before_the_stream_was_gone_keeps_its_beginning(streams):
    streams.interrupt([KEY], 95.0)
    streams.end(KEY, "no such topic", None, 100.0)
    assert streams.flow(KEY, 110.0).gap_since == 95.0


def test_an_event_is_news_once_until_it_is_forgotten():
    streams = Streams("rtds", remembered=2)
    assert [streams.is_news(each) for each in (1, 1, 2, 1, 3)] == [True, False, True, False, True]
    assert streams.counters.duplicates == 2
    assert streams.is_news(1)
    assert not streams.is_news(3)


def test_readers_begin_with_what_still_holds(streams):
    streams.keep(KEY, price(KEY))
    streams.keep(OTHER, price(OTHER))
    newest = price(OTHER, 101.0)
    streams.keep(OTHER, newest)
    assert streams.latest(OTHER) is newest
    streams.interrupt([KEY], 102.0)
    assert streams.known() == (newest,)
    assert streams.latest(KEY) == price(KEY)
    streams.flow(KEY, 103.0)
    assert streams.known() == (price(KEY), newest)


def test_the_latest_price_of_a_stream_that_is_gone_holds_no_more(streams):
    streams.keep(KEY, price())
    gone = streams.end(KEY, "no such topic", None, 100.0)
    assert streams.known() == (gone,)


def test_what_is_discarded_is_not_kept(streams):
    streams.keep(KEY, price())
    streams.discard(KEY)
    streams.discard(KEY)
    assert streams.latest(KEY) is None


def test_only_so_much_is_kept(streams):
    for number in range(2_001):
        streams.keep(number, price())
    assert streams.latest(0) is None
    assert len(streams.known()) == 2_000


def test_what_happens_while_nobody_listens_is_no_gap(streams):
    for key in (KEY, OTHER):
        streams.carry(key)
        streams.flow(key, 100.0)
        streams.keep(key, price(key))
        streams.lose(key, 101.0)
    streams.end(KEY, "no such topic", None, 102.0)
    streams.retain([OTHER])
    assert list(streams.states()) == [OTHER]
    assert streams.latest(KEY) is None
    assert streams.latest(OTHER) is not None
    assert streams.flow(KEY, 110.0) is None
    assert streams.flow(OTHER, 110.0) is not None


def test_events_are_counted_by_name_with_the_time_of_the_latest(streams):
    streams.count("comment", 100.0)
    streams.count("comment", 101.0)
    assert streams.counters.events == {"comment": 2}
    assert streams.counters.last_event == 101.0

import json
import logging

import pytest

from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._model.user import OrderUpdate, TradeUpdate, UpdateSource, UserEvent
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.authentication import Authentication, AuthenticationState
from polymarket_realtime._protocol.user import UserProtocol
from polymarket_realtime.errors import HeartbeatTimeout

KEY = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
PASSPHRASE = "f00d" * 16
START, WALL = 1000.0, 1_700_000_000.0

ORDER = {
    "event_type": "order",
    "type": "PLACEMENT",
    "id": "0xa",
    "owner": KEY,
    "market": "0x" + "c0" * 32,
    "asset_id": "1" * 77,
    "side": "BUY",
    "price": "0.4",
    "original_size": "10",
    "size_matched": "0",
    "status": "LIVE",
}
TRADE = {
    "event_type": "trade",
    "id": "t",
    "taker_order_id": "0xb",
    "market": "0x" + "c0" * 32,
    "asset_id": "1" * 77,
    "side": "SELL",
    "size": "4",
    "price": "0.4",
    "status": "MATCHED",
    "owner": "somebody",
    "maker_orders": [
        {
            "order_id": "0xa",
            "owner": KEY,
            "matched_amount": "4",
            "price": "0.4",
            "asset_id": "1" * 77,
        }
    ],
}


class Talk:
    """One connection to the user channel. `now` is the time; everything happens at it."""

    def __init__(self, ledger=None, authentication=None):
        self.now = START
        self.ledger = AccountLedger() if ledger is None else ledger
        self.authentication = Authentication() if authentication is None else authentication
        credentials = Credentials(
            api_key=Secret(KEY), secret=Secret(SECRET), passphrase=Secret(PASSPHRASE)
        )
        self.protocol = UserProtocol(
            self.ledger, self.authentication, credentials, self.now, wall_offset=WALL
        )
        self.counters = self.protocol.counters
        self.ledger.begin(WALL + START)
        self.ledger.conclude(None)

    def hears(self, *said):
        texts = [text if isinstance(text, str) else json.dumps(text) for text in said]
        return self.protocol.receive([text.encode() for text in texts], self.now)

    def says(self):
        expected = self.protocol.has_frames()
        frames = self.protocol.frames_to_send()
        assert bool(frames) == expected
        return frames


def test_the_subscription_goes_first_and_a_ping_right_behind_it():
    first, second = Talk().says()
    assert json.loads(first) == {
        "type": "user",
        "auth": {"apiKey": KEY, "secret": SECRET, "passphrase": PASSPHRASE},
    }
    assert second == "PING"


def test_interest_changes_nothing_on_the_wire():
    talk = Talk()
    talk.says()
    talk.protocol.set_interest(frozenset({"1" * 77}), talk.now)
    assert talk.says() == []


def test_pings_are_sent_at_their_interval_and_silence_ends_the_connection():
    talk = Talk()
    talk.says()
    assert talk.protocol.next_deadline() == START + 10
    assert talk.protocol.advance(START + 10) == []
    assert talk.says() == ["PING"]
    talk.now = START + 15
    talk.hears("PONG")
    talk.protocol.advance(START + 44)
    with pytest.raises(HeartbeatTimeout):
        talk.protocol.advance(START + 45)


def test_orders_and_trades_become_updates_of_ones_own_orders():
    talk = Talk()
    order, trade = talk.hears(ORDER, TRADE)
    assert isinstance(order, OrderUpdate)
    assert isinstance(trade, TradeUpdate)
    assert (trade.order_id, trade.source) == ("0xa", UpdateSource.STREAM)
    assert order.received == WALL + START
    assert talk.counters.events == {"order": 1, "trade": 1}
    assert talk.counters.last_event == WALL + START
    assert talk.counters.messages == 2
    assert talk.authentication.state is AuthenticationState.PROVEN


def test_an_array_is_taken_element_by_element():
    assert len(Talk().hears([ORDER, TRADE])) == 2


def test_what_was_told_on_an_earlier_connection_is_not_told_anew():
    ledger = AccountLedger()
    assert len(Talk(ledger).hears(ORDER)) == 1
    later = Talk(ledger)
    assert later.hears(ORDER) == []
    assert later.counters.duplicate_updates == 1
    assert later.counters is ledger.counters


@pytest.mark.parametrize("said", ["PONG", ORDER, TRADE])
def test_the_first_sense_shows_that_the_subscription_was_read_and_later_sense_proves(said):
    talk = Talk()
    talk.hears(said)
    assert (talk.protocol.accepted, talk.protocol.proven) == (True, False)
    talk.now += 10
    talk.hears(said)
    assert talk.protocol.proven


@pytest.mark.parametrize("said", ["INVALID OPERATION", "", {"error": "x"}, {"event_type": "trade"}])
def test_nothing_else_shows_or_proves_anything(said):
    talk = Talk()
    talk.now += 10
    assert not [event for event in talk.hears(said) if isinstance(event, UserEvent)]
    assert (talk.protocol.accepted, talk.protocol.proven) == (False, False)
    assert talk.authentication.state is AuthenticationState.SUBSCRIBED


def test_pong_alone_does_not_prove_the_credentials():
    talk = Talk()
    talk.hears("PONG")
    assert talk.authentication.state is AuthenticationState.SUBSCRIBED
    assert "silence is normal" in talk.authentication.why
    assert talk.counters.texts == {}


def test_unknown_kinds_are_counted_and_kept_from_readers():
    talk = Talk()
    assert talk.hears({"event_type": "notification", "text": "hello"}) == []
    assert talk.counters.events == {"unknown": 1}


@pytest.mark.parametrize(
    ("said", "incomplete"),
    [({**ORDER, "price": "x"}, True), ("{", True), ("[7]", False), ("rubbish", False)],
)
def test_what_cannot_be_read_costs_the_account_its_completeness_if_it_may_be_about_it(
    said, incomplete
):
    talk = Talk()
    assert talk.hears(said, ORDER)
    assert (talk.ledger.incomplete_since is not None) == incomplete
    assert (talk.ledger.problem is not None) == incomplete
    assert talk.counters.malformed == (said != "rubbish")


def test_losing_the_connection_leaves_the_account_incomplete_from_then_on():
    talk = Talk()
    talk.protocol.connection_lost(START + 5)
    assert talk.ledger.incomplete_since == WALL + START + 5


def test_no_secret_reaches_an_event_a_log_or_an_error(caplog):
    caplog.set_level(logging.DEBUG, logger="polymarket_realtime")
    talk = Talk()
    secrets = {"outcome": f"{SECRET} {PASSPHRASE}", "associate_trades": [KEY]}
    events = talk.hears({**ORDER, **secrets}, {**TRADE, **secrets})
    talk.hears(
        f"denied {SECRET} {PASSPHRASE} {KEY}",
        {**ORDER, **secrets, "price": KEY},
        {"event_type": f"{PASSPHRASE}", **secrets},
        {**TRADE, "maker_orders": [SECRET]},
        f'{{"{KEY}',
    )
    assert len(events) == 2
    shown = [caplog.text, repr(talk.protocol), str(talk.ledger.problem), repr(events)]
    shown += [event.raw.decode() for event in events]
    shown += [talk.authentication.why, *talk.counters.texts]
    for value in (KEY, SECRET, PASSPHRASE):
        assert not [text for text in shown if value in text]
    assert "denied <secret> <passphrase> <api key>" in caplog.text

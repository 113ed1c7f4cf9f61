"""What late subscribers to the account get, and what they must not get again."""

import pytest

from polymarket_realtime._codec.user import structure_order
from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._model.account_feed import Incomplete
from polymarket_realtime._model.credentials import OWN_KEY_MASK
from polymarket_realtime._model.events import USER_FEED
from polymarket_realtime._model.topics import UserOrderTopic, UserTradeTopic
from polymarket_realtime._model.user import UpdateSource
from polymarket_realtime._protocol.account_ledger import AccountLedger
from polymarket_realtime._protocol.translate import Receipt
from polymarket_realtime._venue.interest import Interest
from polymarket_realtime.testing import MARKET

OTHER = "0x" + "d1" * 32


class Desk:
    """A hub, its ledger, and what the feed makes of what the venue says."""

    def __init__(self):
        self.ledger, self.interest = AccountLedger(), Interest()
        self.hub = Hub(Known(ledger=self.ledger), {USER_FEED: self.interest})
        self.ledger.begin(0.0)

    def hear(self, order_id, *, filled="0", status="LIVE", market=MARKET):
        """Note an order in the ledger; the update is still on its way to the hub."""
        frame = structure_order(
            {
                "id": order_id,
                "owner": OWN_KEY_MASK,
                "market": market,
                "asset_id": "5" * 77,
                "side": "BUY",
                "price": "0.5",
                "original_size": "10",
                "size_matched": filled,
                "status": status,
            }
        )
        (update,) = self.ledger.take_order(frame, Receipt(b"", 0.0, 0.0), UpdateSource.STREAM)
        return update


def orders(events):
    return [(e.order_id, str(e.filled_size)) for e in events if hasattr(e, "order_id")]


@pytest.fixture
async def desk():
    return Desk()


async def test_what_is_still_on_its_way_does_not_take_a_late_reader_back(desk):
    late_news = [desk.hear("0x1"), desk.hear("0x1", filled="4")]
    with desk.hub.subscribe(UserOrderTopic()) as reader:
        for update in late_news:
            desk.hub.publish(update)
        desk.hub.publish(desk.hear("0x1", filled="7"))
        assert orders(reader.receive_nowait()) == [("0x1", "4"), ("0x1", "7")]


async def test_two_topics_of_one_reader_begin_with_each_order_once(desk):
    desk.hear("0x1")
    with desk.hub.subscribe(UserOrderTopic(), UserOrderTopic(MARKET)) as reader:
        desk.hub.publish(desk.hear("0x2"))
        assert orders(reader.receive_nowait()) == [("0x1", "0"), ("0x2", "0")]


async def test_a_reader_of_trades_is_not_told_of_orders_but_of_gaps(desk):
    desk.hear("0x1")
    with desk.hub.subscribe(UserTradeTopic(OTHER)) as reader:
        (event,) = reader.receive_nowait()
        assert isinstance(event, Incomplete)


async def test_only_readers_of_the_account_need_its_connection(desk):
    assert not desk.interest.broadcasts
    with desk.hub.subscribe(UserTradeTopic(OTHER)):
        assert desk.interest.broadcasts
        assert desk.interest.wanted == frozenset()
    assert not desk.interest.broadcasts

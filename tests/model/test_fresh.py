"""Events made by `maker_of` are what the constructors make."""

import attrs
import pytest

from polymarket_realtime._model import market
from polymarket_realtime._model.fresh import maker_of

MADE_SO = (market.BookDelta, market.PriceChangeEvent)

HEAD = {
    "received": 1_790_000_000.25,
    "asset_id": "1" * 77,
    "market": "0x" + "a" * 64,
    "timestamp_ms": 1_790_000_000_123,
    "epoch": 2,
    "revision": 7,
    "raw": b"{}",
}
OWN = {
    market.BookDelta: {"wire_changes": (("BUY", "0.4", "1"),), "wire_best_bid": "0.4"},
    market.PriceChangeEvent: {"price": market.decimal("0.41")},
}


def constructed(cls):
    return cls(**HEAD, **OWN[cls])


def made(cls):
    model = constructed(cls)
    return maker_of(cls)(*(getattr(model, field.name) for field in attrs.fields(cls)))


@pytest.mark.parametrize("cls", MADE_SO)
def test_what_is_made_is_equal_to_what_is_constructed(cls):
    assert made(cls) == constructed(cls)
    assert hash(made(cls)) == hash(constructed(cls))
    assert repr(made(cls)) == repr(constructed(cls))


@pytest.mark.parametrize("cls", MADE_SO)
def test_what_is_made_is_of_the_class_itself_and_as_frozen(cls):
    event = made(cls)
    assert type(event) is cls
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.epoch = 3
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del event.epoch
    assert event.epoch == HEAD["epoch"]


@pytest.mark.parametrize("cls", MADE_SO)
def test_what_is_made_can_be_evolved(cls):
    assert attrs.evolve(made(cls), revision=8) == attrs.evolve(constructed(cls), revision=8)


def test_every_attribute_has_to_be_given():
    with pytest.raises(TypeError, match="missing 14 required"):
        maker_of(market.PriceChangeEvent)(1.0)

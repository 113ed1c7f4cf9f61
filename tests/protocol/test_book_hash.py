import hashlib
import json

import pytest

from levels_in_words import levels
from polymarket_realtime._protocol.book_hash import book_hash, book_hash_2024

MARKET, ASSET = "0x" + "c0" * 32, "1" * 77
BIDS = levels(("0.39", "50.5"), ("0.4", "100"))
ASKS = levels(("0.46", "20"), ("0.45", "80"))
FACTS = {
    "min_order_size": "5",
    "tick_size": "0.01",
    "neg_risk": True,
    "last_trade_price": "0.420",
}


def objects(side):
    return [{"price": price, "size": size} for price, size in side]


def sha1(fields):
    return hashlib.sha1(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def test_the_hash_is_the_sha1_of_compact_json_with_an_empty_hash():
    by_hand = sha1(
        {
            "market": MARKET,
            "asset_id": ASSET,
            "timestamp": "1700000000000",
            "hash": "",
            "bids": objects(BIDS),
            "asks": objects(ASKS),
            **FACTS,
        }
    )
    assert book_hash(MARKET, ASSET, 1_700_000_000_000, BIDS, ASKS, **FACTS) == by_hand


def test_the_hash_of_2024_knew_neither_time_nor_facts():
    by_hand = sha1(
        {
            "market": MARKET,
            "asset_id": ASSET,
            "hash": "",
            "bids": objects(BIDS),
            "asks": objects(ASKS),
        }
    )
    assert book_hash_2024(MARKET, ASSET, BIDS, ASKS) == by_hand


def test_an_empty_book_has_a_hash():
    text = '{"market":"m","asset_id":"a","hash":"","bids":[],"asks":[]}'
    assert book_hash_2024("m", "a", (), ()) == hashlib.sha1(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        {"min_order_size": "15"},
        {"tick_size": "0.001"},
        {"neg_risk": False},
        {"last_trade_price": ""},
        {"last_trade_price": "0.42"},
    ],
)
def test_every_fact_enters_the_hash_as_it_is_written(other):
    one = book_hash(MARKET, ASSET, 0, BIDS, ASKS, **FACTS)
    assert book_hash(MARKET, ASSET, 0, BIDS, ASKS, **{**FACTS, **other}) != one


def test_the_same_price_written_differently_has_another_hash():
    same = (("0.39", "50.50"), ("0.40", "100"))
    assert book_hash_2024(MARKET, ASSET, BIDS, ()) != book_hash_2024(MARKET, ASSET, same, ())

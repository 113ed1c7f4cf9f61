import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.live import PriceKind, PriceStream
from polymarket_realtime._protocol.price_symbols import never_closes, parse_symbol
from polymarket_realtime.errors import UnknownSymbol


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("btcusd", "crypto:btcusd"),
        ("BTC/USD", "crypto:btcusd"),
        ("btc-usd", "crypto:btcusd"),
        (" BTC ", "crypto:btcusd"),
        ("btc", "crypto:btcusd"),
        ("hype", "crypto:hypeusd"),
        ("btcusdt", "crypto:btcusdt"),
        ("BTC/USDT", "crypto:btcusdt"),
        ("linkusd", "crypto:linkusd"),
        ("eurusd", "crypto:eurusd"),
        ("USD/JPY", "crypto:usdjpy"),
        ("aapl", "equity:aapl"),
        ("F", "equity:f"),
        ("BRK.B", "equity:brk.b"),
        ("equity:sol", "equity:sol"),
        ("Equity:AAPL", "equity:aapl"),
        ("crypto:link", "crypto:linkusd"),
        ("crypto:ton/usd", "crypto:tonusd"),
        ("btc:30", "crypto:btcusd:30"),
        ("crypto:btcusd:60", "crypto:btcusd:60"),
    ],
)
def test_every_spelling_of_a_symbol_means_one_stream(text, key):
    assert parse_symbol(text).key == key


@pytest.mark.parametrize("window", [30, 60])
def test_an_average_is_asked_for_by_its_seconds(window):
    expected = PriceStream(PriceKind.CRYPTO, "ethusd", window)
    assert parse_symbol("eth", window_seconds=window) == expected
    assert parse_symbol(expected.key) == expected
    assert parse_symbol(expected.key, window_seconds=window) == expected


@pytest.mark.parametrize(
    ("text", "window"),
    [("btc", 45), ("btc", 0), ("btc", -30), ("btc:45", None), ("btc:60", 30), ("btcusdt", 60)],
)
def test_an_average_that_does_not_exist_is_refused_with_those_that_do(text, window):
    with pytest.raises(UnknownSymbol) as caught:
        parse_symbol(text, window_seconds=window)
    assert caught.value.candidates == ("btcusd:30", "btcusd:60")
    assert {parse_symbol(each).window_seconds for each in caught.value.candidates} == {30, 60}


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("bitcoin", "btcusd"),
        ("solana", "solusd"),
        ("BITCOIN", "btcusd"),
        ("crypto:btcusd:x", None),
        ("dogeusb", "dogeusd"),
    ],
)
def test_a_symbol_of_no_known_form_is_answered_with_the_nearest_known_ones(text, nearest):
    with pytest.raises(UnknownSymbol) as caught:
        parse_symbol(text)
    if nearest is not None:
        assert caught.value.candidates[0] == nearest
        assert nearest in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "btc/",
        "/usd",
        "btc//usd",
        "b/t/c/usd",
        "brk-b",
        "equity:",
        "equity:toolong",
        "equity:btcusd",
        "stock:aapl",
        "crypto:",
        "crypto:60",
        "btc usd",
        "btc usd\n",
        "1inchusd",
        "\uff22\uff34\uff23",
        "btcusd\u0301",
        "btc\x00",
        "a" * 33,
        "crypto:" + "a" * 1000,
    ],
)
def test_what_cannot_be_a_symbol_is_refused(text):
    with pytest.raises(UnknownSymbol) as caught:
        parse_symbol(text)
    assert caught.value.value == text


@given(st.text(max_size=40) | st.from_regex(r"[a-z/:.-]{1,20}", fullmatch=True))
def test_any_text_is_a_symbol_or_refused_and_a_symbol_reads_back_as_itself(text):
    try:
        stream = parse_symbol(text)
    except UnknownSymbol:
        return
    assert parse_symbol(stream.key) == stream
    assert PriceStream.from_key(stream.key) == stream


@pytest.mark.parametrize(
    ("key", "never"),
    [
        ("crypto:btcusd", True),
        ("crypto:btcusd:60", True),
        ("crypto:eurusd:60", False),
        ("equity:aapl", False),
    ],
)
def test_only_coins_are_traded_round_the_clock(key, never):
    assert never_closes(PriceStream.from_key(key)) is never

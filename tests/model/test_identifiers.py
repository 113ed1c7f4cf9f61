import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.identifiers import (
    ConditionRef,
    EventSlug,
    GammaId,
    MarketSlug,
    Slug,
    TokenId,
    parse_identifier,
)
from polymarket_realtime.errors import InvalidIdentifier

TOKEN = "7" * 77
CONDITION = "0x" + "ab" * 32
SHORT_CONDITION = "0x" + "ab" * 31
GAME = "nba-lal-bos-2026-01-15"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TOKEN, TokenId(TOKEN)),
        (CONDITION, ConditionRef(CONDITION)),
        (CONDITION.upper(), ConditionRef(CONDITION)),
        (SHORT_CONDITION, ConditionRef(SHORT_CONDITION)),
        ("will-it-rain", Slug("will-it-rain")),
        ("bitcoin", Slug("bitcoin")),
        ("will-it-rain?", Slug("will-it-rain")),
        ("s\u00e3o-paulo", Slug("s\u00e3o-paulo")),
        ("0x-to-launch-a-token", Slug("0x-to-launch-a-token")),
        ("559657", GammaId("559657")),
        ("event/who-wins", EventSlug("who-wins")),
        ("/event/who-wins/", EventSlug("who-wins")),
        ("market/will-it", MarketSlug("will-it")),
        ("market/2028", MarketSlug("2028")),
        ("event/who-wins/will-it", MarketSlug("will-it")),
        (f"market/{CONDITION}", ConditionRef(CONDITION)),
    ],
)
def test_ids_and_slugs_are_told_apart(text, expected):
    assert parse_identifier(text) == expected


@pytest.mark.parametrize("site", ["polymarket.com", "www.polymarket.com", "PolyMarket.COM"])
@pytest.mark.parametrize("scheme", ["https://", "http://", "HTTPS://", "//", ""])
@pytest.mark.parametrize("locale", ["", "/de", "/pt-br", "/zh-hant"])
def test_links_may_have_any_scheme_and_language(scheme, site, locale):
    link = f"{scheme}{site}{locale}"
    assert parse_identifier(f"{link}/event/who-wins") == EventSlug("who-wins")
    assert parse_identifier(f"{link}/event/who-wins/will-it") == MarketSlug("will-it")
    assert parse_identifier(f"{link}/market/will-it") == MarketSlug("will-it")


@pytest.mark.parametrize("tail", ["/", "?tid=1772", "#comments", "/?a=/b/c#d", "?x=http://a.test/"])
def test_what_follows_the_path_of_a_link_does_not_matter(tail):
    assert parse_identifier(f"https://polymarket.com/event/who-wins{tail}") == EventSlug("who-wins")


@pytest.mark.parametrize("path", [f"/sports/nba/games/week/9/{GAME}", f"/sports/nba/{GAME}"])
def test_links_to_games_name_the_event_of_the_game(path):
    assert parse_identifier(f"https://polymarket.com{path}") == EventSlug(GAME)


def test_percent_signs_in_links_are_decoded():
    link = "https://polymarket.com/event/s%C3%A3o-paulo"
    assert parse_identifier(link) == EventSlug("s\u00e3o-paulo")


@pytest.mark.parametrize("quoted", ["  {} ", '"{}"', "'{}'", "<{}>", '"<{}>"', "`{}`", ' " {} "\n'])
@pytest.mark.parametrize("bare", ["will-it", TOKEN, "https://polymarket.com/event/who-wins"])
def test_what_surrounds_an_identifier_does_not_matter(quoted, bare):
    assert parse_identifier(quoted.format(bare)) == parse_identifier(bare)


@pytest.mark.parametrize(
    "text",
    [
        *("https://kalshi.com/markets/rain", "kalshi.com/markets/rain", "polymarket.us/event/a"),
        *("https://polymarket.com.evil.test/event/a", "https://polymarket.com@evil.test/event/a"),
        *("https://gamma-api.polymarket.com/markets/1", "ftp://polymarket.com/event/a"),
        *("https://[::1/event/a", "//evil.test/event/a", "https:///event/a"),
    ],
)
def test_links_to_other_sites_are_refused(text):
    with pytest.raises(InvalidIdentifier, match=r"only those of polymarket\.com are known"):
        parse_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        *("https://polymarket.com/", "polymarket.com", "https://polymarket.com/portfolio"),
        *("https://polymarket.com/event", "https://polymarket.com/profile/0x" + "a" * 40),
        *("https://polymarket.com/event/a/b/c", "https://polymarket.com/sports/nba/games"),
        *("https://polymarket.com/will-it", "event/a/b/c", "de/will-it", "portfolio/will-it"),
    ],
)
def test_links_that_name_no_market_are_refused(text):
    with pytest.raises(InvalidIdentifier, match="not a link to a market"):
        parse_identifier(text)


@pytest.mark.parametrize("text", ["will it rain", "Who wins?  Harris or Trump", "event/a b"])
def test_whoever_passes_words_is_told_how_to_search(text):
    with pytest.raises(InvalidIdentifier, match="words to search for"):
        parse_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", '""', "<>", "...", "..", "-", "?", "#a", "x" * 251, "x" * 3000),
        *("a\x00b", "a\nb", "a\tb", "a\u202eb", "a\u200bb", "event/a%00b", "event/a%0Ab"),
        *(
            "event/a%2Fb",
            "event/%2e%2e",
            "event/a%20b",
            "event/%ff",
            "event/a%3Fb",
            "a\\b",
            "a%25b",
        ),
        *("0123", "0", "1" * 29 + "0" * 60, "9" * 78, "0x1234", "0x" + "a" * 70, "market/0x12%"),
    ],
)
def test_nothing_else_is_an_identifier(text):
    with pytest.raises(InvalidIdentifier) as caught:
        parse_identifier(text)
    assert str(caught.value).isprintable()


def test_the_error_repeats_what_was_passed():
    with pytest.raises(InvalidIdentifier) as caught:
        parse_identifier(" <https://kalshi.com/a> ")
    assert caught.value.value == " <https://kalshi.com/a> "


@given(st.text(alphabet=st.sampled_from("ab0x9/:.?#%&@[]-_ \"'<>\\\n\u00e9\u202e")) | st.text())
def test_any_text_gives_a_harmless_identifier_or_an_error(text):
    try:
        identifier = parse_identifier(text)
    except InvalidIdentifier:
        return
    slug = getattr(identifier, "slug", "plain")
    assert slug.isprintable()
    assert not set(slug) & set(" /\\?#%")
    assert any(map(str.isalnum, slug))


@given(st.text(alphabet="0123456789", min_size=1, max_size=90))
def test_digits_are_a_number_of_the_catalogue_or_a_token_or_an_error(text):
    try:
        identifier = parse_identifier(text)
    except InvalidIdentifier:
        assert text.startswith("0") or int(text) >= 1 << 256
    else:
        assert type(identifier) is (GammaId if len(text) < 30 else TokenId)

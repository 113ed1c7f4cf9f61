"""What people call a market by: ids, slugs, and links to the venue's site.

A link may lead to a market or to an event, the venue's word for a group of markets. Source for
the paths: links of polymarket.com; those of games end in the slug of their event, which ends in
a date.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

import attrs

from polymarket_realtime._model.ids import (
    AssetId,
    ConditionId,
    is_condition_id,
    parse_asset_id,
    parse_condition_id,
)
from polymarket_realtime.errors import InvalidIdentifier

__all__ = [
    "ConditionRef",
    "EventSlug",
    "GammaId",
    "Identifier",
    "MarketSlug",
    "Slug",
    "TokenId",
    "parse_identifier",
]


@attrs.frozen
class TokenId:
    """One outcome of a market."""

    asset_id: AssetId


@attrs.frozen
class ConditionRef:
    """A market, by its condition id."""

    condition_id: ConditionId


@attrs.frozen
class MarketSlug:
    """A market, by its slug."""

    slug: str


@attrs.frozen
class EventSlug:
    """An event with all its markets, by its slug."""

    slug: str


@attrs.frozen
class Slug:
    """A market or an event: the text does not say which."""

    slug: str


@attrs.frozen
class GammaId:
    """A market or an event, by the number that the catalogue gives it."""

    number: str


Identifier = TokenId | ConditionRef | MarketSlug | EventSlug | Slug | GammaId

_LONGEST_TEXT: Final = 2000
_LONGEST_SLUG: Final = 250
_SITES: Final = frozenset({"polymarket.com", "www.polymarket.com"})
_QUOTES: Final = frozenset({'""', "''", "``", "<>"})
_LOCALE: Final = re.compile(r"[a-z]{2}(-[a-z]{2,4})?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,28}")
_HEX: Final = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)
_GAME: Final = re.compile(r".+-\d{4}-\d\d-\d\d", re.ASCII)

_ACCEPTED: Final = (
    "a token id, a condition id, a slug, or a link to an event or a market on polymarket.com"
)
_NO_WORDS: Final = f"{_ACCEPTED}; these look like words to search for"
_ONLY_OURS: Final = "a link that can be followed: only those of polymarket.com are known"
_NO_MARKET: Final = (
    "a link to a market: it must be polymarket.com/event/… or polymarket.com/market/…"
)


def parse_identifier(text: str) -> Identifier:
    """Tell what somebody means, without asking anybody.

    Accepted are token ids, condition ids, the catalogue's numbers, slugs, `event/<slug>`,
    `event/<slug>/<market-slug>`, `market/<slug>`, and polymarket.com's links with such paths,
    in quotes or not.

    Raises:
        InvalidIdentifier: It is nothing of this; `expected` says what to pass instead.
    """
    bare = _unquoted(text)
    if not bare or len(bare) > _LONGEST_TEXT or not bare.isprintable():
        raise InvalidIdentifier(text, _ACCEPTED)
    if " " in bare:
        raise InvalidIdentifier(text, _NO_WORDS)
    if bare.isascii() and bare.isdigit():
        number = _NUMBER.fullmatch(bare) is not None
        return GammaId(bare) if number else TokenId(parse_asset_id(bare))
    if _HEX.fullmatch(bare):
        return ConditionRef(parse_condition_id(bare.lower()))
    return _parse_path(text, _path_of(text, bare))


def _unquoted(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text


def _path_of(text: str, bare: str) -> str:
    """The path of a link, once its site is known to be the venue's; of all else, the text."""
    head, slash, _ = bare.partition("/")
    is_link = "://" in bare or bare.startswith("//") or head.lower() in _SITES
    if not is_link and not (slash and "." in head):
        return re.split(r"[?#]", bare, maxsplit=1)[0]
    try:
        link = urlsplit(bare if "://" in bare else f"https://{bare.removeprefix('//')}")
        site = link.hostname
    except ValueError:
        raise InvalidIdentifier(text, _ONLY_OURS) from None
    if link.scheme not in {"http", "https"} or site not in _SITES:
        raise InvalidIdentifier(text, _ONLY_OURS)
    # With a slash in front, no link is mistaken for a bare slug.
    return f"/{link.path}"


def _parse_path(text: str, path: str) -> Identifier:
    try:
        parts = [unquote(part, errors="strict") for part in path.split("/") if part]
    except UnicodeDecodeError:
        raise InvalidIdentifier(text, _ACCEPTED) from None
    if len(parts) == 1 and not path.startswith("/"):
        return Slug(_slug(text, parts[0]))
    if len(parts) > 1 and _LOCALE.fullmatch(parts[0]):
        del parts[0]
    match parts:
        case ["event", slug]:
            return EventSlug(_slug(text, slug))
        case ["event", _, slug] | ["market", slug]:
            return _market(_slug(text, slug))
        case ["sports", *_, slug] if _GAME.fullmatch(slug):
            return EventSlug(_slug(text, slug))
    raise InvalidIdentifier(text, _NO_MARKET)


def _market(name: str) -> Identifier:
    # Where a slug belongs, programs put the ids that they have.
    return ConditionRef(parse_condition_id(name)) if is_condition_id(name) else MarketSlug(name)


def _slug(text: str, slug: str) -> str:
    """A slug as the site makes them, or nearly: never what could change the path of a request."""
    plain = slug.isprintable() and not any(c in slug for c in " /\\?#%")
    if not plain or len(slug) > _LONGEST_SLUG or not any(map(str.isalnum, slug)):
        raise InvalidIdentifier(text, _ACCEPTED)
    return slug

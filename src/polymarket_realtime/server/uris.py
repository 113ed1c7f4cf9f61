"""The addresses of our resources, and nothing else about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

import attrs

__all__ = ["STATUS_URI", "Address", "Kind", "subscription_uri", "uri_template"]

_SCHEME: Final = "polymarket://"

STATUS_URI: Final = f"{_SCHEME}websocket-status"


class Kind(StrEnum):
    """What there is under an address with a name in it."""

    SUBSCRIPTION = "subscriptions"
    BOOK = "books"
    MARKET = "markets"


@attrs.frozen
class Address:
    """One resource that has a name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.kind}/{quote(self.name, safe='')}"

    @classmethod
    def parse(cls, uri: str) -> Address | None:
        """The resource at an address; None if there can be none."""
        kind, _, name = uri.removeprefix(_SCHEME).partition("/")
        if not uri.startswith(_SCHEME) or kind not in set(Kind) or not name or "/" in name:
            return None
        return cls(Kind(kind), unquote(name))


def uri_template(kind: Kind, variable: str) -> str:
    """All addresses of a kind, as a template (RFC 6570)."""
    return f"{_SCHEME}{kind}/{{{variable}}}"


def subscription_uri(subscription_id: str) -> str:
    """Where a subscription can be read."""
    return str(Address(Kind.SUBSCRIPTION, subscription_id))

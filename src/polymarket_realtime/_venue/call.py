"""A question to REST, and how one try of it failed: plain values, whatever carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import attrs

from polymarket_realtime.errors import RestFailed

__all__ = ["Call", "Failure", "Scrub", "Sign"]

Sign = Callable[[], Awaitable[Mapping[str, str]]]
"""Gives the headers of one try: signatures hold the time, so each try needs its own."""

Scrub = Callable[[bytes], bytes]


@attrs.frozen
class Call:
    """What is asked, however often."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...]
    sign: Sign | None
    body: bytes
    scrub: Scrub
    repeat: bool


@attrs.frozen
class Failure:
    """How one try failed.

    Attributes:
        passing: Whether another try may succeed.
        unprocessed: Whether the server has certainly done nothing.
    """

    error: RestFailed
    passing: bool = False
    unprocessed: bool = False

    def may_repeat(self, call: Call) -> bool:
        return call.repeat and self.passing and (call.method == "GET" or self.unprocessed)

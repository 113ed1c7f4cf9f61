"""REST calls that prove who asks; a signature holds the time, so the clock has to be right."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from polymarket_realtime._codec.account import decode_time
from polymarket_realtime._venue.rest import RestClient, Scope, Scrub
from polymarket_realtime.errors import CodecError, RestFailed, Unauthorized

__all__ = ["SignAt", "SignedCalls"]

log = logging.getLogger("polymarket_realtime.account")

_CLOCK_TOLERANCE = 5.0
"""Seconds that this machine's clock may be off without being held to be the reason of a 401."""

SignAt = Callable[[int], Awaitable[Mapping[str, str]]]
"""Gives the headers for a Unix time in seconds."""


@attrs.define(eq=False)
class SignedCalls:
    """Sends signed requests, by the venue's clock if this machine's has proven wrong.

    Attributes:
        clock_offset: Seconds to add to this machine's clock: 0 until the venue has refused a
            signature, and its clock turned out to be another.
    """

    _clob_url: str
    _rest: RestClient
    _wall: Callable[[], float] = time.time
    clock_offset: float = attrs.field(default=0.0, init=False)

    async def request(
        self,
        method: str,
        path: str,
        sign_at: SignAt,
        *,
        scope: Scope,
        params: Sequence[tuple[str, str]] = (),
        scrub: Scrub = bytes,
    ) -> bytes:
        """Ask; and if the venue says 401, and the clock was wrong, ask once more.

        Raises:
            Unauthorized: The venue does not accept the signature, whatever the clock.
            RestFailed: It could not be asked.
        """
        used = 0.0

        async def sign() -> Mapping[str, str]:
            nonlocal used
            used = self.clock_offset
            return await sign_at(int(self._wall() + used))

        async def ask() -> bytes:
            url = self._clob_url + path
            return await self._rest.request(
                method, url, scope=scope, params=params, sign=sign, scrub=scrub
            )

        try:
            return await ask()
        except Unauthorized as error:
            refusal = error
        if not await self._correct_clock(used, scrub):
            raise refusal
        return await ask()

    async def measure_clock(self, scrub: Scrub = bytes) -> float:
        """How many seconds the venue's clock is ahead of this machine's, to about a second.

        Raises:
            RestFailed: It could not be asked for the time.
        """
        url = f"{self._clob_url}/time"
        answer = await self._rest.request("GET", url, scope=Scope.CLOB, scrub=scrub)
        try:
            return decode_time(answer) - self._wall()
        except CodecError as error:
            raise RestFailed(url, str(error)) from error

    async def _correct_clock(self, used: float, scrub: Scrub) -> bool:
        """Ask the venue for the time; whether a signature with the offset *used* was wrong."""
        try:
            offset = await self.measure_clock(scrub)
        except RestFailed as error:
            log.warning("whether the clock is right cannot be found out: %s", error)
            return False
        if abs(offset - self.clock_offset) > _CLOCK_TOLERANCE:
            log.warning(
                "this machine's clock is %.0f s %s the venue's, which signatures now follow: "
                "set it",
                abs(offset),
                "behind" if offset > 0 else "ahead of",
            )
            self.clock_offset = offset
        # Another call may have found it out while this one waited for its answer.
        return abs(offset - used) > _CLOCK_TOLERANCE

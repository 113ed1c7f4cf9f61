"""Finds what a model names, and says what else it could pass if that fails."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

import attrs
import trio

from polymarket_realtime._model.catalog import ResolvedAsset
from polymarket_realtime._model.ids import ConditionId, is_condition_id
from polymarket_realtime.errors import LookupFailed, MarketNotFound
from polymarket_realtime.service import Service

__all__ = ["Lookup"]

T = TypeVar("T")

_LONGEST_LOOKUP: Final = 45.0
"""Seconds. Hosts give a tool call about sixty, and 200 ids can take many questions."""

_ACCEPTED: Final = (
    "Accepted are token ids (decimal, about 77 digits) and condition ids (0x and 64 hexadecimal "
    "digits), as the venue shows them."
)


@attrs.frozen
class Lookup:
    """The service's resolving, bounded, with errors that a model can act on.

    Both methods raise `InvalidIdentifier`, `MarketNotFound` or `LookupFailed`.
    """

    service: Service

    async def assets(self, identifiers: Sequence[str]) -> tuple[ResolvedAsset, ...]:
        """The tokens that these stand for."""
        return await self._explained(self.service.resolve(identifiers), identifiers)

    async def markets(
        self, identifiers: Sequence[str]
    ) -> tuple[tuple[ConditionId, ...], tuple[ResolvedAsset, ...]]:
        """The markets that these stand for, and their tokens as far as the venue tells."""
        return await self._explained(self.service.resolve_markets(identifiers), identifiers)

    async def _explained(self, lookup: Awaitable[T], identifiers: Sequence[str]) -> T:
        try:
            with trio.fail_after(_LONGEST_LOOKUP):
                return await lookup
        except trio.TooSlowError:
            url = self.service.settings.gamma_url
            failed = LookupFailed(url, f"not done within {_LONGEST_LOOKUP:g} s")
            failed.add_note(_asked_about(identifiers))
            raise failed from None
        except MarketNotFound as error:
            error.add_note(_ACCEPTED)
            raise
        except LookupFailed as error:
            error.add_note(_asked_about(identifiers))
            raise


def _asked_about(identifiers: Sequence[str]) -> str:
    # Token ids alone can do without an answer.
    asked = [each for each in identifiers if is_condition_id(each.strip())]
    first, *others = asked or identifiers
    more = f" and {len(others)} more" if others else ""
    return f"Asked about {first}{more}."

"""Books by REST: one question for many."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from polymarket_realtime._codec.clob import WitnessBook, decode_books, encode_books_request
from polymarket_realtime._model.ids import AssetId
from polymarket_realtime._venue.rest import RestClient, Scope

__all__ = ["MOST_BOOKS", "BookReader"]

MOST_BOOKS = 100
"""Tokens in one question: a hundred books are some 700 kB."""


@attrs.frozen
class BookReader:
    """Asks for books.

    Attributes:
        rest: Whom to ask.
        url: Of the venue's books.
    """

    rest: RestClient
    url: str

    async def read(self, asset_ids: Sequence[AssetId]) -> list[WitnessBook]:
        """The books of at most `MOST_BOOKS` tokens, in the venue's order; asked once.

        Tokens that the venue has no book of are left out.

        Raises:
            RestFailed: It did not answer usefully.
            CodecError: Its answer cannot be read.
        """
        body = encode_books_request(asset_ids)
        answer = await self.rest.request(
            "POST", self.url, scope=Scope.CLOB, body=body, repeat=False
        )
        return decode_books(answer)

"""`find`: markets by words, for people and for pipes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from polymarket_realtime._codec.converter import encode_json
from polymarket_realtime._model.catalog import Market, Outcome
from polymarket_realtime.service import open_service

from .exits import CommandFailed, say
from .options import VenueOptions, open_venue
from .output import is_terminal, write_stdout
from .text import capped, printable

__all__ = ["draw_markets", "find"]

_WIDEST: Final = 160
_OUTCOME_WIDTH: Final = 12
_UNITS: Final = ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k"))


async def find(
    words: Sequence[str], options: VenueOptions, *, limit: int, closed: bool, json: bool
) -> None:
    """Show the markets that these words are about, the best match first.

    Raises:
        CommandFailed: There are no words.
        CredentialsError: Those in the environment cannot work.
        ExceptionGroup: Holding the `LookupFailed` of a venue that cannot be asked.
    """
    if not words:
        raise CommandFailed("find what? Pass words of a question, or of an event's title")
    query = " ".join(words)
    async with (
        open_venue(options) as (settings, _),
        open_service(settings) as service,
    ):
        with Console(stderr=True).status("Searching"):
            markets = await service.find_markets(query, limit=limit, include_closed=closed)
    console = Console()
    if not markets:
        more = "" if closed else "; --closed looks among the settled ones, too"
        say(printable(f"no market is about {query!r}{more}"))
    elif is_terminal(console) and not json:
        console.print(draw_markets(markets, console.width))
    else:
        with suppress(BrokenPipeError):
            render = encode_json if json else _line
            await write_stdout("".join(f"{render(market)}\n" for market in markets))


def _line(market: Market) -> str:
    return f"{printable(market.slug or market.condition_id)}\t{printable(market.question)}"


def draw_markets(markets: Sequence[Market], width: int) -> RenderableType:
    """A table of markets: the question and, below it and whole, the slug to call it by.

    Args:
        markets: In the order to show them.
        width: Columns of the terminal.
    """
    table = Table(box=SIMPLE_HEAD, width=min(width, _WIDEST), padding=0, pad_edge=False)
    table.add_column("Market", ratio=1, overflow="fold")
    table.add_column("Prices", no_wrap=True)
    table.add_column("Volume", no_wrap=True, justify="right")
    table.add_column("Ends", no_wrap=True, min_width=10)
    for market in markets:
        question = Text(printable(market.question), no_wrap=True, overflow="ellipsis")
        slug = Text(printable(market.slug or market.condition_id), "dim")
        table.add_row(
            Group(question, slug),
            Text("\n".join(map(_price, market.outcomes))),
            _dollars(market.volume),
            _end(market),
        )
    return table


def _price(outcome: Outcome) -> str:
    price = "-" if outcome.price is None else f"{outcome.price:f}"
    return f"{capped(outcome.name, _OUTCOME_WIDTH)} {price}"


def _end(market: Market) -> Text:
    if market.winner is not None:
        return Text(f"won: {capped(market.winner.name, _OUTCOME_WIDTH)}", "cyan")
    if market.closed:
        return Text("closed", "cyan")
    return Text("-" if market.ends_at is None else f"{market.ends_at:%Y-%m-%d}")


def _dollars(amount: Decimal | None) -> str:
    """An amount as people say it, with three digits or so."""
    if amount is None:
        return "-"
    for unit, letter in _UNITS:
        if amount >= unit:
            return f"${amount / unit:.1f}{letter}"
    return f"${amount:.0f}"

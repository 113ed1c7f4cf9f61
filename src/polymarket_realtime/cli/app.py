"""The commands and their options.

What a command does is imported in it: none should wait for the libraries of another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError
from cyclopts.validators import Number

import polymarket_realtime
from polymarket_realtime.live_filters import LiveFeed

from .exits import complain, run_command, run_until_signal
from .options import LogLevel, Part, VenueOptions, log_to_stderr
from .serve import run_serve

__all__ = ["parse_and_run"]

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option that is given or not; there is no `--no-…`."""

Venue = Annotated[VenueOptions, Parameter(name="*", negative=(), show_default=False)]
"""The options of where the data comes from, without a prefix."""

_VENUE = VenueOptions()
_MANY = Parameter(consume_multiple=True, negative=(), show_default=False)

app = App(
    name="polymarket-realtime",
    help="Polymarket's real-time feeds, for models (MCP), people and programs.",
    version=lambda: polymarket_realtime.__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)

credentials_app = App(name="credentials", help="API credentials of one's own account.")
app.command(credentials_app)


def parse_and_run(arguments: Sequence[str]) -> int:
    """Run the command that these arguments name; gives the exit code."""
    try:
        code = app(arguments, exit_on_error=False, print_error=False)
    except UnusedCliTokensError as error:
        unexpected = " ".join(error.unused_tokens or ())
        return complain(f"unexpected {unexpected!r}; see polymarket-realtime --help")
    except CycloptsError as error:
        return complain(str(error))
    return code if isinstance(code, int) else 0


@app.default
@app.command(name="serve")
def serve_command(
    *,
    channel: Flag = False,
    venue: Venue = _VENUE,
    log_level: LogLevel = "warning",
) -> int:
    """Serve MCP on stdin and stdout. This is what runs without a command.

    To add it to a host: claude mcp add polymarket-realtime -- polymarket-realtime serve

    Args:
        channel: Put conditions that are met into the conversation of Claude Code, which must be
            started with this server as a channel; at most POLYMARKET_CHANNEL_BUDGET a minute (6).
        venue: Where the data comes from.
        log_level: Least important log records to write to stderr.
    """
    return run_serve(venue, channel=channel, log_level=log_level)


@app.command(name="watch")
def watch_command(
    *ids: str,
    resolutions: Flag = False,
    orders: Flag = False,
    feed: LiveFeed | None = None,
    symbol: Annotated[tuple[str, ...], _MANY] = (),
    filters: Annotated[str | None, Parameter(name="--filter")] = None,
    alert: str | None = None,
    venue: Venue = _VENUE,
    json: Flag = False,
    log_level: LogLevel = "warning",
) -> int:
    """Watch prices move; or resolutions, one's own orders, another live feed, or for one moment.

    On a terminal: a table with the top of each book, the last trade, the age of what is shown,
    and whether it can be believed. Into a pipe or file: one line of text for each price, trade
    and interruption of the feed. A reader that is slower than the market gets fewer, newer
    prices. Of an event, markets that are added later join. It ends when all of it is settled.

    With --resolutions: a line when a market ends, when an outcome is proposed or disputed, and
    when it is settled.

    With --feed: a line for each event of one of the venue's live feeds. For example
    --feed activity --filter '{"min_value": 1000}', or --feed prices --symbol btcusd ethusd.

    With --alert: a line at the moment when a condition is met, for example
    --alert '{"when": "price_crosses", "threshold": "0.60"}'. The other conditions are price_moves,
    spread_above, spread_below, size_at_least, trade_at_least, stale_for and resolved. Interruptions
    in which a moment may have been missed are told too. It ends when it cannot be met any more:
    each token meets it once, unless "once" is false.

    With --orders: how it stands with the credentials, whether all is known, one's open orders and
    latest trades; into a pipe, a line for each change. The credentials come from the environment
    and from nowhere else: POLYMARKET_API_KEY, POLYMARKET_API_SECRET, POLYMARKET_PASSPHRASE and
    POLYGON_ADDRESS, or POLYGON_PRIVATE_KEY to have them derived. There are no options for them,
    because every user of the machine can see a program's arguments.

    Args:
        ids: What to watch: slugs of markets or events, links to polymarket.com, token ids,
            condition ids. With --sandbox none are needed; with --orders none means all markets.
        resolutions: Whether and how these markets are settled, instead of prices.
        orders: One's own orders and trades instead of prices.
        feed: Everybody's trades, comments, scores of games, prices from outside of the venue, or
            new markets instead of prices.
        symbol: With --feed prices: of what, for example btcusd or aapl.
        filters: With --feed: which events of it, as a JSON object.
        alert: A condition, as a JSON object, to wait for instead.
        venue: Where the data comes from.
        json: Write one JSON object a line instead, on a terminal too.
        log_level: Least important log records to write to stderr.
    """
    log_to_stderr(log_level)
    from .watching import Wanted, watch_wanted  # noqa: PLC0415

    wanted = Wanted(ids, resolutions, orders, feed, symbol, filters, alert)
    return run_command(run_until_signal, lambda: watch_wanted(wanted, venue, json=json))


@app.command(name="find")
def find_command(
    *words: str,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=50))] = 10,
    closed: Flag = False,
    venue: Venue = _VENUE,
    json: Flag = False,
    log_level: LogLevel = "warning",
) -> int:
    """Find markets by words, the best match first.

    On a terminal: a table with what each outcome costs, and the slug that `watch` takes. Into a
    pipe or file: one line a market, its slug and, after a tab, its question.

    Args:
        words: Of questions, or of titles of events.
        limit: Markets to show at most, from 1 to 50.
        closed: Look among the settled markets, too.
        venue: Where the data comes from.
        json: Write one JSON object a line instead, on a terminal too.
        log_level: Least important log records to write to stderr.
    """
    log_to_stderr(log_level)
    from .find import find  # noqa: PLC0415

    return run_command(
        run_until_signal, lambda: find(words, venue, limit=limit, closed=closed, json=json)
    )


@credentials_app.command(name="derive")
def derive_command(
    *,
    export: Annotated[tuple[Part, ...], _MANY] = (),
    create: Flag = False,
    sandbox: Flag = False,
    clob_url: str | None = None,
    log_level: LogLevel = "warning",
) -> int:
    """Ask the venue for the API credentials of a wallet.

    The wallet is that of POLYGON_PRIVATE_KEY in the environment; POLYGON_ADDRESS, if it is set,
    must belong to it. The key signs one message on this machine and is sent nowhere. To use the
    result in a shell: eval "$(polymarket-realtime credentials derive --export all)"

    Args:
        export: What to write to stdout, as `export` lines; nothing secret is written otherwise.
        create: Have credentials created if the wallet has none, without asking.
        sandbox: Try it with the built-in exchange and its wallet.
        clob_url: Base of the CLOB's REST.
        log_level: Least important log records to write to stderr.
    """
    log_to_stderr(log_level)
    from .credentials import derive_until_signal  # noqa: PLC0415

    venue = VenueOptions(sandbox=sandbox, clob_url=clob_url)
    return run_command(lambda: derive_until_signal(venue, export, create=create))


def _factor(_: Any, tokens: Sequence[Any]) -> float:
    text = tokens[0].value
    return math.inf if text == "max" else float(text)


@app.command(name="sandbox")
def sandbox_command(
    *,
    port: int = 0,
    seed: int = 7,
    rate: float = 8.0,
    replay: Path | None = None,
    speed: Annotated[float, Parameter(converter=_factor)] = 1.0,
    log_level: LogLevel = "warning",
) -> int:
    """Run an exchange with invented markets on this machine, for any Polymarket client.

    Args:
        port: TCP port; 0 takes a free one.
        seed: The same seed gives the same markets and the same order flow.
        rate: Mean steps of the order flow a second; with 0 nothing moves by itself.
        replay: A recording (JSON Lines) to serve instead.
        speed: Speed of the replay: 1 as recorded, 10 ten times as fast, max without pauses.
        log_level: Least important log records to write to stderr.
    """
    log_to_stderr(log_level)
    from polymarket_realtime.sandbox import SandboxConfig  # noqa: PLC0415

    from .sandbox import run_sandbox  # noqa: PLC0415

    return run_command(
        run_until_signal,
        lambda: run_sandbox(
            SandboxConfig(port=port, seed=seed, rate=rate, replay=replay, speed=speed)
        ),
    )


@app.command(name="demo")
def demo_command() -> int:
    """Show all of it in ten seconds, with no account and no network.

    Starts the sandbox and, as a process of its own, the MCP server; subscribes as an MCP client,
    shows live events, breaks the connection, and shows how the feed recovers.
    """
    log_to_stderr("error")
    from .demo import demo  # noqa: PLC0415

    return run_command(run_until_signal, demo)

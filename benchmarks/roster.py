"""Who takes part: each contestant's program, environment and nature."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import attrs

__all__ = ["ROSTER", "Contestant", "chosen"]


@attrs.frozen
class Contestant:
    """One row of the tables.

    Attributes:
        name: What the command line and the results call it.
        title: What the report calls it.
        program: In `contestants/`.
        environment: Which of the runner's environments it runs in.
        books: Whether it keeps order books.
        note: What one has to know to read its figures.
        options: Passed on to the program.
        counts_messages: Whether what it counts are the venue's messages; events of its own else.
    """

    name: str
    title: str
    program: str
    environment: str
    books: bool
    note: str
    options: dict[str, Any] = attrs.field(factory=dict)
    counts_messages: bool = True


ROSTER: Final = (
    Contestant(
        "service",
        "this service, every change",
        "service.py",
        "own",
        books=True,
        note="`AssetTopic` of all tokens, `Overflow.RAISE`; checks and hashes on",
        options={"overflow": "raise"},
        counts_messages=False,
    ),
    Contestant(
        "service_conflate",
        "this service, defaults",
        "service.py",
        "own",
        books=True,
        note="the same with `Overflow.CONFLATE`: what the reader had no time for is replaced",
        options={"overflow": "conflate"},
        counts_messages=False,
    ),
    Contestant(
        "service_mcp",
        "this service through MCP",
        "service_mcp.py",
        "own",
        books=True,
        note="CPU of `polymarket-realtime serve`; delivers the newest state 4 times a second",
        counts_messages=False,
    ),
    Contestant(
        "official_sdk",
        "polymarket-client (official SDK)",
        "official_sdk.py",
        "official_sdk",
        books=False,
        note="its default queue drops the oldest beyond 1,024",
    ),
    Contestant(
        "poly_websockets",
        "poly-websockets (Node)",
        "poly_websockets.mjs",
        "node",
        books=True,
        note="does not ask for `best_bid_ask`, so is not sent it",
    ),
    Contestant(
        "polymarket_apis",
        "polymarket-apis",
        "polymarket_apis_client.py",
        "polymarket_apis",
        books=False,
        note="defaults; its queue reconnects beyond 1,000",
    ),
    Contestant(
        "polymarket_apis_books",
        "polymarket-apis with books",
        "polymarket_apis_client.py",
        "polymarket_apis",
        books=True,
        note="the same with its `LocalOrderBookStore`",
        options={"books": True},
    ),
    Contestant(
        "plain_trio",
        "plain Trio client",
        "plain_trio.py",
        "own",
        books=True,
        note="trio-websocket, json, cattrs as they come; checks nothing",
    ),
    Contestant(
        "picows_uvloop",
        "picows + msgspec, uvloop",
        "picows_limit.py",
        "picows",
        books=True,
        note="the practical limit in Python; checks nothing",
        options={"loop": "uvloop"},
    ),
    Contestant(
        "picows",
        "picows + msgspec, asyncio",
        "picows_limit.py",
        "picows",
        books=True,
        note="the same on the standard loop",
        options={"loop": "asyncio"},
    ),
    Contestant(
        "socket_floor",
        "blocking socket, nothing decoded",
        "socket_floor.py",
        "own",
        books=False,
        note="the physical limit",
        counts_messages=False,
    ),
)


def chosen(names: Iterable[str]) -> list[Contestant]:
    """Contestants by name, in the order of the roster; all if there is no name.

    Raises:
        SystemExit: There is no such contestant.
    """
    wanted = set(names)
    if unknown := wanted.difference(each.name for each in ROSTER):
        known = ", ".join(each.name for each in ROSTER)
        raise SystemExit(f"no contestant {', '.join(sorted(unknown))}: there are {known}")
    return [each for each in ROSTER if each.name in wanted or not wanted]

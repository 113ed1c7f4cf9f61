"""Where the program begins, and how little of it that takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .collector import few_collections
from .exits import complain
from .options import VenueOptions
from .serve import run_serve

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with these arguments, or those of the process; gives the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None and given[:1] not in ([], ["serve"]):
        return complain("stdout is closed: there is nowhere to write to")
    try:
        with few_collections():
            # What every MCP host says: nothing to parse, and somebody waits.
            if given in ([], ["serve"]):
                return run_serve(VenueOptions())
            # Here, because the parser and what draws its help take a tenth of a second.
            from .app import parse_and_run  # noqa: PLC0415

            return parse_and_run(given)
    except KeyboardInterrupt:
        return 0

"""The command line: `polymarket-realtime`, or `python -m polymarket_realtime`."""

from polymarket_realtime.cli.start import main

__all__ = ["main"]

"""A Polymarket in a box: real sockets on loopback, invented markets, faults on demand.

It speaks the venue's wire on its own and shares no code with the client that it tests::

    async with open_sandbox(SandboxConfig(rate=20)) as sandbox:
        print(sandbox.market_url)
"""

from .config import SandboxConfig
from .connections import ReceivedFrame
from .exchange import Exchange
from .faults import Faults
from .markets import Market
from .replay import ReplayVenue
from .serve import Sandbox, SandboxStatistics, open_sandbox

__all__ = [
    "Exchange",
    "Faults",
    "Market",
    "ReceivedFrame",
    "ReplayVenue",
    "Sandbox",
    "SandboxConfig",
    "SandboxStatistics",
    "open_sandbox",
]

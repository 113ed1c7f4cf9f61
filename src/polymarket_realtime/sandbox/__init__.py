"""A Polymarket in a box: real sockets on loopback, invented markets and an account, faults on
demand.

Besides the market and user channels it has RTDS (everybody's trades, comments, prices), the sports
channel and PolyBolt (prices for those with credentials), and the REST that goes with them.

It speaks the venue's wire on its own and shares no code with the client that it tests::

    async with open_sandbox(SandboxConfig(rate=20)) as sandbox:
        print(sandbox.market_url)

`open_memory_sandbox` has all of this without sockets, for tests on Trio's virtual clock.
"""

from .account import Account, Told
from .broker import Broker
from .clock import VenueClock
from .config import SandboxConfig
from .connections import ReceivedFrame
from .credentials import ApiCredentials, KeyDesk
from .exchange import Exchange
from .facade import Sandbox, SandboxStatistics
from .faults import Faults
from .feed_faults import FeedFaults
from .games import Game
from .live import LiveDesk
from .markets import Market
from .memory import MemorySandbox, open_memory_sandbox
from .orders import Order, Trade
from .rate_limit import RateLimit
from .replay import ReplayVenue
from .rest_faults import RestFaults
from .serve import open_sandbox

__all__ = [
    "Account",
    "ApiCredentials",
    "Broker",
    "Exchange",
    "Faults",
    "FeedFaults",
    "Game",
    "KeyDesk",
    "LiveDesk",
    "Market",
    "MemorySandbox",
    "Order",
    "RateLimit",
    "ReceivedFrame",
    "ReplayVenue",
    "RestFaults",
    "Sandbox",
    "SandboxConfig",
    "SandboxStatistics",
    "Told",
    "Trade",
    "VenueClock",
    "open_memory_sandbox",
    "open_sandbox",
]

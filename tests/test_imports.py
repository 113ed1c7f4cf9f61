"""What each way of use loads, in an interpreter of its own: nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

TELL = """
import sys
print(*{name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names)"""

SANDBOX = {"starlette", "hypercorn"}
TERMINAL = {"cyclopts", "rich"}
SDK = {"mcp", "mcp_types", "pydantic"}
FEED = {"trio", "msgspec", "attrs"}
WHEN_NEEDED = {"trio_websocket", "wsproto", "cattrs", "eth_account"}
"""A dial, a frame of an odd shape, and an order that is signed: until then nobody needs them."""


def loaded_by(statement: str) -> set[str]:
    program = [sys.executable, "-c", statement + TELL]
    told = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    return set(told.stdout.split())


@pytest.mark.parametrize(
    ("statement", "needed", "spared"),
    [
        ("import polymarket_realtime", set(), FEED | SDK | TERMINAL | SANDBOX | {"httpx2"}),
        (
            "from polymarket_realtime import open_service, Settings, AssetTopic",
            FEED,
            SDK | TERMINAL | SANDBOX | WHEN_NEEDED | {"httpx2", "anyio"},
        ),
        (
            "from polymarket_realtime.cli import start",
            FEED,
            SDK | TERMINAL | SANDBOX | WHEN_NEEDED | {"httpx2", "anyio"},
        ),
        (
            "from polymarket_realtime.cli import watch",
            {"rich"},
            SDK | SANDBOX | WHEN_NEEDED | {"httpx2"},
        ),
        (
            "from polymarket_realtime.server.serve import serve_stdio",
            SDK,
            TERMINAL | {"hypercorn"} | WHEN_NEEDED,
        ),
        (
            "from polymarket_realtime.sandbox import Sandbox",
            SANDBOX,
            SDK | TERMINAL | {"cattrs", "eth_account"},
        ),
    ],
    ids=["the package", "embedding", "any command", "watch", "serve", "sandbox"],
)
def test_libraries_are_loaded_by_those_who_use_them(statement, needed, spared):
    loaded = loaded_by(statement)
    assert needed <= loaded
    assert not spared & loaded


def test_importing_the_package_leaves_the_collector_alone():
    statement = "from polymarket_realtime import open_service; import gc; assert gc.isenabled()"
    loaded_by(
        statement + "; assert gc.get_freeze_count() == 0; assert gc.get_threshold()[0] == 700"
    )

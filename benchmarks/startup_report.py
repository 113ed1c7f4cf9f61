"""What `startup.py` has measured, as the rows and the section of the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

__all__ = ["startup_claims", "startup_section"]

_IMPORT_SECONDS: Final = 0.25
_SERVE_TO_BARE: Final = 1.3

_WAYS: Final = {
    "python": "Python itself",
    "package": "`import polymarket_realtime`",
    "embedder": "`from polymarket_realtime import open_service, Settings, AssetTopic`",
    "opened": "the same, and a service opened and left",
    "trio": "`import trio`, for comparison",
    "client": "trio, trio-websocket, attrs, cattrs: what the least client needs",
    "mcp": "trio and `mcp.server.lowlevel`: what any MCP server needs",
}


def startup_claims(startup: dict[str, Any]) -> Iterable[list[str]]:
    """Figure, against whom, kind of ratio, wanted, measured, verdict."""
    seconds = startup["imports"]["package"]["wall"]["median"] / 1e3
    yield [
        "`import polymarket_realtime`, Python's own start included",
        "",
        "seconds",
        f"at most {_IMPORT_SECONDS:.2f}",
        f"{seconds:.3f}",
        _word(met=seconds <= _IMPORT_SECONDS),
    ]
    ratio = startup["serve_to_bare"]["wall"]["median"]
    yield [
        "`serve` up to its list of tools",
        "an MCP server with one tool, by the SDK's low-level class",
        "ours / theirs",
        f"at most {_SERVE_TO_BARE:.2f}",
        f"{ratio:.2f}",
        _word(met=ratio <= _SERVE_TO_BARE),
    ]


def _word(*, met: bool) -> str:
    return "met" if met else "**missed**"


def startup_section(startup: dict[str, Any]) -> str:
    """The section on how long a process takes until it is there."""
    lines = ["| ms | wall | CPU | modules | resident, MB |", "| --- | --: | --: | --: | --: |"]
    for name, title in _WAYS.items():
        taken, modules = startup["imports"][name], startup["modules"][name]
        megabytes = startup["memory"][name] * 1.048576
        lines.append(_row(title, taken, modules, f"{megabytes:.1f}"))
    for name, title in (
        ("serve", "**`polymarket-realtime serve`, up to its list of tools**"),
        ("bare", "a bare MCP server with one tool, likewise"),
    ):
        lines.append(_row(title, startup["servers"][name], startup["modules"][name], ""))
    return "\n".join(lines)


def _row(title: str, taken: dict[str, Any], modules: int, memory: str) -> str:
    wall, cpu = taken["wall"]["median"], taken["cpu"]["median"]
    return f"| {title} | {wall:,.0f} | {cpu:,.0f} | {modules} | {memory} |"

"""What known hosts do with what they are sent, so that a subscriber is told the truth about it.

A host introduces itself by name. `docs/clients.md` shows this table, and says where it is from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

__all__ = ["HOSTS", "Host", "Seen", "host_named"]


class Seen(StrEnum):
    """What becomes of a notification."""

    SHOWN = "shown"
    """People see it."""
    HIDDEN = "hidden"
    """It is received, and neither people nor the model see it."""
    REFUSED = "refused"
    """It is not received, or cannot be asked for."""
    UNKNOWN = "unknown"
    """Nobody has said."""


@attrs.frozen(kw_only=True)
class Host:
    """A program that MCP servers are added to.

    Attributes:
        names: By which it introduces itself.
        title: By which people know it.
        messages: What becomes of `notifications/message`.
        updates: What becomes of `notifications/resources/updated`.
        more: What else there is to know, a few words; empty if nothing.
        tested: Whether it is driven by this project's tests; otherwise it is only reported.
    """

    names: tuple[str, ...]
    title: str
    messages: Seen
    updates: Seen
    more: str = ""
    tested: bool = False


HOSTS: Final = (
    Host(
        names=("claude-code",),
        title="Claude Code",
        messages=Seen.HIDDEN,
        updates=Seen.REFUSED,
        more="`serve --channel` puts conditions that are met into its conversation",
    ),
    Host(
        names=("claude-ai",),
        title="Claude Desktop",
        messages=Seen.UNKNOWN,
        updates=Seen.UNKNOWN,
        more="cuts tool calls off after about 60 s",
    ),
    Host(
        names=("Visual Studio Code",),
        title="VS Code",
        messages=Seen.UNKNOWN,
        updates=Seen.SHOWN,
    ),
    Host(
        names=("cursor-vscode",),
        title="Cursor",
        messages=Seen.REFUSED,
        updates=Seen.REFUSED,
    ),
    Host(
        names=("codex-mcp-client",),
        title="Codex CLI",
        messages=Seen.HIDDEN,
        updates=Seen.REFUSED,
    ),
    Host(
        names=("inspector-client", "mcp-inspector", "inspector-cli"),
        title="MCP Inspector",
        messages=Seen.SHOWN,
        updates=Seen.SHOWN,
        more="its command line makes one call and ends, so it sees no later event",
        tested=True,
    ),
    Host(
        names=("mcp",),
        title="MCP Python SDK (`mcp.Client`)",
        messages=Seen.UNKNOWN,
        updates=Seen.UNKNOWN,
        more="hands both to the callbacks of the program that uses it",
        tested=True,
    ),
)


def host_named(name: str | None) -> Host | None:
    """The host that introduces itself so; None if it is not known."""
    return next((host for host in HOSTS if name in host.names), None)

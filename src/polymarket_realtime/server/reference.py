"""The reference of tools, prompts and resources in `docs/tools.md`, as a client is told of them.

    python -m polymarket_realtime.server.reference > docs/tools.md

A client in memory asks the server for all that it lists, so nothing is written twice, and nothing
is dialled: no list needs the venue.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import mcp_types as types
import trio
from mcp import Client

from polymarket_realtime.service import open_service

from .app import make_app
from .schema_words import Field, describe_fields, describe_limits, describe_type

__all__ = ["COMMAND", "make_reference"]

COMMAND: Final = "python -m polymarket_realtime.server.reference > docs/tools.md"

_HEAD: Final = f"""\
# Tools, prompts and resources

All that `polymarket-realtime serve` lists, in the words in which it tells a client. Not written by
hand, but by `{COMMAND}`.
[mcp.md](mcp.md) says how the parts work together, [clients.md](clients.md) what hosts make of them,
[events.md](events.md) what MCP Events are."""

_INSTRUCTIONS: Final = """\
## Instructions

What the server tells a model before anything else:"""

_TOOLS: Final = """\
## Tools

Arguments that are not listed are refused. `[]` in the name of a field stands for each item, `*` for
each key."""

_Row = tuple[str, ...]


async def make_reference() -> str:
    """All of it, as Markdown."""
    async with open_service() as service, Client(make_app(service).server) as client:
        tools = (await client.list_tools()).tools
        prompts = (await client.list_prompts()).prompts
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        instructions = client.instructions or ""
    quoted = "\n".join(f"> {line}".rstrip() for line in _plain(instructions).splitlines())
    parts = [_HEAD, _INSTRUCTIONS, quoted, _TOOLS, _overview(tools), *_tools(tools)]
    parts += ["## Prompts", *(part for prompt in prompts for part in _prompt(prompt))]
    parts += ["## Resources and templates", _addresses(resources, templates)]
    return "\n\n".join(parts) + "\n"


def _overview(tools: Sequence[types.Tool]) -> str:
    rows = [(_link(tool.name), tool.title or "", _hints(tool)) for tool in tools]
    return _table(("tool", "title", "hints to hosts"), rows)


def _hints(tool: types.Tool) -> str:
    """Those that the specification names, as they are."""
    hints = types.ToolAnnotations() if tool.annotations is None else tool.annotations
    words = {
        "read-only": hints.read_only_hint,
        "destructive": hints.destructive_hint,
        "idempotent": hints.idempotent_hint,
        "open world": hints.open_world_hint,
    }
    return ", ".join(word for word, is_so in words.items() if is_so) or "none"


def _tools(tools: Sequence[types.Tool]) -> Iterator[str]:
    """Each tool; what an earlier one takes or gives as well is not told again."""
    taken: dict[_Row, str] = {}
    given: dict[str, list[Field]] = {}
    for tool in tools:
        yield f"### {tool.name}"
        yield _plain(tool.description or "")
        yield _parameters(tool, taken)
        yield from _result(tool, given)


def _parameters(tool: types.Tool, taken: dict[_Row, str]) -> str:
    schema, rows = tool.input_schema, list[_Row]()
    for name, field in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        default = "required" if needed else f"`{json.dumps(field.get('default'))}`"
        facts = f"`{name}`", describe_type(field), default, describe_limits(field)
        meaning = field.get("description", "")
        first = taken.setdefault((*facts, meaning), tool.name)
        rows.append((*facts, meaning if first == tool.name else f"as of {_link(first)}"))
    if not rows:
        return "It takes no arguments."
    return _table(("parameter", "type", "default", "limits", "meaning"), rows)


def _result(tool: types.Tool, given: dict[str, list[Field]]) -> Iterator[str]:
    rows = list(describe_fields(tool.output_schema or {}))
    like = next((name for name, told in given.items() if set(told) <= set(rows)), None)
    given[tool.name] = rows
    if like is not None:
        rows = [row for row in rows if row not in given[like]]
        yield f"It answers as {_link(like)} does{', and:' if rows else '.'}"
    if rows:
        yield _table(("in the result", "type", "meaning"), rows)


def _prompt(prompt: types.Prompt) -> Iterator[str]:
    yield f"### {prompt.name}"
    yield _plain(f"{prompt.title}: {prompt.description}" if prompt.title else prompt.description)
    rows = [
        (f"`{each.name}`", "required" if each.required else "optional", each.description or "")
        for each in prompt.arguments or ()
    ]
    yield _table(("argument", "", "meaning"), rows)


def _addresses(
    resources: Sequence[types.Resource], templates: Sequence[types.ResourceTemplate]
) -> str:
    listed: list[tuple[str, types.Resource | types.ResourceTemplate]] = []
    listed += ((each.uri, each) for each in resources)
    listed += ((each.uri_template, each) for each in templates)
    rows = [
        (f"`{uri}`", each.title or each.name, f"`{each.mime_type}`", each.description or "")
        for uri, each in listed
    ]
    return _table(("address", "title", "type", "holds"), rows)


def _table(head: _Row, rows: Iterable[_Row]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(_plain(text).split()).replace("|", "\\|")


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _plain(text: Any) -> str:
    """The text, with what Markdown would take for tags or emphasis outside of code escaped."""
    pieces = re.split(r"(`[^`]*`)", str(text or "").strip())
    return "".join(
        piece if piece.startswith("`") else re.sub(r"([<*])", r"\\\1", piece) for piece in pieces
    )


if __name__ == "__main__":
    sys.stdout.write(trio.run(make_reference))

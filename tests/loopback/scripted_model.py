"""A client that stands in for a language model: it knows the task, the tools and their answers.

It is held to that: a text that it passes to a tool must have been read before, in the task, in the
listing of the tools or in an earlier answer. What it reads is counted as a model's context is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import jsonschema
import trio
from mcp import Client, StdioServerParameters

from loopback.cli_process import PROGRAM, pointed_at
from polymarket_realtime.sandbox import Sandbox
from server.tokens import count_tokens

ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""Modes of the SDK's client, and what they speak."""

TRUSTED = ("live", "quiet")
"""States of what may be acted on, as the tools say."""

QUICK = {"POLYMARKET_BACKOFF_INITIAL": "0.1", "POLYMARKET_PING_INTERVAL": "0.1"}
"""Of a server whose signs of life a test can wait for."""


def _texts(value: Any) -> Iterator[str]:
    """Every text in JSON but for numbers, which anybody can make of what was asked."""
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9.]{1,12}", value):
            yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (key, *_texts(each))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@attrs.define(eq=False, repr=False)
class ScriptedModel:
    """What a model has in a host.

    Attributes:
        schemas: Of the tools' arguments, by name.
        calls: How often it called each tool.
        tokens: What all answers together took of its context.
    """

    _client: Client
    schemas: dict[str, Any]
    _read: list[str]
    calls: Counter[str] = attrs.field(factory=Counter, init=False)
    tokens: int = attrs.field(default=0, init=False)
    _lot: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers; an error, which a model would have to mend, fails the test."""
        jsonschema.validate(arguments, self.schemas[name])
        for text in _texts(arguments):
            assert any(text in each for each in self._read), f"it cannot know {text!r}"
        result = await self._client.call_tool(name, arguments)
        (content,) = result.content
        self._read.append(content.text)
        self.tokens += count_tokens(content.text)
        self.calls[name] += 1
        self._lot.unpark_all()
        assert not result.is_error, content.text
        answer: dict[str, Any] = json.loads(content.text)
        return answer

    def within(self, *, calls: int, tokens: int) -> bool:
        """Whether it took no more than this."""
        return self.calls.total() <= calls and self.tokens <= tokens

    def __repr__(self) -> str:
        return f"a model after {dict(self.calls)} with {self.tokens} tokens"

    async def answered(self, name: str, count: int) -> None:
        """For the world around it: wait until it has had so many answers of a tool."""
        while self.calls[name] < count:
            await self._lot.park()


@asynccontextmanager
async def open_model(
    sandbox: Sandbox,
    task: str,
    happen: Callable[[ScriptedModel], Awaitable[None]],
    *,
    mode: str = "auto",
    **variables: str,
) -> AsyncIterator[ScriptedModel]:
    """A model in a host that has just started the server, which looks at this sandbox.

    Args:
        sandbox: The venue.
        task: What the user asks.
        happen: Called with the model, beside it: what comes to pass at the venue meanwhile.
        mode: Of the client: a key of `ERAS`.
        variables: Of the server's environment.
    """
    variables = QUICK | variables
    command, *program = PROGRAM
    serve = StdioServerParameters(
        command=command, args=[*program, "serve"], env=pointed_at(sandbox, **variables)
    )
    with trio.fail_after(30):
        async with Client(serve, mode=mode) as client, trio.open_nursery() as world:
            assert client.protocol_version == ERAS[mode]
            tools = (await client.list_tools()).tools
            listing = [f"{tool.name} {tool.description} {tool.input_schema}" for tool in tools]
            schemas = {tool.name: tool.input_schema for tool in tools}
            model = ScriptedModel(client, schemas, [task, *listing])
            world.start_soon(happen, model)
            yield model


@attrs.define(eq=False)
class Watch:
    """The events of one subscription, read page by page as its answer says.

    Attributes:
        events: All that were told.
        gaps: All that may be missing.
        page: The latest answer.
    """

    model: ScriptedModel
    recipe: dict[str, Any]
    events: list[dict[str, Any]] = attrs.field(factory=list)
    gaps: list[dict[str, Any]] = attrs.field(factory=list)
    page: dict[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, model: ScriptedModel, subscribed: dict[str, Any]) -> Watch:
        """The watch that a `subscribe_*` tool has offered."""
        return cls(model, subscribed["delivery"]["recipe"])

    async def next(self, **arguments: Any) -> list[dict[str, Any]]:
        """The events of the next page."""
        self.page = await self.model.call(
            self.recipe["tool"],
            subscription_ids=self.recipe["subscription_ids"],
            cursor=self.page.get("next_cursor", self.recipe["cursor"]),
            **arguments,
        )
        self.events += self.page["events"]
        self.gaps += self.page["gaps"]
        return self.page["events"]

    async def until(self, type_: str) -> dict[str, Any]:
        """The next event of a type."""
        while True:
            for event in await self.next():
                if event["type"] == type_:
                    return event

    @property
    def state(self) -> str:
        """How the subscription is doing, in the words of the latest page; empty before it."""
        return next(iter(self.page.get("states", {}).values()), "")

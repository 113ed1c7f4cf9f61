"""MCP tools as functions from one attrs class to another.

    tools = Toolbox()

    @tools.tool(SubscribeArguments, Subscribed, title="Subscribe", read_only_hint=False)
    async def subscribe(ctx: Context, arguments: SubscribeArguments) -> Subscribed:
        \"\"\"Start listening. This sentence is what the model reads.\"\"\"

    server = Server(..., on_list_tools=tools.on_list, on_call_tool=tools.on_call)

Whatever a better call, or a later one, could mend is a result with `is_error`, because models see
results and hosts keep protocol errors to themselves (SEP-1303). Its text is the JSON of `{"code",
"message", "retryable", "hint"}`. It has no structured content: the TypeScript SDK holds that
against the output schema of the tool even then, and hides the message if it does not fit
(typescript-sdk issue 1943). Programs find the same object in its `_meta`.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs
import mcp_types as types
import trio
from mcp import MCPError
from mcp.server import ServerRequestContext

from polymarket_realtime.errors import PolymarketRealtimeError, RestFailed, TransportError

from .arguments import ArgumentParser, ArgumentsError
from .schema import make_converter, output_schema

if TYPE_CHECKING:
    import cattrs

__all__ = ["ERROR_META_KEY", "LONGEST", "Context", "ToolSpec", "Toolbox", "code_of"]

Context = ServerRequestContext[Any, Any]
"""What a tool learns of the request: `session`, `protocol_version`, `meta`."""

A = TypeVar("A", bound=attrs.AttrsInstance)
R = TypeVar("R", bound=attrs.AttrsInstance)

ToolFunction = Callable[[Context, A], Awaitable[R]]

ERROR_META_KEY: Final = "polymarket-realtime/error"
"""Where a failed result has, for programs, the object that is its text."""

LONGEST: Final = 55.0
"""Seconds that any tool may take: hosts give up after about sixty."""

_HINTS: Final = {
    "invalid_cursor": "Take the one of `recipe` or of the last answer, or leave it out.",
    "invalid_condition": "The parameter `condition` is described with an example.",
    "invalid_filter": "The parameter `filters` says what each feed takes.",
}
"""What to do next, by code, where the error does not know better."""

logger = logging.getLogger("polymarket_realtime.server.tools")


@attrs.frozen
class ToolSpec(Generic[A, R]):
    """One tool: the function, what `tools/list` says of it, and how its arguments are read."""

    function: ToolFunction[A, R]
    result: type[R]
    parser: ArgumentParser[A]
    listing: types.Tool

    @property
    def name(self) -> str:
        """What a call names."""
        return self.listing.name


class Toolbox:
    """The tools of one server, in the order of their registration.

    Args:
        converter: Gives what goes between values and JSON; called at the first tool call.
    """

    def __init__(self, converter: Callable[[], cattrs.Converter] = make_converter) -> None:
        self._converter = cache(converter)
        self._tools: dict[str, ToolSpec[Any, Any]] = {}

    def tool(
        self,
        arguments: type[A],
        result: type[R],
        *,
        title: str,
        read_only_hint: bool | None = None,
        destructive_hint: bool | None = None,
        idempotent_hint: bool | None = None,
        open_world_hint: bool | None = None,
    ) -> Callable[[ToolFunction[A, R]], ToolFunction[A, R]]:
        """Register the decorated function under its own name, described by its docstring.

        Args:
            arguments: An attrs class, its fields declared with `arg`; the second parameter.
            result: The attrs class that is returned.
            title: The name for people.
            read_only_hint: Changes nothing. This and the other hints: MCP, tool annotations.
            destructive_hint: May take something away that was there.
            idempotent_hint: Calling it twice is calling it once.
            open_world_hint: Deals with what is outside this process.

        Raises:
            ValueError: The name is taken, or there is no docstring.
            TypeError: A field of either class has no JSON Schema.
        """
        annotations = types.ToolAnnotations(
            read_only_hint=read_only_hint,
            destructive_hint=destructive_hint,
            idempotent_hint=idempotent_hint,
            open_world_hint=open_world_hint,
        )

        def register(function: ToolFunction[A, R]) -> ToolFunction[A, R]:
            name, doc = function.__name__, inspect.getdoc(function)
            if name in self._tools:
                raise ValueError(f"there is a tool {name!r} already")
            if not doc:
                raise ValueError(f"tool {name!r} needs a docstring: models choose tools by it")
            parser = ArgumentParser(arguments, self._converter)
            listing = types.Tool(
                name=name,
                title=title,
                description=doc,
                input_schema=parser.schema,
                output_schema=output_schema(result),
                annotations=annotations,
            )
            self._tools[name] = ToolSpec(function, result, parser, listing)
            return function

        return register

    async def on_list(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Answer `tools/list`: all of them on one page."""
        return types.ListToolsResult(tools=[spec.listing for spec in self._tools.values()])

    async def on_call(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Answer `tools/call`.

        Raises:
            MCPError: There is no such tool, or the tool itself raised it: a protocol error.
        """
        spec = self._tools.get(params.name)
        if spec is None:
            known = ", ".join(self._tools)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}; known are {known}")
        with trio.move_on_after(LONGEST):
            return await self._call(spec, ctx, params.arguments or {})
        words = f"{spec.name} was not done within {LONGEST:g} s"
        return _failed("timed_out", words, retryable=True)

    async def _call(
        self, spec: ToolSpec[Any, Any], ctx: Context, given: dict[str, Any]
    ) -> types.CallToolResult:
        try:
            arguments = spec.parser.parse(given)
            return self._answered(await spec.function(ctx, arguments), spec)
        except ArgumentsError as exc:
            message = f"invalid arguments for {spec.name}: {'; '.join(exc.problems)}"
            return _failed("invalid_arguments", message, hint="Call it again with these mended.")
        except MCPError:
            raise
        except PolymarketRealtimeError as exc:
            # Notes (PEP 678) are how a tool adds what it knows to an error from below.
            hint = " ".join(getattr(exc, "__notes__", ()))
            retryable = isinstance(exc, TransportError | RestFailed)
            return _failed(code_of(exc), str(exc), retryable=retryable, hint=hint or None)
        except Exception:
            # The one broad catch here: a broken tool must not end the session. Cancelled is none.
            logger.exception("tool %s failed", spec.name)
            return _failed("internal_error", f"internal error in {spec.name}; see the server log")

    def _answered(self, result: Any, spec: ToolSpec[Any, Any]) -> types.CallToolResult:
        content = self._converter().unstructure(result, spec.result)
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return types.CallToolResult(
            content=[types.TextContent(text=text)], structured_content=content
        )


def code_of(error: PolymarketRealtimeError) -> str:
    """A stable word for a kind of error: `MarketNotFound` is `market_not_found`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def _failed(
    code: str, message: str, *, retryable: bool = False, hint: str | None = None
) -> types.CallToolResult:
    if hint is None:
        hint = "Call it again in a few seconds." if retryable else _HINTS.get(code)
    facts = {"code": code, "message": message, "retryable": retryable, "hint": hint}
    text = json.dumps(facts, ensure_ascii=False)
    return types.CallToolResult(
        content=[types.TextContent(text=text)], is_error=True, _meta={ERROR_META_KEY: facts}
    )

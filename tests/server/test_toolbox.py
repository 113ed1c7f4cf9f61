"""Tools: the schemas that are shown, the arguments that are taken, the results that are given."""

import json
import logging
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NewType

import attrs
import mcp_types as types
import pytest
import trio
from jsonschema import Draft202012Validator
from mcp import Client, MCPError
from mcp.server.lowlevel import Server

from polymarket_realtime.errors import ConnectFailed, MarketNotFound
from polymarket_realtime.server.arguments import ArgumentParser, ArgumentsError
from polymarket_realtime.server.schema import arg, input_schema, make_converter, output_schema
from polymarket_realtime.server.toolbox import ERROR_META_KEY, LONGEST, Toolbox

AssetId = NewType("AssetId", str)
NOON = datetime(2026, 10, 4, 12, tzinfo=UTC)


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


@attrs.frozen
class Level:
    price: Decimal
    size: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class Everything:
    """A field of each kind."""

    text: str
    whole: int
    real: float
    flag: bool
    amount: Decimal
    at: datetime
    nothing: None
    anything: Any
    either: Literal["a", "b"]
    side: Side
    asset: AssetId
    maybe: AssetId | None
    maybe_amount: Decimal | None
    mixed: str | int | bool | None
    texts: list[str]
    levels: tuple[Level, ...]
    chosen: frozenset[Side]
    by_name: dict[str, Decimal]
    level: Level
    maybe_level: Level | None


VALUES: dict[str, Any] = {
    "text": "naïve \n text",
    "whole": 3,
    "real": 0.5,
    "flag": True,
    "amount": Decimal("0.530"),
    "at": NOON,
    "nothing": None,
    "anything": {"at": NOON, "items": (Decimal(1), frozenset({"y", "x"}))},
    "either": "b",
    "side": Side.SELL,
    "asset": AssetId("71"),
    "maybe": AssetId("72"),
    "maybe_amount": Decimal("1E+3"),
    "mixed": 7,
    "texts": ["x", "y"],
    "levels": (Level(Decimal("0.1"), Decimal(5)), Level(Decimal("0.2"))),
    "chosen": frozenset({Side.SELL, Side.BUY}),
    "by_name": {"YES": Decimal("0.5")},
    "level": Level(Decimal("-0.1")),
    "maybe_level": Level(Decimal(1)),
}
EVERYTHING = Everything(**VALUES)
SPARSE = attrs.evolve(
    EVERYTHING, maybe=None, maybe_amount=None, mixed=None, maybe_level=None, levels=(), real=2
)


def unstructured(value):
    return make_converter().unstructure(value, type(value))


# Schemas


@attrs.frozen
class Search:
    """Arguments with every constraint that a schema can hold."""

    asset_ids: list[AssetId] = arg("CLOB token ids", minItems=1, maxItems=3, items={"minLength": 2})
    limit: int = arg("how many", 10, minimum=1, maximum=100)
    side: Side | None = arg("one side only", None)
    depth: Literal["top", "full"] = arg("how deep", "top")
    since: datetime | None = arg("not before this", None)
    min_size: Decimal = arg("smallest size", Decimal("0.10"))
    levels: tuple[Level, ...] = arg("levels", ())
    word: str = arg("a word", "x", maxLength=5)
    tags: frozenset[str] | None = arg("tags", attrs.Factory(frozenset))
    fresh: bool = arg("ask the venue", default=False)


LEVEL_IN = {
    "type": "object",
    "properties": {
        "price": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
        "size": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "default": "0"},
    },
    "required": ["price"],
    "additionalProperties": False,
}


def test_the_schema_of_arguments_says_what_may_be_sent():
    schema = input_schema(Search)
    assert schema["type"] == "object"
    assert schema["required"] == ["asset_ids"]
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == [field.name for field in attrs.fields(Search)]
    assert schema["properties"] == {
        "asset_ids": {
            "type": "array",
            "items": {"type": "string", "minLength": 2},
            "minItems": 1,
            "maxItems": 3,
            "description": "CLOB token ids",
        },
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "description": "how many",
            "default": 10,
        },
        "side": {
            "anyOf": [{"type": "string", "enum": ["buy", "sell"]}, {"type": "null"}],
            "description": "one side only",
            "default": None,
        },
        "depth": {
            "type": "string",
            "enum": ["top", "full"],
            "description": "how deep",
            "default": "top",
        },
        "since": {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
            "description": "not before this",
            "default": None,
        },
        "min_size": {
            "type": "string",
            "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
            "description": "smallest size",
            "default": "0.10",
        },
        "levels": {"type": "array", "items": LEVEL_IN, "description": "levels", "default": []},
        "word": {"type": "string", "maxLength": 5, "description": "a word", "default": "x"},
        "tags": {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                {"type": "null"},
            ],
            "description": "tags",
        },
        "fresh": {"type": "boolean", "description": "ask the venue", "default": False},
    }


def test_the_schema_of_results_requires_each_field():
    schema = output_schema(Everything)
    assert schema["required"] == list(schema["properties"]) == list(VALUES)
    assert schema["properties"]["level"]["required"] == ["price", "size"]
    assert schema["properties"]["anything"] == {}
    assert schema["properties"]["by_name"]["additionalProperties"]["type"] == "string"


def test_the_schema_is_plain_json_and_always_the_same():
    texts = {json.dumps(build(Everything)) for build in (output_schema, output_schema)}
    assert len(texts) == 1
    Draft202012Validator.check_schema(input_schema(Everything))


@pytest.mark.parametrize(
    "tp", [bytes, dict[int, str], tuple[str, int], Literal[1], complex | None, list[set[bytes]]]
)
def test_a_type_without_json_is_refused_when_the_schema_is_made(tp):
    cls = attrs.make_class("Odd", {"field": attrs.field(type=tp)})
    with pytest.raises(TypeError):
        output_schema(cls)


# Values


@pytest.mark.parametrize("value", [EVERYTHING, SPARSE], ids=["full", "sparse"])
def test_what_is_written_passes_the_schema_as_it_stands(value):
    written = unstructured(value)
    Draft202012Validator(output_schema(Everything)).validate(written)
    assert json.loads(json.dumps(written)) == written


def test_values_are_written_without_loss():
    written = unstructured(EVERYTHING)
    assert written["amount"] == "0.530"
    assert written["maybe_amount"] == "1000"
    assert written["at"] == "2026-10-04T12:00:00Z"
    assert written["chosen"] == ["buy", "sell"]
    assert written["anything"] == {"at": "2026-10-04T12:00:00Z", "items": ["1", ["x", "y"]]}


@pytest.mark.parametrize("value", [EVERYTHING, SPARSE], ids=["full", "sparse"])
def test_what_was_written_can_be_read_back(value):
    value = attrs.evolve(value, anything=["as it is"])
    parser = ArgumentParser(Everything)
    assert parser.parse(unstructured(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 10, 4, 12, 0, 0, 250, tzinfo=UTC), "2026-10-04T12:00:00.000250Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-10-04T14:00:00+02:00"),
    ],
)
def test_a_time_is_written_with_its_offset(value, text):
    assert make_converter().unstructure(value) == text


def test_a_time_without_offset_is_not_written():
    with pytest.raises(ValueError, match="does not say where"):
        make_converter().unstructure(NOON.replace(tzinfo=None))


# Arguments


def parse(**arguments):
    return ArgumentParser(Search).parse(arguments)


def problems(**arguments):
    with pytest.raises(ArgumentsError) as caught:
        parse(**{"asset_ids": ["71"], **arguments})
    return list(caught.value.problems)


A_TIME = 'a date and time with its offset, like "2026-10-04T12:00:00Z"'
A_DECIMAL = 'a decimal number in quotes, like "0.53"'


def test_good_arguments_become_values():
    search = parse(
        asset_ids=["71", "72"],
        limit=100,
        side="sell",
        depth="full",
        since="2026-10-04T12:00:00Z",
        min_size="5",
        levels=[{"price": "0.5"}],
        tags=["x"],
        fresh=True,
    )
    assert search == Search(
        asset_ids=[AssetId("71"), AssetId("72")],
        limit=100,
        side=Side.SELL,
        depth="full",
        since=NOON,
        min_size=Decimal(5),
        levels=(Level(Decimal("0.5")),),
        tags=frozenset({"x"}),
        fresh=True,
    )


def test_what_is_left_out_takes_its_default():
    assert parse(asset_ids=["71"]) == Search([AssetId("71")])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"asset_ids": '["71"]'}, 'asset_ids: must be an array, got "[\\"71\\"]"'),
        ({"asset_ids": "71"}, 'asset_ids: must be an array, got "71"'),
        ({"asset_ids": []}, "asset_ids: must have 1 or more items, got []"),
        (
            {"asset_ids": ["aa"] * 4},
            'asset_ids: must have 3 or fewer items, got ["aa", "aa", "aa", "aa"]',
        ),
        ({"asset_ids": ["71", 72]}, "asset_ids[1]: must be a string, got 72"),
        ({"asset_ids": ["7"]}, 'asset_ids[0]: must have 2 or more characters, got "7"'),
        ({"limit": "3"}, 'limit: must be an integer, got "3"'),
        ({"limit": True}, "limit: must be an integer, got true"),
        ({"limit": 1.5}, "limit: must be an integer, got 1.5"),
        ({"limit": 0}, "limit: must be at least 1, got 0"),
        ({"limit": 900}, "limit: must be at most 100, got 900"),
        ({"limit": None}, "limit: must be an integer, got null"),
        ({"side": "hold"}, 'side: must be "buy" or "sell", got "hold"'),
        ({"side": 5}, 'side: must be "buy" or "sell" or null, got 5'),
        ({"depth": "deep"}, 'depth: must be "top" or "full", got "deep"'),
        ({"since": 17}, f"since: must be {A_TIME} or null, got 17"),
        (
            {"since": "yesterday"},
            f'since: must be {A_TIME}, got "yesterday"',
        ),
        (
            {"since": "2026-10-04T12:00:00"},
            f'since: must be {A_TIME}, got "2026-10-04T12:00:00"',
        ),
        (
            {"since": "2026-13-04T12:00:00Z"},
            f'since: must be {A_TIME}, got "2026-13-04T12:00:00Z"',
        ),
        ({"min_size": 0.5}, f"min_size: must be {A_DECIMAL}, got 0.5"),
        ({"min_size": "NaN"}, f'min_size: must be {A_DECIMAL}, got "NaN"'),
        ({"levels": {"price": "1"}}, 'levels: must be an array, got {"price": "1"}'),
        ({"levels": [{"size": "1"}]}, "missing argument in levels[0]: price"),
        ({"levels": [{"price": 1}]}, f"levels[0].price: must be {A_DECIMAL}, got 1"),
        (
            {"levels": [{"price": "1", "x": 1}]},
            "unknown argument in levels[0]: 'x'; known are price, size",
        ),
        ({"word": "quite long"}, 'word: must have 5 or fewer characters, got "quite long"'),
        ({"tags": ["x", 1]}, "tags[1]: must be a string, got 1"),
        ({"tags": ["x", "x"]}, 'tags: must not repeat an item, got ["x", "x"]'),
        ({"tags": "x"}, 'tags: must be an array or null, got "x"'),
        ({"fresh": "yes"}, 'fresh: must be a boolean, got "yes"'),
        ({"fresh": 1}, "fresh: must be a boolean, got 1"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_with_what_it_must_be_and_what_it_was(arguments, problem):
    assert problems(**arguments) == [problem]


def test_unknown_and_missing_arguments_are_named():
    known = ", ".join(field.name for field in attrs.fields(Search))
    with pytest.raises(ArgumentsError) as caught:
        parse(market="0x1", assets=[])
    assert str(caught.value).splitlines() == [
        "missing argument: asset_ids",
        f"unknown argument: 'market', 'assets'; known are {known}",
    ]


def test_each_problem_has_its_line_but_a_flood_is_cut():
    lines = problems(limit="x", depth=1, fresh=None)
    assert [line.partition(":")[0] for line in lines] == ["limit", "depth", "fresh"]
    message = str(ArgumentsError(f"problem {number}" for number in range(500)))
    assert message.splitlines()[-2:] == ["problem 7", "and 492 more"]


def test_a_long_value_is_shortened():
    (line,) = problems(limit="x" * 10_000)
    assert line.endswith("xxx…")
    assert len(line) < 130


def test_what_no_schema_can_say_is_checked_by_validators():
    def is_even(instance, attribute, value):
        if value % 2:
            raise ValueError(f"{attribute.name}: must be even, got {value}")

    cls = attrs.make_class(
        "Even",
        {
            "number": attrs.field(type=int, default=0, validator=is_even),
            "other": attrs.field(type=int, default=0, validator=attrs.validators.ge(0)),
        },
    )
    parser = ArgumentParser(cls)
    for arguments, problem in (
        ({"number": 3}, "number: must be even, got 3"),
        ({"other": -1}, "'other' must be >= 0: -1"),
    ):
        with pytest.raises(ArgumentsError) as caught:
            parser.parse(arguments)
        assert str(caught.value) == problem


# Tools


@attrs.frozen
class Nothing:
    pass


@attrs.frozen
class Found:
    count: int
    first: AssetId | None = arg("the first of them", None)


def make_toolbox():
    tools = Toolbox()

    @tools.tool(Search, Found, title="Search", read_only_hint=True, open_world_hint=True)
    async def search(ctx, arguments):
        """Find books.

        Indented further down.
        """
        return Found(len(arguments.asset_ids), arguments.asset_ids[0])

    @tools.tool(Nothing, Everything, title="Everything")
    async def everything(ctx, arguments):
        """Return one of each."""
        return SPARSE

    @tools.tool(Search, Found, title="Fail")
    async def fail(ctx, arguments):
        """Fail as told."""
        raise {
            "known": MarketNotFound("0x1"),
            "later": ConnectFailed("wss://x", "refused"),
            "bug": KeyError("secret"),
            "mcp": MCPError(-32000, "protocol"),
        }[arguments.word]

    @tools.tool(Nothing, Found, title="Not JSON")
    async def not_json(ctx, arguments):
        """Return what is no JSON."""
        return Found(math.inf)

    @tools.tool(Nothing, Found, title="Sleep")
    async def sleep(ctx, arguments):
        """Sleep for good."""
        await trio.sleep_forever()

    return tools


def client(tools, mode="auto"):
    return Client(
        Server("tools", on_list_tools=tools.on_list, on_call_tool=tools.on_call), mode=mode
    )


async def call(name, **arguments):
    params = types.CallToolRequestParams(name=name, arguments=arguments)
    return await make_toolbox().on_call(None, params)


async def test_a_tool_is_listed_as_it_was_declared():
    async with client(make_toolbox()) as session:
        listed = (await session.list_tools()).tools
    assert [tool.name for tool in listed] == ["search", "everything", "fail", "not_json", "sleep"]
    search = listed[0]
    assert search.title == "Search"
    assert search.description == "Find books.\n\nIndented further down."
    assert search.annotations.read_only_hint is True
    assert search.annotations.destructive_hint is None
    assert search.input_schema == input_schema(Search)
    assert search.output_schema == output_schema(Found)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_checks_results_accepts_them(mode):
    async with client(make_toolbox(), mode) as session:
        found = await session.call_tool("search", {"asset_ids": ["71", "72"]})
        everything = await session.call_tool("everything")
    assert found.structured_content == {"count": 2, "first": "71"}
    assert [block.text for block in found.content] == ['{"count":2,"first":"71"}']
    assert everything.structured_content == unstructured(SPARSE)
    assert "naïve" in everything.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_checks_results_accepts_failures(mode):
    async with client(make_toolbox(), mode) as session:
        result = await session.call_tool("fail", {"asset_ids": ["71"], "word": "known"})
    assert result.is_error
    assert result.structured_content is None
    assert json.loads(result.content[0].text) == {
        "code": "market_not_found",
        "message": "no market with an order book is called '0x1'; search for it by words",
        "retryable": False,
        "hint": None,
    }


@pytest.mark.parametrize(
    ("word", "facts"),
    [
        ("known", ("market_not_found", False)),
        ("later", ("connect_failed", True)),
        ("bug", ("internal_error", False)),
    ],
)
async def test_a_failure_says_to_programs_what_it_was(word, facts):
    result = await call("fail", asset_ids=["71"], word=word)
    assert result.is_error
    told = result.meta[ERROR_META_KEY]
    assert (told["code"], told["retryable"]) == facts
    assert told == json.loads(result.content[0].text)


async def test_bad_arguments_are_a_result_that_the_model_can_read():
    result = await call("search", asset_ids="71", limit=0)
    assert result.is_error
    told = json.loads(result.content[0].text)
    assert told["code"] == "invalid_arguments"
    assert told["message"] == (
        'invalid arguments for search: asset_ids: must be an array, got "71"; '
        "limit: must be at least 1, got 0"
    )


@pytest.mark.parametrize(
    ("name", "arguments", "cause"),
    [("fail", {"asset_ids": ["71"], "word": "bug"}, "KeyError"), ("not_json", {}, "ValueError")],
)
async def test_a_bug_goes_to_the_log_and_not_to_the_model(name, arguments, cause, caplog):
    with caplog.at_level(logging.ERROR, "polymarket_realtime"):
        result = await call(name, **arguments)
    assert result.is_error
    told = json.loads(result.content[0].text)
    assert told["message"] == f"internal error in {name}; see the server log"
    (record,) = caplog.records
    assert record.getMessage() == f"tool {name} failed"
    assert record.exc_info[0].__name__ == cause


async def test_protocol_errors_pass_through():
    with pytest.raises(MCPError, match="protocol"):
        await call("fail", asset_ids=["71"], word="mcp")


async def test_an_unknown_tool_is_a_protocol_error():
    async with client(make_toolbox()) as session:
        with pytest.raises(MCPError, match="Unknown tool: serach; known are search, ") as caught:
            await session.call_tool("serach", {})
    assert caught.value.error.code == types.INVALID_PARAMS == -32602


async def test_a_tool_can_be_cancelled(autojump_clock):
    with trio.move_on_after(1) as scope:
        await call("sleep")
    assert scope.cancelled_caught


def test_a_tool_needs_a_name_of_its_own_and_a_docstring():
    tools = Toolbox()

    async def documented(ctx, arguments):
        """Do it."""

    async def silent(ctx, arguments):
        pass

    register = tools.tool(Nothing, Nothing, title="x")
    assert register(documented) is documented
    with pytest.raises(ValueError, match="already"):
        register(documented)
    with pytest.raises(ValueError, match="docstring"):
        register(silent)


async def test_a_tool_that_takes_too_long_is_a_failure_that_may_be_repeated(autojump_clock):
    tools = Toolbox()

    @tools.tool(Nothing, Found, title="Slow")
    async def slow(ctx, arguments):
        """Take for ever."""
        await trio.sleep_forever()

    async with client(tools) as session:
        began = trio.current_time()
        told = json.loads((await session.call_tool("slow", {})).content[0].text)
    assert trio.current_time() - began == pytest.approx(LONGEST)
    assert LONGEST < 60
    assert (told["code"], told["retryable"]) == ("timed_out", True)

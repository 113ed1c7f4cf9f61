"""What the documents say can be done, done; and where they point, something is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest
import trio
from jsonschema import Draft202012Validator

import polymarket_realtime
from polymarket_realtime import When, errors
from polymarket_realtime._model.condition import parse_condition
from polymarket_realtime.sandbox import SandboxConfig, open_sandbox
from polymarket_realtime.server.hosts import HOSTS
from polymarket_realtime.server.reference import COMMAND, make_reference
from polymarket_realtime.server.schema import output_schema
from polymarket_realtime.server.toolbox import code_of
from polymarket_realtime.server.tools.wait import Waited

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text()
MCP = (ROOT / "docs" / "mcp.md").read_text()
CLIENTS = (ROOT / "docs" / "clients.md").read_text()
SERVE = ("polymarket-realtime", ["serve"])


def blocks(language: str, document: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)


def rows(document: str) -> list[list[str]]:
    """The cells of all tables, heads included."""
    lines = re.findall(r"^\|(.*)\|$", document, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def section(document: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    return re.split(r"(?m)^#+ ", document.partition(f"# {heading}\n")[2], maxsplit=1)[0]


def anchors(document: Path) -> set[str]:
    """By what the headings of a document are linked to."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_heading_leads_to_one(document):
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text())
    wrong = [
        (path, anchor)
        for path, anchor in links
        if anchor not in anchors(document.parent / path if path else document)
    ]
    assert wrong == []


def test_the_configuration_for_hosts_is_json_that_starts_the_server():
    (configuration,) = map(json.loads, blocks("json"))
    (server,) = configuration["mcpServers"].values()
    assert (server["command"], server["args"]) == SERVE


async def test_the_reference_of_the_tools_is_what_the_server_lists():
    written = (ROOT / "docs" / "tools.md").read_text()
    assert written == await make_reference(), f"make it anew: {COMMAND}"


async def test_the_readme_names_every_tool_and_no_other():
    listed = re.findall(r"^\| \[`(\w+)`\]\(#", await make_reference(), re.MULTILINE)
    assert sorted(re.findall(r"^\| `(\w+)\(", README, re.MULTILINE)) == sorted(listed)


@pytest.mark.parametrize(("heading", "tested"), [("Tested here", True), ("Only reported", False)])
def test_the_hosts_are_those_that_the_server_knows_and_the_tested_ones_stand_apart(heading, tested):
    _head, _line, *written = rows(section(CLIENTS, heading))
    assert [row[:5] for row in written] == [
        [
            host.title,
            ", ".join(f"`{name}`" for name in host.names),
            host.messages,
            host.updates,
            host.more,
        ]
        for host in HOSTS
        if host.tested is tested
    ]
    assert all(row[5] for row in written), "where it is from"


def test_every_block_for_a_host_starts_the_server():
    settings = [json.loads(block) for block in blocks("json", CLIENTS) if "command" in block]
    settings += map(tomllib.loads, blocks("toml", CLIENTS))
    started = [server for (servers,) in map(dict.values, settings) for server in servers.values()]
    assert [(server["command"], server["args"]) for server in started] == [SERVE] * len(settings)
    assert {key for each in settings for key in each} == {"mcpServers", "servers", "mcp_servers"}


def test_there_is_an_example_of_each_kind_of_condition_and_all_can_be_passed():
    examples = map(json.loads, re.findall(r'`(\{"when.*?\})`', MCP))
    assert sorted(parse_condition(each).when for each in examples) == sorted(When)


def test_the_example_of_an_answer_to_waiting_is_one():
    (block,) = (block for block in blocks("json", MCP) if block.startswith('{"events"'))
    example, schema = json.loads(block), output_schema(Waited)
    assert list(example) == list(schema["properties"])
    assert list(map(str, Draft202012Validator(schema).iter_errors(example))) == []


def test_every_code_of_an_error_that_is_named_can_come():
    toolbox = Path(polymarket_realtime.__file__).parent / "server" / "toolbox.py"
    own = set(re.findall(r'_failed\("(\w+)"', toolbox.read_text()))
    _head, _line, *written = rows(section(MCP, "Errors"))
    named = {code for row in written for code in re.findall(r"`(\w+)`", row[0])}
    raised = {code_of(vars(errors)[name].__new__(vars(errors)[name])) for name in errors.__all__}
    assert named <= own | raised
    assert own <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_is_there(document):
    named = re.findall(r"`(tests/[\w/.]+)`", document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_bounds_are_held_by_all_rows_of_the_fault_matrix_and_no_others():
    matrix = (ROOT / "tests" / "trust" / "rows.py").read_text()
    rows = re.findall(r'^        name="([^"]+)",$', matrix, re.MULTILINE)
    trust = (ROOT / "docs" / "trust.md").read_text()
    held = [row.rpartition("|")[2] for row in re.findall(r"^\|(.*)\|$", trust, re.MULTILINE)]
    assert sorted(re.findall(r'"([^"]+)"', "".join(held))) == sorted(rows)


async def test_the_program_of_the_readme_prints_the_top_of_the_book():
    (program,) = blocks("python")
    async with open_sandbox(SandboxConfig(rate=40)) as sandbox, trio.open_nursery() as nursery:
        token = sandbox.exchange.markets[0].token_ids[0]
        program = program.replace("Settings()", f"Settings(market_url={sandbox.market_url!r})")
        program = program.replace('"token id"', repr(token))
        process = await nursery.start(
            partial(
                trio.run_process,
                [sys.executable, "-u", "-W", "error", "-c", program],
                stdout=subprocess.PIPE,
                check=False,
            )
        )
        printed = b""
        with trio.fail_after(20):
            while b"\n" not in printed:
                printed += await process.stdout.receive_some()
        process.terminate()
    assert re.match(rb"0\.\d+ 0\.\d+ \d{4}-\d\d-\d\d ", printed)

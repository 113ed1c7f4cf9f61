"""What the documents say can be done, done; and where they point, something is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio

from polymarket_realtime.sandbox import SandboxConfig, open_sandbox

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_configuration_for_hosts_is_json_that_starts_the_server():
    (configuration,) = map(json.loads, blocks("json"))
    (server,) = configuration["mcpServers"].values()
    assert (server["command"], server["args"]) == ("polymarket-realtime", ["serve"])


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

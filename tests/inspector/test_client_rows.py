"""The same requests through the SDK's own client, over stdio, in both eras."""

import json
import re
from contextlib import asynccontextmanager

import pytest
import trio
from inspector_rows import ROWS
from mcp import Client, MCPError, StdioServerParameters
from sandbox_process import PROGRAM, open_sandbox_process

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox_process() as process:
        yield process


@asynccontextmanager
async def connect(sandbox, mode):
    command, *args = [*PROGRAM, "serve"]
    environment = sandbox.variables | {"NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "error"}
    server = StdioServerParameters(command=command, args=args, env=environment)
    with trio.fail_after(60):
        async with Client(server, mode=mode) as client:
            yield client


async def ask(client, row, sandbox):
    """The answer to one row, as its check wants it."""
    arguments = row.arguments(sandbox)
    if row.kind == "tool":
        result = await client.call_tool(row.name, arguments)
        assert result.is_error == row.refused
        return json.loads(result.content[0].text) if row.refused else result.structured_content
    if row.kind == "prompt":
        got = await client.get_prompt(row.name, arguments)
        return got.model_dump(mode="json", by_alias=True)
    uri = re.sub(r"{(\w+)}", lambda match: arguments[match[1]], row.name)
    if row.refused:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        return {"code": caught.value.code, "message": str(caught.value)}
    (contents,) = (await client.read_resource(uri)).contents
    return json.loads(contents.text)


async def names(client):
    """All that the server lists, by kind."""
    return {
        "tool": {each.name for each in (await client.list_tools()).tools},
        "resource": {each.uri for each in (await client.list_resources()).resources},
        "template": {
            each.uri_template
            for each in (await client.list_resource_templates()).resource_templates
        },
        "prompt": {each.name for each in (await client.list_prompts()).prompts},
    }


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_everything_that_is_listed_answers_as_its_rows_say(mode, sandbox):
    async with connect(sandbox, mode) as client:
        for kind, listed in (await names(client)).items():
            assert listed == {row.name for row in ROWS if row.kind == kind}
        # First what expects a server on which nothing is subscribed to.
        for row in sorted(ROWS, key=lambda row: row.name.startswith("subscribe_")):
            row.check(await ask(client, row, sandbox), sandbox)

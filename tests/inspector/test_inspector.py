"""The server as the MCP Inspector sees it: everything that it lists, asked for in both eras."""

import os
from pathlib import Path

import pytest
from inspector_cli import ERAS, Inspector, Refused, write_host_file
from inspector_rows import KINDS, ROWS
from sandbox_process import open_sandbox_process

pytestmark = pytest.mark.inspector


@pytest.fixture(scope="session")
def sandbox():
    with open_sandbox_process() as process:
        yield process


@pytest.fixture(scope="session")
def inspector(sandbox, tmp_path_factory):
    folder = os.environ.get("MCP_INSPECTOR")
    assert folder, "MCP_INSPECTOR must name the folder of mcp-inspector: run `nox -s inspector`"
    home = tmp_path_factory.mktemp("home")
    host_file = home / "mcp.json"
    write_host_file(host_file, sandbox.variables)
    return Inspector(Path(folder), host_file, home)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("kind", KINDS)
def test_everything_listed_has_a_row_and_every_row_is_of_something_listed(kind, era, inspector):
    method, key, name = KINDS[kind]
    listed = [each[name] for each in inspector.ask(era, method)[key]]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {row.name for row in ROWS if row.kind == kind}


def rows_with_eras():
    """All in the era of today's hosts, and the first of each kind in the next one, for speed."""
    first = {row.kind: row for row in reversed(ROWS)}.values()
    asked = [(row, "legacy") for row in ROWS] + [(row, "modern") for row in first]
    return [pytest.param(row, era, id=f"{row} {era}") for row, era in asked]


@pytest.mark.parametrize(("row", "era"), rows_with_eras())
def test_a_request_has_the_answer_that_its_row_describes(row, era, inspector, sandbox):
    row.check(row.ask(inspector, era, sandbox), sandbox)


@pytest.mark.parametrize(("asked", "era"), [("legacy",) * 2, ("modern",) * 2, ("auto", "modern")])
def test_an_era_is_negotiated_and_a_client_with_the_choice_takes_the_newer(asked, era, inspector):
    opened = inspector.ask(asked, "initialize")
    assert opened["protocolVersion"] == ERAS[era]
    assert opened["serverInfo"]["name"] == "polymarket-realtime"
    assert "find_markets" in opened["instructions"]


def test_no_schema_of_a_tool_is_of_a_kind_that_some_client_rejects(inspector):
    # With `--strict` the Inspector refuses to show them if one is.
    assert inspector.ask("modern", "tools/list", "--strict")["tools"]


@pytest.mark.parametrize("era", ERAS)
def test_what_does_not_exist_is_an_error_that_names_what_does(era, inspector):
    with pytest.raises(Refused) as caught:
        inspector.ask(era, "resources/read", "--uri", "polymarket://nothing")
    assert "polymarket://websocket-status" in caught.value.error["message"]


def test_an_argument_of_a_prompt_is_completed(inspector, sandbox):
    with inspector.connect("legacy") as connection:
        begun = sandbox.slug[: len(sandbox.slug) // 2]
        assert sandbox.slug in connection.complete("watch_market", "market", begun)


@pytest.mark.parametrize("era", ERAS)
def test_a_subscription_lives_from_its_first_book_to_its_end_on_one_connection(
    era, inspector, sandbox
):
    with inspector.connect(era) as connection:
        subscribed = connection.call("subscribe_orderbook_updates", token_ids=[sandbox.token])
        subscription_id, recipe = subscribed["subscription_id"], subscribed["delivery"]["recipe"]
        (resolved,) = subscribed["resolved"]
        book = wait_for_a_book(connection, **recipe)
        assert book["token"] == resolved["token"]
        assert 0 < float(book["bid"]) < float(book["ask"]) < 1
        uri = f"polymarket://subscriptions/{subscription_id}"
        assert connection.uris() == ["polymarket://websocket-status", uri]
        assert book in connection.read(uri)["events"]
        ended = connection.call("unsubscribe_realtime", subscription_id=subscription_id)
        assert ended["success"] is True
        assert connection.read(uri)["state"].startswith("ended")
        with pytest.raises(Refused, match="unknown_subscription"):
            connection.call("unsubscribe_realtime", subscription_id=subscription_id)


def wait_for_a_book(connection, tool, **arguments):
    """The first book that waiting brings; a wait in vain is an error."""
    while True:
        waited = connection.call(tool, **arguments)
        for event in waited["events"]:
            if event["type"] == "agg_orderbook":
                return event
        assert not waited["timed_out"]
        arguments["cursor"] = waited["next_cursor"]

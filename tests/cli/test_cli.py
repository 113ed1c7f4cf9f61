"""Arguments, messages and exit codes of the program, in this process."""

import gc
import logging
import os
import re
import socket

import attrs
import pytest
import trio

import polymarket_realtime
from polymarket_realtime import Settings
from polymarket_realtime.cli import main
from polymarket_realtime.cli.collector import few_collections
from polymarket_realtime.cli.exits import CommandFailed, run_command, run_until_signal
from polymarket_realtime.cli.options import VenueOptions, open_venue
from polymarket_realtime.errors import InsecureUrl, MarketNotFound, SettingsError

TOKEN = "7" * 77
URLS = [name for name in attrs.fields_dict(Settings) if name.endswith("_url")]


@pytest.fixture(autouse=True)
def no_trace_of_the_program():
    logger = logging.getLogger("polymarket_realtime")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in os.environ:
        if name.startswith(("POLYMARKET_", "POLYGON_")):
            monkeypatch.delenv(name)


def complaint(capsys, *arguments):
    """What the program says when called like this, after checking how it says it."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: [^\n]+\n", err)
    return err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["wacht"], "unexpected 'wacht'"),
        (["--bogus"], "--bogus"),
        (["watch", "--bogus"], "--bogus"),
        (["serve", "extra"], "unexpected 'extra'"),
        (["serve", "--market-url"], "--market-url requires an argument"),
        (["serve", "--log-level", "loud"], "loud"),
        (["watch"], "watch what?"),
        (["watch", "--orders"], "authentication required: one's own orders and trades need"),
        (["watch", "--orders", "--sandbox", "0x12"], "'0x12' is not a condition id"),
        (["watch", "--orders", "--feed", "sports"], "--orders and --feed exclude each other"),
        (["watch", "--orders", "--resolutions"], "--orders and --resolutions exclude each other"),
        (["watch", "--feed", "sports", "a-slug"], "--feed and 'a-slug' exclude each other"),
        (["watch", "a-slug", "--symbol", "btcusd"], "--symbol belongs to --feed"),
        (["watch", "a-slug", "--filter", "{}"], "--filter belongs to --feed"),
        (["watch", "--feed", "gossip"], "gossip"),
        (["watch", "--feed", "prices"], "the filter of prices comes with 1 to 64 symbols"),
        (["watch", "--feed", "prices", "--symbol", "no symbol"], "'no symbol' is not a symbol"),
        (["watch", "--feed", "sports", "--symbol", "btcusd"], "cannot have symbols beside it"),
        (["watch", "--feed", "activity", "--filter", "{"], "the filter of activity"),
        (["watch", "--feed", "activity", "--filter", '{"size": 1}'], "min_size"),
        (["watch", "--feed", "sports", "--rtds-url", "ws://venue.example"], "use wss://"),
        (["watch", "--resolutions"], "the resolution of what?"),
        (["watch", "--resolutions", "0x12"], "'0x12' is not a condition id"),
        (["watch", "--alert", "{}"], "the condition's 'when' cannot be missing"),
        (["watch", "--alert", '{"when": "resolved"}'], "alert of what?"),
        (["watch", "a-slug", "--alert", "{"], "--alert '{' is no JSON"),
        (["watch", "a-slug", "--alert", "[1]"], "--alert takes a JSON object like"),
        (["watch", "a-slug", "--alert", "[" * 50_000], "is no JSON"),
        (["watch", "a-slug", "--alert", '{"when": "later"}'], "pass one of price_crosses"),
        (["watch", "--alert", "{}", "--orders"], "--orders and --alert exclude each other"),
        (["watch", "--alert", "{}", "--feed", "sports"], "--feed and --alert exclude each other"),
        (
            ["watch", "--sandbox", "--alert", '{"when": "price_crosses", "threshold": 60}'],
            "pass 0.60 for 60 cents",
        ),
        (["find"], "find what?"),
        (["find", "bitcoin", "--limit", "0"], "--limit"),
        (["find", "bitcoin", "--limit", "51"], "--limit"),
        (["find", "?!"], "'?!' is not something to search for"),
        (["watch", "--orders", "--user-url", "ws://venue.example/ws/user"], "use wss://"),
        (["watch", "--orders", "--api-key", "x"], "--api-key"),
        (["credentials", "derive"], "set POLYGON_PRIVATE_KEY in the environment"),
        (["credentials", "derive", "--export", "everything"], "everything"),
        (["credentials", "derive", "--sandbox", "--clob-url", "https://a.example"], "exclude"),
        (["credentials", "forge"], 'Unknown command "forge"'),
        (["watch", "0x12"], "'0x12' is not a condition id"),
        (["watch", "two words"], "these look like words to search for"),
        (["watch", "https://venue.example/event/a"], "only those of polymarket.com"),
        (["watch", TOKEN, "--market-url", "nonsense"], "market_url='nonsense': expected a URL"),
        (["watch", TOKEN, "--market-url", "ws://venue.example/ws/market"], "use wss://"),
        (["watch", TOKEN, "--gamma-url", "http://venue.example"], "use https://"),
        (["serve", "--clob-url", "ftp://venue.example"], "expected a URL like https://"),
        (["watch", "--sandbox", "--gamma-url", "https://venue.example"], "exclude each other"),
        (["sandbox", "--port", "http"], "--port"),
        (["sandbox", "--port", "70000"], "not a TCP port"),
        (["sandbox", "--rate", "-1"], "rate"),
        (["sandbox", "--speed", "0"], "speed"),
        (["sandbox", "--speed", "fast"], "--speed"),
        (["sandbox", "--replay", "no/such/file.jsonl"], "no/such/file.jsonl"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(capsys, arguments, told):
    assert told in complaint(capsys, *arguments)


def test_a_setting_of_the_environment_that_cannot_work_is_told(capsys, monkeypatch):
    monkeypatch.setenv("POLYMARKET_MARKET_URL", "ws://venue.example/ws/market")
    assert "only loopback" in complaint(capsys, "watch", TOKEN)


@pytest.mark.parametrize("more", [[], ["--resolutions"]])
def test_an_unknown_token_is_told(capsys, more):
    assert TOKEN in complaint(capsys, "watch", "--sandbox", TOKEN, *more)


def test_a_slug_that_is_nearly_one_is_told_with_the_right_one(capsys):
    said = complaint(capsys, "watch", "--sandbox", "hottest-month-on-rekord")
    assert "did you mean 'event/hottest-month-on-record'" in said


def test_finding_nothing_is_no_error_and_told_beside_the_results(capsys):
    assert main(["find", "--sandbox", "unicorns"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "no market is about 'unicorns'; --closed looks among the settled ones, too\n"


def test_a_market_that_cannot_be_looked_up_is_told(capsys, monkeypatch):
    monkeypatch.setenv("POLYMARKET_BACKOFF_INITIAL", "0.01")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    condition = "0x" + "ab" * 32
    assert url in complaint(capsys, "watch", condition, "--gamma-url", url)


def test_a_port_in_use_is_told(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint(capsys, "sandbox", "--port", str(port))
    assert f"cannot listen on 127.0.0.1:{port}" in said


def test_a_broken_recording_is_told_with_its_line(capsys, tmp_path):
    path = tmp_path / "session.jsonl"
    path.write_text('{"t": null, "kind": "open", "conn": "a"}\n{"kind": 1}\n')
    assert "line 2" in complaint(capsys, "sandbox", "--replay", str(path))


def test_version_is_the_version_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == polymarket_realtime.__version__


COMMANDS = [
    *([], ["serve"], ["watch"], ["find"], ["sandbox"], ["demo"]),
    *(["credentials"], ["credentials", "derive"]),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_command(capsys, command):
    assert main([*command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Usage: polymarket-realtime")
    assert err == ""


def test_help_names_every_option_of_watch(capsys):
    main(["watch", "--help"])
    shown = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    urls = {f"--{name.replace('_', '-')}" for name in URLS}
    views = {"--orders", "--resolutions", "--feed", "--symbol", "--filter", "--alert"}
    assert shown == urls | views | {"--sandbox", "--json", "--log-level"}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_has_an_option_for_a_secret(capsys, command):
    main([*command, "--help"])
    options = re.findall(r"--[a-z-]+", capsys.readouterr().out)
    assert {"--api-key", "--api-secret", "--passphrase", "--private-key"}.isdisjoint(options)


# How commands end


def test_a_command_that_returns_is_a_success():
    async def command(done):
        await trio.lowlevel.checkpoint()
        done.append(True)

    done = []
    assert run_command(command, done) == 0
    assert done == [True]


async def fail_deep_in_nurseries(error):
    async with trio.open_nursery() as outer, trio.open_nursery():
        outer.start_soon(trio.sleep_forever)
        raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [(MarketNotFound("1"), 2), (CommandFailed("no"), 2), (CommandFailed("no", code=1), 1)],
)
def test_a_known_error_deep_in_groups_is_one_line(capsys, error, code):
    assert run_command(fail_deep_in_nurseries, error) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_an_error_in_several_lines_is_told_in_one(capsys):
    run_command(fail_deep_in_nurseries, CommandFailed("first\n  second"))
    assert capsys.readouterr().err == "error: first second\n"


def test_a_bug_keeps_its_traceback():
    with pytest.RaisesGroup(pytest.RaisesGroup(KeyError)):
        run_command(fail_deep_in_nurseries, KeyError("bug"))


def test_a_bug_is_not_hidden_by_a_known_error():
    async def command():
        raise BaseExceptionGroup("both", [MarketNotFound("1"), KeyError("bug")])

    with pytest.RaisesGroup(KeyError):
        run_command(command)


def test_an_interrupt_before_signals_are_taken_is_no_error():
    async def command():
        raise KeyboardInterrupt

    assert run_command(command) == 0


def test_what_a_command_has_imported_is_not_collected_again_while_it_runs():
    frozen = []

    async def command():
        frozen.append(gc.get_freeze_count())

    assert run_command(command) == 0
    assert frozen[0] > 10_000


def test_collections_are_few_while_a_command_is_imported_and_usual_while_it_runs():
    usual, seen = gc.get_threshold(), []

    async def command():
        seen.append(gc.get_threshold())

    with few_collections():
        assert gc.get_threshold()[0] > 10 * usual[0]
        assert run_command(command) == 0
    assert seen == [usual]
    with pytest.raises(KeyError), few_collections():
        raise KeyError
    assert gc.get_threshold() == usual


async def test_a_command_may_end_without_a_signal():
    async def command(done):
        await trio.lowlevel.checkpoint()
        done.append(True)

    done = []
    with trio.fail_after(5):
        await run_until_signal(command, done)
    assert done == [True]


@pytest.mark.parametrize("stream", [None, "closed pipe"])
def test_nobody_to_complain_to_changes_nothing(monkeypatch, stream):
    class Closed:
        def write(self, _):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", stream and Closed())
    assert main(["watch"]) == 2


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_serve_needs_stdin_and_stdout(capsys, monkeypatch, name):
    monkeypatch.setattr(f"sys.{name}", None)
    assert main(["serve"]) == 2
    assert "both must be open" in capsys.readouterr().err


# Where the data comes from


async def test_urls_on_the_command_line_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("POLYMARKET_MARKET_URL", "wss://environment.example/ws/market")
    monkeypatch.setenv("POLYMARKET_CLOB_URL", "https://environment.example")
    options = VenueOptions(market_url="wss://argument.example/ws/market")
    async with open_venue(options) as (settings, sandbox):
        assert settings.market_url == "wss://argument.example/ws/market"
        assert settings.clob_url == "https://environment.example"
        assert sandbox is None


async def test_a_sandbox_replaces_the_whole_venue(monkeypatch):
    monkeypatch.setenv("POLYMARKET_MARKET_URL", "wss://environment.example/ws/market")
    monkeypatch.setenv("POLYMARKET_PING_INTERVAL", "3")
    with trio.fail_after(5):
        async with open_venue(VenueOptions(sandbox=True)) as (settings, sandbox):
            for url in URLS:
                assert getattr(settings, url) == getattr(sandbox, url)
            assert settings.ping_interval == 3


SECRETS = {
    "POLYMARKET_API_KEY": "7f3a1c5e-0d52-4b0e-9c44-5f0c6e1d2a3b",
    "POLYMARKET_API_SECRET": "c2VjcmV0IG9mIGEgcGVyc29uLCBub3QgYSBib3gu",
    "POLYMARKET_PASSPHRASE": "d" * 64,
    "POLYGON_PRIVATE_KEY": "3" * 64,
}


@pytest.mark.parametrize("broken", [{}, {"POLYMARKET_API_SECRET": "nonsense"}])
@pytest.mark.parametrize("wallet_only", [False, True])
async def test_a_sandbox_never_gets_the_secrets_of_the_environment(
    monkeypatch, broken, wallet_only
):
    for name, value in (SECRETS | broken).items():
        monkeypatch.setenv(name, value)
    with trio.fail_after(5):
        async with open_venue(VenueOptions(sandbox=True), wallet_only=wallet_only) as (
            settings,
            sandbox,
        ):
            assert settings.address == sandbox.address
            if wallet_only:
                assert settings.credentials is None
                assert "0x" + settings.wallet.private_key.reveal() == sandbox.wallet_key
            else:
                assert settings.wallet is None
                assert settings.credentials.api_key.reveal() == sandbox.credentials.api_key


async def test_credentials_are_derived_although_there_are_some_already(monkeypatch):
    for name, value in (SECRETS | {"POLYMARKET_API_SECRET": "nonsense"}).items():
        monkeypatch.setenv(name, value)
    async with open_venue(VenueOptions(), wallet_only=True) as (settings, _):
        assert settings.credentials is None
        assert settings.wallet.private_key.reveal() == SECRETS["POLYGON_PRIVATE_KEY"]


@pytest.mark.parametrize(
    "command", [["watch", TOKEN], ["watch", "--orders"], ["credentials", "derive"]]
)
def test_credentials_that_cannot_work_are_told_without_their_values(capsys, monkeypatch, command):
    monkeypatch.setenv("POLYMARKET_API_KEY", "verysecretapikey")
    monkeypatch.setenv("POLYMARKET_API_SECRET", "verysecretsecret")
    monkeypatch.setenv("POLYGON_PRIVATE_KEY", "verysecretprivatekey")
    said = complaint(capsys, *command)
    assert "error: POLY" in said
    assert "verysecret" not in said


@pytest.mark.parametrize(
    ("urls", "error"),
    [({"market_url": "ws://venue.example"}, InsecureUrl), ({"clob_url": "x"}, SettingsError)],
)
async def test_a_url_that_cannot_work_is_refused_before_anything_is_opened(urls, error):
    with pytest.raises(error):
        async with open_venue(VenueOptions(**urls)):
            pytest.fail("opened")

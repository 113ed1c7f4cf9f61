import sys
from pathlib import Path

import attrs
import pytest

from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
from polymarket_realtime._model.trust import Verification
from polymarket_realtime.errors import (
    CredentialsError,
    InsecureUrl,
    PolymarketRealtimeError,
    SettingsError,
    WalletSupportMissing,
)
from polymarket_realtime.settings import Settings

MARKET_URL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
USER_URL = "wss://ws-subscriptions-clob.polymarket.com/ws/user"
URLS = ["market_url", "user_url", "clob_url", "gamma_url"]
NUMBERS = [field.name for field in attrs.fields(Settings) if field.type in ("int", "float")]


PRIVATE_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""Public: the first test account of Hardhat and Anvil."""
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OTHER_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

ACCOUNT = {
    "POLYMARKET_API_KEY": "3f0c1a52-9d7e-4b86-a2c4-6e5d8f7a9b01",
    "POLYMARKET_API_SECRET": "c2VjcmV0LW9mLWEtdGVzdC10aGF0LWlzLTMyLWJ5dGU=",
    "POLYMARKET_PASSPHRASE": "5d" * 32,
}
CREDENTIALS = Credentials(
    api_key=Secret(ACCOUNT["POLYMARKET_API_KEY"]),
    secret=Secret(ACCOUNT["POLYMARKET_API_SECRET"]),
    passphrase=Secret(ACCOUNT["POLYMARKET_PASSPHRASE"]),
)
WALLET = Wallet(private_key=Secret(PRIVATE_KEY), address=ADDRESS)
OF_ACCOUNT = {"credentials", "wallet", "address", "credentials_problem"}


def plain(name):
    return "ws" if name in ("market_url", "user_url") else "http"


def test_the_defaults_are_the_live_venue():
    settings = Settings()
    assert (settings.market_url, settings.user_url) == (MARKET_URL, USER_URL)
    assert settings.clob_url == "https://clob.polymarket.com"
    assert settings.gamma_url == "https://gamma-api.polymarket.com"
    assert (settings.ping_interval, settings.ping_timeout) == (10.0, 30.0)
    assert (settings.backoff_initial, settings.backoff_maximum) == (1.0, 60.0)
    assert settings.assets_per_connection == 200
    assert settings.record is None
    assert settings.verification is Verification.SAMPLE
    assert (settings.silence_minimum, settings.silence_maximum) == (10.0, 60.0)
    assert settings.witness_budget == 30
    assert settings.dual_connection is False


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environ({}) == Settings()


def test_unknown_variables_are_left_alone_and_empty_ones_count_as_unset():
    environ = {"POLYMARKET_NONSENSE": "1", "PING_TIMEOUT": "5", "POLYMARKET_PING_TIMEOUT": ""}
    assert Settings.from_environ(environ) == Settings()


def test_every_knob_has_its_variable():
    environ = {
        "POLYMARKET_MARKET_URL": "ws://127.0.0.1:8000/ws/market",
        "POLYMARKET_USER_URL": "ws://127.0.0.1:8000/ws/user",
        "POLYMARKET_RTDS_URL": "ws://127.0.0.1:8000/live-data",
        "POLYMARKET_POLYBOLT_URL": "ws://127.0.0.1:8000/live-v2/ws",
        "POLYMARKET_SPORTS_URL": "ws://127.0.0.1:8000/sports",
        "POLYMARKET_CLOB_URL": "http://localhost:8000/",
        "POLYMARKET_GAMMA_URL": "https://gamma.test/base",
        "POLYMARKET_OPEN_TIMEOUT": "1.5",
        "POLYMARKET_LOOKUP_TIMEOUT": "2",
        "POLYMARKET_PING_INTERVAL": "3",
        "POLYMARKET_PING_TIMEOUT": "9",
        "POLYMARKET_DATA_TIMEOUT": "4",
        "POLYMARKET_CONNECTION_LIFETIME": "60",
        "POLYMARKET_MARKET_LIFETIME": "3600",
        "POLYMARKET_CHURN_LIMIT": "50",
        "POLYMARKET_SILENCE_MINIMUM": "2",
        "POLYMARKET_SILENCE_MAXIMUM": "6",
        "POLYMARKET_QUIET_INTERVAL": "7",
        "POLYMARKET_FIRST_BOOK_TIMEOUT": "5",
        "POLYMARKET_LAG_LIMIT": "1.5",
        "POLYMARKET_WITNESS_BUDGET": "0",
        "POLYMARKET_VERIFICATION": "always",
        "POLYMARKET_DUAL_CONNECTION": "on",
        "POLYMARKET_RESOLUTION_INTERVAL": "0.5",
        "POLYMARKET_RESOLUTION_INTERVAL_MAXIMUM": "8",
        "POLYMARKET_BACKOFF_INITIAL": "0.1",
        "POLYMARKET_BACKOFF_MAXIMUM": "5",
        "POLYMARKET_BACKOFF_MULTIPLIER": "1.5",
        "POLYMARKET_BACKOFF_JITTER": "0.5",
        "POLYMARKET_ASSETS_PER_CONNECTION": "500",
        "POLYMARKET_TOKENS_PER_SUBSCRIPTION": "1000",
        "POLYMARKET_MAX_MESSAGE_SIZE": "1000000",
        "POLYMARKET_MAILBOX_CAPACITY": "8",
        "POLYMARKET_NOTIFY_INTERVAL": "0.5",
        "POLYMARKET_NOTIFY_BUDGET": "20",
        "POLYMARKET_CHANNEL_BUDGET": "3",
        "POLYMARKET_USER_AGENT": "mine",
        "POLYMARKET_RECORD": "somewhere/feed.jsonl",
    }
    knobs = {field.name for field in attrs.fields(Settings)} - OF_ACCOUNT
    assert set(environ) == {"POLYMARKET_" + name.upper() for name in knobs}
    assert Settings.from_environ(environ) == Settings(
        market_url="ws://127.0.0.1:8000/ws/market",
        user_url="ws://127.0.0.1:8000/ws/user",
        rtds_url="ws://127.0.0.1:8000/live-data",
        polybolt_url="ws://127.0.0.1:8000/live-v2/ws",
        sports_url="ws://127.0.0.1:8000/sports",
        clob_url="http://localhost:8000",
        gamma_url="https://gamma.test/base",
        open_timeout=1.5,
        lookup_timeout=2.0,
        ping_interval=3.0,
        ping_timeout=9.0,
        data_timeout=4.0,
        connection_lifetime=60.0,
        market_lifetime=3600.0,
        churn_limit=50,
        silence_minimum=2.0,
        silence_maximum=6.0,
        quiet_interval=7.0,
        first_book_timeout=5.0,
        lag_limit=1.5,
        witness_budget=0,
        verification=Verification.ALWAYS,
        dual_connection=True,
        resolution_interval=0.5,
        resolution_interval_maximum=8.0,
        backoff_initial=0.1,
        backoff_maximum=5.0,
        backoff_multiplier=1.5,
        backoff_jitter=0.5,
        assets_per_connection=500,
        tokens_per_subscription=1000,
        max_message_size=1_000_000,
        mailbox_capacity=8,
        notify_interval=0.5,
        notify_budget=20,
        channel_budget=3,
        user_agent="mine",
        record=Path("somewhere/feed.jsonl"),
    )


def test_arguments_win_over_variables():
    environ = {"POLYMARKET_PING_INTERVAL": "3", "POLYMARKET_MAILBOX_CAPACITY": "8"}
    settings = Settings.from_environ(environ, ping_interval=4.0)
    assert (settings.ping_interval, settings.mailbox_capacity) == (4.0, 8)


@pytest.mark.parametrize(
    ("variable", "text", "wanted"),
    [
        ("POLYMARKET_PING_INTERVAL", "often", "expected a number"),
        ("POLYMARKET_BACKOFF_JITTER", "1,5", "expected a number"),
        ("POLYMARKET_MAILBOX_CAPACITY", "1.5", "expected a whole number"),
        ("POLYMARKET_ASSETS_PER_CONNECTION", "many", "expected a whole number"),
        ("POLYMARKET_WITNESS_BUDGET", "0.5", "expected a whole number"),
        ("POLYMARKET_DUAL_CONNECTION", "perhaps", "expected `on` or `off`"),
        ("POLYMARKET_VERIFICATION", "on", "expected one of off, top, sample, always"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named_with_its_value(variable, text, wanted):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({variable: text})
    assert str(caught.value) == f"{variable}='{text}': {wanted}"
    assert (caught.value.name, caught.value.value) == (variable, text)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("open_timeout", 0, "greater than 0"),
        ("ping_interval", -1.0, "greater than 0"),
        ("mailbox_capacity", 0, "greater than 0"),
        ("backoff_multiplier", 0.5, "from 1 to 10"),
        ("backoff_multiplier", 11, "from 1 to 10"),
        ("backoff_jitter", -0.1, "from 0 to 0.5"),
        ("backoff_jitter", 0.6, "from 0 to 0.5"),
        ("assets_per_connection", 0, "from 1 to 500"),
        ("assets_per_connection", 501, "the venue loses data"),
        ("ping_timeout", 10.0, r"longer than ping_interval \(10.0\)"),
        ("ping_timeout", 0, "longer than ping_interval"),
        ("churn_limit", 0, "greater than 0"),
        ("market_lifetime", 0, "greater than 0"),
        ("silence_minimum", 0, "greater than 0"),
        ("quiet_interval", 0, "greater than 0"),
        ("first_book_timeout", 0, "greater than 0"),
        ("lag_limit", 0, "greater than 0"),
        ("witness_budget", -1, "0 or more"),
        ("silence_maximum", 9.9, r"not be shorter than silence_minimum \(10.0\)"),
    ],
)
def test_a_number_that_cannot_work_is_named_with_what_would(name, value, wanted):
    with pytest.raises(SettingsError, match=wanted) as caught:
        Settings(**{name: value})
    assert str(caught.value).startswith(f"{name}='{value}': ")
    assert (caught.value.name, caught.value.value) == (name, value)
    with pytest.raises(SettingsError, match=wanted):
        Settings.from_environ({f"POLYMARKET_{name.upper()}": str(value)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("backoff_jitter", value) for value in (0, 0.5)),
        *(("backoff_multiplier", value) for value in (1, 10)),
        *(("assets_per_connection", value) for value in (1, 500)),
        ("mailbox_capacity", 1),
        ("witness_budget", 0),
        ("silence_maximum", 10.0),
    ],
)
def test_the_ends_of_a_range_belong_to_it(name, value):
    assert getattr(Settings(**{name: value}), name) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_may_be_infinite_or_none(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings(**{name: value})


def test_a_longer_ping_interval_needs_a_longer_timeout():
    with pytest.raises(SettingsError, match="ping_timeout"):
        Settings(ping_interval=30.0)
    assert Settings(ping_interval=30.0, ping_timeout=90.0).ping_timeout == 90.0


def test_a_longer_shortest_silence_needs_a_longer_longest_one():
    with pytest.raises(SettingsError, match="silence_maximum"):
        Settings(silence_minimum=61.0)
    settings = Settings(silence_minimum=61.0, silence_maximum=61.0)
    assert settings.silence_maximum == 61.0


@pytest.mark.parametrize(
    ("text", "on"),
    [
        *(("on", True), ("true", True), ("1", True), ("ON", True), ("True", True)),
        *(("off", False), ("false", False), ("0", False), ("Off", False)),
    ],
)
def test_a_switch_is_on_or_off_in_any_usual_way(text, on):
    settings = Settings.from_environ({"POLYMARKET_DUAL_CONNECTION": text})
    assert settings.dual_connection is on


@pytest.mark.parametrize("verification", Verification)
def test_how_much_is_verified_is_one_word(verification):
    settings = Settings.from_environ({"POLYMARKET_VERIFICATION": str(verification)})
    assert settings.verification is verification


# URLs


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "[::1]"])
@pytest.mark.parametrize("port", ["", ":8000"])
def test_loopback_may_be_reached_without_tls(name, host, port):
    url = f"{plain(name)}://{host}{port}/ws/market"
    assert getattr(Settings(**{name: url}), name) == url


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "host",
    [
        *("venue.test", "10.0.0.1", "0.0.0.0", "[2001:db8::1]", "127.0.0.1.evil.test"),
        *("localhost.evil.test", "127.1", "128.0.0.1", "[::]"),
    ],
)
def test_no_other_host_may_be_reached_without_tls(name, host):
    url = f"{plain(name)}://{host}/ws/market"
    with pytest.raises(InsecureUrl) as caught:
        Settings(**{name: url})
    assert caught.value.name == name
    assert url in str(caught.value)
    assert f"use {plain(name)}s://" in str(caught.value)


@pytest.mark.parametrize("name", URLS)
def test_any_host_may_be_reached_with_tls(name):
    url = f"{plain(name)}s://venue.test:9443/ws/market"
    assert getattr(Settings(**{name: url}), name) == url


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url",
    ["venue.test", "//venue.test/ws", "ftp://venue.test/", "wss:///ws/market", "https://", ""],
)
def test_what_is_no_url_of_its_scheme_is_refused(name, url):
    with pytest.raises(SettingsError, match=f"expected a URL like {plain(name)}s://host/path"):
        Settings(**{name: url})


@pytest.mark.parametrize(
    "url", ["wss://venue.test:port/ws", "wss://venue.test:99999/", "wss://[::1/ws"]
)
def test_a_broken_url_is_shown_with_what_is_wrong(url):
    with pytest.raises(SettingsError, match="market_url=") as caught:
        Settings(market_url=url)
    assert url in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "wss://me:hunter2@venue.test/ws/market",
        "wss://hunter2@venue.test/ws/market",
        "ftp://me:hunter2@venue.test/",
        "wss://me:hunter2@venue.test:99999/",
        "ws://me:hun/ter2@venue.test/hunter2@",
    ],
)
def test_a_password_in_a_url_is_refused_and_never_repeated(url):
    with pytest.raises(SettingsError, match="no user info in URLs") as caught:
        Settings(market_url=url)
    shown = f"{caught.value} {caught.value.value} {caught.value!r}"
    assert "hunter2" not in shown
    assert "ter2" not in shown


@pytest.mark.parametrize("channel", ["market", "user"])
@pytest.mark.parametrize("base", ["wss://venue.test/ws/", "wss://venue.test/ws"])
def test_the_bare_base_that_documents_name_gets_the_path_of_the_channel(channel, base):
    name = f"{channel}_url"
    used = f"wss://venue.test/ws/{channel}"
    assert getattr(Settings(**{name: base}), name) == used
    assert getattr(Settings.from_environ({f"POLYMARKET_{name.upper()}": base}), name) == used


@pytest.mark.parametrize("name", ["market_url", "user_url"])
@pytest.mark.parametrize("url", ["wss://venue.test/ws/market", "wss://venue.test/other/"])
def test_any_other_path_is_left_as_it_is(name, url):
    assert getattr(Settings(**{name: url}), name) == url


def test_a_rest_base_has_no_slash_at_its_end():
    assert Settings(clob_url="https://clob.test/base//").clob_url == "https://clob.test/base"


def test_errors_are_value_errors_of_this_package():
    with pytest.raises(ValueError, match="ping_interval"):
        Settings(ping_interval=0)
    assert issubclass(InsecureUrl, SettingsError)
    assert issubclass(SettingsError, PolymarketRealtimeError)


def test_settings_cannot_be_altered():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().ping_interval = 1.0


# The account


def test_without_variables_there_is_no_account():
    settings = Settings.from_environ({})
    assert not settings.has_account
    assert (settings.credentials, settings.wallet, settings.address) == (None, None, None)


def test_credentials_come_from_their_three_variables():
    settings = Settings.from_environ({**ACCOUNT, "POLYGON_ADDRESS": ADDRESS})
    assert settings == Settings(credentials=CREDENTIALS, address=ADDRESS)
    assert settings.has_account


def test_a_wallet_comes_from_its_variable_and_brings_its_address():
    settings = Settings.from_environ({"POLYGON_PRIVATE_KEY": PRIVATE_KEY})
    assert settings == Settings(wallet=WALLET)
    assert settings.address == ADDRESS
    assert settings.has_account


def test_the_account_has_no_variables_by_the_names_of_its_fields():
    names = ("CREDENTIALS", "WALLET", "ADDRESS", "CREDENTIALS_PROBLEM", "API_KEY_NAME")
    assert Settings.from_environ({f"POLYMARKET_{name}": "x" for name in names}) == Settings()


@pytest.mark.parametrize(
    "given",
    [
        {"credentials": CREDENTIALS},
        {"wallet": WALLET},
        {"address": OTHER_ADDRESS},
        {"credentials": None},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "environ",
    [
        {**ACCOUNT, "POLYGON_ADDRESS": ADDRESS},
        {"POLYGON_PRIVATE_KEY": PRIVATE_KEY},
        {"POLYGON_PRIVATE_KEY": "nonsense", "POLYMARKET_API_KEY": "nonsense"},
    ],
    ids=["complete", "wallet", "nonsense"],
)
def test_with_a_part_of_the_account_given_its_variables_are_not_read(environ, given):
    assert Settings.from_environ(environ, **given) == Settings(**given)


def test_credentials_that_cannot_work_are_told_at_once():
    with pytest.raises(CredentialsError, match="POLYMARKET_API_KEY: not a UUID") as caught:
        Settings.from_environ({**ACCOUNT, "POLYMARKET_API_KEY": "canary"})
    assert caught.value.name == "POLYMARKET_API_KEY"


def test_postponed_the_problem_is_kept_and_public_feeds_can_run():
    environ = {**ACCOUNT, "POLYMARKET_API_KEY": "canary", "POLYGON_ADDRESS": ADDRESS}
    environ["POLYMARKET_PING_INTERVAL"] = "3"
    settings = Settings.from_environ(environ, postpone_credentials=True)
    assert settings == Settings(ping_interval=3.0)
    assert not settings.has_account
    assert isinstance(settings.credentials_problem, CredentialsError)
    assert settings.credentials_problem.name == "POLYMARKET_API_KEY"
    assert settings.credentials_problem.__traceback__ is None


def test_a_missing_library_can_be_postponed_as_well(monkeypatch):
    monkeypatch.setitem(sys.modules, "eth_account", None)
    environ = {"POLYGON_PRIVATE_KEY": PRIVATE_KEY}
    with pytest.raises(WalletSupportMissing, match=r"polymarket-realtime\[wallet\]"):
        Settings.from_environ(environ)
    settings = Settings.from_environ(environ, postpone_credentials=True)
    assert isinstance(settings.credentials_problem, WalletSupportMissing)


def test_without_a_problem_there_is_none_to_keep():
    settings = Settings.from_environ(ACCOUNT, postpone_credentials=True)
    assert settings.credentials_problem is None
    assert settings.credentials == CREDENTIALS


def test_only_the_problems_of_the_account_can_be_postponed():
    with pytest.raises(SettingsError, match="POLYMARKET_PING_INTERVAL"):
        Settings.from_environ({"POLYMARKET_PING_INTERVAL": "x"}, postpone_credentials=True)


def test_an_address_given_by_a_program_is_checked_like_a_typed_one():
    with pytest.raises(CredentialsError, match=r"^address: looks like a private key"):
        Settings(address=PRIVATE_KEY)


def test_an_address_given_wins_over_that_of_the_wallet():
    assert Settings(wallet=WALLET, address=OTHER_ADDRESS).address == OTHER_ADDRESS


@pytest.mark.parametrize("show", [str, repr, "{}".format])
def test_settings_can_be_shown_without_showing_secrets(show):
    shown = show(Settings(credentials=CREDENTIALS, wallet=WALLET))
    assert not [value for value in (*ACCOUNT.values(), PRIVATE_KEY) if value in shown]
    assert ADDRESS in shown

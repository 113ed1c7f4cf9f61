import attrs
import pytest

from polymarket_realtime.errors import InsecureUrl, PolymarketRealtimeError, SettingsError
from polymarket_realtime.settings import Settings

MARKET_URL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
URLS = ["market_url", "clob_url", "gamma_url"]
NUMBERS = [field.name for field in attrs.fields(Settings) if field.type in ("int", "float")]


def plain(name):
    return "ws" if name == "market_url" else "http"


def test_the_defaults_are_the_live_venue():
    settings = Settings()
    assert settings.market_url == MARKET_URL
    assert settings.clob_url == "https://clob.polymarket.com"
    assert settings.gamma_url == "https://gamma-api.polymarket.com"
    assert (settings.ping_interval, settings.ping_timeout) == (10.0, 30.0)
    assert (settings.backoff_initial, settings.backoff_maximum) == (1.0, 60.0)
    assert settings.assets_per_connection == 200


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environ({}) == Settings()


def test_unknown_variables_are_left_alone_and_empty_ones_count_as_unset():
    environ = {"POLYMARKET_NONSENSE": "1", "PING_TIMEOUT": "5", "POLYMARKET_PING_TIMEOUT": ""}
    assert Settings.from_environ(environ) == Settings()


def test_every_knob_has_its_variable():
    environ = {
        "POLYMARKET_MARKET_URL": "ws://127.0.0.1:8000/ws/market",
        "POLYMARKET_CLOB_URL": "http://localhost:8000/",
        "POLYMARKET_GAMMA_URL": "https://gamma.test/base",
        "POLYMARKET_OPEN_TIMEOUT": "1.5",
        "POLYMARKET_LOOKUP_TIMEOUT": "2",
        "POLYMARKET_PING_INTERVAL": "3",
        "POLYMARKET_PING_TIMEOUT": "9",
        "POLYMARKET_BACKOFF_INITIAL": "0.1",
        "POLYMARKET_BACKOFF_MAXIMUM": "5",
        "POLYMARKET_BACKOFF_MULTIPLIER": "1.5",
        "POLYMARKET_BACKOFF_JITTER": "0.5",
        "POLYMARKET_ASSETS_PER_CONNECTION": "500",
        "POLYMARKET_MAX_MESSAGE_SIZE": "1000000",
        "POLYMARKET_MAILBOX_CAPACITY": "8",
        "POLYMARKET_NOTIFY_INTERVAL": "0.5",
        "POLYMARKET_USER_AGENT": "mine",
    }
    assert set(environ) >= {"POLYMARKET_" + f.name.upper() for f in attrs.fields(Settings)}
    assert Settings.from_environ(environ) == Settings(
        market_url="ws://127.0.0.1:8000/ws/market",
        clob_url="http://localhost:8000",
        gamma_url="https://gamma.test/base",
        open_timeout=1.5,
        lookup_timeout=2.0,
        ping_interval=3.0,
        ping_timeout=9.0,
        backoff_initial=0.1,
        backoff_maximum=5.0,
        backoff_multiplier=1.5,
        backoff_jitter=0.5,
        assets_per_connection=500,
        max_message_size=1_000_000,
        mailbox_capacity=8,
        notify_interval=0.5,
        user_agent="mine",
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
    ],
)
def test_a_variable_that_is_no_number_is_named_with_its_value(variable, text, wanted):
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


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("wss://venue.test/ws/", "wss://venue.test/ws/market"),
        ("wss://venue.test/ws", "wss://venue.test/ws/market"),
        ("wss://venue.test/ws/market", "wss://venue.test/ws/market"),
        ("wss://venue.test/other/", "wss://venue.test/other/"),
    ],
)
def test_the_bare_base_that_documents_name_gets_the_path_of_the_channel(given, used):
    assert Settings(market_url=given).market_url == used
    assert Settings.from_environ({"POLYMARKET_MARKET_URL": given}).market_url == used


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

"""`credentials derive` in this process, with the wallet of the sandbox."""

import os
import re
import shlex
import socket
import sys

import pytest

from polymarket_realtime.cli import main
from polymarket_realtime.sandbox import KeyDesk, SandboxConfig

WALLET_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
GIVEN = KeyDesk(SandboxConfig().seed).issue(ADDRESS, 0)
EXPORTS = {
    "POLYMARKET_API_KEY": GIVEN.api_key,
    "POLYMARKET_API_SECRET": GIVEN.secret,
    "POLYMARKET_PASSPHRASE": GIVEN.passphrase,
    "POLYGON_ADDRESS": ADDRESS,
}


@pytest.fixture(autouse=True)
def quick_and_without_settings_of_this_machine(monkeypatch):
    for name in os.environ:
        if name.startswith(("POLYMARKET_", "POLYGON_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POLYMARKET_BACKOFF_INITIAL", "0.05")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def derive(capfd, *arguments):
    """Exit code, what is exported, and the words on stderr, which are checked to be no secret."""
    code = main(["credentials", "derive", *arguments])
    out, err = capfd.readouterr()
    for secret in (GIVEN.api_key, GIVEN.secret, GIVEN.passphrase, WALLET_KEY):
        assert secret not in err
    exports = {}
    for line in out.splitlines():
        word, assignment = shlex.split(line)
        assert word == "export"
        name, _, value = assignment.partition("=")
        exports[name] = value
    return code, exports, err


def test_nothing_is_exported_unasked(capfd):
    code, exports, err = derive(capfd, "--sandbox")
    assert (code, exports) == (0, {})
    assert re.fullmatch(rf"API credentials exist for {ADDRESS}\. To export them: [^\n]+\n", err)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["all"], list(EXPORTS)),
        (["secret"], ["POLYMARKET_API_SECRET"]),
        (["passphrase", "api-key"], ["POLYMARKET_API_KEY", "POLYMARKET_PASSPHRASE"]),
        (["address", "--export", "api-key"], ["POLYMARKET_API_KEY", "POLYGON_ADDRESS"]),
    ],
)
def test_only_what_was_asked_for_is_exported(capfd, asked, names):
    code, exports, err = derive(capfd, "--sandbox", "--export", *asked)
    assert (code, err) == (0, "")
    assert exports == {name: EXPORTS[name] for name in names}


def test_a_venue_that_cannot_be_reached_is_one_line(capfd, monkeypatch):
    monkeypatch.setenv("POLYGON_PRIVATE_KEY", WALLET_KEY)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    code, exports, err = derive(capfd, "--clob-url", url, "--export", "all")
    assert (code, exports) == (2, {})
    assert re.fullmatch(rf"error: {url}/auth/derive-api-key did not answer: [^\n]+\n", err)


def test_a_wallet_without_the_library_for_it_is_told_how_to_install_it(capfd, monkeypatch):
    monkeypatch.setenv("POLYGON_PRIVATE_KEY", WALLET_KEY)
    monkeypatch.setitem(sys.modules, "eth_account", None)
    code, exports, err = derive(capfd, "--export", "all")
    assert (code, exports) == (2, {})
    assert re.fullmatch(r"error: [^\n]*pip install 'polymarket-realtime\[wallet\]'[^\n]*\n", err)


def test_a_private_key_that_cannot_work_is_told_without_it(capfd, monkeypatch):
    monkeypatch.setenv("POLYGON_PRIVATE_KEY", WALLET_KEY[:-1])
    code, exports, err = derive(capfd, "--export", "all")
    assert (code, exports) == (2, {})
    assert re.fullmatch(r"error: POLYGON_PRIVATE_KEY: not a private key: [^\n]+\n", err)
    assert WALLET_KEY[:8] not in err

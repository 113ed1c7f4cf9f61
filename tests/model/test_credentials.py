"""Secrets and what holds them."""

import copy
import json
import logging
import pickle

import attrs
import pytest

from polymarket_realtime._model.credentials import Credentials, Secret, Wallet

VALUES = {"api_key": "canary-of-the-key", "secret": "canary-of-hmac", "passphrase": "canary-pass"}


def credentials():
    return Credentials(**{name: Secret(value) for name, value in VALUES.items()})


HOLDERS = [Secret("canary"), credentials(), Wallet(private_key=Secret("canary"), address="0x1")]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    "show", [str, repr, ascii, "{}".format, "{!r:>200}".format, "{0!s:.300}".format]
)
def test_no_way_of_showing_shows_a_secret(holder, show):
    shown = show(holder)
    assert "canary" not in shown
    assert "<secret>" in shown


def test_a_secret_pads_like_a_text_in_a_format():
    assert f"{Secret('canary'):>10}" == "  <secret>"


def test_a_log_record_does_not_show_a_secret(caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("with %s and %r", credentials(), HOLDERS)
    assert "canary" not in caplog.text


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("take", [pickle.dumps, copy.deepcopy, json.dumps])
def test_no_secret_leaves_by_pickle_deep_copy_or_json(holder, take):
    with pytest.raises(TypeError) as caught:
        take(holder)
    assert "canary" not in str(caught.value)


def test_only_reveal_gives_the_text():
    secret = Secret("canary")
    assert secret.reveal() == "canary"
    assert not hasattr(secret, "__dict__")


def test_secrets_of_the_same_text_are_equal_and_equal_to_no_text():
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("ä") == Secret("ä")


def test_credentials_are_scrubbed_out_of_what_comes_back():
    body = b'{"owner":"canary-of-the-key","s":"canary-of-hmac","p":["canary-pass","canary-pass"]}'
    scrubbed = credentials().scrub(body)
    assert scrubbed == (b'{"owner":"<api key>","s":"<secret>","p":["<passphrase>","<passphrase>"]}')


def test_what_holds_no_credentials_is_not_altered_by_scrubbing():
    assert credentials().scrub(b"\xff\x00canary") == b"\xff\x00canary"


@pytest.mark.parametrize("given", [(), ("api_key",), ("api_key", "secret")])
def test_credentials_are_complete_or_absent(given):
    with pytest.raises(TypeError):
        Credentials(**{name: Secret("x") for name in given})


def test_credentials_cannot_be_altered():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        credentials().secret = Secret("other")

"""What the fields of `Settings` accept, and how they are read from text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from polymarket_realtime._model.trust import Verification
from polymarket_realtime.errors import InsecureUrl, SettingsError

__all__ = [
    "channel_url",
    "not_negative",
    "parse_field",
    "positive",
    "rest_url",
    "socket_url",
]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(_: Any, attribute: attrs.Attribute[str], url: str) -> None:
    plain, secure = attribute.metadata["schemes"]
    # First of all, so that no other message can repeat a password.
    without_user_info = re.sub(r"//.*@", "//…@", url)
    if without_user_info != url:
        raise SettingsError(attribute.name, without_user_info, "no user info in URLs")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(attribute.name, url, str(error)) from error
    if parts.scheme not in (plain, secure) or not host:
        raise SettingsError(attribute.name, url, f"expected a URL like {secure}://host/path")
    if parts.scheme == plain and not _is_loopback(host):
        raise InsecureUrl(attribute.name, url, secure)


def _check_positive(_: Any, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0 < value < math.inf:
        raise SettingsError(attribute.name, value, "must be greater than 0, and finite")


def rest_url(default: str) -> Any:
    """Base of a REST interface, without a slash at the end; plain HTTP for loopback only."""
    return attrs.field(
        default=default,
        validator=_check_url,
        converter=lambda url: url.rstrip("/"),
        metadata={"schemes": ("http", "https")},
    )


def channel_url(channel: str) -> Any:
    """Address of a CLOB channel, or the bare base that documents name."""

    def with_path(url: str) -> str:
        """The venue answers 404 on its bare base `/ws/`, which documents still name."""
        return f"{url.rstrip('/')}/{channel}" if url.rstrip("/").endswith("/ws") else url

    return attrs.field(
        default=f"wss://ws-subscriptions-clob.polymarket.com/ws/{channel}",
        validator=_check_url,
        converter=with_path,
        metadata={"schemes": ("ws", "wss")},
    )


def socket_url(default: str) -> Any:
    """Address of a WebSocket; plain `ws://` for loopback only."""
    return attrs.field(default=default, validator=_check_url, metadata={"schemes": ("ws", "wss")})


def positive(default: float) -> Any:
    """A number above 0."""
    return attrs.field(default=default, validator=_check_positive)


def not_negative(default: float) -> Any:
    """A number of 0 or more."""
    return attrs.field(default=default, validator=_check_not_negative)


def _check_not_negative(_: Any, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0 <= value < math.inf:
        raise SettingsError(attribute.name, value, "must be 0 or more, and finite")


def _parse_switch(text: str) -> bool:
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    return words[text.strip().lower()]


_Parser = tuple[Callable[[str], Any], str]

_PARSERS: Final[dict[str, _Parser]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "Path | None": (Path, "a path"),
    "bool": (_parse_switch, "`on` or `off`"),
    "Verification": (Verification, "one of " + ", ".join(Verification)),
}
"""By the type of a field: how its text is read, and what it has to be."""


def parse_field(field: attrs.Attribute[Any], variable: str, text: str) -> Any:
    """The value that a variable gives a field.

    Raises:
        SettingsError: It is not of the field's type.
    """
    parse, kind = _PARSERS[str(field.type)]
    try:
        return parse(text)
    except (ValueError, KeyError):
        raise SettingsError(variable, text, f"expected {kind}") from None

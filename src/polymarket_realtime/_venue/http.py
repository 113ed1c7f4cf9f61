"""The HTTP client as this package uses it: verified, direct on this machine, and discreet."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx2

__all__ = ["Transport", "discreet_log", "make_http", "root_cause"]

Transport = httpx2.AsyncBaseTransport
"""What carries requests: real connections, or an answer made up for a test."""


def make_http(user_agent: str, transport: Transport | None = None) -> httpx2.AsyncClient:
    """A client without timeouts, for callers who bound each call as a whole, and close it.

    Args:
        user_agent: What servers are told.
        transport: What carries the requests, in place of real connections.
    """
    return httpx2.AsyncClient(
        headers={"user-agent": user_agent},
        verify=_LazyContext(),
        timeout=None,
        transport=transport,
        # Plain HTTP is for this machine only, whatever proxy the environment names.
        mounts={"http://": None},
    )


def root_cause(error: BaseException) -> BaseException:
    """What went wrong at the bottom: what httpx2 raises itself may have no words."""
    while below := error.__cause__ or error.__context__:
        error = below
    return error


class _LazyContext(ssl.SSLContext):
    """Verifies; reads the machine's certificates, which takes 20 ms, when first needed."""

    _loaded = False

    def __new__(cls) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        if not self._loaded:
            self.load_default_certs()
            self._loaded = True
        return super().wrap_bio(*args, **kwargs)


@contextmanager
def discreet_log() -> Iterator[None]:
    """httpcore2 logs at DEBUG whole headers of answers; here it says what, without values."""

    def names_only(record: logging.LogRecord) -> bool:
        record.msg, record.args = str(record.msg).partition(" ")[0], ()
        return True

    logger = logging.getLogger("httpcore2.http11")
    logger.addFilter(names_only)
    try:
        yield
    finally:
        logger.removeFilter(names_only)

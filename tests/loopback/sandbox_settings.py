"""Settings that lead to a sandbox, with waits that suit a test."""

from __future__ import annotations

from typing import Any

from polymarket_realtime import Credentials, Secret, Settings
from polymarket_realtime.sandbox import Sandbox

__all__ = ["settings_of"]

URLS = (
    *("market_url", "user_url", "rtds_url", "polybolt_url", "sports_url"),
    *("clob_url", "gamma_url"),
)


def settings_of(sandbox: Sandbox, *, account: bool = False, **changes: Any) -> Settings:
    """Redials at once, and asks about settlements every few tenths of a second."""
    values: dict[str, Any] = {name: getattr(sandbox, name) for name in URLS}
    values |= {"backoff_initial": 0.1, "backoff_maximum": 0.2}
    values |= {"resolution_interval": 0.2, "resolution_interval_maximum": 0.5}
    if account:
        given = sandbox.credentials
        values |= {
            "address": sandbox.address,
            "credentials": Credentials(
                api_key=Secret(given.api_key),
                secret=Secret(given.secret),
                passphrase=Secret(given.passphrase),
            ),
        }
    return Settings(**(values | changes))

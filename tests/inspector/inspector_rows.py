"""What the Inspector asks the server for: at least one row for all that the server lists.

To add one, write what its answer must hold as a function and a `Row` for it in `ROWS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal

import attrs
import pytest
from inspector_cli import Inspector, Refused
from sandbox_process import SandboxProcess

__all__ = ["KINDS", "ROWS", "Kind", "Row"]

Kind = Literal["tool", "resource", "template", "prompt"]
Object = dict[str, Any]

KINDS: dict[Kind, tuple[str, str, str]] = {
    "tool": ("tools/list", "tools", "name"),
    "resource": ("resources/list", "resources", "uri"),
    "template": ("resources/templates/list", "resourceTemplates", "uriTemplate"),
    "prompt": ("prompts/list", "prompts", "name"),
}
"""The method that lists them, the key of the list, and the key of what each is called."""


@attrs.frozen
class Row:
    """One request.

    Attributes:
        kind: What is asked for.
        name: As the server lists it: a tool's or prompt's name, a URI or a template of one.
        check: Asserts what the answer holds. It gets a tool's structured result, a resource's JSON,
            a prompt's result; of a refused tool the error that its result names, of what else is
            refused the Inspector's `code` and `message`.
        arguments: Of the tool or prompt, or for the variables of the template.
        refused: The server is expected to say no.
    """

    kind: Kind
    name: str
    check: Callable[[Object, SandboxProcess], None]
    arguments: Callable[[SandboxProcess], Object] = lambda _: {}
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.check.__name__}"

    def ask(self, inspector: Inspector, era: str, sandbox: SandboxProcess) -> Object:
        """The answer, as `check` wants it."""
        request = self._request(self.arguments(sandbox))
        if not self.refused:
            return self._answer(inspector.ask(era, *request))
        with pytest.raises(Refused) as caught:
            inspector.ask(era, *request)
        if caught.value.result is None:
            return caught.value.error
        result = caught.value.result["result"]
        assert result["isError"] is True
        return result["_meta"]["polymarket-realtime/error"]

    def _request(self, arguments: Object) -> tuple[str, ...]:
        """The method and its options."""
        if self.kind == "tool":
            text = json.dumps(arguments)
            return ("tools/call", "--tool-name", self.name, "--tool-args-json", text)
        if self.kind == "prompt":
            # The Inspector reads a value as JSON if it can: a token id would become a number.
            pairs = [f"{name}={json.dumps(value)}" for name, value in arguments.items()]
            options = ("--prompt-args", *pairs) if pairs else ()
            return ("prompts/get", "--prompt-name", self.name, *options)
        uri = re.sub(r"{(\w+)}", lambda match: arguments[match[1]], self.name)
        return ("resources/read", "--uri", uri)

    def _answer(self, result: Object) -> Object:
        if self.kind == "tool":
            return result["structuredContent"]
        if self.kind == "prompt":
            return result
        (contents,) = result["contents"]
        assert contents["mimeType"] == "application/json"
        return json.loads(contents["text"])


def is_subscribed(answer: Object) -> None:
    """Whether the answer is that of a tool that subscribes."""
    assert re.fullmatch("[0-9a-f]{10}", answer["subscription_id"])
    assert "call wait_for_realtime_events as in `recipe`" in answer["delivery"]["note"]


def follows_both_outcomes(answer: Object, sandbox: SandboxProcess) -> None:
    is_subscribed(answer)
    assert {each["outcome"]: each["token_id"] for each in answer["resolved"]} == sandbox.tokens
    assert {each["question"] for each in answer["resolved"]} == {sandbox.question}


def follows_one_book(answer: Object, sandbox: SandboxProcess) -> None:
    is_subscribed(answer)
    assert [each["token_id"] for each in answer["resolved"]] == [sandbox.token]
    assert "3 levels a side" in answer["message"]


def tells_an_open_market(answer: Object, sandbox: SandboxProcess) -> None:
    follows_both_outcomes(answer, sandbox)
    (market,) = answer["markets"]
    assert (market["condition_id"], market["stage"]) == (sandbox.condition_id, "open")


def accepts_the_account(answer: Object, sandbox: SandboxProcess) -> None:
    is_subscribed(answer)
    assert re.search("Authentication: (configured|subscribed)", answer["message"])
    assert answer["resolved"] == []


def follows_bitcoin(answer: Object, sandbox: SandboxProcess) -> None:
    is_subscribed(answer)
    assert "btcusd" in answer["message"]
    assert answer["source"] == sandbox.variables["POLYMARKET_POLYBOLT_URL"]


def finds_the_market(answer: Object, sandbox: SandboxProcess) -> None:
    (market,) = answer["markets"]
    assert (market["slug"], market["condition_id"]) == (sandbox.slug, sandbox.condition_id)
    tokens = {each["name"]: each["token_id"] for each in market["outcomes"]}
    assert tokens == sandbox.tokens


def is_a_status(answer: Object, sandbox: SandboxProcess) -> None:
    assert {"connections", "subscriptions", "statistics", "background_task"} <= set(answer)
    assert answer["connections"]["market"]["url"] == sandbox.variables["POLYMARKET_MARKET_URL"]
    authentication = answer["connections"]["user"]["authentication"]
    assert authentication["address"] == sandbox.variables["POLYGON_ADDRESS"]
    assert answer["subscriptions"]["active"] == []


def knows_no_market(answer: Object, sandbox: SandboxProcess) -> None:
    assert answer["code"] == "market_not_found"
    assert "no-such-market" in answer["message"]


def knows_no_subscription(answer: Object, sandbox: SandboxProcess) -> None:
    assert answer["code"] == "unknown_subscription"
    assert "ended-long-ago" in answer["message"]


def waits_for_a_threshold(answer: Object, sandbox: SandboxProcess) -> None:
    follows_both_outcomes(answer, sandbox)
    assert "0.95" in answer["condition"]


def shows_two_levels(answer: Object, sandbox: SandboxProcess) -> None:
    (shown,) = answer["tokens"]
    assert (shown["token_id"], shown["question"]) == (sandbox.token, sandbox.question)
    assert (len(shown["bids"]), len(shown["asks"])) == (2, 2)
    assert (shown["bids"][0][0], shown["asks"][0][0]) == (shown["bid"], shown["ask"])
    assert 0 < float(shown["bid"]) < float(shown["ask"]) < 1


def has_nothing_to_wait_for(answer: Object, sandbox: SandboxProcess) -> None:
    assert answer["code"] == "nothing_subscribed"
    assert "subscribe_*" in answer["message"]


def is_a_whole_book(answer: Object, sandbox: SandboxProcess) -> None:
    (shown,) = answer["tokens"]
    assert shown["token_id"] == sandbox.token
    bids, asks = ([float(price) for price, _ in shown[side]] for side in ("bids", "asks"))
    assert min(len(bids), len(asks)) > 2
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def shows_both_outcomes(answer: Object, sandbox: SandboxProcess) -> None:
    tokens = {each["outcome"]: each["token_id"] for each in answer["tokens"]}
    assert tokens == sandbox.tokens
    assert all(float(each["price"]) < 1 for each in answer["tokens"])


def is_unknown(answer: Object, sandbox: SandboxProcess) -> None:
    assert "Unknown resource: polymarket://subscriptions/ended-long-ago" in answer["message"]


def asks_to_watch(answer: Object, sandbox: SandboxProcess) -> None:
    (message,) = answer["messages"]
    assert sandbox.token in message["content"]["text"]
    assert "a landslide" in message["content"]["text"]


def asks_about_everything(answer: Object, sandbox: SandboxProcess) -> None:
    (message,) = answer["messages"]
    assert "get_realtime_status" in message["content"]["text"]


THRESHOLD = {"when": "price_crosses", "threshold": "0.95", "direction": "above"}

ROWS = (
    Row(
        "tool",
        "subscribe_market_prices",
        follows_both_outcomes,
        lambda sandbox: {"market_ids": [sandbox.slug]},
    ),
    Row(
        "tool",
        "subscribe_market_prices",
        knows_no_market,
        lambda _: {"market_ids": ["no-such-market"]},
        refused=True,
    ),
    Row(
        "tool",
        "subscribe_orderbook_updates",
        follows_one_book,
        lambda sandbox: {"token_ids": [sandbox.token], "depth": 3},
    ),
    Row("tool", "subscribe_user_orders", accepts_the_account),
    Row("tool", "subscribe_user_trades", accepts_the_account),
    Row(
        "tool",
        "subscribe_market_resolution",
        tells_an_open_market,
        lambda sandbox: {"market_ids": [sandbox.condition_id]},
    ),
    Row(
        "tool",
        "subscribe_live_data",
        follows_bitcoin,
        lambda _: {"feed": "prices", "symbols": ["btcusd"]},
    ),
    Row("tool", "find_markets", finds_the_market, lambda sandbox: {"query": sandbox.question}),
    Row("tool", "get_realtime_status", is_a_status),
    Row(
        "tool",
        "unsubscribe_realtime",
        knows_no_subscription,
        lambda _: {"subscription_id": "ended-long-ago"},
        refused=True,
    ),
    Row(
        "tool",
        "subscribe_market_prices",
        waits_for_a_threshold,
        lambda sandbox: {"market_ids": [sandbox.slug], "condition": THRESHOLD},
    ),
    Row(
        "tool",
        "get_realtime_snapshot",
        shows_two_levels,
        lambda sandbox: {"ids": [sandbox.token], "depth": 2},
    ),
    Row(
        "tool",
        "wait_for_realtime_events",
        has_nothing_to_wait_for,
        lambda _: {"wait_seconds": 0},
        refused=True,
    ),
    Row("resource", "polymarket://websocket-status", is_a_status),
    Row(
        "template",
        "polymarket://books/{asset_id}",
        is_a_whole_book,
        lambda sandbox: {"asset_id": sandbox.token},
    ),
    Row(
        "template",
        "polymarket://markets/{slug}",
        shows_both_outcomes,
        lambda sandbox: {"slug": sandbox.slug},
    ),
    Row(
        "template",
        "polymarket://subscriptions/{id}",
        is_unknown,
        lambda _: {"id": "ended-long-ago"},
        refused=True,
    ),
    Row(
        "prompt",
        "watch_market",
        asks_to_watch,
        lambda sandbox: {"market": sandbox.token, "goal": "a landslide"},
    ),
    Row("prompt", "explain_feed_health", asks_about_everything),
)

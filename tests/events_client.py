"""A raw JSON-RPC client of MCP Events, over whatever carries its messages, in both eras.

It holds every frame against what the design says of it, and every payload against the schema that
the server has listed.
"""

import json
import math
from contextlib import asynccontextmanager
from datetime import datetime

import trio
from jsonschema import Draft202012Validator as Validator

ERAS = ("2025-11-25", "2026-07-28")

PATIENCE = 200.0
"""Seconds for what is sure to come; heartbeats would go on for ever."""

SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def _frame(**properties):
    properties["_meta"] = {"type": "object"}
    return Validator(
        {"properties": properties, "required": list(properties), "additionalProperties": False}
    )


_CURSOR = {"type": "string", "minLength": 1}
_ERROR = {"required": ["code", "message"]}

FRAMES = {
    "active": _frame(cursor=_CURSOR, truncated={"type": "boolean"}),
    "event": _frame(eventId={}, name={}, timestamp={}, data={}, cursor=_CURSOR),
    "heartbeat": _frame(cursor=_CURSOR),
    "error": _frame(error=_ERROR),
    "terminated": _frame(error=_ERROR),
}


class Refused(Exception):
    """An error in place of a result."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


class RawClient:
    """Speaks one era. `send` takes a message; `receive` gives the next, or None at the end."""

    def __init__(self, send, receive, era):
        self._send, self._receive, self.era = send, receive, era
        self.modern = era == "2026-07-28"
        self.kinds, self._payloads, self.capabilities = {}, {}, {}
        self._number = 0
        self._answers, self._streams = {}, {}

    async def start(self):
        """Shake hands or discover, and learn the types of events."""
        if self.modern:
            self.capabilities = (await self.request("server/discover"))["capabilities"]
        else:
            hello = await self.request(
                "initialize",
                protocolVersion=self.era,
                capabilities={},
                clientInfo={"name": "raw", "version": "0"},
            )
            self.capabilities = hello["capabilities"]
            await self.notify("notifications/initialized")
        listed = await self.request("events/list")
        self.kinds = {kind["name"]: kind for kind in listed["events"]}
        self._payloads = {
            name: Validator({**kind["payloadSchema"], "additionalProperties": False})
            for name, kind in self.kinds.items()
        }

    async def run(self):
        """Read until the end."""
        while (message := await self._receive()) is not None:
            assert message["jsonrpc"] == "2.0"
            if "id" in message:
                if message["id"] in self._streams:
                    self._streams.pop(message["id"]).send_nowait(("result", message))
                elif message["id"] in self._answers:
                    self._answers.pop(message["id"]).send_nowait(message)
            elif message["method"].startswith("notifications/events/"):
                self._take_frame(message["method"].rpartition("/")[2], message["params"])

    def _take_frame(self, method, params):
        number = params["_meta"][SUBSCRIPTION_ID]
        FRAMES[method].validate(params)
        if method == "event":
            self.check_event(params)
        if number in self._streams:
            self._streams[number].send_nowait((method, params))

    def check_event(self, event):
        """Hold an occurrence against the design, and its data against the schema."""
        assert isinstance(event["eventId"], str)
        assert 1 <= len(event["eventId"]) <= 120
        assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
        assert len(json.dumps(event["data"])) < 4000
        self._payloads[event["name"]].validate(event["data"])

    async def notify(self, method, **params):
        await self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def _post(self, method, params, where, channel):
        """Send a request, whose answer goes into a channel; its number."""
        self._number += 1
        where[self._number] = channel
        params |= {"_meta": ENVELOPE} if self.modern else {}
        body = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        await self._send(body)
        return self._number

    async def request(self, method, **params):
        """The result of a request.

        Raises:
            Refused: It is an error.
        """
        answer_in, answer = trio.open_memory_channel(1)
        await self._post(method, params, self._answers, answer_in)
        return self.result_of(await answer.receive())

    def result_of(self, message):
        if "error" in message:
            raise Refused(message["error"])
        assert message["result"].get("resultType") == ("complete" if self.modern else None)
        return message["result"]

    async def tool(self, name, **arguments):
        return (await self.request("tools/call", name=name, arguments=arguments))[
            "structuredContent"
        ]

    async def poll(self, name, arguments, cursor=None, **more):
        page = await self.request(
            "events/poll", name=name, arguments=arguments, cursor=cursor, **more
        )
        assert isinstance(page["cursor"], str)
        assert page["nextPollMs"] >= 1000
        for event in page["events"]:
            self.check_event(event)
        return page

    async def poll_until(self, name, arguments, cursor, count=1, **more):
        """Poll until so many events have come; the events and the last cursor."""
        events, truncated = [], False
        with trio.fail_after(PATIENCE):
            while len(events) < count:
                page = await self.poll(name, arguments, cursor, **more)
                cursor, truncated = page["cursor"], truncated or page["truncated"]
                events += page["events"]
                if not page["hasMore"]:
                    await trio.sleep(0.05)
        return events, cursor, truncated

    async def stream(self, name, arguments, cursor=None, **more):
        """Ask for a stream; its first frame says whether there is one."""
        params = {"name": name, "arguments": arguments, "cursor": cursor, **more}
        frames_in, frames = trio.open_memory_channel(math.inf)
        return Stream(
            self, await self._post("events/stream", params, self._streams, frames_in), frames
        )

    def forget(self, number):
        """Take nothing more of a stream."""
        self._streams.pop(number, None)


class Stream:
    """One `events/stream`, as the client sees it."""

    def __init__(self, client, number, frames):
        self.client, self.number, self.frames = client, number, frames

    async def frame(self):
        """The next frame: its kind and its params; after the last, "result" and the result.

        Raises:
            Refused: An error came in place of the first.
        """
        kind, params = await self.frames.receive()
        return kind, self.client.result_of(params) if kind == "result" else params

    async def next(self, method):
        """The next frame of a kind; others before it are skipped."""
        with trio.fail_after(PATIENCE):
            while True:
                kind, params = await self.frame()
                if kind == method:
                    return params
                assert kind != "result", f"ended before {method}"

    async def cancel(self):
        self.client.forget(self.number)
        await self.client.notify("notifications/cancelled", requestId=self.number)


@asynccontextmanager
async def open_client(send, receive, era):
    """A client that has learned the types, reading until the block is left."""
    client = RawClient(send, receive, era)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        await client.start()
        yield client
        nursery.cancel_scope.cancel()

"""This service as a model's host has it: `polymarket-realtime serve` and a client over stdio.

The client is this process, and speaks JSON-RPC by itself, so that what is counted is the server:
its CPU and memory are the kernel's counts of that process. It subscribes to the prices of all
tokens and calls `wait_for_realtime_events` again and again, as a model does that never thinks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from common import Job, memory, versions

_TOKENS_PER_CALL: Final = 200
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Server:
    """The process, and calls of its tools."""

    def __init__(self, job: Job) -> None:
        environment = os.environ | {
            "POLYMARKET_MARKET_URL": job.url,
            "POLYMARKET_CLOB_URL": job.rest,
            "POLYMARKET_GAMMA_URL": job.rest,
            "POLYMARKET_ASSETS_PER_CONNECTION": "500",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "polymarket_realtime", "serve"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.pid = str(self._process.pid)
        self._number = 0

    def close(self) -> None:
        """End it as hosts do."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def initialize(self) -> None:
        """Shake hands."""
        client = {"name": "benchmark", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        self.request("initialize", params)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured content of a tool's result."""
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise SystemExit(f"{tool}: {result['content']}")
        content: dict[str, Any] = result["structuredContent"]
        return content

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask, and read until the answer; what the server says by itself is dropped."""
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if (message := json.loads(line)).get("id") == self._number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
        raise SystemExit("the server has ended")

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def mark(self) -> tuple[float, int]:
        """CPU seconds of the server, in steps of 10 ms, and monotonic nanoseconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS, time.monotonic_ns()


class Reader:
    """Calls `wait_for_realtime_events` until the venue has said everything and all was told.

    Attributes:
        opened, ended: Where the server was when a price of every token had been told, and when
            the last page came that held anything.
        delivered, calls: Events, and calls of the tool.
        client_cpu: Seconds of this process from `opened` on.
    """

    def __init__(self, job: Job, server: Server) -> None:
        self._job, self._server = job, server
        self.opened = self.ended = server.mark()
        self.delivered = self.calls = 0
        self.client_cpu = 0.0
        self._told: set[str] = set()

    def run(self) -> None:
        """Read."""
        cursor: dict[str, str] = {}
        began = time.process_time()
        while True:
            page = self._server.call(
                "wait_for_realtime_events", wait_seconds=1, max_events=200, **cursor
            )
            cursor = {"cursor": page["next_cursor"]}
            self.calls += 1
            self.delivered += len(page["events"])
            if page["events"]:
                self.ended = self._server.mark()
            elif Path(self._job.sends).exists():
                self.client_cpu = time.process_time() - began
                return
            if self._learn(page["events"]):
                self.opened, began = self._server.mark(), time.process_time()

    def _learn(self, events: list[dict[str, Any]]) -> bool:
        """Whether these complete the prices of all tokens."""
        wanted = len(self._job.tokens)
        if len(self._told) == wanted:
            return False
        self._told.update(each["token"] for each in events if each["type"] == "price_change")
        return len(self._told) == wanted


def main() -> None:
    """Do the job."""
    job = Job.load()
    server = Server(job)
    if (core := job.options.get("core")) is not None:
        os.sched_setaffinity(0, {core})  # of this client; the server has inherited its own
    server.initialize()
    resident_before = memory("status", "VmRSS", server.pid)
    begun = server.mark()
    for start in range(0, len(job.tokens), _TOKENS_PER_CALL):
        some = job.tokens[start : start + _TOKENS_PER_CALL]
        server.call("subscribe_market_prices", market_ids=some)
    reader = Reader(job, server)
    reader.run()
    result = {
        "cpu": reader.ended[0] - reader.opened[0],
        "ended": reader.ended[1],
        "opening_cpu": reader.opened[0] - begun[0],
        "opening_wall": (reader.opened[1] - begun[1]) / 1e9,
        "client_cpu": reader.client_cpu,
        "delivered": reader.delivered,
        "calls": reader.calls,
        "resident_before": resident_before,
        "resident": memory("status", "VmRSS", server.pid),
        "resident_peak": memory("status", "VmHWM", server.pid),
        "proportional": memory("smaps_rollup", "Pss", server.pid),
        "versions": versions("polymarket-realtime", "mcp", "trio"),
    }
    print(json.dumps(result), flush=True)
    server.close()


if __name__ == "__main__":
    main()

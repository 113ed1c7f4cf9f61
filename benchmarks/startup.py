"""What a program costs until it is there: imports, and an MCP server's first list of tools.

Real processes, started by turns, so that a busy machine is busy for all of them. Bytecode is
cached, as in an installed package: what reads the sources for the first time is not counted.
`python benchmarks/startup.py [ROUNDS]` prints JSON.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

__all__ = ["IMPORTS", "SERVERS", "measure"]

IMPORTS: Final[Mapping[str, str]] = {
    "python": "pass",
    "trio": "import trio",
    "package": "import polymarket_realtime",
    "embedder": "from polymarket_realtime import open_service, Settings, AssetTopic",
    "opened": """
import trio
from polymarket_realtime import open_service
async def main():
    async with open_service():
        pass
trio.run(main)""",
    "client": "import trio, trio_websocket, cattrs, attrs",
    "mcp": "import trio, mcp.server.lowlevel",
}
"""Statements whose cost is that of a whole process, by the names of the result.

`client` is what somebody who writes the least client under Trio would import.
"""

SERVERS: Final[Mapping[str, Sequence[str]]] = {
    "bare": (str(Path(__file__).with_name("bare_mcp_server.py")),),
    "serve": ("-m", "polymarket_realtime", "serve"),
}
"""Arguments of Python for two MCP servers on stdio."""

_LEAST_ROUNDS: Final = 7
_MINUTE: Final = 60.0
_SAY_MODULES_AND_MEMORY: Final = """
import sys
with open("/proc/self/status") as status:
    print(len(sys.modules), *(line.split()[1] for line in status if line.startswith("VmRSS")))"""

_HANDSHAKE: Final = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "startup", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)


def measure(rounds: int) -> dict[str, object]:
    """Start everything `rounds` times, seven at least, after one round that is not counted.

    Returns:
        `rounds`; `imports` and `servers`, each with `wall` and `cpu` by name, in milliseconds:
        `median`, `least` and `all` of them; `serve_to_bare`, the ratio of the two servers in each
        round, wall and CPU likewise; `modules` that each statement leaves loaded, and those that
        `serve` and `bare` have loaded when they answer; `memory`, resident MiB after each
        statement, the median of as many processes.
    """
    rounds = max(rounds, _LEAST_ROUNDS)
    imports: dict[str, list[tuple[float, float]]] = {name: [] for name in IMPORTS}
    servers: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory() as cache:
        environ = _environment(cache)
        for number in range(rounds + 1):
            for name, statement in IMPORTS.items():
                taken = _time_import(statement, environ)
                if number:
                    imports[name].append(taken)
            for name, arguments in SERVERS.items():
                taken = _time_server(arguments, environ)
                if number:
                    servers[name].append(taken)
        left = {
            name: [_left_by(statement, environ) for _ in range(rounds)]
            for name, statement in IMPORTS.items()
        }
        modules = {name: each[0][0] for name, each in left.items()}
        modules |= {name: _count_of_server(each, environ) for name, each in SERVERS.items()}
    pairs = list(zip(servers["serve"], servers["bare"], strict=True))
    return {
        "rounds": rounds,
        "imports": {name: _summary(taken) for name, taken in imports.items()},
        "servers": {name: _summary(taken) for name, taken in servers.items()},
        "serve_to_bare": {
            "wall": _spread([ours[0] / theirs[0] for ours, theirs in pairs]),
            "cpu": _spread([ours[1] / theirs[1] for ours, theirs in pairs]),
        },
        "modules": modules,
        "memory": {
            name: round(statistics.median(kilobytes for _, kilobytes in each) / 1024, 1)
            for name, each in left.items()
        },
    }


def _environment(cache: str) -> dict[str, str]:
    """That of this process, with bytecode kept in `cache` and nowhere else."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return environ | {"PYTHONPYCACHEPREFIX": cache}


def _time_import(statement: str, environ: Mapping[str, str]) -> tuple[float, float]:
    """Seconds of wall clock and CPU that a process takes for this and nothing else."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # Its end is seen by its output's: without one, Python looks for it every 50 ms.
    subprocess.run(
        [sys.executable, "-c", statement],
        stdout=subprocess.PIPE,
        check=True,
        env=environ,
        timeout=_MINUTE,
    )
    return time.perf_counter() - began, _cpu_since(before)


def _time_server(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from the start of a server to its list of tools, and its CPU from start to end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with _start(arguments, environ) as server:
        _shake_hands(server)
        taken = time.perf_counter() - began
        server.communicate(timeout=_MINUTE)
    return taken, _cpu_since(before)


def _cpu_since(before: resource.struct_rusage) -> float:
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _start(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environ,
    )


def _shake_hands(server: subprocess.Popen[bytes]) -> None:
    """Say what a client says first, waiting for each answer, up to the list of tools.

    Raises:
        RuntimeError: The server has ended, or has answered with an error.
    """
    assert server.stdin is not None
    assert server.stdout is not None
    for message in _HANDSHAKE:
        server.stdin.write(json.dumps(message).encode() + b"\n")
        server.stdin.flush()
        while "id" in message:
            line = server.stdout.readline()
            answer: dict[str, Any] = json.loads(line) if line else {"error": "it has ended"}
            if "error" in answer:
                raise RuntimeError(f"{message['method']}: {answer['error']}")
            if answer.get("id") == message["id"]:
                break


def _left_by(statement: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """The number of modules and the resident KiB after this and nothing else."""
    program = [sys.executable, "-c", statement + _SAY_MODULES_AND_MEMORY]
    told = subprocess.check_output(program, env=environ, text=True, timeout=_MINUTE)
    modules, kilobytes = told.split()
    return int(modules), int(kilobytes)


def _count_of_server(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """How many modules a server has imported up to its list of tools, as Python itself tells."""
    # Into a file: it is more than a pipe holds, and nobody reads before the server has answered.
    with tempfile.TemporaryFile() as told:
        with _start(("-X", "importtime", *arguments), environ, told) as server:
            _shake_hands(server)
            server.communicate(timeout=_MINUTE)
        told.seek(0)
        return sum(line.startswith(b"import time:") for line in told) - 1


def _summary(taken: Sequence[tuple[float, float]]) -> dict[str, object]:
    return {
        "wall": _spread([wall * 1e3 for wall, _ in taken]),
        "cpu": _spread([cpu * 1e3 for _, cpu in taken]),
    }


def _spread(values: Sequence[float]) -> dict[str, object]:
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "all": [round(value, 3) for value in values],
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _LEAST_ROUNDS
    print(json.dumps(measure(rounds), indent=2))


if __name__ == "__main__":
    main()

"""The MCP Inspector's command lines, aimed at `polymarket-realtime serve` on a sandbox.

`mcp-inspector --cli` starts a server for one request. `mcpdo`, which comes with it, keeps one
server for many. Both print one JSON object: the result on stdout, or `{"error": …}` on stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from sandbox_process import PROGRAM

__all__ = ["ERAS", "Connection", "Inspector", "Refused", "write_host_file"]

ERAS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
"""What the Inspector calls an era, and the MCP revision that is spoken in it."""

PATIENCE = 60
"""Seconds for one command; three are usual."""

SERVER = "polymarket"

Object = dict[str, Any]


class Refused(Exception):
    """The Inspector says that the server does not do it.

    Attributes:
        error: The Inspector's words: `code` and `message`.
        result: What the server answered; None if that was an error of the protocol.
    """

    def __init__(self, error: Object, result: Object | None) -> None:
        super().__init__(error, result)
        self.error, self.result = error, result


def write_host_file(path: Path, variables: dict[str, str]) -> None:
    """Write what an MCP host is told of the server; warnings there are errors, as in all tests."""
    command, *args = [*PROGRAM, "serve"]
    environment = variables | {"NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "error"}
    server = {"command": command, "args": args, "env": environment}
    path.write_text(json.dumps({"mcpServers": {SERVER: server}}))


@attrs.frozen
class Inspector:
    """An installed Inspector.

    Attributes:
        folder: Its programs, and the node that they run on.
        host_file: What `write_host_file` wrote.
        home: Where it may keep what it keeps in a home.
    """

    folder: Path
    host_file: Path
    home: Path

    def ask(self, era: str, method: str, *options: str) -> Object:
        """The result of one request to a server of its own.

        Raises:
            Refused: The server does not do it.
        """
        where = ("--config", str(self.host_file), "--server", SERVER, "--protocol-era", era)
        command = ("--cli", *where, "--format", "json", "--method", method, *options)
        return self.run("mcp-inspector", *command)["result"]

    @contextmanager
    def connect(self, era: str) -> Iterator[Connection]:
        """A connection for many requests to one server."""
        # In a short folder, because a socket's path has a hundred characters at most. The daemon,
        # which is told to stop and not waited for, empties it as well.
        with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
            variables = {"MCP_INSPECTOR_DAEMON_DIR": folder, "MCP_INSPECTOR_DAEMON_TOKEN": "test"}
            connection = Connection(self, variables)
            try:
                where = ("--config", str(self.host_file))
                opened = connection.run(*where, "connect", SERVER, "--era", era)
                assert opened["protocolEra"] == era
                yield connection
            finally:
                connection.run("daemon", "stop")

    def run(self, program: str, *arguments: str, **variables: str) -> Object:
        """What a program of it printed on stdout.

        Raises:
            Refused: It printed an error.
        """
        completed = subprocess.run(
            [self.folder / program, *arguments],
            env=self._environment() | variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if completed.returncode == 0:
            return json.loads(completed.stdout)
        *_, last = completed.stderr.splitlines()
        assert last.startswith('{"error":'), completed.stderr
        result = json.loads(completed.stdout) if completed.stdout else None
        raise Refused(json.loads(last)["error"], result)

    def _environment(self) -> dict[str, str]:
        """Its own node comes first, and it finds nothing of this user."""
        path = os.pathsep.join([str(self.folder), os.environ["PATH"]])
        return {"PATH": path, "HOME": str(self.home), "MCP_INSPECTOR_SECRET_STORE": "file"}


@attrs.frozen
class Connection:
    """One server that stays, and its client. Made by `Inspector.connect`."""

    inspector: Inspector
    variables: dict[str, str]

    def call(self, tool: str, **arguments: Any) -> Object:
        """The structured result of a tool."""
        text = json.dumps(arguments)
        options = ("--tool-name", tool, "--tool-args-json", text)
        return self.run("--connection", SERVER, "tools/call", *options)["structuredContent"]

    def read(self, uri: str) -> Object:
        """A resource that is JSON."""
        (contents,) = self.run("--connection", SERVER, "resources/read", uri)["contents"]
        return json.loads(contents["text"])

    def complete(self, prompt: str, argument: str, begun: str) -> list[str]:
        """What an argument of a prompt may become."""
        what = ("--complete-ref-type", "ref/prompt", "--complete-ref", prompt)
        which = ("--complete-arg-name", argument, "--complete-arg-value", begun)
        return self.run("--connection", SERVER, "prompts/complete", *what, *which)["values"]

    def uris(self) -> list[str]:
        """Of the resources that are listed."""
        listed = self.run("--connection", SERVER, "resources/list")["resources"]
        return [each["uri"] for each in listed]

    def run(self, *arguments: str) -> Object:
        """What `mcpdo` printed."""
        return self.inspector.run("mcpdo", "--format", "json", *arguments, **self.variables)

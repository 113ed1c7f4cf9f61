"""The laws of the house, read off the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import polymarket_realtime

ROOT = Path(polymarket_realtime.__file__).parent
PACKAGE = "polymarket_realtime"

FLOORS = {"_model": 0, "_codec": 1, "_protocol": 2, "_venue": 3, "_hub": 4, "_lookup": 4}
GROUND = {
    "errors": -1,
    "groups": -1,
    "credentials_input": 2,
    "settings": 2,
    "settings_fields": 2,
}
"""Where modules at the top of the package stand that floors may use."""

FACES = 5

ONLY_IN = {
    "mcp": ("server", "cli/demo"),
    "mcp_types": ("server", "cli/demo"),
    "trio_websocket": ("_venue",),
    "wsproto": ("_venue",),
    "httpx2": ("_venue",),
    "eth_account": ("_protocol/signing", "sandbox/signatures"),
    "msgspec": ("_model/values", "_codec", "_protocol", "server", "sandbox"),
    "starlette": ("sandbox",),
    "hypercorn": ("sandbox",),
    "cyclopts": ("cli",),
    "rich": ("cli",),
    "asyncio": ("nowhere",),
}
"""The rooms, or beginnings of file names, that may know a library."""

WITHOUT_CLOCK_OR_NETWORK = ("_model", "_codec", "_protocol")
FORBIDDEN_BELOW = {"trio", "anyio", "socket", "ssl", "time", "random", "threading"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    """The first folder or, at the top, the module."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> set[str]:
    """Every module that a file imports, relative imports made absolute."""
    package = ".".join((PACKAGE, *path.relative_to(ROOT).parent.parts))
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package if node.level else ""
            name = ".".join(part for part in (base, node.module) if part)
            found.add(name)
            if name == PACKAGE:
                found |= {f"{PACKAGE}.{alias.name}" for alias in node.names}
    return found


def own_rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith(PACKAGE + ".")}


def test_imports_point_down():
    levels = FLOORS | GROUND
    upwards = {
        str(path.relative_to(ROOT)): above
        for path in modules()
        if (above := {n for n in own_rooms(path) if levels.get(n, FACES) > floor(path)})
    }
    assert not upwards


def floor(path: Path) -> int:
    return FLOORS.get(room(path), GROUND.get(room(path), FACES))


def test_each_library_is_known_in_its_own_rooms_only():
    astray = [
        f"{library} in {path.relative_to(ROOT)}"
        for path in modules()
        for library, rooms in ONLY_IN.items()
        if any(name == library or name.startswith(library + ".") for name in imports(path))
        and not str(path.relative_to(ROOT)).startswith(rooms)
    ]
    assert not astray


@pytest.mark.parametrize("floor", WITHOUT_CLOCK_OR_NETWORK)
def test_the_lower_floors_know_neither_clock_nor_network_nor_chance(floor):
    for path in (ROOT / floor).glob("*.py"):
        known = {name.split(".")[0] for name in imports(path)}
        assert not known & FORBIDDEN_BELOW, path.name


def test_the_sandbox_shares_no_code_with_the_client_it_tests():
    for path in (ROOT / "sandbox").rglob("*.py"):
        assert own_rooms(path) <= {"errors", "sandbox"}, path.name


def test_modules_at_the_top_of_the_package_do_not_import_faces_with_heavy_libraries():
    for path in ROOT.glob("*.py"):
        if path.stem != "__main__":
            assert not own_rooms(path) & {"server", "cli", "sandbox"}, path.name


def test_no_module_is_longer_than_three_hundred_lines_of_one_idea():
    # The exceptions are one tree: they are read together.
    exempt = {"errors.py"}
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert set(long) <= exempt, long

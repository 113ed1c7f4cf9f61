"""The environments of the contestants, made from the registries.

Each peer gets one of its own, because their dependencies exclude each other. One that cannot be
made is not the end of the run: its error stands in the results.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs

__all__ = ["Environment", "make_environment"]

HERE: Final = Path(__file__).parent
REQUIREMENTS: Final = HERE / "requirements"

OLDEST_PYTHON: Final = {"polymarket_apis": (3, 12)}
"""Where a peer needs a newer one than this package does."""

_PATIENCE: Final = 600.0
"""Seconds for one installation."""

_ADDRESS: Final = "'wss://ws-subscriptions-clob.polymarket.com/ws/market'"


@attrs.frozen
class Environment:
    """Where programs of one kind run.

    Attributes:
        command: What to put before the program's path; empty if it could not be made.
        folder: Where to run it; None for anywhere.
        problem: Why it could not be made.
    """

    command: tuple[str, ...] = ()
    folder: Path | None = None
    problem: str = ""


def make_environment(name: str, folder: Path) -> Environment:
    """Make one in a folder of its name, or take the one that was made there before."""
    if name == "own":
        return Environment((sys.executable,))
    place = folder.resolve() / name
    place.mkdir(parents=True, exist_ok=True)
    try:
        return _with_node(place) if name == "node" else _with_python(name, place)
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in (error.stderr or "").splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines
        return Environment(problem=errors[-1] if errors else str(error))
    except (OSError, subprocess.TimeoutExpired, LookupError) as error:
        return Environment(problem=str(error))


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        check=True,
        text=True,
        capture_output=True,
        timeout=_PATIENCE,
        cwd=folder,
    )
    return done.stdout


def _with_python(name: str, place: Path) -> Environment:
    """A virtual environment; unfinished ones are made again."""
    requirements = REQUIREMENTS / f"{name}.txt"
    python, done = place / "bin" / "python", place / "installed.txt"
    if not done.exists() or done.read_text() != requirements.read_text():
        _run(_find_python(name, place), "-m", "venv", "--clear", place, folder=place.parent)
        _run(python, "-m", "pip", "install", "--quiet", "-r", requirements, folder=place)
        done.write_text(requirements.read_text())
    return Environment((str(python),))


def _find_python(name: str, place: Path) -> str:
    oldest = OLDEST_PYTHON.get(name, (3, 11))
    if sys.version_info >= oldest:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(oldest[1], oldest[1] + 4)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which(each) for each in names]
    found += [str(path) for each in names for path in sorted(pyenv.glob(f"versions/*/bin/{each}"))]
    for program in filter(None, found):
        try:
            _run(program, "-c", "import venv, ensurepip", folder=place)
        except subprocess.CalledProcessError:
            continue  # a name that stands for no interpreter
        return program
    wanted = ".".join(map(str, oldest))
    raise LookupError(f"needs Python {wanted} or newer, and there is none")


def _with_node(place: Path) -> Environment:
    """Packages of npm, with the address of the peer made a variable of the environment."""
    manifest = (REQUIREMENTS / "package.json").read_text()
    done = place / "package.json"
    program = place / "node_modules/@nevuamarkets/poly-websockets/dist/WSSubscriptionManager.js"
    if not program.exists() or not done.exists() or done.read_text() != manifest:
        done.write_text(manifest)
        quiet = ("--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
        _run("npm", "install", *quiet, "--prefix", place, folder=place)
        text = program.read_text()
        if _ADDRESS not in text:
            raise LookupError("poly-websockets has no such address any more")
        program.write_text(text.replace(_ADDRESS, "process.env.MARKET_URL"))
    node = shutil.which("node")
    if node is None:
        raise LookupError("there is no node")
    return Environment((node,), place)

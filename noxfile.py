"""`nox` runs what has to pass; `nox -s bench` compares how fast it is."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True

PROJECT = nox.project.load_toml("pyproject.toml")
CODE = ("src", "tests", "examples", "benchmarks", "noxfile.py")

INSPECTOR = ("@modelcontextprotocol/inspector@2.12.0", "node@22.23.3")
"""The MCP Inspector, and the node that it needs: that of the machine may be too old for it."""


def install(session: nox.Session, *groups: str) -> None:
    """Install the package and the dependency groups that a session needs."""
    for group in groups:
        session.install(*nox.project.dependency_groups(PROJECT, group))
    session.install(".")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, bugs that can be seen, and Trio's rules."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "format", "--check", *CODE)
    session.run("ruff", "check", *CODE)
    # Interfaces of others ask for async functions that have nothing to wait for (ASYNC124), and
    # `started` tells that a task is startable better than a list here would (ASYNC114).
    modules = sorted(str(path) for path in Path("src").rglob("*.py"))
    rules = "--enable=ASYNC1,ASYNC2,ASYNC3,ASYNC4,ASYNC900"
    session.run("flake8-async", rules, "--disable=ASYNC114,ASYNC124", *modules)


@nox.session
def typing(session: nox.Session) -> None:
    """Types, in the strictest mode."""
    install(session, "typing")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test that needs neither network nor programs, on all cores. Arguments go to pytest."""
    install(session, "tests")
    spread = ("--numprocesses=auto", "--dist=worksteal")
    session.run("pytest", *spread, *session.posargs, env=captures())


@nox.session(python=nox.project.python_versions(PROJECT))
def matrix(session: nox.Session) -> None:
    """The tests on every Python that the classifiers name."""
    tests(session)


@nox.session
def processes(session: nox.Session) -> None:
    """The tests that start programs: hosts and servers, a flood of events, whole tasks."""
    install(session, "tests")
    spread = ("--numprocesses=auto", "--dist=worksteal")
    session.run("pytest", "-m", "process", *spread, *session.posargs)


@nox.session
def trust(session: nox.Session) -> None:
    """A thousand runs with random faults: no wrong book is shown as live beyond the bound."""
    install(session, "tests")
    spread = ("--numprocesses=auto", "--dist=worksteal")
    runs = session.posargs or ["--trust-runs=1000"]
    session.run("pytest", *spread, "tests/trust/test_random_faults.py", *runs)


@nox.session
def inspector(session: nox.Session) -> None:
    """Every tool, resource and prompt, asked for by the MCP Inspector; needs npm."""
    install(session, "tests")
    folder = Path(session.create_tmp()).resolve()
    quiet = ("--no-audit", "--no-fund", "--no-save", "--loglevel=error")
    session.run("npm", "install", *quiet, "--prefix", str(folder), *INSPECTOR, external=True)
    spread = ("--numprocesses=auto", "--dist=worksteal")
    programs = str(folder / "node_modules" / ".bin")
    chosen = session.posargs or ["tests/inspector"]
    session.run("pytest", "-m", "inspector", *spread, *chosen, env={"MCP_INSPECTOR": programs})


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with every peer, and write docs/benchmarks.md; `-- --quick` for a smoke run."""
    install(session, "bench")
    environments = Path(session.create_tmp()).resolve() / "environments"
    session.run("python", "benchmarks/run.py", "--envs", str(environments), *session.posargs)


@nox.session
def curves(session: nox.Session) -> None:
    """Measure what it costs, by what is asked of it, and write docs/costs.md; or `-- --quick`."""
    install(session, "bench")
    session.run("python", "benchmarks/curves.py", *session.posargs)


@nox.session
def guard(session: nox.Session) -> None:
    """Count the instructions of a message's way against their budgets; `-- --update` sets them."""
    install(session)
    session.run("python", "benchmarks/guard.py", *session.posargs)


def captures() -> dict[str, str]:
    """Where recordings of the venue are, if somebody has said so."""
    directory = os.environ.get("POLYMARKET_CAPTURES")
    return {"POLYMARKET_CAPTURES": directory} if directory else {}

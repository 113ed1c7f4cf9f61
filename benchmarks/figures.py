"""The plots of the report: horizontal bars, one for each contestant."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from summary import OURS, Results, cpu, late, resident

__all__ = ["draw_figures"]

OWN, PEER, SECOND = "#1f6f8b", "#9aa5b1", "#d5dbe1"
_WIDTH: Final = 8.0


def draw_figures(results: Results, folder: Path) -> list[tuple[str, str]]:
    """Write SVG files.

    Returns:
        File names and what they show; without those of scenarios that were not measured.
    """
    mpl.rcParams["svg.hashsalt"] = "polymarket-realtime"  # the same file for the same figures
    mpl.rcParams["svg.fonttype"] = "none"
    drawn = []
    if results.names("saturation_tls"):
        _saturation(results, folder / "saturation.svg")
        drawn.append(("saturation.svg", "CPU for each message at saturation"))
    for name, title in (("even", "2,000 messages a second"), ("bursts", "bursts of 50")):
        if results.names(name):
            _latency(results, name, title, folder / f"latency-{name}.svg")
            drawn.append((f"latency-{name}.svg", f"latency, {title}"))
    if results.names("even"):
        _memory(results, folder / "memory.svg")
        drawn.append(("memory.svg", "memory with 500 books"))
    return drawn


def _rows(results: Results, scenario: str) -> list[str]:
    """Those with a result, so that the first stands on top."""
    names = results.names(scenario)
    return [name for name in reversed(names) if results.runs(scenario, name)]


def _frame(results: Results, names: list[str], label: str) -> tuple[Figure, object]:
    figure = Figure(figsize=(_WIDTH, 0.42 * len(names) + 1.1), layout="constrained")
    axes = figure.subplots()
    titles = [results.contestant(name)["title"] for name in names]
    axes.set_yticks(range(len(names)), titles)
    axes.set_xlabel(label)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})


def _colour(name: str) -> str:
    return OWN if name.startswith(OURS) else PEER


def _saturation(results: Results, path: Path) -> None:
    names = _rows(results, "saturation_tls")
    figure, axes = _frame(results, names, "CPU microseconds for each message (TLS; marks: plain)")
    for place, name in enumerate(names):
        value = results.median("saturation_tls", name, cpu) or 0.0
        axes.barh(place, value, color=_colour(name), height=0.62)
        if (plain := results.median("saturation_plain", name, cpu)) is not None:
            axes.plot([plain, plain], [place - 0.31, place + 0.31], color="black", lw=1.5)
        beside = max(value, plain or 0.0)
        axes.text(beside, place, f" {value:.1f}", va="center", fontsize=9)
    axes.margins(x=0.12)
    _save(figure, path)


def _latency(results: Results, scenario: str, title: str, path: Path) -> None:
    names = [
        name
        for name in _rows(results, scenario)
        if results.median(scenario, name, late("p50")) is not None
    ]
    label = f"{title}: microseconds from send to subscriber\np50, p90, p99; hollow: with opening"
    figure, axes = _frame(results, names, label)
    for place, name in enumerate(names):
        for with_opening in (False, True):
            points = [
                results.median(scenario, name, late(each, with_opening=with_opening)) or 1.0
                for each in ("p50", "p90", "p99")
            ]
            height = place - 0.18 if with_opening else place + 0.1
            face = "white" if with_opening else _colour(name)
            axes.plot(points, [height] * 3, color=_colour(name), lw=2 if not with_opening else 1)
            axes.plot(
                points, [height] * 3, "o", color=_colour(name), markerfacecolor=face, markersize=5
            )
    axes.set_xscale("log")
    axes.grid(axis="x", color="#e6e9ed", lw=0.8)
    axes.set_axisbelow(True)
    _save(figure, path)


def _memory(results: Results, path: Path) -> None:
    names = _rows(results, "even")
    figure, axes = _frame(
        results, names, "resident megabytes at the end; light: before subscribing"
    )
    for place, name in enumerate(names):
        value = results.median("even", name, resident) or 0.0
        before = results.median("even", name, lambda run: run["resident_before"] / 1e6) or 0.0
        axes.barh(place, value, color=_colour(name), height=0.62)
        axes.barh(place, before, color=SECOND, height=0.62, alpha=0.75)
        axes.text(value, place, f" {value:.0f}", va="center", fontsize=9)
    axes.margins(x=0.12)
    _save(figure, path)

"""The plots of the cost curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from costs.fit import Curves, Spot, cpu_of_change, cpu_of_message, late, resident
from costs.points import SATURATION

__all__ = ["draw_curves"]

OWN, OTHER, SECOND = "#1f6f8b", "#d1813c", "#9aa5b1"
_WIDTH: Final = 8.0
_COST: Final = "CPU microseconds a message"


def draw_curves(curves: Curves, folder: Path) -> dict[str, str]:
    """Write SVG files; their names by part, without those of parts that were not measured."""
    mpl.rcParams["svg.hashsalt"] = "polymarket-realtime"  # the same file for the same figures
    mpl.rcParams["svg.fonttype"] = "none"
    drawn: dict[str, str] = {}
    simple = {
        "subscriptions": "subscriptions that do not match",
        "levels": "levels a book",
    }
    for part, label in simple.items():
        if spots := curves.spots(part, cpu_of_message):
            figure, axes = _frame(label, _COST)
            _curve(axes, spots, OWN, "")
            drawn[part] = _save(figure, folder, part)
    for part, draw in (("tokens", _tokens), ("rate", _rate), ("memory", _memory)):
        if (figure := draw(curves)) is not None:
            drawn[part] = _save(figure, folder, part)
    if samples := curves.samples():
        drawn["steady"] = _save(_steady(samples), folder, "steady")
    return drawn


def _save(figure: Figure, folder: Path, part: str) -> str:
    figure.savefig(folder / f"{part}.svg", metadata={"Date": None})
    return f"{part}.svg"


def _frame(across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    _dress(axes, across, up)
    return figure, axes


def _dress(axes: Any, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(axis="y", color="#e6e9ed", lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _curve(axes: Any, spots: Sequence[Spot], colour: str, label: str) -> None:
    """Medians, with a bar from the smallest to the largest of the rounds; from zero."""
    sizes, medians = [spot.size for spot in spots], [spot.median for spot in spots]
    below = [spot.median - spot.low for spot in spots]
    above = [spot.high - spot.median for spot in spots]
    axes.errorbar(
        sizes, medians, yerr=(below, above), fmt="o-", color=colour, ms=5, capsize=3, label=label
    )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    top = max(*(spot.high for spot in spots), axes.get_ylim()[1] / 1.15)
    axes.set_ylim(0, top * 1.15)


def _tokens(curves: Curves) -> Figure | None:
    lines = (
        ("tokens", cpu_of_message, OWN, "a message received"),
        ("tokens", cpu_of_change, OTHER, "a change in a market, sent to one or two connections"),
    )
    if not curves.spots("tokens", cpu_of_message):
        return None
    figure, axes = _frame("tokens, 200 on a connection", "CPU microseconds")
    for part, what, colour, label in lines:
        if spots := curves.spots(part, what):
            _curve(axes, spots, colour, label)
    axes.legend(frameon=False, loc="best", fontsize=9)
    return figure


def _rate(curves: Curves) -> Figure | None:
    """Cost on the left, latency on the right; saturation as a line, for it is no rate."""
    spots = curves.spots("rate", cpu_of_message)
    timed = [spot for spot in spots if spot.size != SATURATION]
    if not timed:
        return None
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _dress(left, "messages a second", _COST)
    _curve(left, timed, OWN, "at a rate")
    for spot in spots:
        if spot.size == SATURATION:
            left.axhline(spot.median, color=OTHER, lw=1.5, ls="--", label="at saturation")
    left.legend(frameon=False, fontsize=9)
    _dress(right, "messages a second", "milliseconds from send to subscriber")
    for name, colour in (("p50", OWN), ("p99", OTHER)):
        waits = [spot for spot in curves.spots("rate", late(name)) if spot.median >= 0]
        if waits:
            thousandth = [Spot(s.size, s.median / 1000, s.low / 1000, s.high / 1000) for s in waits]
            _curve(right, thousandth, colour, name)
    if right.get_legend_handles_labels()[0]:
        right.legend(frameon=False, fontsize=9)
    return figure


def _memory(curves: Curves) -> Figure | None:
    nouns = ("tokens", "subscriptions", "connections")
    measured = [noun for noun in nouns if curves.spots(f"memory_{noun}", resident)]
    if not measured:
        return None
    figure = Figure(figsize=(_WIDTH, 3.2), layout="constrained")
    for axes, noun in zip(
        figure.subplots(1, len(measured), squeeze=False)[0], measured, strict=True
    ):
        spots, line = (
            curves.spots(f"memory_{noun}", resident),
            curves.line(f"memory_{noun}", resident),
        )
        _dress(axes, noun, "resident megabytes" if noun == measured[0] else "")
        sizes = [spot.size for spot in spots]
        axes.plot(sizes, [spot.median / 1e6 for spot in spots], "o", color=OWN, ms=5, zorder=3)
        if line is not None:
            ends = [0, max(sizes)]
            axes.plot(ends, [(line.intercept + line.slope * x) / 1e6 for x in ends], color=SECOND)
        axes.set_ylim(0, max(spot.high for spot in spots) / 1e6 * 1.15)
        axes.set_xticks([0, max(sizes) / 2, max(sizes)])
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    return figure


def _steady(samples: Sequence[Sequence[float]]) -> Figure:
    figure, axes = _frame("minutes", "resident megabytes")
    axes.plot([at / 60 for at, _ in samples], [size / 1e6 for _, size in samples], color=OWN)
    axes.set_ylim(0, max(size for _, size in samples) / 1e6 * 1.15)
    axes.set_xlim(0, samples[-1][0] / 60)
    return figure

"""One paragraph for each cost curve, worded from what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from costs.fit import (
    Curves,
    Spot,
    Steady,
    cpu_of_change,
    cpu_of_message,
    late,
    resident,
    steady_of,
)
from costs.points import SATURATION

__all__ = ["WORDS", "bytes_text", "size_text", "trend"]

_SAME: Final = 0.10
"""A ratio that differs from 1 by no more is not told as growth."""

_SOME: Final = 0.01
"""A part that is smaller is not told."""

_NOT_MEASURED: Final = "Not measured in this run."
_ONE_SIZE: Final = "Measured at one size only, which makes no curve."
_ENOUGH: Final = 2


def trend(ratio: float) -> str:
    """A ratio as a judgement: whether that is growth."""
    if abs(ratio - 1) <= _SAME:
        return f"stays the same within {_SAME:.0%} ({ratio:.2f} times)"
    if ratio > 1:
        return f"grows to {ratio:.2f} times"
    return f"falls to {ratio:.2f} times"


def size_text(size: int, part: str) -> str:
    """A size for people."""
    if part == "rate":
        return "saturation" if size == SATURATION else f"{size:,}/s"
    return f"{size:,}"


def bytes_text(size: float) -> str:
    """Bytes with three digits."""
    for unit, factor in (("MB", 1e6), ("KB", 1e3)):
        if abs(size) >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.0f} bytes"


def _spots(curves: Curves, part: str) -> tuple[str, list[Spot]]:
    """What is to be said in place of a curve; or nothing, and the curve."""
    spots = curves.spots(part, cpu_of_message)
    if not spots:
        return _NOT_MEASURED, []
    return ("", spots) if len(spots) >= _ENOUGH else (_ONE_SIZE, [])


def _count(size: int, noun: str) -> str:
    """Nouns of one word are put in the singular where there is one."""
    return f"{size:,} {noun[:-1] if size == 1 and ' ' not in noun else noun}"


def _ends(spots: Sequence[Spot], noun: str) -> str:
    first, last = spots[0], spots[-1]
    return (
        f"A message takes {first.median:.1f} µs with {_count(first.size, noun)} and "
        f"{last.median:.1f} µs with {last.size:,}: the cost {trend(last.median / first.median)}"
    )


def say_subscriptions(curves: Curves) -> str:
    """Whether those cost that nothing is said to."""
    problem, spots = _spots(curves, "subscriptions")
    if problem:
        return problem
    each = curves.spots("subscriptions", lambda run: run["subscribing"] * 1e6)[-1]
    return (
        f"{_ends(spots, 'that do not match')}. To subscribe took {each.median:,.0f} µs each "
        f"when there were {each.size:,} in the end."
    )


def say_tokens(curves: Curves) -> str:
    """What more tokens on more connections cost."""
    problem, spots = _spots(curves, "tokens")
    if problem:
        return problem
    shares = curves.spots("tokens", lambda run: run["frames"] / run["sent"])
    hashes = curves.spots("tokens", lambda run: run["hashes_equal"] / run["frames"])
    changes = curves.spots("tokens", cpu_of_change)
    ratio = changes[-1].median / changes[0].median
    last = spots[-1].size
    said = [f"{_ends(spots, 'tokens')}."]
    if shares[-1].median > 1 + _SAME:
        said.append(
            f"With {last:,} tokens the venue sends what happens in a market "
            f"{shares[-1].median:.2f} times, because the two tokens of most markets are then on "
            f"two connections; what a change costs, however often it is sent, {trend(ratio)}."
        )
    if hashes[-1].median > _SOME:
        said.append(
            f"{hashes[-1].median:.0%} of the messages there had a book compared with its hash."
        )
    first = curves.spots("tokens", lambda run: run["opening_cpu"] / run["opened"] * 1e6)[-1]
    said.append(
        f"Until a token's book has come and was changed once takes {first.median:,.0f} µs of CPU "
        f"with {last:,}."
    )
    return " ".join(said)


def say_levels(curves: Curves) -> str:
    """What longer books cost."""
    problem, spots = _spots(curves, "levels")
    if problem:
        return problem
    line = curves.line("levels", cpu_of_message)
    assert line is not None
    return (
        f"{_ends(spots, 'levels a book')}, or {line.slope * 100:.2g} µs for every hundred levels. "
        "One message in twelve of the stream is a whole book, and as long as the book is."
    )


def say_rate(curves: Curves) -> str:
    """What a message costs alone and in company."""
    problem, spots = _spots(curves, "rate")
    if problem:
        return problem
    named = [(size_text(spot.size, "rate"), spot.median) for spot in spots]
    (slow, alone), (fast, together) = named[0], named[-1]
    said = (
        f"A message takes {alone:.1f} µs at {slow} and {together:.1f} µs at {fast}: the cost "
        f"{trend(together / alone)}, because what comes together is read, handed over and waited "
        "for together."
        if together < alone
        else f"A message takes {alone:.1f} µs at {slow} and {together:.1f} µs at {fast}: the cost "
        f"{trend(together / alone)}."
    )
    waits = [spot for spot in curves.spots("rate", late("p50")) if spot.median >= 0]
    if waits:
        tails = {spot.size: spot.median for spot in curves.spots("rate", late("p99"))}
        told = "; ".join(
            f"{spot.median:,.0f} and {tails[spot.size]:,.0f} µs at {size_text(spot.size, 'rate')}"
            for spot in dict.fromkeys((waits[0], waits[-1]))
        )
        said += f" Latency, p50 and p99: {told}."
    speeds = [
        spot
        for spot in curves.spots("rate", lambda run: run["sent"] / run["wall"])
        if spot.size == SATURATION
    ]
    if speeds:
        said += f" At saturation {speeds[0].median:,.0f} messages a second come through."
    return said


def _slope(curves: Curves, noun: str) -> str:
    line = curves.line(f"memory_{noun}s", resident)
    if line is None:
        return ""
    # Through two points there is always a line.
    certain = len(curves.runs(f"memory_{noun}s")) > _ENOUGH
    return f"{bytes_text(line.slope)} for one more {noun}" + (
        f" (R² {line.fit:.3f})" if certain else ""
    )


def say_memory(curves: Curves) -> str:
    """What a token, a subscription and a connection keep."""
    nouns = ("token", "subscription", "connection")
    told = [text for noun in nouns if (text := _slope(curves, noun))]
    if not told:
        return _NOT_MEASURED
    return f"Resident memory: {'; '.join(told)}."


def _flat(steady: Steady) -> str:
    drift = steady.slope * steady.minutes / 2
    if drift > _SAME * steady.final:
        return "grew"
    return "did not grow by a tenth" if drift > 0 else "did not grow"


def say_steady(curves: Curves) -> str:
    """Whether memory grows while nothing but messages come."""
    steady, point = steady_of(curves.samples()), curves.point("steady")
    if steady is None or point is None:
        return _NOT_MEASURED
    (reached, *_) = curves.spots("steady", lambda run: run["sent"] / run["wall"])
    return (
        f"In {steady.minutes:.1f} minutes of {reached.median:,.0f} messages a second to "
        f"{point['tokens']:,} tokens, all of which arrived, memory {_flat(steady)} over the "
        f"second half: its slope was {steady.slope / 1000:+.1f} KB a minute, between the smallest "
        f"and the largest reading lay {bytes_text(steady.swing)}, and {bytes_text(steady.final)} "
        "was resident at the end."
    )


WORDS: Final[dict[str, Callable[[Curves], str]]] = {
    "subscriptions": say_subscriptions,
    "tokens": say_tokens,
    "levels": say_levels,
    "rate": say_rate,
    "memory": say_memory,
    "steady": say_steady,
}

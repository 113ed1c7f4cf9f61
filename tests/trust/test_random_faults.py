"""No reader is ever shown a wrong book as live beyond the bound, whatever goes wrong together.

40 runs by default; `nox -s trust` makes 1,000, and `--trust-runs=N` as many as are wanted. One
run is the same each time, so a seed that fails can be looked at by itself.
"""

from __future__ import annotations

import pytest
from random_runs import Outcome, run_seed
from trust_world import STEP

BOUND = 25.0
"""Seconds. The tokens change every second or two, so that eight usual gaps are 16 s at most; then
REST may take 5 s to be given up, and the socket has 2 s to follow it."""

CHUNK = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        runs = metafunc.config.getoption("--trust-runs")
        chunks = [range(first, min(first + CHUNK, runs)) for first in range(0, runs, CHUNK)]
        metafunc.parametrize("seeds", chunks, ids=lambda chunk: f"{chunk.start}-{chunk.stop - 1}")


def problems_of(outcome: Outcome) -> list[str]:
    found = []
    if outcome.wrong_live > BOUND + STEP:
        found.append(f"a wrong book was live for {outcome.wrong_live} s")
    if outcome.wrong_quiet > STEP:
        found.append(f"a wrong book was quiet for {outcome.wrong_quiet} s")
    if not outcome.right:
        found.append(f"not everything was right {outcome.in_doubt} s after the last fault")
    return found


def test_no_reader_is_shown_a_wrong_book_as_live_beyond_the_bound(seeds):
    outcomes = [run_seed(seed) for seed in seeds]
    failed = [(each.seed, problems_of(each), each.faults) for each in outcomes if problems_of(each)]
    assert not failed, "\n".join(f"seed {s}: {'; '.join(p)}; {f}" for s, p, f in failed)


@pytest.mark.parametrize("seed", range(10))
def test_two_connections_for_each_token_keep_the_same_promise(seed):
    outcome = run_seed(seed, dual=True)
    assert problems_of(outcome) == [], outcome.faults

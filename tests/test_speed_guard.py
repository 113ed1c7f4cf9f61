"""The guard of the speed says no when it should, and only then. What it counts is not run here."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def load(name):
    """A module of the benchmarks, whose folder is on nobody's path."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / "counts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


budgets, counting = load("budgets"), load("counting")
Verdict = budgets.Verdict

BUDGETS = budgets.Budgets({"decode": 0.5}, "here", tolerance_same=0.02, tolerance_other=0.1)


def verdict_of(instructions, build="here"):
    counts = {"reference": 1000.0, "decode": instructions}
    (row,) = budgets.judge(counts, BUDGETS, build)
    return row.verdict


@pytest.mark.parametrize(
    ("instructions", "verdict"),
    [
        (489.0, Verdict.FASTER),
        (491.0, Verdict.HELD),
        (500.0, Verdict.HELD),
        (509.0, Verdict.HELD),
        (511.0, Verdict.SLOWER),
    ],
)
def test_a_part_may_differ_by_the_tolerance_in_both_directions(instructions, verdict):
    assert verdict_of(instructions) is verdict


@pytest.mark.parametrize(
    ("instructions", "verdict"),
    [(449.0, Verdict.FASTER), (511.0, Verdict.HELD), (551.0, Verdict.SLOWER)],
)
def test_another_build_has_the_wider_tolerance(instructions, verdict):
    assert verdict_of(instructions, build="elsewhere") is verdict


def test_what_moves_the_reference_as_well_is_no_regression():
    counts = {"reference": 1300.0, "decode": 650.0}
    (row,) = budgets.judge(counts, BUDGETS, "here")
    assert (row.verdict, row.change) == (Verdict.HELD, 0.0)


def test_only_being_faster_and_being_as_before_are_no_failures():
    assert {each for each in Verdict if not each.fails} == {Verdict.HELD, Verdict.FASTER}


def test_a_part_without_a_budget_and_a_budget_without_a_part_are_both_failures():
    counts = {"reference": 1000.0, "hub": 300.0}
    new, gone = budgets.judge(counts, BUDGETS, "here")
    assert (new.part, new.budget, new.verdict) == ("hub", None, Verdict.NEW)
    assert (gone.part, gone.ratio, gone.verdict) == ("decode", None, Verdict.GONE)


def test_the_budgets_that_stand_are_as_they_would_be_written():
    written = (BENCHMARKS / "guard.toml").read_text()
    assert budgets.Budgets.parse(written).dump() == written


def test_what_both_runs_of_a_part_have_in_common_is_not_counted(tmp_path):
    for process, total in ((7, 5_000_000), (8, 8_000_000), (9, 6_000_000), (10, 6_600_000)):
        (tmp_path / str(process)).write_text(f"fl=x\n1 {total}\nsummary: {total}\n")
    lines = ["7\t1000\thub", "8\t4000\thub", "9\t1000\tdecode", "10\t4000\tdecode"]
    assert counting.per_message(lines, tmp_path) == {"hub": 1000.0, "decode": 200.0}


@pytest.mark.parametrize("output", [None, "fl=x\n1 5\n"], ids=["missing", "cut off"])
def test_a_process_that_was_not_counted_is_an_error_and_not_a_zero(tmp_path, output):
    (tmp_path / "7").write_text("summary: 5\n")
    if output is not None:
        (tmp_path / "8").write_text(output)
    with pytest.raises(counting.ValgrindFailed, match="process 8"):
        counting.per_message(["7\t1000\thub", "8\t4000\thub"], tmp_path)


def test_without_valgrind_it_fails_and_says_in_one_line_what_to_install(tmp_path):
    finished = subprocess.run(
        [sys.executable, str(BENCHMARKS / "guard.py")],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.count("\n") == 1
    assert "apt install valgrind" in finished.stderr

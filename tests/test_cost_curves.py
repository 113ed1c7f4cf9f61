"""The cost curves say what was measured, whatever that is. Nothing is measured here."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def load():
    """Modules of the benchmarks, whose folder is on nobody's path otherwise."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(BENCHMARKS):
            del sys.modules[name]


def run(cpu=1.0, **more):
    """A run of 10,000 messages."""
    usual = {
        "cpu": cpu,
        "frames": 10_000,
        "sent": 10_000,
        "wall": 2.0,
        "delivered": 20_000,
        "resident": 50_000_000,
        "subscribing": 0.001,
        "connections": 1,
        "hashes_equal": 0,
        "opening_wall": 0.5,
        "opening_cpu": 0.5,
        "opened": 1000,
        "versions": {"python": "3.13.0"},
        "samples": [],
    }
    return usual | more


def curves_of(load, runs):
    """Results whose runs are given by part and size."""
    points = load("costs.points")
    raw = {
        "began": "2026-10-05T08:00:00+00:00",
        "ended": "2026-10-05T08:20:00+00:00",
        "command": "python benchmarks/curves.py",
        "commit": "0123456789ab",
        "rounds": 1,
        "machine": {"cpu": "Z80", "cores": 1, "system": "CP/M", "openssl": "none", "load": [0.1]},
        "points": [
            {
                "point": {"part": part, "size": size, "tokens": 500, "rate": 2000},
                "runs": each,
            }
            for part, sizes in runs.items()
            for size, each in sizes.items()
        ],
    }
    assert set(runs) <= {part.name for part in points.PARTS}
    return load("costs.fit").Curves(json.loads(json.dumps(raw)))


def test_a_slope_is_what_one_more_costs(load):
    line = load("costs.fit").fit_line([(0, 100.0), (10, 120.0), (20, 140.0)])
    assert (line.slope, line.intercept, line.fit) == pytest.approx((2.0, 100.0, 1.0))


def test_a_line_through_noise_says_how_little_it_explains(load):
    line = load("costs.fit").fit_line([(0, 1.0), (1, 0.0), (2, 1.0), (3, 0.0)])
    assert 0 < line.fit < 0.5


def test_there_is_no_line_through_one_place(load):
    assert load("costs.fit").fit_line([(5, 1.0), (5, 2.0)]) is None
    assert load("costs.fit").fit_line([]) is None


def test_only_the_second_half_of_a_run_says_whether_it_is_steady(load):
    warming = [[second, 1e6 * second] for second in range(60)]
    steady = load("costs.fit").steady_of([*warming, *([second, 6e7] for second in range(60, 121))])
    assert (steady.minutes, steady.slope, steady.swing) == pytest.approx((2.0, 0.0, 0.0))


def test_a_leak_in_the_second_half_is_told_as_growth_a_minute(load):
    samples = [[second, 5e7 + 1000 * second] for second in range(601)]
    steady = load("costs.fit").steady_of(samples)
    assert steady.slope == pytest.approx(60_000)
    assert steady.swing == pytest.approx(300_000)
    curves = curves_of(load, {"steady": {2000: [run(samples=samples)]}})
    assert "+60.0 KB a minute" in load("costs.words").say_steady(curves)


def test_a_median_is_of_the_rounds_that_have_a_result(load):
    rounds = [run(1.0), {"problem": "lost"}, run(3.0), run(2.0)]
    curves = curves_of(load, {"levels": {10: rounds}})
    (spot,) = curves.spots("levels", load("costs.fit").cpu_of_message)
    assert (spot.median, spot.low, spot.high) == pytest.approx((200.0, 100.0, 300.0))
    assert curves.problems() == [("levels 10", "lost")]


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (1.05, "stays the same within 10% (1.05 times)"),
        (3.0, "grows to 3.00 times"),
        (0.5, "falls to 0.50 times"),
    ],
)
def test_a_cost_is_called_growing_only_if_it_grows(load, cost, said):
    curves = curves_of(load, {"subscriptions": {1: [run(1.0)], 10_000: [run(cost)]}})
    assert said in load("costs.words").say_subscriptions(curves)


def test_what_was_not_measured_is_not_spoken_of(load):
    curves = curves_of(load, {})
    said = {say(curves) for say in load("costs.words").WORDS.values()}
    assert said == {"Not measured in this run."}


def test_one_size_makes_no_curve(load):
    curves = curves_of(load, {"tokens": {1: [run()]}, "rate": {100: [run()]}})
    words = load("costs.words")
    assert "no curve" in words.say_tokens(curves)
    assert "no curve" in words.say_rate(curves)


def test_tokens_say_how_often_the_venue_repeats_itself(load):
    many = run(frames=20_000, connections=100, hashes_equal=5000)
    said = load("costs.words").say_tokens(curves_of(load, {"tokens": {1: [run()], 20_000: [many]}}))
    assert "with 1 token and" in said
    assert "2.00 times, because" in said
    assert "25% of the messages there had a book compared with its hash" in said
    assert "was changed once takes 500 µs of CPU with 20,000." in said


def test_saturation_is_a_place_on_the_curve_and_no_rate(load):
    runs = {100: [run(9.0, without_opening={"p50": 250.0, "p99": 900.0})], 0: [run(0.3)]}
    said = load("costs.words").say_rate(curves_of(load, {"rate": runs}))
    assert "at 100/s and 30.0 µs at saturation: the cost falls to 0.03 times" in said
    assert "250 and 900 µs at 100/s." in said
    assert "5,000 messages a second come through" in said


def test_memory_is_told_by_slope(load):
    sizes = {size: [run(resident=40_000_000 + 4000 * size)] for size in (1, 100, 1000)}
    curves = curves_of(load, {"memory_subscriptions": sizes})
    said = load("costs.words").say_memory(curves)
    assert said == "Resident memory: 4 KB for one more subscription (R² 1.000)."


def test_each_part_can_be_asked_for_and_reaches_its_extreme(load):
    plan = load("costs.points").plan_points
    most = {
        option: max(point.size for point in plan((option,)))
        for option in ("subscriptions", "tokens", "levels", "rate", "memory", "steady")
    }
    assert most == {
        "subscriptions": 10_000,
        "tokens": 20_000,
        "levels": 1000,
        "rate": 10_000,
        "memory": 10_000,
        "steady": 2000,
    }


def test_a_quick_run_passes_through_every_part(load):
    points = load("costs.points")
    quick = points.plan_points(quick=True, minutes=0.05)
    assert {point.part for point in quick} == {part.name for part in points.PARTS}
    assert max(point.messages for point in quick) <= 6000


def test_the_steady_run_is_as_long_as_was_asked_for(load):
    (point,) = load("costs.points").plan_points(("steady",), minutes=2.5)
    assert (point.seconds, point.messages) == (150.0, 300_000)


def test_silent_tokens_are_the_same_however_many_subscribe_to_them(load):
    points = load("costs.points").plan_points(("subscriptions",))
    assert {(point.tokens, point.silent) for point in points} == {(400, 200)}


def test_arguments_name_the_points_and_are_told_again(load):
    arguments = load("costs.arguments")
    parsed = arguments.parse_arguments(
        ["--only", "steady, rate", "--minutes", "2", "--rounds", "4"]
    )
    assert {point.part for point in parsed.points} == {"rate", "steady"}
    assert next(p.seconds for p in parsed.points if p.live) == 120.0
    command = arguments.describe_command(parsed)
    assert command == "python benchmarks/curves.py --only steady,rate --minutes 2 --rounds 4"


def test_wrong_arguments_are_refused_before_anything_runs(load, capsys):
    with pytest.raises(SystemExit):
        load("costs.arguments").parse_arguments(["--only", "shards"])
    assert "no shards; there are" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        load("costs.arguments").parse_arguments(["--minutes", "0"])


def test_a_part_that_does_not_exist_is_refused_with_those_that_do(load):
    with pytest.raises(ValueError, match="no shards; there are subscriptions, tokens, levels"):
        load("costs.points").plan_points(("levels", "shards"))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, ""),
        ({"frames": 9999}, "10,000 messages were sent, 9,999 received"),
        ({"delivered": 19_999}, "20,000 events were to be told, 19,999 were"),
        ({"reconnects": 1, "late": 2}, "not a clean run: reconnects 1, late 2"),
    ],
)
def test_a_run_that_lost_something_is_no_measurement(load, result, said):
    clean = {"reconnects": 0, "dropped": 0, "late": 0, "hashes_unequal": 0}
    sent = {"frames": 10_000, "messages": 10_000, "events": {"price_change": 20_000}}
    wrong = load("costs.checks").what_is_wrong(run() | clean | result, sent)
    assert wrong == said


def test_the_document_keeps_what_stands_around_the_generated_part(load, tmp_path):
    report = load("costs.report")
    folder, document = tmp_path / "costs", tmp_path / "costs.md"
    document.write_text(f"# Costs\n\nBefore.\n\n{report.BEGIN}\nstale\n{report.END}\n\nAfter.\n")
    curves = curves_of(load, {"levels": {10: [run(1.0)], 100: [run(2.0)]}})
    plots = {"levels": "levels.svg"}
    assert report.write_costs(curves, folder, plots) == document
    once = document.read_text()
    report.write_costs(curves, folder, plots)
    assert document.read_text() == once
    assert once.startswith("# Costs\n\nBefore.\n")
    assert once.endswith("\n\nAfter.\n")
    assert "stale" not in once
    assert "![Levels of a book](costs/levels.svg)" in once
    assert "| 100 | 200.0 | 200.0 to 200.0 |" in once
    assert "commit 0123456789ab" in once


def test_a_document_of_nothing_but_failures_says_so(load, tmp_path):
    curves = curves_of(load, {"rate": {100: [{"problem": "nothing came"}]}})
    report = load("costs.report")
    text = report.write_costs(curves, tmp_path / "costs", {}).read_text()
    assert "- rate 100: nothing came" in text
    assert "Not measured in this run." in text

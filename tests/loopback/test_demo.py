"""The demo, as a person runs it."""

import re
import subprocess

import pytest
import trio
from cli_process import PROGRAM, environment

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def shown():
    """What the demo prints into a pipe, after checking that it ends well and in time."""
    done = subprocess.run(
        [*PROGRAM, "demo"],
        env=environment(POLYMARKET_BACKOFF_INITIAL="3600"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def step(shown, title):
    """The lines of the step whose title begins like this."""
    found = re.search(rf"^\d+\. {title}.*\n((?:   .*\n)+)", shown, re.MULTILINE)
    assert found, shown
    return [line.strip() for line in found[1].splitlines()]


def test_steps_are_numbered_and_each_has_a_result(shown):
    numbers = re.findall(r"^(\d+)\. \S.*\n   \S", shown, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 11)]
    assert re.search(r"^Done in \d+\.\d s\.$", shown, re.MULTILINE)


def test_it_fits_a_terminal_of_80_columns_without_colours(shown):
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert not re.search(r" $", shown, re.MULTILINE)


def test_it_lists_the_tools(shown):
    names = [line.split()[0] for line in step(shown, "List its tools")[:-1]]
    assert {"subscribe_market_prices", "subscribe_orderbook_updates"} <= set(names)
    assert {"get_realtime_status", "unsubscribe_realtime"} <= set(names)


def test_it_shows_live_prices_and_books(shown):
    live = step(shown, "Live events")
    assert any(re.search(r"price_change +[AB] +bid 0\.\d+ +ask 0\.\d+", line) for line in live)
    assert any(re.search(r"agg_orderbook +C +bid 0\.\d+ +ask 0\.\d+", line) for line in live)


def test_it_waits_for_a_price_to_move_as_a_model_does(shown):
    told, met = step(shown, "Wait, as a model does")
    assert told == "told is only when: price moves by 0.01 within 60 s"
    assert re.fullmatch(r"wait_for_realtime_events: [ABC] from 0\.\d+ to 0\.\d+", met)


def test_it_shows_the_interruption_the_gap_and_the_recovery_of_every_book(shown):
    cut = "\n".join(step(shown, "Cut the connection"))
    assert cut.startswith("connections reset: 1\n")
    assert "interrupted" in cut
    gaps = re.findall(r"gap +([ABC ]*[ABC]) +(\d+\.\d+) s: the connection was lost", cut)
    assert sorted("".join(letters for letters, _ in gaps).replace(" ", "")) == ["A", "B", "C"]
    assert all(0 < float(gap) < 5 for _, gap in gaps)
    recovered = re.findall(r"resynced +([ABC]) +epoch 2, by snapshot", cut)
    assert sorted(recovered) == ["A", "B", "C"]
    assert len(re.findall(r"state_changed +[ABC] +out_of_sync: the connection was lost", cut)) == 3
    assert re.search(r"again .* later\n(.*\n)*.*(price_change|agg_orderbook)", cut)


def test_it_shows_the_status_after_the_recovery(shown):
    status = "\n".join(step(shown, "Ask for the status"))
    assert re.search(r"market +connected, ws://127\.0\.0\.1:\d+/ws/market", status)
    assert re.search(r"reconnects +1$", status, re.MULTILINE)
    assert re.search(r"\d+ +price_change", status)
    assert re.search(r"price_change +live 2 of 2, .*dropped 0", status)
    assert re.search(r"agg_orderbook +live 1 of 1, .*dropped 0", status)


async def test_a_step_that_fails_is_named_and_ends_the_demo(monkeypatch, capsys):
    from polymarket_realtime.cli import demo_client
    from polymarket_realtime.cli.demo import demo
    from polymarket_realtime.cli.exits import CommandFailed

    # A server that says why it cannot start, and does not.
    monkeypatch.setattr(demo_client, "SERVER", ["-c", "import sys; sys.exit('no luck')"])
    with trio.fail_after(20):
        with pytest.raises(CommandFailed, match=r"^step 2 of the demo \(Start the MCP") as raised:
            await demo()
    assert raised.value.code == 1
    assert capsys.readouterr().err == "no luck\n"

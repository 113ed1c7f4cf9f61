"""Every example runs, offline, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

PRINTED = {
    "alert.py": (
        r"waiting: price moves by 0\.01 within 60 s\n(a moment may .*\n)*"
        r"from 0\.\d+ to 0\.\d+\nover\n"
    ),
    "account.py": (
        r"((order|trade) .*\n)*complete: \d+ open orders\n((order|trade) .*\n)*"
        r"something may be missing: .*\n((order|trade) .*\n)*complete: \d+ open orders\n"
    ),
    "event.py": (
        r"((Progress|Liberty) Party 0\.\d+, .*; sum \d\.\d+\n){3,}(.*\n)*new: New Party\n"
        r"(?=(.*\n)*No: .*\((poll|socket)\)\n)(?=(.*\n)*Yes: .*Liberty Party.*\n)(.*\n)*"
        r"the event is over\n"
    ),
    "live.py": (
        r"(?=(.*\n)*(BUY|SELL) \d+(\.\d+)? '\w+' at 0\.\d+\n)(?=(.*\n)*lost rtds#0\n)"
        r"(?=(.*\n)*crypto:btcusd: nothing is missing\n)"
        r"(?=(.*\n)*activity: something is missing\n)(.*\n)+"
    ),
    "book.py": r"(\d\d:\d\d:\d\d bid 0\.\d+ ask 0\.\d+\n){10}",
    "trust.py": (
        r"(price 0\.\d+\n|live\n){4,}out_of_sync: the connection was lost\n(.*\n)*"
        r"unknown: \d+\.\d\d s, the connection was lost\n(price 0\.\d+\n)?"
        r"the truth again, by snapshot\n"
    ),
    "manager.py": (
        r"connected \n(?=(.*\n)*price_change 0)((price_change 0\.\d+|state_changed )\n){4,}"
        r"connected: True\nunsubscribed: True\n"
    ),
    "hosted.py": r"((BUY|SELL) \d+(\.\d+)? at 0\.\d+\n){3}",
}


def test_every_example_is_listed_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PRINTED)


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_example_runs(name):
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert re.fullmatch(PRINTED[name], finished.stdout), finished.stdout

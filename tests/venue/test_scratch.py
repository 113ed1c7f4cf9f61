"""The buffer that all reads of a run share."""

from __future__ import annotations

import trio

from polymarket_realtime._venue.scratch import scratch


def test_each_run_has_one_of_its_own():
    async def mine():
        return scratch(), scratch()

    first, again = trio.run(mine)
    other, _ = trio.run(mine)
    assert first is again
    assert first is not other

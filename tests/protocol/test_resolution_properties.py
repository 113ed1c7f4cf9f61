"""Whatever happens in whatever order, a market's end is told once, and not before it is known."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from market_samples import WALL, condition_of, make_announcement, make_market, make_settled, yes_of

from polymarket_realtime._model.events import Event
from polymarket_realtime._model.lifecycle import MarketResolved, ResolutionStage
from polymarket_realtime._protocol.resolution import Resolutions

MARKETS = st.sampled_from([1, 2, 3])
STAGES = st.sampled_from([None, "proposed", "disputed", "resolved"])


class Settlements(RuleBasedStateMachine):
    """A venue whose markets end, announcements that come or not, and a watcher of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.resolutions = Resolutions()
        self.wanted: frozenset[int] = frozenset()
        self.ended: set[int] = set()
        self.evident: set[int] = set()
        self.told = Counter[int]()
        self.uma: dict[int, str | None] = {}

    def tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, MarketResolved):
                number = next(n for n in (1, 2, 3) if event.market == condition_of(n))
                self.told[number] += 1
                assert number in self.ended, "told before it was so"

    @rule(number=MARKETS, uma=STAGES)
    def the_oracle_speaks(self, number: int, uma: str | None) -> None:
        self.uma[number] = uma

    @rule(number=MARKETS)
    def a_market_ends(self, number: int) -> None:
        self.ended.add(number)

    @rule(number=MARKETS)
    def an_announcement_comes(self, number: int) -> None:
        self.ended.add(number)
        self.evident.add(number)
        told = self.resolutions.announce(make_announcement(number), self.now)
        self.tell([] if told is None else [told])

    @rule(numbers=st.frozensets(MARKETS))
    def interest_changes(self, numbers: frozenset[int]) -> None:
        self.wanted = numbers
        self.resolutions.retain(frozenset(map(yes_of, numbers)), self.now)

    @rule(number=MARKETS)
    def a_hint_comes(self, number: int) -> None:
        self.resolutions.hint([yes_of(number)], self.now)

    @rule(
        sleep=st.floats(0.0, 700.0),
        fails=st.booleans(),
        silent=st.frozensets(MARKETS),
        leaves=st.frozensets(MARKETS),
    )
    def the_catalogue_is_asked(
        self, sleep: float, *, fails: bool, silent: frozenset[int], leaves: frozenset[int]
    ) -> None:
        """Some markets are not in the answer, and some are not wanted any more when it comes."""
        self.now += sleep
        due = self.resolutions.due(self.now)
        asked = {number for number in (1, 2, 3) if yes_of(number) in due}
        self.interest_changes(self.wanted - leaves)
        self.now += 0.1
        if fails:
            self.resolutions.failed(due, self.now)
            return
        answer = [
            make_settled(n) if n in self.ended else make_market(n, uma_status=self.uma.get(n))
            for n in asked - silent
        ]
        self.evident |= self.ended & (asked - silent) & self.wanted
        self.tell(self.resolutions.learn(answer, self.now, WALL + self.now, due))

    @invariant()
    def what_is_known_was_told_once(self) -> None:
        assert self.told == Counter(self.evident)
        for number in self.evident:
            assert self.resolutions.stage_of(condition_of(number)) is ResolutionStage.RESOLVED
            assert self.resolutions.resolution_of(yes_of(number)) is not None

    @invariant()
    def what_is_wanted_and_not_known_will_be_asked_about(self) -> None:
        open_ = self.wanted - self.evident
        deadline = self.resolutions.next_deadline()
        if open_:
            assert deadline <= self.now + 600.0
        later = max(self.now, deadline if deadline < float("inf") else 0.0) + 600.0
        due = self.resolutions.due(later)
        assert {yes_of(number) for number in open_} <= set(due)


TestSettlements = Settlements.TestCase
TestSettlements.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

"""Answers that are remembered for a while, and shared by those who ask at the same time."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import attrs
import trio

from polymarket_realtime.errors import LookupFailed

__all__ = ["Answers"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Ask = Callable[[Sequence[K]], Awaitable[Mapping[K, T]]]
"""Finds what it can; a key that is left out stands for nothing."""


@attrs.define(eq=False)
class _Question(Generic[K, T]):
    """What somebody is asking just now.

    Attributes:
        answers: None until answered, and for ever if whoever asked was cancelled.
        failure: Why there is no answer, unless it is that.
        over: Set once the question is not asked any more, answered or not.
    """

    answers: dict[K, T | None] | None = None
    failure: LookupFailed | None = None
    over: trio.Event = attrs.field(factory=trio.Event)

    async def wait(self) -> dict[K, T | None]:
        """The answers; none if whoever asked was cancelled.

        Raises:
            LookupFailed: As for who asked; the same object would gather the tracebacks of all.
        """
        await self.over.wait()
        if (error := self.failure) is not None:
            raise LookupFailed(
                error.url, error.problem, status=error.status, retry_after=error.retry_after
            ) from error
        return self.answers or {}


@attrs.define(eq=False)
class Answers(Generic[K, T]):
    """What a key stands for; None if it stands for nothing.

    Attributes:
        lifetime: For how many seconds an answer is good.
        capacity: Answers kept; the oldest goes first.
    """

    lifetime: Callable[[T | None], float]
    capacity: int
    _kept: OrderedDict[K, tuple[T | None, float]] = attrs.field(factory=OrderedDict, init=False)
    """Answers, and when each of them expires on Trio's clock."""
    _asked: dict[K, _Question[K, T]] = attrs.field(factory=dict, init=False)

    async def get(
        self, keys: Iterable[K], ask: Ask[K, T], *, fresh: bool = False
    ) -> dict[K, T | None]:
        """What these keys stand for, in their order.

        What somebody else is asking already is waited for. If that one is cancelled, one of
        those who wait asks in its place.

        Args:
            keys: Each counts once.
            ask: Gives what it finds; may raise `LookupFailed`.
            fresh: Whether an answer that was given before this call will not do; one that is on
                its way will.

        Raises:
            LookupFailed: `ask` raised it, here or where it was waited for.
        """
        await trio.lowlevel.checkpoint()
        answers: dict[K, T | None] = dict.fromkeys(keys)
        missing = list(answers)
        while missing := [key for key in missing if fresh or not self._recall(key, answers)]:
            others = {key: self._asked[key] for key in missing if key in self._asked}
            if own := [key for key in missing if key not in others]:
                answers |= await self._ask(own, ask)
            missing = []
            for key, question in others.items():
                told = await question.wait()
                if key in told:
                    answers[key] = told[key]
                else:
                    missing.append(key)
        return answers

    def keep(self, key: K, answer: T | None) -> None:
        """Remember what somebody has been told."""
        self._kept[key] = answer, trio.current_time() + self.lifetime(answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self.capacity:
            self._kept.popitem(last=False)

    def _recall(self, key: K, answers: dict[K, T | None]) -> bool:
        """Note what is remembered of this key; whether that is good still."""
        answer, expires = self._kept.get(key, (None, -math.inf))
        if expires <= trio.current_time():
            return False
        answers[key] = answer
        return True

    async def _ask(self, keys: Sequence[K], ask: Ask[K, T]) -> dict[K, T | None]:
        with self._asking(keys) as question:
            found = await ask(keys)
            question.answers = {key: found.get(key) for key in keys}
        for key, answer in question.answers.items():
            self.keep(key, answer)
        return question.answers

    @contextmanager
    def _asking(self, keys: Sequence[K]) -> Iterator[_Question[K, T]]:
        """Let others know that these keys are asked about, for as long as the block lasts."""
        question = _Question[K, T]()
        self._asked |= dict.fromkeys(keys, question)
        try:
            yield question
        except LookupFailed as error:
            question.failure = error
            raise
        finally:
            for key in keys:
                del self._asked[key]
            question.over.set()

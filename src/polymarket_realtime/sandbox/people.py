"""Who trades and comments in public: invented, seeded, and few enough to be met again."""

from __future__ import annotations

import random

import attrs

from .credentials import funder_of

__all__ = ["Crowd", "Person"]

CROWD = 24

_HOW = ("Rowdy", "Quiet", "Patient", "Reckless", "Curious", "Frugal", "Sleepy", "Bold")
_WHAT = ("Tenement", "Lantern", "Pelican", "Teapot", "Compass", "Walnut", "Harbour", "Meteor")
_NAMES = ("PPMT", "sandbox_sam", "0xloop", "makerella", "takeshot", "evenodds")


@attrs.frozen
class Person:
    """Somebody with a wallet. Those who have not chosen a `name` go by their pseudonym."""

    wallet: str
    name: str
    pseudonym: str

    def profile(self) -> dict[str, str | bool]:
        """As a comment shows its author."""
        return {
            "baseAddress": self.wallet,
            "displayUsernamePublic": bool(self.name),
            "name": self.name,
            "proxyWallet": self.wallet,
            "pseudonym": self.pseudonym,
        }


@attrs.frozen
class Crowd:
    """The same people for the same seed."""

    seed: int
    people: tuple[Person, ...] = attrs.field(init=False)

    @people.default
    def _invent(self) -> tuple[Person, ...]:
        chance = random.Random(f"{self.seed}/crowd")  # noqa: S311 - a game of chance
        return tuple(
            Person(
                funder_of(self.seed, f"crowd {number}"),
                _NAMES[number] if number < len(_NAMES) else "",
                f"{chance.choice(_HOW)}-{chance.choice(_WHAT)}",
            )
            for number in range(CROWD)
        )

    def named(self, name: str) -> Person:
        """Whoever goes by this name: one of the crowd, or a newcomer with a wallet of their own."""
        for person in self.people:
            if name == person.name:
                return person
        return Person(funder_of(self.seed, f"author {name}"), name, "")

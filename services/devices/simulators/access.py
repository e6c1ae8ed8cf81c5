"""When and how people may pass: a terminal's time zones, groups and combinations of groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Group(NamedTuple):
    """Up to three time zones by number, and how members identify; bit 7: also on holidays."""

    zones: tuple[int, int, int] = (1, 0, 0)
    style: int = 0


ALWAYS = bytes((0, 0, 23, 59)) * 7
"""A time zone that never ends: from 0:00 to 23:59 on each of seven days, Sunday first."""


@dataclass
class Access:
    """What is not set is as it leaves the factory. Who changes it here changes nobody's punches."""

    zones: dict[int, bytes] = field(default_factory=lambda: {1: ALWAYS})
    groups: dict[int, Group] = field(default_factory=lambda: {1: Group()})
    combinations: dict[int, bytes] = field(default_factory=lambda: {1: bytes((1, 0, 0, 0, 0))})
    """Five groups, a member of each of which has to be there; 0 is none."""
    styles: dict[int, int] = field(default_factory=dict)
    """How a person identifies, by slot; who is not named does as the group."""

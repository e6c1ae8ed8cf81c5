"""Choosing between forms by evidence: what explains the bytes best, and well enough."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from services.devices.drivers.base import DecodeError, DeviceError
from shared.contracts.errors import Code

MARGIN: Final = 6.0
"""How many bits better than every other, and than no known form at all, the best one must be."""


class Claim(NamedTuple):
    """A table, as far as it is known before its form is."""

    what: str
    """What its records are, in the plural."""
    size: int
    before: int | None
    """How many records the device counted before the reading; None when it does not tell."""
    after: int | None

    def counts(self, width: int) -> bool:
        """Return whether so many records as it would hold agree with the device's counts."""
        if self.before is None or self.after is None:
            return True
        return self.before <= self.size // width <= self.after

    def incomplete(self, form: str, width: int) -> DeviceError:
        """Return the failure that the table holds another number of records than it should."""
        details = (
            f"There came {self.size // width} {self.what} of form {form}, and the device counted"
            f" {self.before} before the reading and {self.after} after it."
        )
        return DeviceError(Code.PULL_INCOMPLETE, details)


class _InDoubtError(DecodeError):
    """No form explains the bytes, or more than one does."""


def form_by_evidence(claim: Claim, widths: Mapping[str, int], score: Callable[[str], float]) -> str:
    """Return the one form that divides the table, agrees with the counts and explains the bytes.

    A score is a sum of bits: how much likelier the bytes are in that form than as noise, which has
    score 0. Raises DecodeError with every score when none wins by the margin; but DeviceError
    PULL_INCOMPLETE when one would, and only the device's counts speak against it.
    """
    fitting = [form for form, width in widths.items() if claim.size % width == 0]
    counted = [form for form in fitting if claim.counts(widths[form])]
    try:
        return _winner({form: score(form) for form in counted}, claim)
    except _InDoubtError:
        others = {form: score(form) for form in fitting if form not in counted}
        if max(others.values(), default=0) >= MARGIN:
            form = _winner(others, claim)
            raise claim.incomplete(form, widths[form]) from None
        raise


def _winner(scores: Mapping[str, float], claim: Claim) -> str:
    ranking = sorted(scores.items(), key=lambda each: -each[1])
    best, bits = ranking[0] if ranking else ("", 0.0)
    second = ranking[1][1] if len(ranking) > 1 else 0.0
    if bits - max(second, 0.0) >= MARGIN:
        return best
    told = ", ".join(f"{form}: {score:.0f}" for form, score in ranking) or "no known width fits"
    msg = (
        f"{claim.size} bytes of {claim.what} are of no form that is sure; bits of evidence: {told}"
    )
    raise _InDoubtError(msg)

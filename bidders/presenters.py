"""Presenters: they buy a state to put it before the user as a finished offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orchestrator
from bidders.capable import PRESENTER, Appraisal, CapableBidder, prospect
from bidders.composing import compose_letter, compose_list, compose_plan
from bidders.material import Material, gather
from bidders.options import words_in
from bidders.schedule import days_asked
from orchestrator import Announcement, Policy, Segment, WonLot

_PIECES_A_DAY = 2


@dataclass(frozen=True, slots=True)
class Taste:
    """What makes an offer of one style acceptable; the weights add up to its best chance.

    Attributes:
        base: chance of an offer with hardly anything in it.
        variety: what several kinds of material add.
        volume: what much material adds.
        preferences: what knowing the user's preferences adds.
        coverage: what speaking to every word of the request adds.
        dated: what a request for a number of days adds, where there is enough to fill them.
        undated: what a request that names no days adds.
    """

    base: float
    variety: float
    volume: float
    preferences: float
    coverage: float
    dated: float = 0.0
    undated: float = 0.0

    def acceptance(self, material: Material) -> float:
        """The chance that a user takes an offer made of this material, 0 to 1."""
        days = days_asked(material.request)
        filled = days > 0 and len(material.pieces) >= _PIECES_A_DAY * days
        return (
            self.base
            + self.variety * material.variety()
            + self.volume * material.volume()
            + self.preferences * material.wanted.knows_preferences
            + self.coverage * material.coverage()
            + self.dated * filled
            + self.undated * (days == 0)
        )


TASTES = {
    "plan": Taste(base=0.02, variety=0.5, volume=0.22, preferences=0.16, coverage=0.05, dated=0.05),
    "list": Taste(base=0.08, variety=0.28, volume=0.2, preferences=0.08, coverage=0.12, undated=0.2),
    "letter": Taste(base=0.02, variety=0.38, volume=0.16, preferences=0.25, coverage=0.07, undated=0.05),
}


class PresenterBidder(CapableBidder):
    """Makes an offer of what a state holds: by code, without a model and without a fact of its own.

    Its estimate is the chance that the user takes the offer. That grows with the material in the
    state and differs by style, so that the auction finds out when a state is finished.

    Args:
        name: unique in its market.
        style: `plan` (day by day), `list` (short) or `letter`.
        policy: turns its estimate into a value; one that learns comes to know better than the estimate.
        day_kinds: for plans, the kinds of segments that fill days, for example `activity`; the others are listed
            below the days. Without it, everything fills days.

    Raises:
        InvalidConfig: there is no such style.
    """

    def __init__(
        self, name: str, style: str = "plan", policy: Policy | None = None, day_kinds: Sequence[str] = ()
    ) -> None:
        super().__init__(name, PRESENTER, policy)
        if style not in TASTES:
            raise orchestrator.errors.InvalidConfig(f"style is one of {', '.join(TASTES)}, not {style!r}")
        self._style = style
        self._day_kinds = words_in("day_kinds", day_kinds)

    def appraise(self, announcement: Announcement) -> Appraisal:
        """Estimate the chance that the user takes this offer, made of the state as it is, and no other copy's."""
        material = gather(announcement.request, announcement.state)
        if not material.pieces:
            return Appraisal(0.0, "nothing to present yet")
        return Appraisal(
            TASTES[self._style].acceptance(material) * prospect(announcement.lot),
            f"{len(material.pieces)} pieces of {len(material.kinds)} kinds to present",
            {"pieces": float(len(material.pieces)), "kinds": float(len(material.kinds))},
        )

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        """Compose the offer."""
        material = gather(lot.request, lot.state)
        if self._style == "plan":
            text = compose_plan(material, self._day_kinds)
        else:
            text = compose_letter(material) if self._style == "letter" else compose_list(material)
        return [Segment(text, kind="offer", media_type="text/markdown")]

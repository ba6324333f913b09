"""The usual alternatives to a market, run on the same models under the same cap.

They are real: each is the published method, with its calls metered as the market's are.
"""

from __future__ import annotations

from orchestrator.comparing.best_of_n import BestOfN
from orchestrator.comparing.best_single import BestSingle
from orchestrator.comparing.cascade import Cascade
from orchestrator.comparing.contest import Contestant, by_price, hold_contest
from orchestrator.comparing.mixture import MixtureOfAgents
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import Rival, RivalAnswer, RivalTask
from orchestrator.comparing.self_consistency import SelfConsistency
from orchestrator.errors import InvalidRequest

__all__ = [
    "RIVALS",
    "BestOfN",
    "BestSingle",
    "Cascade",
    "Contestant",
    "MixtureOfAgents",
    "Purse",
    "Rival",
    "RivalAnswer",
    "RivalTask",
    "SelfConsistency",
    "by_price",
    "hold_contest",
    "read_rivals",
]

RIVALS = ("best-single", "best-of-n", "self-consistency", "moa", "cascade")


def read_rivals(names: str, samples: int) -> list[Rival]:
    """Read a list of rivals.

    Args:
        names: comma-separated names out of `RIVALS`.
        samples: how many answers best-of-n and self-consistency ask for.

    Raises:
        InvalidRequest: there is no such rival, or one is named twice.
    """
    made: dict[str, Rival] = {}
    known: dict[str, Rival] = {
        rival.name: rival
        for rival in (BestSingle(), BestOfN(samples), SelfConsistency(samples), MixtureOfAgents(), Cascade())
    }
    for name in (each.strip() for each in names.split(",")):
        if name not in known:
            raise InvalidRequest(f"there is no rival {name!r}; there are {', '.join(RIVALS)}")
        if name in made:
            raise InvalidRequest(f"the rival {name!r} is named twice")
        made[name] = known[name]
    return list(made.values())

"""Requests, and who may take part in them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.keys import digest_text
from orchestrator.core.light import light
from orchestrator.core.omission import later
from orchestrator.core.rules import Role, Rules


@light
@dataclass(frozen=True, slots=True)
class Participant:
    """A bidder as a request's record knows it.

    Attributes:
        name: the bidder's own name, unique in its market.
        principal: who stands behind it; one principal's bids count as one (R5).
        roles: `transformer`, `presenter` or both.
        audition: whether it is on audition: the treasury may buy it a lot (R11).
    """

    name: str
    principal: str
    roles: tuple[Role, ...]
    audition: bool = later(False)


@light
@dataclass(frozen=True, slots=True)
class Request:
    """The user's job: a text, a bounty, limits and a seed.

    Attributes:
        id: short name in its store, for example `r7`; not part of the hash chain.
        text: what is wanted.
        bounty_nanos: what the picked offer's presenter is paid.
        spend_cap_nanos: the most real money that the run may cost its operator (R7).
        deposit_nanos: what pays recorded costs on rejection (R10).
        seed: root of every draw.
        requester: who posts it.
        rules: the settings under which it runs.
        roster: who may take part, in order of name.
        text_digest: SHA-256 of the text; it outlives the text's erasure.
    """

    id: str
    text: str
    bounty_nanos: int
    spend_cap_nanos: int
    seed: int
    rules: Rules
    roster: tuple[Participant, ...]
    deposit_nanos: int = 0
    requester: str = "user"
    text_digest: str = ""

    def __post_init__(self) -> None:
        if not self.text_digest:
            object.__setattr__(self, "text_digest", digest_text(self.text))

    def principals(self) -> dict[str, str]:
        """Who stands behind each bidder of the roster."""
        return {entry.name: entry.principal for entry in self.roster}

"""How much money bidders start with, and what keeps them solvent (R11)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WealthRules:
    """The market's rules on wealth, in money; configs give the sizes in typical bounties.

    Attributes:
        endowment_nanos: what a new wallet opens with, unless its bidder's entry says otherwise.
        refill_below_nanos: a wallet that falls below this is refilled from treasury income.
        refill_to_nanos: what it is refilled to.
        refills_max: how often; after that a bidder that is broke again is suspended.
        rent_nanos: what each bidder pays the treasury a request.
        faults_to_suspend: how many failures after an award in a row suspend a bidder (R6).
        treasury_stock_nanos: money that the treasury opens with beside the endowments that it passes
            on; rule `subsidised` pays its subsidies from it.
        audition_trials: how many lots a newcomer wins before it stands on its own; until then the
            treasury may buy it lots. 0 holds no auditions.
        audition_budget_nanos: the most that the treasury spends on a principal's trials, ever.
    """

    endowment_nanos: int
    refill_below_nanos: int
    refill_to_nanos: int
    refills_max: int = 10
    rent_nanos: int = 0
    faults_to_suspend: int = 5
    treasury_stock_nanos: int = 0
    audition_trials: int = 0
    audition_budget_nanos: int = 0

"""The conformance kit: what tells a plugin's author what is wrong, before a market does.

from orchestrator.testing import assert_bidder

def test_my_bidder_keeps_the_contract() -> None:
    assert_bidder(MyBidder(name="mine"))
"""

from orchestrator.testing.bidders import assert_bidder, check_bidder
from orchestrator.testing.policies import assert_policy, check_policy
from orchestrator.testing.problem import Problem
from orchestrator.testing.samples import FreeMeter, make_announcement, make_receipt, make_won_lot

__all__ = [
    "FreeMeter",
    "Problem",
    "assert_bidder",
    "assert_policy",
    "check_bidder",
    "check_policy",
    "make_announcement",
    "make_receipt",
    "make_won_lot",
]

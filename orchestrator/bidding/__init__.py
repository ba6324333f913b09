"""The contracts: what a bidder, a bid policy, a model and a judge must be, and what they are shown."""

from orchestrator.bidding.announcement import Acceptance, Announcement, PublicPrice, WonLot
from orchestrator.bidding.answer import Bid, Pass, Replacement
from orchestrator.bidding.bidder import Bidder
from orchestrator.bidding.judge import Hearing, Judge, Later, MeteredJudge, Rank, Reject, ShownOffer
from orchestrator.bidding.meter import Charged, Meter
from orchestrator.bidding.model import Completion, Finish, Message, Model, Prompt, Usage, words_within
from orchestrator.bidding.policy import Beliefs, Lesson, Observation, Policy, Valuation, Work

__all__ = [
    "Acceptance",
    "Announcement",
    "Beliefs",
    "Bid",
    "Bidder",
    "Charged",
    "Completion",
    "Finish",
    "Hearing",
    "Judge",
    "Later",
    "Lesson",
    "Message",
    "Meter",
    "MeteredJudge",
    "Model",
    "Observation",
    "Pass",
    "Policy",
    "Prompt",
    "PublicPrice",
    "Rank",
    "Reject",
    "Replacement",
    "ShownOffer",
    "Usage",
    "Valuation",
    "WonLot",
    "Work",
    "words_within",
]

"""The Python face: `run_request`, `arun_request` and `Market`."""

from orchestrator.api.market import Market
from orchestrator.api.posting import Posting
from orchestrator.api.result import Offer, Result
from orchestrator.api.run import arun_request, run_request

__all__ = ["Market", "Offer", "Posting", "Result", "arun_request", "run_request"]

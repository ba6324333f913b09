"""The Python face: `run_request`, `arun_request` and `Market`."""

from orchestrator.api.market import Market
from orchestrator.api.posting import Posting
from orchestrator.api.result import Offer, Result
from orchestrator.api.run import arun_request, run_request
from orchestrator.api.run_options import RunOptions

__all__ = ["Market", "Offer", "Posting", "Result", "RunOptions", "arun_request", "run_request"]

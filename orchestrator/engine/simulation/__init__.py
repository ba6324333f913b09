"""Simulation: many requests at once in memory, synchronously, thousands of auctions a second.

The same core, ledger and policies as a durable run, without journal, texts and event loop. `driver`
moves the requests of a batch in lock-step; `player` is what a bidder is here; `roster` says who
takes part and keeps wallets within the rules, `auditions` what newcomers are granted;
`invitations` says who is asked to bid for a lot, and `asking` collects what they say.
"""

from orchestrator.engine.simulation.driver import Simulation
from orchestrator.engine.simulation.player import Delivery, Job, Player

__all__ = ["Delivery", "Job", "Player", "Simulation"]

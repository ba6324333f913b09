"""Bid policies: what a lot is worth to a bidder, as `orchestrator.Policy` asks for it."""

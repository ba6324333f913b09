"""Societies of bidders on the tasks of Chang et al. 2020, through the real core and a ledger in memory."""

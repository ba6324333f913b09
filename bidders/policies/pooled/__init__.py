"""The pooled learner: what all bidders of a pool know together of requests, abilities and claims."""

"""Soundness: what leaving the truth gains, who goes broke, and what two who agree can do."""

"""Benchmarks: `python -m benchmarks NAME [--json]`; their tables go into docs/ by `make bench`."""

from benchmarks.rounding import round_alike

# Here, since this comes before whatever imports NumPy, which looks once.
round_alike()

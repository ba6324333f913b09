"""Benchmark 2: recorded answers of real models, replayed through the market."""

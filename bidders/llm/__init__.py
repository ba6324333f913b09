"""Bidders that are language models: how a state is shown to a model, and what its answer is taken for."""

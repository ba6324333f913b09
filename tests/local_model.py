"""The small language model, for tests that run it."""

from __future__ import annotations

import os

import pytest

from bidders.models.local import LocalModel

REQUIRED = "VICKREY_REQUIRE_LOCAL_MODEL"


def need_local_model() -> None:
    """Skip a test where the model is not installed; fail it where it has to be, for a skip is not seen."""
    obstacle = LocalModel().obstacle()
    if obstacle and os.environ.get(REQUIRED):
        pytest.fail(obstacle)
    if obstacle:
        pytest.skip(obstacle)

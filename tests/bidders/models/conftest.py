"""What tests of models share: the provider on loopback, and models that know nothing of earlier tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bidders.models.modes import forget_support
from tests.bidders.models.sdks import route, sdk
from tests.fake_provider import FakeProvider

__all__ = ["route", "sdk"]


@pytest.fixture(scope="session")
def serving_provider() -> Iterator[FakeProvider]:
    provider = FakeProvider().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(serving_provider: FakeProvider) -> FakeProvider:
    serving_provider.clear()
    return serving_provider


@pytest.fixture(autouse=True)
def fresh_support() -> None:
    forget_support()

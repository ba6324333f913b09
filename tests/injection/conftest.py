"""The provider on loopback that fails on demand, as the tests of models have it."""

from tests.bidders.models.conftest import fresh_support, provider, serving_provider

__all__ = ["fresh_support", "provider", "serving_provider"]

"""A provider on loopback that speaks the formats of OpenAI and Anthropic, keeps its own books, and fails on demand."""

from tests.fake_provider.books import Bill, Books
from tests.fake_provider.faults import Fault
from tests.fake_provider.server import FakeProvider

__all__ = ["Bill", "Books", "FakeProvider", "Fault"]

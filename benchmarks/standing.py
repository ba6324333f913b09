"""Who stands behind a player of a benchmark, and with whom it shares what it learns."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Alone:
    """A player that is its own principal."""

    __slots__ = ()

    name: str

    @property
    def principal(self) -> str:
        return self.name


class Independent(Alone):
    """A player that also learns for itself."""

    __slots__ = ()

    @property
    def memory_id(self) -> str:
        return self.name


class Twin(ABC):
    """A player that differs from its twins in name and wallet, and shares with them what it learns."""

    __slots__ = ()

    twin: int

    @property
    @abstractmethod
    def memory_id(self) -> str:
        """Where what the twins learn is kept."""

    @property
    def name(self) -> str:
        return f"{self.memory_id}.{self.twin}"

    @property
    def principal(self) -> str:
        return self.name

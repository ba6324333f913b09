"""What the conformance kit finds, said to the author of the plugin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a bidder or a policy.

    Attributes:
        message: what is wrong and what to do about it.
        situation: when it showed first; empty where it always does.
        is_warning: whether the market copes with it, though it is hardly meant.
    """

    message: str
    situation: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.is_warning else ""
        return f"{kind}{self.message}" + (f" [{self.situation}]" if self.situation else "")


class Findings:
    """Problems as they are found; the same one in many situations is one problem."""

    def __init__(self) -> None:
        self._found: dict[str, Problem] = {}

    def add(self, message: str, situation: str = "") -> None:
        """Note a breach of the contract."""
        self._found.setdefault(message, Problem(message, situation))

    def warn(self, message: str, situation: str = "") -> None:
        """Note what the market copes with."""
        self._found.setdefault(message, Problem(message, situation, is_warning=True))

    def problems(self) -> list[Problem]:
        """What was found, breaches first."""
        return sorted(self._found.values(), key=lambda problem: problem.is_warning)


def require_none(subject: str, problems: list[Problem]) -> None:
    """Fail a test with all problems that are more than warnings.

    Raises:
        AssertionError: there are any.
    """
    breaches = [str(problem) for problem in problems if not problem.is_warning]
    if breaches:
        raise AssertionError(f"{subject} breaks its contract:\n" + "\n".join(f"  - {line}" for line in breaches))

"""Judges in the keys of their tasks, so that after a crash none has another's answers, nor pays for them (R7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrator.core.state import REQUESTER

# A judge's name is its operator's, and may be anything printable; a key's parts hold no slash.
_ESCAPES: Final = (("%", "%25"), ("/", "%2F"), ("@", "%40"))


class JudgeAtWork(NamedTuple):
    """Who judges.

    Attributes:
        name: its name in the record.
        provider: who is paid for its calls.
        recipe: digest of what its verdicts follow from.
    """

    name: str
    provider: str
    recipe: str

    @property
    def worker(self) -> str:
        """Who works at its task, as the task's key says.

        Without a recipe that is the requester alone, whose cost it is: so it was before keys named judges.
        """
        return "@".join((REQUESTER, *map(_escaped, self))) if self.recipe else REQUESTER


def read_judge(worker: str) -> JudgeAtWork | None:
    """The judge that the key of a task names as its worker, if it names one."""
    match worker.split("@"):
        case [requester, name, provider, recipe] if requester == REQUESTER:
            return JudgeAtWork(_unescaped(name), _unescaped(provider), _unescaped(recipe))
    return None


def _escaped(text: str) -> str:
    for plain, escape in _ESCAPES:
        text = text.replace(plain, escape)
    return text


def _unescaped(text: str) -> str:
    for plain, escape in reversed(_ESCAPES):
        text = text.replace(escape, plain)
    return text

"""Choosing a judge: what a caller may name as one, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from orchestrator.api.picking import check_judge_name
from orchestrator.bidding import Judge, MeteredJudge, ShownOffer
from orchestrator.config import Config, build_judge
from orchestrator.engine.guarded import Returned, read_guarded
from orchestrator.engine.seat import PROVIDER_CHARACTERS_MAX, is_payee
from orchestrator.errors import BrokenPlugin, InvalidConfig, InvalidRequest
from orchestrator.judges import CallbackJudge

AnyJudge = Judge | MeteredJudge | Callable[[str, Sequence[ShownOffer]], Any] | str
"""What a caller may name as a judge: one, a function of request and offers, or the name of one that is installed."""


@contextmanager
def chosen_judge(given: AnyJudge, config: Config) -> Iterator[Judge | MeteredJudge]:
    """The judge that a caller chose, before anything is spent on what it is to judge.

    Args:
        given: a judge; a function of the request and the offers, as judge `callback` asks it; or the name of a judge,
            which is the config's with its options where that has this name.
        config: the market's.

    Yields:
        The judge; one that was built for its name is closed afterwards.

    Raises:
        InvalidRequest: it is none of these, or there is no judge of this name that needs no options.
        BrokenPlugin: what is installed under this name cannot be loaded, fails or is no judge.
    """
    if not isinstance(given, str):
        yield _read_judge(given)
        return
    try:
        built = build_judge(config, given)
    except InvalidConfig as refusal:
        raise InvalidRequest(str(refusal)) from refusal
    try:
        missing = _missing(built)
        if missing:
            raise BrokenPlugin(f"judge {given!r} is none: {missing}")
        yield built
    finally:
        read_guarded(getattr(built, "close", lambda: None))


def _read_judge(given: Any) -> Judge | MeteredJudge:
    if isinstance(given, type):
        raise InvalidRequest(f"judge {given.__name__} is a class; give a judge made from it: {given.__name__}(...)")
    if callable(given) and not hasattr(given, "pick"):
        return CallbackJudge(given)
    missing = _missing(given)
    if missing:
        raise InvalidRequest(
            f"this {type(given).__name__} is no judge: {missing}; a judge has a `name` and "
            "`async def pick(request, offers)`; a function of request and offers will do, or the name of a judge, for "
            "example 'top'"
        )
    judge: Judge | MeteredJudge = given
    return judge


def _missing(judge: Any) -> str:
    """What an object lacks to be a judge that the record can name; empty where it is one."""

    def look() -> str:
        check_judge_name(judge.name)
        if not callable(judge.pick):
            return "its `pick` is no method"
        if isinstance(judge, MeteredJudge) and not is_payee(judge.provider):
            return f"its `provider` is no printable name of 1 to {PROVIDER_CHARACTERS_MAX} letters"
        return ""

    read = read_guarded(look)
    return str(read.value) if isinstance(read, Returned) else read.reason

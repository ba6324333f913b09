"""Choosing a judge: what a caller may name as one, and what is not one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from orchestrator.api.picking import check_judge_name
from orchestrator.bidding import Judge, MeteredJudge, ShownOffer
from orchestrator.config import Config, build_judge
from orchestrator.engine.guarded import Returned, read_guarded
from orchestrator.engine.seat import PROVIDER_CHARACTERS_MAX, is_payee
from orchestrator.errors import BrokenPlugin, InvalidConfig, InvalidRequest
from orchestrator.judges import CallbackJudge
from orchestrator.plugins.functions import check_call

AnyJudge = Judge | MeteredJudge | Callable[[str, Sequence[ShownOffer]], Any] | str
"""What a caller may name as a judge: one, a function of request and offers, or the name of one that is installed."""

_CONTRACT: Final = "a judge has a `name` and `async def pick(request, offers)`"


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
        built = built_judge(config, given)
    except InvalidConfig as refusal:
        raise InvalidRequest(str(refusal)) from refusal
    try:
        yield built
    finally:
        close_judge(built)


def built_judge(config: Config, judge_type: str | None = None) -> Judge | MeteredJudge:
    """Build a judge, and make sure that it is one before anything is spent on what it is to judge.

    Args:
        config: the market's settings.
        judge_type: a judge by its type: the config's with its options, another one without; left out, the config's.

    Raises:
        InvalidConfig: its type or an option is unknown, or an option is missing.
        BrokenPlugin: its code cannot be loaded, fails or is no judge.
    """
    judge = build_judge(config, judge_type)
    missing = _missing(judge)
    if missing:
        close_judge(judge)
        raise BrokenPlugin(f"judge {judge_type or config.judge.type!r} is not a judge: {missing}; {_CONTRACT}")
    return judge


def close_judge(judge: object) -> None:
    """Close a judge that was built, if it can be closed."""
    read_guarded(getattr(judge, "close", lambda: None))


def _read_judge(given: Any) -> Judge | MeteredJudge:
    if isinstance(given, type):
        raise InvalidRequest(f"judge {given.__name__} is a class; give a judge made from it: {given.__name__}(...)")
    if callable(given) and not hasattr(given, "pick"):
        return CallbackJudge(given)
    missing = _missing(given)
    if missing:
        raise InvalidRequest(
            f"this {type(given).__name__} is no judge: {missing}; {_CONTRACT}; a function of request and offers will "
            "do, or the name of a judge, for example 'top'"
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
        return _wrong_call(judge)

    read = read_guarded(look)
    return str(read.value) if isinstance(read, Returned) else read.reason


def _wrong_call(judge: Judge | MeteredJudge) -> str:
    """Which of a judge's methods cannot be called as it will be; empty where each can."""
    shown = ("a request", "a list of offers")
    try:
        if isinstance(judge, MeteredJudge):
            check_call(judge.pick_cost_max, shown, "its `pick_cost_max`", " and ".join(shown))
            check_call(judge.pick, (*shown, "a hearing"), "its `pick`", "a request, a list of offers and a hearing")
        else:
            check_call(judge.pick, shown, "its `pick`", " and ".join(shown))
    except InvalidConfig as refusal:
        return str(refusal)
    return ""

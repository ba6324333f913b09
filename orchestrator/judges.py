"""Judges: who picks one of the offers, or none (R9).

Each is found through the entry points of `vickrey.judges`, as a stranger's would be.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from orchestrator.background import in_daemon_thread
from orchestrator.bidding import Later, Rank, Reject, ShownOffer
from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.plugins.functions import check_call, find_function, plain_number

Verdict = Rank | Reject | Later

_QUESTION: Final = "Which offer do you take? Its number, n for none, or l (or Enter) to decide later: "
# As much as a terminal passes on as one line: the rest of a longer one, pasted by mistake, would be the next answer.
_ANSWER_BYTES_MAX: Final = 4096
_NONE: Final = "n"
_LATER: Final = ("l", "")


class TopJudge:
    """Takes the first offer: the one whose presenter bid most to show it."""

    name = "top"

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Verdict:
        """Pick the first."""
        return Rank(offers[0].rank)


class NoJudge:
    """Leaves every request open, for somebody to pick later."""

    name = "none"

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Verdict:
        """Decide nothing."""
        return Later()


class TerminalJudge:
    """Asks the person at the terminal; where there is none, leaves the request open."""

    name = "terminal"
    waits_for_person = True

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Verdict:
        """Ask for a rank."""
        # A program without a console has no standard streams at all.
        if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
            return Later()
        ranks = [str(offer.rank) for offer in offers]
        answer = await _ask(offers, (*ranks, _NONE, *_LATER))
        if answer in _LATER:
            return Later()
        return Reject("the person at the terminal took none") if answer == _NONE else Rank(int(answer))


async def _ask(offers: Sequence[ShownOffer], answers: Sequence[str]) -> str:
    """Show the ranks and ask until the answer is one of `answers`; the end of the input is empty."""
    from rich.console import Console

    console = Console()
    for offer in offers:
        line = f"  {offer.rank}. {offer.bidder}, last bid {offer.last_bid} USD: {_first_line(offer.text)}"
        console.print(line, markup=False, highlight=False, overflow="ellipsis", no_wrap=True)
    while True:
        console.print(_QUESTION, end="", markup=False, highlight=False, soft_wrap=True)
        line = await _read_line()
        if not line:
            console.print()
        answer = line.strip().lower()
        if answer in answers:
            return answer
        console.print(f"{answer[:40]!r} is not one of these.", markup=False, highlight=False)


async def _read_line() -> str:
    """Read a line, empty at the end of input. No thread: Ctrl-C ends the wait, and no later line is swallowed."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    descriptor = sys.stdin.fileno()
    try:
        loop.add_reader(descriptor, ready.set)
    except NotImplementedError:
        # The event loop of Windows cannot watch a terminal; the market waits with the person there.
        return sys.stdin.readline()
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _ANSWER_BYTES_MAX).decode(errors="replace")


def _first_line(text: str) -> str:
    """An offer's first line, without what could move the cursor or recolour the terminal (R12)."""
    line = text.strip().partition("\n")[0]
    return "".join(character for character in line if character.isprintable())


class CallbackJudge:
    """Asks a function.

    A plain function that is named by its path runs in a thread of its own, so that one that blocks
    keeps nobody waiting beyond the judge's deadline. One that is given in Python runs where its
    caller does, and is waited for.

    Args:
        callback: a function of (request, offers), or the dotted path `package.module:function`
            of one; plain or async. It returns the rank it takes; None or 0 for none of them; or
            a `Rank`, `Reject` or `Later`.

    Raises:
        InvalidConfig: `callback` is neither.
    """

    name = "callback"

    def __init__(self, callback: Callable[..., Any] | str) -> None:
        self._callback = _asking(callback, "callback", ("a request", "a list of offers"))

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Verdict:
        """Ask the function.

        Raises:
            InvalidRequest: it returned something that is no verdict on these offers.
        """
        return read_verdict(await self._callback(request, offers), offers)


class VerifierJudge:
    """Takes the first offer, in order of rank, that passes a check; rejects if none does.

    It runs its function as `CallbackJudge` does.

    Args:
        function: a function of one `ShownOffer`, or the dotted path `package.module:function` of
            one; plain or async. A parameter called `text` is given the offer's text instead. It
            returns whether the offer passes, or a score.
        score_min: the least score that passes; where the function returns True or False, that counts.

    Raises:
        InvalidConfig: `function` is no function or path of one, or `score_min` no number.
    """

    name = "verifier"

    def __init__(self, function: Callable[..., Any] | str, score_min: float = 0.5) -> None:
        self._function = _asking(function, "function", ("an offer",))
        self._takes_text = _first_parameter(_function(function, "function")) == "text"
        self._score_min = _number(score_min, "score_min")

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Verdict:
        """Check offers until one passes.

        Raises:
            InvalidRequest: the function returned neither a bool nor a number.
        """
        for offer in offers:
            if self._passes(await self._function(offer.text if self._takes_text else offer)):
                return Rank(offer.rank)
        return Reject("no offer passed the check")

    def _passes(self, said: Any) -> bool:
        score = plain_number(said)
        if isinstance(score, bool):
            return score
        if not isinstance(score, int | float) or score != score:
            raise InvalidRequest(f"the verifier returned {_shown(said)}; it returns True, False or a score")
        return score >= self._score_min


def read_verdict(said: Any, offers: Sequence[ShownOffer]) -> Verdict:
    """Read what a judge said, and check it against the offers it was shown.

    Args:
        said: a verdict, a rank, or None or 0 for none of the offers.
        offers: what was shown.

    Returns:
        The verdict.

    Raises:
        InvalidRequest: it is none of these, or no offer has this rank.
    """
    if isinstance(said, Reject | Later):
        return said
    if said is None:
        return Reject()
    rank = said.rank if isinstance(said, Rank) else said
    if type(rank) is not int:
        raise InvalidRequest(f"the judge said {_shown(said)}; a verdict is a rank, None, Rank, Reject or Later")
    if rank == 0 and not isinstance(said, Rank):
        return Reject()
    ranks = [offer.rank for offer in offers]
    if rank not in ranks:
        raise InvalidRequest(f"no offer has rank {rank}; there are {', '.join(map(str, ranks)) or 'none'}")
    return Rank(rank)


def _asking(given: Callable[..., Any] | str, option: str, takes: Sequence[str]) -> Callable[..., Awaitable[Any]]:
    """A function, plain or async, as one to be awaited.

    Args:
        given: the function, or its path.
        option: what it is given as.
        takes: what it is called with, in words.

    Raises:
        InvalidConfig: it is none, or cannot be called so: offers would have been paid for by then.
    """
    function = _function(given, option)
    check_call(function, takes, f"{option} {_shown(given)}", " and ".join(takes))
    is_blocking = isinstance(given, str) and not inspect.iscoroutinefunction(function)

    async def ask(*shown: Any) -> Any:
        if is_blocking:
            said = await in_daemon_thread(partial(function, *shown), "vickrey-judge")
        else:
            said = function(*shown)
        return await said if inspect.isawaitable(said) else said

    return ask


def _function(given: Callable[..., Any] | str, option: str) -> Callable[..., Any]:
    if isinstance(given, str):
        return find_function(given, option)
    if not callable(given):
        raise InvalidConfig(f"{option} must be a function or its path package.module:function, not {_shown(given)}")
    return given


def _number(given: Any, option: str) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(given, bool) or not math.isfinite(number):
        raise InvalidConfig(f"{option} must be a number, not {_shown(given)}")
    return number


def _first_parameter(function: Callable[..., Any]) -> str | None:
    try:
        return next(iter(inspect.signature(function).parameters), None)
    except (TypeError, ValueError):
        return None


def _shown(value: Any) -> str:
    try:
        return repr(value)[:60]
    except Exception:
        return f"a {type(value).__name__} that cannot be shown"

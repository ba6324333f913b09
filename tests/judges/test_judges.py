"""Judges pick one of the offers, or none, or leave it for later."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, TextIO

import pytest

from orchestrator.bidding import Judge, Later, Rank, Reject, ShownOffer
from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.judges import CallbackJudge, NoJudge, TerminalJudge, TopJudge, VerifierJudge, read_verdict
from orchestrator.money import Money

OFFERS = [
    ShownOffer(rank, f"presenter{rank}", text, Money.usd(10 - rank), Money.usd(1))
    for rank, text in enumerate(("long and dull", "short", "\x1b[31mred\u202e\nsecond line"), 1)
]
Verdict = Rank | Reject | Later


def pick(judge: Judge) -> Verdict:
    return asyncio.run(judge.pick("Plan a walk", OFFERS))


def shorter(text: str) -> bool:
    return len(text) < 6


@pytest.mark.parametrize("judge", [TopJudge(), NoJudge(), TerminalJudge(), CallbackJudge(max), VerifierJudge(max)])
def test_every_judge_keeps_the_contract(judge: Any) -> None:
    assert isinstance(judge, Judge)


def test_the_top_judge_takes_the_first_and_no_judge_takes_none_yet() -> None:
    assert pick(TopJudge()) == Rank(1)
    assert pick(NoJudge()) == Later()


# --- callback ---


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (2, Rank(2)),
        (Rank(3), Rank(3)),
        (0, Reject()),
        (None, Reject()),
        (Reject("too dear"), Reject("too dear")),
        (Later(), Later()),
    ],
)
def test_what_a_callback_says_is_the_verdict(said: Any, verdict: Verdict) -> None:
    def callback(request: str, offers: Sequence[ShownOffer]) -> Any:
        assert (request, list(offers)) == ("Plan a walk", OFFERS)
        return said

    async def asynchronous(request: str, offers: Sequence[ShownOffer]) -> Any:
        return callback(request, offers)

    assert pick(CallbackJudge(callback)) == pick(CallbackJudge(asynchronous)) == verdict


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (4, "no offer has rank 4; there are 1, 2, 3"),
        (-1, "no offer has rank -1"),
        (Rank(0), "no offer has rank 0"),
        (True, "the judge said True"),
        (1.0, r"the judge said 1\.0"),
        ("1", "the judge said '1'"),
        (Rank("1"), "the judge said '1'"),  # type: ignore[arg-type]
        (Reject, "a verdict is a rank, None, Rank, Reject or Later"),
    ],
)
def test_what_is_no_verdict_is_refused(said: Any, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        pick(CallbackJudge(lambda request, offers: said))


def test_a_verdict_that_cannot_be_shown_is_refused_all_the_same() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise ValueError

    with pytest.raises(InvalidRequest, match="a Mute that cannot be shown"):
        read_verdict(Mute(), OFFERS)


def test_a_callback_may_be_given_by_its_path() -> None:
    assert pick(CallbackJudge(f"{__name__}:second")) == Rank(2)


def second(request: str, offers: Sequence[ShownOffer]) -> int:
    return 2


@pytest.mark.parametrize("path", ["nowhere:f", f"{__name__}:nothing", "no path", f"{__name__}:OFFERS", 7, None])
def test_a_path_that_leads_to_no_function_is_refused(path: Any) -> None:
    with pytest.raises(InvalidConfig, match="package.module:function"):
        CallbackJudge(path)


# --- verifier ---


def test_the_verifier_takes_the_first_offer_that_passes() -> None:
    assert pick(VerifierJudge(lambda offer: offer.rank >= 2)) == Rank(2)
    assert pick(VerifierJudge(f"{__name__}:shorter")) == Rank(2)


def test_the_verifier_rejects_when_none_passes() -> None:
    assert pick(VerifierJudge(lambda offer: False)) == Reject("no offer passed the check")


def test_a_score_passes_at_the_threshold() -> None:
    scores = {1: 0.5, 2: 0.8, 3: 1}
    assert pick(VerifierJudge(lambda offer: scores[offer.rank])) == Rank(1)
    assert pick(VerifierJudge(lambda offer: scores[offer.rank], score_min=0.6)) == Rank(2)


def test_a_verifier_may_be_async() -> None:
    async def check(offer: ShownOffer) -> bool:
        return offer.rank == 3

    assert pick(VerifierJudge(check)) == Rank(3)


@pytest.mark.parametrize("said", [None, "yes", math.nan, [True]])
def test_a_verifier_that_says_neither_is_refused(said: Any) -> None:
    with pytest.raises(InvalidRequest, match="it returns True, False or a score"):
        pick(VerifierJudge(lambda offer: said))


# --- terminal ---


class Terminal:
    """A pseudo-terminal in place of the standard streams."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.master, slave = os.openpty()
        self._streams: list[TextIO] = [os.fdopen(slave, "r"), os.fdopen(os.dup(slave), "w")]
        monkeypatch.setattr("sys.stdin", self._streams[0])
        monkeypatch.setattr("sys.stdout", self._streams[1])
        monkeypatch.setenv("TERM", "dumb")

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def shown(self) -> str:
        return os.read(self.master, 100_000).decode()

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        os.close(self.master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    opened = Terminal(monkeypatch)
    yield opened
    opened.close()


def ask() -> Verdict:
    async def within_seconds(verdict: Awaitable[Verdict]) -> Verdict:
        return await asyncio.wait_for(verdict, 10)

    return asyncio.run(within_seconds(TerminalJudge().pick("Plan a walk", OFFERS)))


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("2\n", Rank(2)),
        (" 3 \n", Rank(3)),
        ("n\n", Reject("the person at the terminal took none")),
        ("N\n", Reject("the person at the terminal took none")),
        ("l\n", Later()),
        ("\n", Later()),
        ("\x04", Later()),
        ("4\nx\n1\n", Rank(1)),
    ],
)
def test_the_person_at_the_terminal_is_asked(terminal: Terminal, typed: str, verdict: Verdict) -> None:
    terminal.type(typed)
    assert ask() == verdict


def test_the_offers_are_listed_and_a_wrong_answer_is_asked_again(terminal: Terminal) -> None:
    terminal.type("7\n1\n")
    assert ask() == Rank(1)
    shown = terminal.shown()
    assert "2. presenter2, last bid 8.00 USD: short" in shown
    assert "'7' is not one of these." in shown
    assert shown.count("Which offer do you take?") == 2


def test_an_offers_text_cannot_drive_the_terminal(terminal: Terminal) -> None:
    terminal.type("1\n")
    ask()
    shown = terminal.shown()
    assert "3. presenter3, last bid 7.00 USD: [31mred" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_waiting_for_the_person_ends_when_it_is_cancelled(terminal: Terminal) -> None:
    async def interrupted() -> None:
        waiting = asyncio.ensure_future(TerminalJudge().pick("Plan a walk", OFFERS))
        while "Which offer" not in await asyncio.to_thread(terminal.shown):
            pass
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())


@pytest.mark.parametrize("stream", ["sys.stdin", "sys.stdout"])
def test_without_a_terminal_nobody_is_asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    with open(os.devnull, "r+") as nowhere:
        monkeypatch.setattr(stream, nowhere)
        assert ask() == Later()


def test_a_closed_or_missing_standard_input_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert ask() == Later()

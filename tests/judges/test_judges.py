"""Judges pick one of the offers, or none, or leave it for later."""

from __future__ import annotations

import asyncio
import math
import os
import select
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
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
        (Rank("1"), "the judge said Rank"),  # type: ignore[arg-type]
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
    with pytest.raises(InvalidConfig, match=r"package\.module:function|not a function"):
        CallbackJudge(path)


def test_a_function_that_cannot_be_called_as_a_judge_is_refused_before_offers_are_paid_for() -> None:
    with pytest.raises(InvalidConfig, match="cannot be called with a request and a list of offers: too many"):
        CallbackJudge(lambda request: 1)
    with pytest.raises(InvalidConfig, match="cannot be called with an offer: missing a required argument: 'other'"):
        VerifierJudge(lambda offer, other: True)


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


@pytest.mark.parametrize("passes", [np.bool_(True), np.int64(1), np.float32(0.5)], ids=repr)
def test_what_comparisons_of_numpy_make_counts_as_the_number_that_it_is(passes: Any) -> None:
    assert pick(VerifierJudge(lambda offer: passes if offer.rank == 2 else type(passes)(0))) == Rank(2)


@pytest.mark.parametrize("score_min", ["x", None, math.nan, math.inf, True, [0.5]])
def test_a_threshold_that_is_no_number_is_refused_before_there_is_anything_to_check(score_min: Any) -> None:
    with pytest.raises(InvalidConfig, match=r"^score_min must be a number, not "):
        VerifierJudge(lambda offer: 0.5, score_min=score_min)


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
    """A pseudo-terminal in place of the standard streams, while it is entered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, typed: str = "") -> None:
        self._patch = monkeypatch
        self._typed = typed
        self._shown = ""

    def __enter__(self) -> Terminal:
        self._master, slave = os.openpty()
        self._streams: list[TextIO] = [os.fdopen(slave, "r"), os.fdopen(os.dup(slave), "w")]
        self._patch.setattr("sys.stdin", self._streams[0])
        self._patch.setattr("sys.stdout", self._streams[1])
        self._patch.setenv("TERM", "dumb")
        os.write(self._master, self._typed.encode())
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
        for stream in self._streams:
            stream.close()
        os.close(self._master)

    def wait_for(self, text: str) -> str:
        """Everything that has been shown when `text` is: a terminal passes on what it gets in pieces."""
        while text not in self._shown and select.select([self._master], [], [], 5)[0]:
            self._shown += os.read(self._master, 100_000).decode()
        assert text in self._shown
        return self._shown


def ask() -> Verdict:
    return asyncio.run(asyncio.wait_for(TerminalJudge().pick("Plan a walk", OFFERS), 10))


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
        pytest.param("9" * 1000 + "1\n2\n", Rank(2), id="the rest of a long line is no answer"),
    ],
)
def test_the_person_at_the_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, typed: str, verdict: Verdict) -> None:
    with Terminal(monkeypatch, typed):
        assert ask() == verdict


def test_the_offers_are_listed_and_a_wrong_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal(monkeypatch, "7\n1\n") as terminal:
        assert ask() == Rank(1)
        shown = terminal.wait_for("not one of these.")
    assert "2. presenter2, last bid 8.00 USD: short" in shown
    assert "'7' is not one of these." in shown


def test_the_end_of_the_input_leaves_the_line_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal(monkeypatch, "\x04") as terminal:
        assert ask() == Later()
        terminal.wait_for("to decide later: \r\n")


def test_an_offers_text_cannot_drive_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal(monkeypatch, "1\n") as terminal:
        ask()
        shown = terminal.wait_for("Which offer")
    assert "3. presenter3, last bid 7.00 USD: [31mred" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_waiting_for_the_person_ends_when_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(terminal: Terminal) -> None:
        waiting = asyncio.ensure_future(TerminalJudge().pick("Plan a walk", OFFERS))
        await asyncio.to_thread(terminal.wait_for, "Which offer")
        assert not waiting.done()
        waiting.cancel()
        await waiting

    with Terminal(monkeypatch) as terminal, pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted(terminal))


@pytest.mark.parametrize("stream", ["sys.stdin", "sys.stdout"])
def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    with Terminal(monkeypatch, "1\n"), Path(os.devnull).open("r+") as nowhere:
        monkeypatch.setattr(stream, nowhere)
        assert ask() == Later()


@pytest.mark.parametrize("stream", ["sys.stdin", "sys.stdout"])
def test_a_standard_stream_that_is_missing_is_no_terminal(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    with Terminal(monkeypatch, "1\n"):
        monkeypatch.setattr(stream, None)
        assert ask() == Later()

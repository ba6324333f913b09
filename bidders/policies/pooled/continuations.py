"""Continuations: simple ways to go on after one more work, each of which can be followed to its end.

What comes of one is linear in what is believed (an alpha-vector of Smallwood and Sondik, 1973), and the best of them
promises no more than can be had. Each keeps to a set of shown claims, and says when the weakest of them gives way:

- stop: never;
- decide: one more worker is asked, and its claim is shown, whatever it is;
- settle: one more worker is asked, and its claim is shown if somebody else has made it;
- check: one more worker is asked; if it makes none of the shown claims, a second is asked, too, and where one claim is
  shown the second decides, and where several are, claims of both are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.belief import chances_if_wrong
from bidders.policies.pooled.world import CONCENTRATIONS, Floats, Integers, Singles

SETS = 2
"""How many sets of shown claims are tried: those that are the likeliest before the work, and one with its claim."""


class Part(IntEnum):
    """What the worth of continuations is put together from.

    Some are chances that the evident answer is shown, some numbers of shown claims (an upset may be any of them), and
    some chances that a worker is paid. What depends on workers' skills has a part for each product of them: a part
    `..._IF_RIGHT` counts times the chance that the worker is right. First come those needed if nobody is asked, then
    those with one.
    """

    STOP = 0
    SHOWN = 1
    FIRST_PAID = 2
    DECIDE = 3
    DECIDE_IF_RIGHT = 4
    SHOWN_IF_ADDED = 5
    SHOWN_IF_ADDED_AND_RIGHT = 6
    SETTLE = 7
    SETTLE_IF_RIGHT = 8
    SECOND_PAID = 9
    SECOND_PAID_IF_FIRST_RIGHT = 10
    CHECK = 11
    CHECK_IF_FIRST_RIGHT = 12
    CHECK_IF_SECOND_RIGHT = 13
    CHECK_IF_BOTH_RIGHT = 14


PARTS = (Part.FIRST_PAID, Part.SECOND_PAID, len(Part))
"""How many of the parts it takes if nobody may be asked after the work, one worker, or more."""

_CLAIMS_KEPT_MAX = 8


class Continuations(NamedTuple):
    """What continuations show after one more work on a state, in parts.

    Attributes:
        if_right: where the work finds the evident answer: class, what it claims (the last: something new), set of
            shown claims, part.
        if_wrong: where it does not, times the probability of what it claims: claim that is the evident answer (the
            last: none of them), and then as above.
    """

    if_right: Singles
    if_wrong: Singles


def continuations(sizes: tuple[int, ...], answers: int, parts: int) -> Continuations:
    """List what continuations show.

    Args:
        sizes: how many works make each of a state's claims, the likeliest claim first.
        answers: how many claims are shown.
        parts: how many of the parts are needed.
    """
    # With many claims they are large, and seldom met again.
    return _listed(sizes, answers, parts) if len(sizes) > _CLAIMS_KEPT_MAX else _kept(sizes, answers, parts)


@lru_cache(maxsize=512)
def _kept(sizes: tuple[int, ...], answers: int, parts: int) -> Continuations:
    return _listed(sizes, answers, parts)


@lru_cache(maxsize=64)
def after_echo(sizes: tuple[int, ...], answers: int, parts: int) -> Singles:
    """What continuations show after a work that repeats a claim because it echoes who made it.

    Args:
        sizes: how many works make each of a state's claims, the likeliest claim first.
        answers: how many claims are shown.
        parts: how many of the parts are needed.

    Returns:
        By claim that is the evident answer (the last: none of them), class, what the work claims, set of shown claims
        and part.
    """
    claims = len(sizes)
    made, shown = _made(sizes), [_shown_sets(claims, claim, answers) for claim in range(claims)]
    shares = _parts(made[:claims], shown, answers, parts).astype(np.float32)
    return np.ascontiguousarray(np.delete(shares, claims, axis=2).transpose(2, 3, 0, 1, 4))


def _made(sizes: tuple[int, ...]) -> Integers:
    """How many works make each claim, by what the next work claims; the last two are a new claim and none."""
    return np.asarray(np.array([*sizes, 0, 0]) + np.eye(len(sizes) + 1, len(sizes) + 2, dtype=np.int64))


def _listed(sizes: tuple[int, ...], answers: int, parts: int) -> Continuations:
    claims = len(sizes)
    shown = [_shown_sets(claims, claim, answers) for claim in range(claims + 1)]
    shares = _parts(_made(sizes), shown, answers, parts).astype(np.float32)
    wrong = np.stack([chances_if_wrong(sizes, claim) for claim in range(claims + 1)], axis=2).astype(np.float32)
    every = np.arange(claims + 1)
    # Where a work is wrong, the claim that it adds is none that could be the evident answer.
    if_wrong = wrong[..., None, None] * np.delete(shares, claims, axis=2).transpose(2, 3, 0, 1, 4)
    if_right = shares[every, :, every].transpose(2, 0, 1, 3)
    return Continuations(np.ascontiguousarray(if_right), np.ascontiguousarray(if_wrong))


def _shown_sets(claims: int, claim: int, answers: int) -> tuple[list[int], list[int]]:
    """What may be kept in sight after a work: claims, of which the last gives way first."""
    likeliest = list(range(min(answers, claims)))
    if claim in likeliest:
        # It has become likelier, so another may be the weakest now; a single one is that anyway.
        return likeliest, [claim, *(each for each in likeliest if each != claim)]
    if claims < answers:
        return [*likeliest, claim], [claim, *likeliest]
    return likeliest, [*likeliest[:-1], claim]


def _parts(made: Integers, shown: Sequence[Sequence[Sequence[int]]], answers: int, parts: int) -> Floats:
    """Parts, by what the work claims, set of shown claims, claim that is the evident answer, class and part.

    Args:
        made: how many works make each claim then; the last two are a new claim, if there is one, and none.
        shown: by what the work claims, and by set: the claims in sight, the weakest last.
        answers: how many may be.
        parts: how many are needed.
    """
    kept, gives_way, goes_next = _sights(shown, made.shape[1], answers)
    in_sight = kept.sum(axis=2, keepdims=True)
    found = np.ones((*kept.shape[:-1], len(CONCENTRATIONS), parts))
    found[..., Part.STOP], found[..., Part.SHOWN] = kept, in_sight
    if parts == PARTS[0]:
        return found
    scatter = _scattered(made[:, None, :, None], kept)
    leaves, leaves_next = gives_way * scatter.outside, goes_next * scatter.outside_twice
    has_room = 1.0 - gives_way.sum(axis=2, keepdims=True)
    by_part = {
        Part.DECIDE: kept - leaves,
        Part.DECIDE_IF_RIGHT: 1.0 - kept + leaves,
        Part.SHOWN_IF_ADDED: in_sight + has_room * scatter.outside,
        Part.SHOWN_IF_ADDED_AND_RIGHT: has_room * (1.0 - kept - scatter.outside),
        Part.SETTLE: kept - gives_way * scatter.elsewhere,
        Part.SETTLE_IF_RIGHT: scatter.is_other + gives_way * scatter.elsewhere,
        Part.SECOND_PAID: scatter.outside,
        Part.SECOND_PAID_IF_FIRST_RIGHT: 1.0 - kept - scatter.outside,
        **(_second_decides(kept, leaves, scatter) if answers == 1 else _both_shown(kept, leaves, leaves_next, scatter)),
    }
    for part, share in by_part.items():
        if part < parts:
            found[..., part] = share
    return found


def _sights(shown: Sequence[Sequence[Sequence[int]]], claims: int, answers: int) -> Floats:
    """Which claims are in sight, which of them give way to a further one, and which to a second: 1 for these, or 0."""
    found = np.zeros((3, len(shown), SETS, claims, 1))
    for claim, sets in enumerate(shown):
        for number, each in enumerate(sets):
            for row, chosen in zip(found, (each, *_giving_way(each, answers)), strict=True):
                row[claim, number, list(chosen)] = 1.0
    return found


def _giving_way(shown: Sequence[int], answers: int) -> tuple[Sequence[int], Sequence[int]]:
    """Which claim, if any, gives way to a further one, and which to a second."""
    weakest_first = [*[None] * (answers - len(shown)), *reversed(shown), None]
    first, second = ([] if claim is None else [claim] for claim in weakest_first[:2])
    return first, second


class _Scattered(NamedTuple):
    """How wrong works scatter: by what was claimed, set of shown claims, claim that is the evident answer, and class.

    Attributes:
        is_other: 1 for claims that are made and not in sight, else 0.
        elsewhere: the chance to make such a claim.
        outside: the chance to make such a claim or a new one.
        outside_twice: the chance of two works to make two different claims, neither of which is in sight.
    """

    is_other: Floats
    elsewhere: Floats
    outside: Floats
    outside_twice: Floats


def _scattered(counts: Integers, kept: Floats) -> _Scattered:
    others = np.where(kept > 0.0, 0, counts)
    seats = CONCENTRATIONS + (counts.sum(axis=2, keepdims=True) - counts)
    made = others.sum(axis=2, keepdims=True) - others
    same = (others**2).sum(axis=2, keepdims=True) - others**2
    twice = ((made + CONCENTRATIONS) ** 2 - same) / (seats * (seats + 1.0))
    return _Scattered(np.where(others > 0, 1.0, 0.0), made / seats, (made + CONCENTRATIONS) / seats, twice)


def _second_decides(kept: Floats, leaves: Floats, scatter: _Scattered) -> dict[Part, Floats]:
    """Where one claim is shown, and the first worker makes another, what the second claims is shown."""
    missed = 1.0 - kept
    return {
        Part.CHECK: kept - leaves,
        Part.CHECK_IF_FIRST_RIGHT: leaves,
        Part.CHECK_IF_SECOND_RIGHT: missed * scatter.outside + leaves,
        Part.CHECK_IF_BOTH_RIGHT: missed * (1.0 - scatter.outside) - leaves,
    }


def _both_shown(kept: Floats, leaves: Floats, leaves_next: Floats, scatter: _Scattered) -> dict[Part, Floats]:
    """Where several claims are shown, the first worker's is, too, and if that was none of them, the second's as well.

    A second claim that repeats the one that gave way to the first is left out.
    """
    missed = 1.0 - kept
    by_second = missed * scatter.outside + leaves_next
    return {
        Part.CHECK: kept - leaves - leaves_next,
        Part.CHECK_IF_FIRST_RIGHT: missed + leaves + leaves_next,
        Part.CHECK_IF_SECOND_RIGHT: by_second,
        Part.CHECK_IF_BOTH_RIGHT: -by_second,
    }

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
    """What continuations are put together from; a chance that depends on workers' skills has a part for each product.

    The evident answer is among the shown claims (`STOP`, ...), or a second worker is paid (`SECOND`, ...).
    """

    STOP = 0
    SHOWN = 1
    ANY = 2
    DECIDE = 3
    DECIDE_IF_RIGHT = 4
    SHOWN_IF_ADDED = 5
    SHOWN_IF_ADDED_AND_RIGHT = 6
    SETTLE = 7
    SETTLE_IF_RIGHT = 8
    CHECK = 9
    CHECK_IF_FIRST_RIGHT = 10
    CHECK_IF_SECOND_RIGHT = 11
    CHECK_IF_BOTH_RIGHT = 12
    SECOND = 13
    SECOND_IF_FIRST_RIGHT = 14


_CHECKS = (Part.CHECK, Part.CHECK_IF_FIRST_RIGHT, Part.CHECK_IF_SECOND_RIGHT, Part.CHECK_IF_BOTH_RIGHT)

PARTS = (2, 9, 15)
"""How many of the parts it takes if nobody may be asked after the work, one worker, or more."""


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


@lru_cache(maxsize=512)
def continuations(sizes: tuple[int, ...], answers: int, parts: int) -> Continuations:
    """List what continuations show.

    Args:
        sizes: how many works make each of a state's claims, the likeliest claim first.
        answers: how many claims are shown.
        parts: how many of the parts are needed.
    """
    claims = len(sizes)
    shown = [_shown_sets(claims, claim, answers) for claim in range(claims + 1)]
    made = np.array([*sizes, 0, 0]) + np.eye(claims + 1, claims + 2, dtype=np.int64)
    shares = _parts(made, shown, answers, parts).astype(np.float32)
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
        # It has become likelier, so another may be the weakest now.
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
    kept, gives_way, goes_next = np.zeros((3, len(shown), SETS, made.shape[1], 1))
    for claim, sets in enumerate(shown):
        for number, each in enumerate(sets):
            kept[claim, number, list(each)] = 1.0
            for going, claims in zip((gives_way, goes_next), _giving_way(each, answers), strict=True):
                going[claim, number, claims] = 1.0
    sights = kept.sum(axis=2, keepdims=True)
    found = np.ones((*kept.shape[:-1], len(CONCENTRATIONS), parts))
    found[..., Part.STOP], found[..., Part.SHOWN] = kept, sights
    if parts == PARTS[0]:
        return found
    counts, total = made[:, None, :, None], made.sum(axis=1)[:, None, None, None]
    others = np.where(kept > 0.0, 0, counts)
    seats = CONCENTRATIONS + (total - counts)
    elsewhere = (others.sum(axis=2, keepdims=True) - others) / seats
    outside = elsewhere + CONCENTRATIONS / seats
    is_full = gives_way.sum(axis=2, keepdims=True)
    leaves, leaves_next = gives_way * outside, goes_next * outside * outside
    if answers == 1:
        check = kept - leaves, leaves, (1.0 - kept) * outside + leaves, (1.0 - kept) * (1.0 - outside) - leaves
    else:
        found_second = (1.0 - kept) * outside + leaves_next
        check = kept - leaves - leaves_next, 1.0 - kept + leaves + leaves_next, found_second, -found_second
    by_part = {
        Part.DECIDE: kept - leaves,
        Part.DECIDE_IF_RIGHT: 1.0 - kept + leaves,
        Part.SHOWN_IF_ADDED: sights + (1.0 - is_full) * outside,
        Part.SHOWN_IF_ADDED_AND_RIGHT: (1.0 - is_full) * (1.0 - kept - outside),
        Part.SETTLE: kept - gives_way * elsewhere,
        Part.SETTLE_IF_RIGHT: is_full * (others > 0) + gives_way * elsewhere,
        **dict(zip(_CHECKS, check, strict=True)),
        Part.SECOND: outside,
        Part.SECOND_IF_FIRST_RIGHT: 1.0 - kept - outside,
    }
    for part, share in by_part.items():
        if part < parts:
            found[..., part] = share
    return found


def _giving_way(shown: Sequence[int], answers: int) -> tuple[Sequence[int], Sequence[int]]:
    """Which claim, if any, gives way to a further one, and which to a second."""
    weakest_first = [*[None] * (answers - len(shown)), *reversed(shown), None]
    first, second = ([] if claim is None else [claim] for claim in weakest_first[:2])
    return first, second

"""Evidence: what is known of works on requests, and what it makes likely.

The expectation half of learning: given abilities, how likely is each class of a request together
with each claim being its evident answer, and so how often was each bidder right at each level?
Agreement counts as evidence where no verdict was given; a verdict settles most of the rest.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.abilities import Abilities, Counts
from bidders.policies.pooled.kinds import BY_CLASS, UNKNOWN_KIND, Foretold, class_counts
from bidders.policies.pooled.world import (
    CLASSES,
    LOG_CONCENTRATIONS,
    LOG_RISING,
    LOG_SEATINGS,
    WORKS_MAX,
    Flags,
    Floats,
    Integers,
    World,
    by_class,
    by_level,
)

SILENT, SILENT_TAKEN, SILENT_REFUSED = -1, -2, -3
"""The claims of works that claim nothing: whatever became of it, accepted as it is, and refused."""

_LOOK_STEPS = 127.0

_UNFORESEEN = 1e-6
"""The chance of an upset against an evident answer that nobody has made."""

_CHANCE_MIN = 1e-6
"""A claim that was taken was possible: so that shares of several can be told."""


class Case(NamedTuple):
    """What is known of the works on one request.

    Attributes:
        authors: who worked, by number.
        claims: what each claims: equal numbers agree; `SILENT` for nothing, or `SILENT_TAKEN` or `SILENT_REFUSED`
            where it is known what became of that.
        taken: the claim that was accepted; where several were shown together, all of these; or none.
        refused: claims that were refused.
        look: the numbers of the request's text, each from -1 to 1 in steps of 1/127, as bytes.
        all_right: whether all claims that were accepted are right; else one of them at least.
    """

    authors: tuple[int, ...]
    claims: tuple[int, ...]
    taken: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    look: bytes = b""
    all_right: bool = False


class ClaimVerdict(IntEnum):
    """What is known of a claim."""

    UNKNOWN = 0
    TAKEN = 1
    REFUSED = 2
    ANOTHER_TAKEN = 3


def are_refused(verdicts: Integers) -> Flags:
    """Which claims were not accepted although somebody looked: refused, or shown beside another that was taken."""
    return np.asarray((verdicts == ClaimVerdict.REFUSED) | (verdicts == ClaimVerdict.ANOTHER_TAKEN))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Trials in arrays: one row each, padded.

    Attributes:
        authors: by number; for padding the number of bidders.
        members: 1 where a work makes a claim: case, work, claim.
        present: whether there is a work.
        sizes: how many works make each claim.
        silences: for each work, `SILENT`, `SILENT_TAKEN` or `SILENT_REFUSED` if it claims nothing, else 0.
        voices: how much each work tells: 1, or less where others that it echoes, or that echo it, claim the same.
        voiced: how many works make each claim as their voices count.
        verdicts: what is known of each claim; the last column is for none of them.
        weights: how much each case counts.
        looks: the numbers of the requests' texts; all 0 where they are not known.
        all_right: of which cases all claims that were accepted are right; of the others one of them at least.
    """

    authors: Integers
    members: Floats
    present: Flags
    sizes: Integers
    silences: Integers
    voices: Floats
    voiced: Integers
    verdicts: Integers
    weights: Floats
    looks: Floats
    all_right: Flags

    def part(self, rows: slice | Integers) -> Evidence:
        """Some of the cases."""
        return Evidence(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


class Expectations(NamedTuple):
    """What evidence makes likely.

    Attributes:
        counts: how often each bidder was right at each level, and so on.
        targets: of each case, what its text should have foretold.
    """

    counts: Counts
    targets: Floats


def evidence_of(cases: Sequence[Case], bidders: int, weights: Floats) -> Evidence:
    """Put cases into arrays."""
    works = min(WORKS_MAX, max((len(case.authors) for case in cases), default=1))
    claims = max((1 + claim for case in cases for claim in case.claims[:works] if claim >= 0), default=0)
    authors = np.full((len(cases), works), bidders, dtype=np.int64)
    made = np.full((len(cases), works), SILENT, dtype=np.int64)
    verdicts = np.zeros((len(cases), claims + 1), dtype=np.int64)
    for row, case in enumerate(cases):
        count = min(works, len(case.authors))
        authors[row, :count] = case.authors[:count]
        made[row, :count] = case.claims[:count]
        if case.taken:
            verdicts[row] = ClaimVerdict.ANOTHER_TAKEN
            verdicts[row, [claim for claim in case.taken if claim < claims]] = ClaimVerdict.TAKEN
        verdicts[row, [claim for claim in case.refused if claim < claims]] = ClaimVerdict.REFUSED
    members = (made[:, :, None] == np.arange(claims)).astype(float)
    sizes = members.sum(axis=1).astype(np.int64)
    present = authors < bidders
    return Evidence(
        authors=authors,
        members=members,
        present=present,
        sizes=sizes,
        silences=np.where(present, np.minimum(made, 0), 0),
        voices=present.astype(float),
        voiced=sizes,
        verdicts=verdicts,
        weights=weights,
        looks=_looks(cases),
        all_right=np.array([case.all_right for case in cases], dtype=bool),
    )


def _looks(cases: Sequence[Case]) -> Floats:
    """The numbers of texts; those that another embedding made say nothing."""
    numbers = len(cases[-1].look) if cases else 0
    looks = np.zeros((len(cases), numbers))
    for row, case in enumerate(cases):
        if len(case.look) == numbers:
            looks[row] = numbers_of_look(case.look)
    return looks


def look_of(numbers: Floats) -> bytes:
    """The numbers of a text as a case keeps them; one byte each is all that they are worth."""
    return np.round(np.clip(numbers, -1.0, 1.0) * _LOOK_STEPS).astype(np.int8).tobytes()


def numbers_of_look(look: bytes) -> Floats:
    """The numbers of a text that a case keeps."""
    return np.frombuffer(look, dtype=np.int8) / _LOOK_STEPS


def look_to_json(look: bytes) -> str:
    """The numbers of a text as JSON can hold them."""
    return base64.b85encode(look).decode("ascii")


def look_from_json(stored: str) -> bytes:
    """Read the numbers of a text back."""
    return base64.b85decode(stored)


def expectations(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Expectations:
    """Expectation: how often each bidder was right at each level, and what was to be foretold.

    Args:
        evidence: the cases.
        foretold: what the text says of each. Where nobody claims anything, nobody has failed to find an answer
            unless its text says that others would have claimed one.
        abilities: what is believed so far.
    """
    claims = evidence.sizes.sum(axis=1)
    counts = foretold.comparable | (claims > 0)
    chances = np.where(counts[:, None, None], likelihoods(evidence, abilities), 1.0)
    opened = _open_chances(evidence, claims == 0, foretold.kinds, abilities)
    likely = chances * abilities.kinds[foretold.kinds][:, :, None]
    likely *= (counts * (1.0 - opened) * evidence.weights / likely.sum(axis=(1, 2)))[:, None, None]
    # By all requests together, not by the kind: a forecast must not feed on itself.
    unprejudiced = chances.sum(axis=2) * abilities.kinds[UNKNOWN_KIND]
    targets = unprejudiced @ BY_CLASS / unprejudiced.sum(axis=1, keepdims=True)
    targets += opened[:, None] * (abilities.kinds[UNKNOWN_KIND] @ BY_CLASS - targets)
    among = np.stack([opened, 1.0 - opened]) @ (counts * evidence.weights)
    found = _counts(evidence, foretold.kinds, likely, abilities, among)
    return Expectations(found, np.column_stack([targets, claims > 0]))


def _open_chances(evidence: Evidence, unclaimed: Flags, kinds: Integers, abilities: Abilities) -> Floats:
    """The chance of each case that nobody could claim anything on it.

    Args:
        evidence: the cases.
        unclaimed: on which of them nobody has.
        kinds: of each.
        abilities: what is believed so far.
    """
    opened = np.zeros(len(unclaimed))
    log_silent = np.log(abilities.silent_by_class())[evidence.authors[unclaimed]]
    silent = np.exp((log_silent * evidence.present[unclaimed, :, None]).sum(axis=1))
    opened[unclaimed] = abilities.silence.open_chance((abilities.kinds[kinds[unclaimed]] * silent).sum(axis=1))
    return opened


def _counts(evidence: Evidence, kinds: Integers, likely: Floats, abilities: Abilities, opened: Floats) -> Counts:
    classes = likely.sum(axis=2)
    right = np.einsum("rnh,rkh->rnk", evidence.members, by_level(likely.transpose(0, 2, 1)[:, :-1]).transpose(0, 2, 1))
    missed = evidence.present[:, :, None] * by_level(classes)[:, None, :] - right
    silent = (evidence.silences < 0)[:, :, None] * missed
    by_chance = silent * abilities.silence.shares_by_chance(abilities.right)[evidence.authors]
    verdicts = evidence.verdicts[:, None, :-1]
    named = likely[:, :, :-1]
    sound = np.where(verdicts == ClaimVerdict.TAKEN, named, 0.0).sum(axis=(0, 2))
    refused = np.where(are_refused(verdicts), named, 0.0)
    upsets, failed = _upsets(evidence, refused)

    def of_authors(works: Floats) -> Floats:
        return _by_author(evidence.authors, works, abilities.bidders)

    return Counts(
        right=of_authors(right),
        wrong=of_authors(missed - by_chance),
        accepted=of_authors(np.einsum("rnh,rh->rn", evidence.members, _accepted(evidence, likely, abilities.world()))),
        classes=class_counts(kinds, classes),
        sound=by_level(sound),
        decoys=by_level(refused.sum(axis=(0, 2))),
        upsets=by_level(upsets),
        failed=by_level(failed),
        by_chance=of_authors(by_chance.sum(axis=2)),
        at_a_loss=of_authors((silent - by_chance).sum(axis=2)),
        silent_accepted=of_authors(silent * (evidence.silences == SILENT_TAKEN)[:, :, None]),
        silent_refused=of_authors(silent * (evidence.silences == SILENT_REFUSED)[:, :, None]),
        opened=opened,
    )


def _by_author(authors: Integers, works: Floats, bidders: int) -> Floats:
    """Sum what is known of works, by case and work, to what is known of each bidder; padding is left out."""
    sums = np.zeros((bidders + 1, *works.shape[2:]))
    np.add.at(sums, authors.ravel(), works.reshape(authors.size, *works.shape[2:]))
    return sums[:-1]


def _accepted(evidence: Evidence, likely: Floats, world: World) -> Floats:
    """How likely each claim was the right one, by the verdict or else by what is believed, times its case's weight."""
    verdicts = evidence.verdicts[:, :-1]
    evident, upset = np.einsum("ka,rkh->arh", world.acceptance, likely)
    believed = evident[:, :-1] + upset.sum(axis=1, keepdims=True)
    # Of several that were taken together, one was right, unless all are known to be.
    taken = np.where(verdicts == ClaimVerdict.TAKEN, np.maximum(believed, _CHANCE_MIN), 0.0)
    shares = taken / np.maximum(taken.sum(axis=1, keepdims=True), _CHANCE_MIN)
    shares = np.where(evidence.all_right[:, None], verdicts == ClaimVerdict.TAKEN, shares)
    return np.asarray(np.where(verdicts == ClaimVerdict.UNKNOWN, believed, evidence.weights[:, None] * shares))


def _upsets(evidence: Evidence, decoys: Floats) -> tuple[Floats, Floats]:
    """How often another claim was the right one where the evident answer was refused, and how often not: by class.

    Args:
        evidence: the cases.
        decoys: how likely each claim is a decoy: case, class, claim.
    """
    exists = evidence.sizes > 0
    verdicts = evidence.verdicts[:, :-1]
    taken = (exists & (verdicts == ClaimVerdict.TAKEN)).sum(axis=1)[:, None, None]
    refused = (exists & are_refused(verdicts))[:, None, :]
    # Of several that were taken together, one was right, unless all are known to be.
    not_right = np.where(evidence.all_right[:, None, None], 0, np.maximum(taken - 1, 0))
    others_wrong = refused.sum(axis=2, keepdims=True) - refused + not_right
    return (decoys * (taken > 0)).sum(axis=(0, 2)), (decoys * others_wrong).sum(axis=(0, 2))


def likelihoods(evidence: Evidence, abilities: Abilities) -> Floats:
    """How likely each class with each claim as evident answer makes the works, up to a factor: case, class, claim."""
    chances = abilities.by_class()
    log_right, log_wrong = np.log(chances), np.log1p(-chances)
    # Padding works as a newcomer that nobody counts.
    each = log_wrong[evidence.authors]
    silent = evidence.silences < 0
    if silent.any():
        each[silent] = _log_silences(evidence.authors[silent], evidence.silences[silent], abilities)
    works = (each * evidence.voices[:, :, None]).sum(axis=1)
    voiced = evidence.members * evidence.voices[:, :, None]
    gain = np.einsum("rnh,rnk->rkh", voiced, (log_right - log_wrong)[evidence.authors])
    logs = _scattering(evidence.voiced) + works[:, :, None]
    logs[:, :, :-1] += gain
    logs += np.log(_verdict_chances(evidence, abilities.world()))
    exists = evidence.sizes > 0
    logs[:, :, :-1] = np.where(exists[:, None, :], logs[:, :, :-1], -np.inf)
    return np.asarray(np.exp(logs - logs.max(axis=(1, 2), keepdims=True)))


def _log_silences(authors: Integers, silences: Integers, abilities: Abilities) -> Floats:
    """How likely each of some works is to claim nothing, and to be accepted or refused as it was, as a logarithm."""
    accepted = by_class(abilities.silence.accepted)[authors]
    taken, refused = (silences == SILENT_TAKEN)[:, None], (silences == SILENT_REFUSED)[:, None]
    became = np.where(taken, accepted, np.where(refused, 1.0 - accepted, 1.0))
    return np.asarray(np.log(abilities.silent_by_class()[authors] * became))


def _scattering(sizes: Integers) -> Floats:
    """How likely wrong works share claims as they do: case, class, claim that is the evident answer."""
    seatings, made = LOG_SEATINGS[sizes], (sizes > 0).astype(np.int64)
    without = [np.concatenate([each.sum(axis=1, keepdims=True) - each, each.sum(axis=1, keepdims=True)], axis=1)
               for each in (sizes, made, seatings)]  # fmt: skip
    wrong, tables, seated = without
    opened = tables[:, None, :] * LOG_CONCENTRATIONS[None, :, None]
    return np.asarray(opened + seated[:, None, :] - LOG_RISING[:, wrong.astype(np.int64)].transpose(1, 0, 2))


def _verdict_chances(evidence: Evidence, world: World) -> Floats:
    """The chance of the verdict, for each class and each claim that may be the evident answer."""
    verdicts = evidence.verdicts[:, None, :]
    decoys, upsets = world.decoys[None, :, None], world.upsets[None, :, None]
    chances = np.ones((len(verdicts), CLASSES, verdicts.shape[2]))
    known = (
        (ClaimVerdict.TAKEN, 1.0 - decoys),
        (ClaimVerdict.REFUSED, decoys),
        (ClaimVerdict.ANOTHER_TAKEN, decoys * upsets),
    )
    for verdict, chance in known:
        chances = np.where(verdicts == verdict, chance, chances)
    # An upset against an evident answer that nobody has made is left out: to count it changes nothing that is measured.
    chances[:, :, -1] = np.where(verdicts[:, :, -1] == ClaimVerdict.ANOTHER_TAKEN, _UNFORESEEN, 1.0)
    return chances

"""Planted mutants of clearing, settlement, endings and the book die."""

from __future__ import annotations

import pytest

from tests.mutants import (
    BOOK,
    CLEARING,
    ENDING,
    MUTANTS,
    ROOT,
    SETTLEMENT,
    SUITES,
    Misplaced,
    Mutant,
    mutate,
    table,
    try_all,
)


def test_every_mutant_finds_its_place_once() -> None:
    for mutant in MUTANTS:
        source = (ROOT / mutant.file).read_text()
        assert mutate(mutant, source) != source, mutant.name


def test_mutants_have_names_of_their_own_and_cover_each_part() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12
    assert {mutant.file for mutant in MUTANTS} == set(SUITES) >= {CLEARING, SETTLEMENT, ENDING, BOOK}


@pytest.mark.parametrize("source", ["nothing to see", "seen seen"])
def test_a_mutant_that_does_not_find_its_place_exactly_once_is_an_error(source: str) -> None:
    with pytest.raises(Misplaced, match=r"times in x\.py, not once"):
        mutate(Mutant("lost", "x.py", "seen", "unseen"), source)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_mutant_dies_and_the_unchanged_code_lives() -> None:
    control, *outcomes = try_all(MUTANTS)
    shown = table([control, *outcomes])
    assert control.verdict == "SURVIVED", "the copy without a mutant must pass\n" + shown
    assert [outcome.name for outcome in outcomes if outcome.verdict != "killed"] == [], "\n" + shown

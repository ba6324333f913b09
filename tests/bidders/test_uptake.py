"""Uptake: who helps an offer is learned from offers that were taken or not, whoever else worked on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import log

import numpy as np
import pytest

from bidders.policies.pooled.helps import chance, steepness
from bidders.policies.pooled.uptake import ALL, AUTHORS_MAX, Knowledge, SeenOffer, chances_whatever_suits, uptake_from
from bidders.policies.pooled.world import Floats

HELPS, NOTHING, HARMS, SHOWS_WELL = range(4)
LOOKS = (np.array([1.0, 0.0]), np.array([0.0, 1.0]))
ADDS = {HELPS: 1.5, NOTHING: 0.0, HARMS: -1.5}


def offers(number: int, seed: int = 0, suits: bool = False) -> list[SeenOffer]:
    """Offers of a few who work, drawn at random; where `suits`, the one that helps does so at requests of one sort."""
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        authors = tuple(int(one) for one in draws.permutation(3)[: draws.integers(1, 4)])
        sort, shows_well = int(draws.integers(2)), bool(draws.integers(2))
        helped = sum(ADDS[one] for one in authors if not (suits and sort == 1 and one == HELPS))
        taken = draws.random() < chance(helped - 0.5 + shows_well)
        found.append(SeenOffer(authors, LOOKS[sort], float(taken), SHOWS_WELL if shows_well else None))
    return found


def learned(seen: Sequence[SeenOffer], before: Knowledge | None = None) -> list[list[float]]:
    """By sort of request, what each of the three adds."""
    uptake = uptake_from(seen, 2, 0.5, before or Knowledge())
    return [[uptake.helps(look).added[uptake.row(one)] for one in ADDS] for look in LOOKS]


def test_who_helps_and_who_harms_is_told_apart_though_they_work_together() -> None:
    for added in learned(offers(400)):
        assert added[HELPS] > added[NOTHING] + 0.7 > added[HARMS] + 1.4


def test_the_control_where_being_taken_has_nothing_to_do_with_who_worked() -> None:
    luck = np.random.default_rng(1)
    seen = [offer._replace(taken=float(luck.random() < 0.5)) for offer in offers(400)]
    for added in learned(seen):
        assert max(added) - min(added) < 0.7


def test_whom_a_request_suits_is_learned_from_its_text() -> None:
    first, second = learned(offers(600, suits=True))
    assert first[HELPS] > second[HELPS] + 0.7
    assert abs(first[HARMS] - second[HARMS]) < 0.7


def test_whom_a_text_suits_more_than_another_is_told_with_how_unsure_that_is() -> None:
    uptake = uptake_from(offers(600, suits=True), 2, 0.5, Knowledge())
    more, unsure = uptake.suiting(uptake.row(HELPS), LOOKS[0] - LOOKS[1])
    helps = [uptake.helps(look).added[uptake.row(HELPS)] for look in LOOKS]
    assert more == pytest.approx(helps[0] - helps[1])
    assert more > 3 * unsure > 0.0
    nothing, doubt = uptake.suiting(uptake.newcomer, LOOKS[0] - LOOKS[1])
    assert nothing == 0.0
    assert doubt > unsure


def test_who_makes_offers_well_is_told_apart_from_who_works() -> None:
    uptake = uptake_from(offers(400), 2, 0.5, Knowledge())
    helps = uptake.helps(LOOKS[0])
    assert helps.shown[uptake.row(SHOWS_WELL)] > 0.4
    assert helps.shown[uptake.newcomer] == 0.0


def test_doubt_shrinks_with_what_was_seen_and_is_greatest_of_a_newcomer() -> None:
    few, many = (uptake_from(offers(number), 2, 0.5, Knowledge()) for number in (10, 400))
    for one, other in permutations(ADDS, 2):
        doubts = [seen.helps(LOOKS[0]).doubt([seen.row(one)], [seen.row(other)]) for seen in (few, many)]
        assert doubts[1] < doubts[0] / 2
    helps = many.helps(LOOKS[0])
    newcomers = [helps.doubt([many.newcomer], [many.row(one)]) for one in ADDS]
    assert min(newcomers) > 1.5 * max(helps.doubt([one], [other]) for one, other in permutations(ADDS, 2))


def test_who_makes_offers_is_doubted_beside_who_makes_them_best() -> None:
    uptake = uptake_from(offers(400), 2, 0.5, Knowledge())
    best = uptake.row(SHOWS_WELL)
    helps = uptake.helps(LOOKS[0]).shown_by_best_of([best])
    assert helps.shown_doubt(best) == 0.0
    assert helps.shown_doubt(uptake.newcomer) > 0.5


def test_where_all_texts_hold_one_work_it_is_known_which_is_better_though_not_what_there_would_be_without() -> None:
    draws = np.random.default_rng(2)
    seen = [SeenOffer((one,), LOOKS[0], float(draws.random() < 0.6 + 0.2 * one)) for one in (0, 1) for _ in range(1000)]
    helps = uptake_from(seen, 2, 0.5, Knowledge()).helps(LOOKS[0])
    assert helps.doubt([1], [0]) < 0.15
    assert helps.added[1] - helps.added[0] == pytest.approx(0.98, abs=0.25)
    taking_part = 2
    assert np.sqrt(helps.covariance[taking_part, taking_part]) > 0.4, (
        "the control: of a work's own part little is known"
    )


def test_the_doubt_of_two_texts_is_how_far_what_they_may_be_lies_apart() -> None:
    uptake = uptake_from(offers(30), 2, 0.5, Knowledge())
    draws = np.random.default_rng(0).multivariate_normal(uptake.weights, uptake.covariance, size=4000)
    certain = [replace(uptake, weights=each).helps(LOOKS[1]) for each in draws]
    apart = np.std([one.log_odds([HELPS, NOTHING]) - one.log_odds([HARMS]) for one in certain])
    helps = uptake.helps(LOOKS[1])
    assert helps.doubt([HELPS, NOTHING], [HARMS]) == pytest.approx(apart, rel=0.05)
    alone = np.std([one.log_odds([HELPS]) for one in certain])
    assert helps.doubt([HELPS], []) == pytest.approx(alone, rel=0.05)


def test_an_offer_counts_as_much_as_its_weight() -> None:
    seen = offers(100)
    none = [offer._replace(taken=1.0 - offer.taken, weight=0.0) for offer in seen]
    assert np.allclose(learned([*seen, *none]), learned(seen))
    assert not np.allclose(learned([*seen, *(offer._replace(weight=1.0) for offer in none)]), learned(seen))


@pytest.mark.parametrize(
    ("hiding", "whole", "visible"),
    [
        ([], [1, 2, 3], ALL),
        ([1], [1], 1),
        ([2, 2, 2, 1], [1], 2),
        ([1], [3, 3], ALL),
        ([3], [3, 3], 3),
    ],
    ids=["nothing hidden", "one shown", "two shown as a rule", "mostly all shown", "no more than shown elsewhere"],
)
def test_as_many_works_are_visible_as_offers_show_that_leave_some_out(
    hiding: list[int], whole: list[int], visible: int
) -> None:
    seen = [SeenOffer(tuple(range(shown)), LOOKS[0], 1.0, hidden=1) for shown in hiding]
    seen += [SeenOffer(tuple(range(shown)), LOOKS[0], 1.0) for shown in whole]
    assert uptake_from(seen, 2, 0.5, Knowledge()).visible == visible


@pytest.mark.parametrize("visible", [1, 2, ALL])
def test_only_works_that_are_visible_count(visible: int) -> None:
    uptake = uptake_from(offers(400), 2, 0.5, Knowledge())
    uptake.visible = visible
    helps = uptake.helps(LOOKS[0])
    authors = [HARMS, NOTHING, HELPS]
    counted = sum(helps.added[one] for one in authors[-visible:])
    assert helps.log_odds(authors) == pytest.approx(helps.base + counted + helps.last[HELPS])


def test_what_was_known_before_is_built_upon() -> None:
    before = uptake_from(offers(400), 2, 0.5, Knowledge()).knowledge()
    assert np.allclose(learned([], before), learned(offers(400)), atol=1e-6)
    later = learned(offers(20, seed=5), before)
    assert all(added[HELPS] > added[HARMS] + 1.4 for added in later)
    assert max(learned(offers(20, seed=5))[0]) - min(learned(offers(20, seed=5))[0]) < 1.4


@pytest.mark.parametrize("numbers", [0, 1, 3])
def test_of_texts_with_other_numbers_nothing_is_known_and_of_bidders_what_was(numbers: int) -> None:
    before = uptake_from(offers(400), 2, 0.5, Knowledge())
    after = uptake_from([], numbers, 0.5, before.knowledge())
    nothing = before.helps(np.zeros(2))
    assert after.helps(np.ones(numbers)).added == pytest.approx(nothing.added)
    assert after.helps(np.ones(numbers)).base == pytest.approx(nothing.base)
    assert np.ptp(nothing.added) > 1.0


@pytest.mark.parametrize(("before", "after"), [(0, 2), (1, 0), (1, 3), (2, 2)])
def test_where_texts_come_to_be_of_other_topics_all_else_stays_known(before: int, after: int) -> None:
    known = uptake_from(offers(400), 2, 0.5, Knowledge()).knowledge()
    moved = known.with_topics(before, after)
    left = 2 - before
    old, new = (uptake_from([], numbers, 0.5, each) for numbers, each in ((2, known), (left + after, moved)))
    look = np.array([0.7, -0.4])
    cut = [look * (np.arange(2) < left), np.array([*look[:left], *[0.0] * after])]
    assert new.helps(cut[1]).added == pytest.approx(old.helps(cut[0]).added)
    assert new.helps(cut[1]).base == pytest.approx(old.helps(cut[0]).base)
    topics = np.array([*look[:left], *[5.0] * after])
    assert new.helps(topics).added == pytest.approx(new.helps(cut[1]).added), "of these nothing is known"
    if after:
        assert new.helps(topics).doubt([HELPS], [HARMS]) > new.helps(cut[1]).doubt([HELPS], [HARMS])
    assert Knowledge().with_topics(before, after) == Knowledge()


def test_chances_whatever_suits_know_who_helps_and_not_on_which_requests() -> None:
    seen = offers(600, suits=True)
    chances = chances_whatever_suits(seen, 2, 0.5)
    alone = {
        (offer.authors, offer.look is LOOKS[1]): log(each / (1.0 - each))
        for offer, each in zip(seen, chances.tolist(), strict=True)
        if offer.presenter is None
    }
    leads = [alone[(HELPS,), sort] - alone[(NOTHING,), sort] for sort in (False, True)]
    assert leads[0] == pytest.approx(leads[1])
    assert leads[0] > 0.3
    first, second = learned(seen)
    assert first[HELPS] - first[NOTHING] > second[HELPS] - second[NOTHING] + 0.5, "the control"


def test_before_anything_is_known_an_offer_is_taken_as_often_as_the_prior_says() -> None:
    helps = uptake_from([], 2, 0.2, Knowledge()).helps(LOOKS[0])

    assert chance(helps.averaged([0])) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("presenter", [None, SHOWS_WELL])
@pytest.mark.parametrize("authors", [(HELPS,), (HARMS, HELPS), (HARMS, NOTHING, HELPS)])
def test_the_averaged_chance_is_the_mean_over_what_the_weights_may_be(
    authors: tuple[int, ...], presenter: int | None
) -> None:
    uptake = uptake_from(offers(30), 2, 0.5, Knowledge())
    draws = np.random.default_rng(0).multivariate_normal(uptake.weights, uptake.covariance, size=4000)
    # One that is drawn and not doubted, so that what it says of this offer is what that draw would make certain.
    certain = [replace(uptake, weights=each, covariance=0.0 * uptake.covariance).helps(LOOKS[1]) for each in draws]
    mean = np.mean([chance(one.averaged(authors, presenter)) for one in certain])
    assert chance(uptake.helps(LOOKS[1]).averaged(authors, presenter)) == pytest.approx(mean, abs=0.015)


def test_offers_are_doubted_with_the_presenter_whose_part_the_base_holds() -> None:
    uptake = uptake_from(offers(60), 2, 0.5, Knowledge())
    helps = uptake.helps(LOOKS[0])
    best = helps.shown_by_best_of([uptake.newcomer, uptake.row(SHOWS_WELL)])
    assert best.presenter == uptake.row(SHOWS_WELL)
    for authors in ((HELPS,), (HARMS, HELPS)):
        assert best.averaged(authors) == pytest.approx(helps.averaged(authors, uptake.row(SHOWS_WELL)))
        for other in (uptake.row(SHOWS_WELL), uptake.newcomer):
            assert best.averaged(authors, other) == pytest.approx(helps.averaged(authors, other))
        assert best.averaged(authors) != pytest.approx(helps.averaged(authors), abs=0.05), "the control"
    assert helps.shown_by_best_of([]) is helps


def test_what_is_doubted_lies_nearer_to_an_even_chance_the_less_was_seen() -> None:
    few, many = (uptake_from(offers(number), 2, 0.5, Knowledge()).helps(LOOKS[0]) for number in (20, 2000))
    for authors in ([HARMS], [HARMS, NOTHING], [HELPS, HARMS], [3]):
        for helps in (few, many):
            assert abs(helps.averaged(authors)) < abs(helps.log_odds(authors))
        assert few.averaged(authors) / few.log_odds(authors) < many.averaged(authors) / many.log_odds(authors)


def test_of_very_many_bidders_those_are_told_apart_whose_work_was_seen_most() -> None:
    look: Floats = LOOKS[0]
    seen = [SeenOffer((one,), look, 1.0) for one in range(AUTHORS_MAX + 5) for _ in range(1 + (one > 4))]
    uptake = uptake_from(seen, 2, 0.5, Knowledge())
    assert uptake.authors == tuple(range(5, AUTHORS_MAX + 5))
    assert {uptake.row(one) for one in range(5)} == {uptake.newcomer}


@pytest.mark.parametrize("log_odds", [-800.0, -3.0, 0.0, 3.0, 800.0])
def test_chances_are_chances_however_far_the_odds(log_odds: float) -> None:
    assert 0.0 <= chance(log_odds) <= 1.0
    assert chance(log_odds) + chance(-log_odds) == pytest.approx(1.0)
    assert steepness(log_odds) == pytest.approx((chance(log_odds + 1e-4) - chance(log_odds - 1e-4)) / 2e-4, abs=1e-6)

"""A language model as a bidder: what it is asked, what is read of it, and what it promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bidders.models.mock import MockModel
from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.estimate import EstimatePolicy
from bidders.policies.fixed import FixedPolicy
from bidders.policies.fraction import FractionPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Bid, Completion, Market, Money, Replacement, Sale, Segment, Usage
from orchestrator.errors import InvalidAnswer, InvalidConfig, ProviderError, UnreadableReply
from orchestrator.testing import check_bidder
from tests.bidders.llm.speakers import bidder, estimated, presenter, speaker
from tests.bidders.lots import announce, bid_usd, delivered, pass_reason, state_of, win

NOTE = Segment("The moss garden is quiet.", kind="note", author="guide")


def bid_of(made: Any, announcement: Any) -> Bid:
    answer = asyncio.run(made.bid(announcement))
    assert isinstance(answer, Bid)
    return answer


def completed(text: str, finish: Any = "stop") -> Completion:
    return Completion(text, Usage(10, 10), Money(0), finish, "mock")


# --- what its policy costs ---


@pytest.mark.parametrize(
    "policy", [FixedPolicy(share=0.3), FractionPolicy(), TrackerPolicy(), CalibratedPolicy(asks_model=False)]
)
def test_policies_that_ask_nothing_make_no_call_and_promise_none(policy: Any) -> None:
    model = speaker()
    made = bidder(model, policy=policy)
    announcement = announce()
    assert isinstance(bid_of(made, announcement), Bid)
    assert made.bid_cost_max(announcement) == Money(0)
    assert model.calls == 0


@pytest.mark.parametrize("policy", [EstimatePolicy(), CalibratedPolicy()])
def test_policies_that_ask_the_model_promise_what_that_may_cost(policy: Any) -> None:
    model = speaker(estimate=estimated(after=0.6))
    made = bidder(model, policy=policy)
    announcement = announce()
    bid = bid_of(made, announcement)
    spent = sum(charged.cost.nanos for charged in announcement.meter.charged)  # type: ignore[attr-defined]
    assert model.calls == 1
    assert 0 < spent <= made.bid_cost_max(announcement).nanos
    assert bid.observed == {"estimate": 0.6, "as_is": 0.2, "after": 0.6, "tokens": 100.0}


def test_the_repair_of_an_estimate_is_part_of_its_promise() -> None:
    made = bidder(
        MockModel(
            script=["prose " * 400, estimated(after=0.5)], prices={"input_per_million": 1, "output_per_million": 2}
        ),
        policy=EstimatePolicy(),
    )
    announcement = announce()
    bid_of(made, announcement)
    charged = announcement.meter.charged  # type: ignore[attr-defined]
    assert len(charged) == 2
    assert sum(each.cost.nanos for each in charged) <= made.bid_cost_max(announcement).nanos


def test_an_estimate_is_worth_the_chance_after_its_work_less_the_expected_cost() -> None:
    made = bidder(speaker(estimate=estimated(after=0.6)), policy=EstimatePolicy())
    assert bid_usd(made, announce()) == pytest.approx(6.0, abs=0.01)
    assert bid_usd(made, announce(lot="0.1", stage=2)) == pytest.approx(1.5, abs=0.01)


def test_work_that_the_wallet_cannot_pay_is_not_valued_at_a_cost() -> None:
    model = speaker()
    made = bidder(model, policy=EstimatePolicy())
    assert "more than the wallet holds" in pass_reason(made, announce(balance=Money(10)))
    assert model.calls == 0


def test_a_model_that_values_states_leaves_of_its_wallet_what_that_may_cost() -> None:
    made = bidder(policy=EstimatePolicy())
    poor = announce(balance=Money.usd(3))
    alone = poor.balance - made.bid_cost_max(poor) - made.transform_cost_max(poor)
    assert bid_of(made, poor).amount == alone
    # The states of the other lots are not known here, and may be longer.
    beside = replace(poor, lots=3)
    hostile = Segment("\0" * 9000, kind="\N{CJK UNIFIED IDEOGRAPH-5B57}" * 64)
    for pieces in (*([Segment("moss " * 9000, author="guide")] * count for count in (1, 2, 15, 50)), [hostile]):
        longer = announce(state_of(*pieces), balance=Money.usd(3))
        other = made.bid_cost_max(longer)
        assert other > made.bid_cost_max(poor)
        assert Money.usd("2.8") < bid_of(made, beside).amount <= alone - Money(2 * other.nanos)


def test_one_whose_wallet_binds_takes_part_also_where_its_model_values_the_states() -> None:
    def llm(name: str, **options: object) -> dict[str, object]:
        return {"name": name, "type": "llm", "options": {"model": "small", **options}, "policy": "estimate"}

    script = [
        {"when": "JSON object of three numbers", "says": estimated(after=0.9)},
        {"when": ".", "says": "The moss garden is free before ten."},
    ]
    small = {
        "type": "mock",
        "options": {"prices": {"input_per_million": 10, "output_per_million": 20}, "script": script},
    }
    config = {
        "version": 1,
        "store": "memory",
        "bounty_typical": 1,
        "models": {"small": small},
        "rules": {"copies": [2, 1]},
        "bidders": [llm("adder"), llm("rewriter", capability="rewrite"), llm("pia", capability="present")],
    }
    with Market(config) as market:
        # Each wallet holds 5 USD, and each lot seems to be worth 9.
        result = market.run("A day among gardens", budget=10, seed=1)
        progress = market.read_log(result.request_id).progress
    faults = [fault.fault for auction in progress.auctions.values() for fault in auction.faults]
    assert "unfunded" not in faults
    assert result.offers


# --- prices ---


def test_a_model_without_a_price_passes_with_the_reason_and_promises_nothing() -> None:
    class Unpriced(MockModel):
        def cost_max(self, prompt: Any) -> None:
            return None

    made = bidder(Unpriced(name="mystery"), policy=EstimatePolicy())
    assert "the price of mystery is not known" in pass_reason(made, announce())
    assert made.bid_cost_max(announce()) == Money(0)
    with pytest.raises(ProviderError, match="not known"):
        made.transform_cost_max(announce())


def test_the_promise_for_the_work_does_not_hang_on_who_won_when() -> None:
    made = bidder()
    announcement = announce(state_of(NOTE))
    lot = win(announcement, seed=99, deadline_seconds=7.0)
    asyncio.run(made.transform(lot))
    prompt = made.model.asked[0]  # type: ignore[attr-defined]
    assert made.model.cost_max(prompt) == made.transform_cost_max(announcement)
    assert prompt.seed == 99
    assert prompt.deadline_seconds < 7.0


# --- what it delivers ---


def test_each_capability_delivers_as_its_prompt_says() -> None:
    state = state_of(NOTE)
    for capability, kind in (("refine", "note"), ("critique", "critique"), ("answer", "answer")):
        (piece,) = asyncio.run(bidder(capability=capability).transform(win(announce(state))))  # type: ignore[misc]
        assert (piece.text, piece.kind) == ("Something new.", kind)
    (offer,) = asyncio.run(presenter().transform(win(announce(state))))  # type: ignore[misc]
    assert (offer.kind, offer.media_type) == ("offer", "text/markdown")


def test_a_rewrite_replaces_all_but_the_request() -> None:
    made = asyncio.run(bidder(capability="rewrite").transform(win(announce(state_of(NOTE)))))
    assert isinstance(made, Replacement)
    assert [piece.text for piece in made.segments] == ["Plan a two-day visit to Arden", "Something new."]


def test_instructions_that_the_prompt_has_no_place_for_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text("---\nname: mine\nversion: 1\ndoes: it\nrole: transformer\n---\n# System\nWork.\n# User\n$state\n")
    bidder(prompt_path=path).close()
    with pytest.raises(InvalidConfig, match=r"'mine' has no place for the option `instructions`: write \$instructions"):
        bidder(prompt_path=path, instructions="Write in French.")


def test_the_operators_instructions_stand_in_the_system_part_alone() -> None:
    made = bidder(instructions="Write in French.")
    asyncio.run(made.transform(win(announce())))
    system, user = made.model.asked[0].messages  # type: ignore[attr-defined]
    assert "Write in French." in system.text
    assert "Write in French." not in user.text


def test_options_go_before_what_the_prompt_says(tmp_path: Path) -> None:
    made = bidder(max_tokens=33, kind="extra")
    (piece,) = asyncio.run(made.transform(win(announce())))  # type: ignore[misc]
    assert piece.kind == "extra"
    assert made.model.asked[0].max_tokens == 33  # type: ignore[attr-defined]


def test_marks_control_characters_and_margins_are_taken_off_an_answer() -> None:
    model = speaker(work="\n\x1b[2JHello\x00 \u202eworld\r\n\n")
    assert delivered(bidder(model), win(announce())) == "\ufffd[2JHello\ufffd \ufffdworld"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (completed("I cannot.", "refusal"), InvalidAnswer),
        (completed("...", "filtered"), ProviderError),
        (completed("x" * 2_000_000), UnreadableReply),
    ],
)
def test_an_answer_that_is_no_work_is_no_delivery(said: Completion, error: type[Exception]) -> None:
    with pytest.raises(error):
        asyncio.run(bidder(speaker(work=said)).transform(win(announce())))


def test_an_answer_that_had_to_stop_ends_with_its_last_whole_sentence() -> None:
    cut = completed("The garden opens at ten. It is free. The best time to go is bef", "length")
    assert delivered(bidder(speaker(work=cut)), win(announce())) == "The garden opens at ten. It is free."
    endless = completed("Well. and and and and and and and and and and and and", "length")
    assert delivered(bidder(speaker(work=endless)), win(announce())) == endless.text
    whole = completed("One. Two without an end")
    assert delivered(bidder(speaker(work=whole)), win(announce())) == whole.text


def test_an_empty_answer_is_an_empty_delivery() -> None:
    assert asyncio.run(bidder(speaker(work=" \n ")).transform(win(announce()))) == []


def test_the_record_says_which_prompt_made_it() -> None:
    class Naming:
        def __init__(self) -> None:
            self.purposes: list[str] = []

        async def call(self, perform: Any, *, purpose: str = "call") -> Any:
            self.purposes.append(purpose)
            return (await perform()).body

    meter = Naming()
    made = bidder(policy=EstimatePolicy())
    asyncio.run(made.bid(announce(meter=meter)))
    asyncio.run(made.transform(win(announce(meter=meter))))
    assert [purpose.partition("#")[0] for purpose in meter.purposes] == ["estimate@2", "refine@2"]


# --- when it takes part ---


def test_it_does_its_work_once_a_chain_unless_told_otherwise() -> None:
    done = (Sale("0", 1, "requester", "ann", "transformer", 0, 0),)
    assert pass_reason(bidder(), announce(chain=done)) == "has done its work on this chain"
    again = bid_usd(bidder(repeats_max=2), announce(chain=done))
    assert 0 < again < bid_usd(bidder(), announce())


def test_it_bids_in_the_role_that_its_prompt_gives_it(tmp_path: Path) -> None:
    assert presenter().roles == ("presenter",)
    assert pass_reason(bidder(), announce(roles=("presenter",))) == "may not bid at this stage"
    roleless = tmp_path / "roleless.md"
    roleless.write_text("---\nname: roleless\nversion: 1\ndoes: nothing\n---\n# System\n\n# User\n$state\n")
    with pytest.raises(InvalidConfig, match="makes no bidder"):
        bidder(prompt_path=roleless)


def test_a_long_state_is_shown_within_its_budget() -> None:
    made = bidder(policy=EstimatePolicy(), state_tokens_max=500, estimate_tokens_max=200)
    state = state_of(*(Segment("word " * 2000, author="guide") for _ in range(5)))
    bid_of(made, announce(state))
    asyncio.run(made.transform(win(announce(state))))
    estimate, work = (sum(len(each.text) for each in prompt.messages) for prompt in made.model.asked)  # type: ignore[attr-defined]
    assert estimate < 200 * 4 + 1500
    assert work < 500 * 4 + 2000


def test_equal_states_are_shown_alike_so_that_providers_cache_them() -> None:
    one, other = bidder(name="ann"), bidder(name="bob", capability="critique")
    for made, seed in ((one, 1), (other, 2)):
        asyncio.run(made.transform(win(announce(state_of(NOTE)), seed=seed)))
    shown = [made.model.asked[0].messages[1].text.partition("\n\nThe request, marked")[0] for made in (one, other)]  # type: ignore[attr-defined]
    assert shown[0] == shown[1]


def test_estimates_of_equal_states_differ_in_their_last_lines_alone() -> None:
    asked = []
    for name, capability in (("ann", "refine"), ("bob", "critique")):
        made = bidder(name=name, capability=capability, policy=EstimatePolicy())
        asyncio.run(made.bid(announce(state_of(NOTE))))
        asked.append(made.model.asked[0].messages)  # type: ignore[attr-defined]
    (one_system, one), (other_system, other) = asked
    assert one_system == other_system
    starts, works = zip(*(each.text.split("The work: ") for each in (one, other)), strict=True)
    assert starts[0] == starts[1]
    assert works[0] != works[1]


@pytest.mark.parametrize(("max_tokens", "words"), [(1200, "600 words"), (7, "10 words")])
def test_a_model_is_told_to_end_before_it_is_cut_off(max_tokens: int, words: str) -> None:
    made = presenter(max_tokens=max_tokens)
    asyncio.run(made.transform(win(announce(state_of(NOTE)))))
    assert f"at most {words}" in made.model.asked[0].messages[1].text  # type: ignore[attr-defined]


def test_a_rewriter_passes_on_what_it_is_not_shown_whole() -> None:
    long = state_of(Segment("The moss garden is quiet. " * 100, author="guide"))
    assert "a rewrite would lose the rest" in pass_reason(
        bidder(capability="rewrite", state_tokens_max=200), announce(long)
    )
    # The controls: with room for it, and where nothing is replaced.
    assert bid_usd(bidder(capability="rewrite", state_tokens_max=2000), announce(long)) > 0
    assert bid_usd(bidder(capability="refine", state_tokens_max=200), announce(long)) > 0
    # The request itself is kept, however long it is.
    wordy = announce(state_of(NOTE), request="Plan a visit. " * 100)
    assert bid_usd(bidder(capability="rewrite", state_tokens_max=200), wordy) > 0


def test_a_fence_around_a_whole_offer_is_not_shown_to_its_user() -> None:
    fenced = presenter(speaker(work="```markdown\n# A day\n\nTen.\n```"))
    assert delivered(fenced, win(announce(state_of(NOTE)))) == "# A day\n\nTen."


def test_it_keeps_the_contract() -> None:
    for made in (bidder(), presenter(), bidder(policy=CalibratedPolicy()), bidder(capability="rewrite")):
        problems = [problem for problem in check_bidder(made) if not problem.is_warning]
        assert problems == []


def test_a_model_is_let_go_of_when_the_market_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[Any] = []
    monkeypatch.setattr("orchestrator.release_model", released.append)
    made = bidder()
    made.close()
    assert released == [made.model]


def test_an_obstacle_is_what_its_model_says() -> None:
    class Keyless(MockModel):
        def obstacle(self) -> str:
            return "OPENAI_API_KEY is not set"

    assert bidder(Keyless()).obstacle() == "OPENAI_API_KEY is not set"
    assert bidder().obstacle() is None


def test_a_streamed_answer_is_the_same_answer() -> None:
    heard: list[str] = []
    made = presenter(speaker(work="Day one. Day two."))
    lot = win(announce(state_of(NOTE)))
    quiet = asyncio.run(made.transform(lot))
    aloud = asyncio.run(made.transform(replace(lot, on_text=heard.append)))
    assert quiet == aloud
    assert "".join(heard) == "Day one. Day two."
    assert len(heard) > 1

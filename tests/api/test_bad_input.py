"""Bad input through the Python API: one clear line each, no money moved, and the books balance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orchestrator import Later, Market, Money, Rank, Reject, run_request
from orchestrator.api.posting import Posting, PostingOptions
from orchestrator.api.run_options import RunOptions
from orchestrator.errors import (
    BrokenPlugin,
    CallerError,
    InvalidConfig,
    InvalidMoney,
    InvalidRequest,
    UnknownBidder,
    UnknownRequest,
    VickreyError,
    WrongStatus,
)
from orchestrator.judges import TopJudge
from tests.engine.world import Scripted, assert_sound, make_market, posted, presenter


@pytest.fixture
def market() -> Market:
    return make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}), presenter("q", {2: "1"}))


def assert_untouched(market: Market) -> None:
    assert market.requests() == []
    assert posted(market, "requester:user") == 0
    assert_sound(market)


def assert_one_line(error: BaseException) -> None:
    said = str(error)
    assert said.isprintable()
    assert 0 < len(said) < 300


@pytest.mark.parametrize(
    ("budget", "kind"),
    [
        (0, InvalidRequest),
        ("0.00", InvalidRequest),
        (-1, InvalidMoney),
        ("-0.01", InvalidMoney),
        (float("nan"), InvalidMoney),
        (float("inf"), InvalidMoney),
        (Decimal("NaN"), InvalidMoney),
        (Decimal("sNaN"), InvalidMoney),
        (Decimal("-Infinity"), InvalidMoney),
        (True, InvalidMoney),
        (1e400, InvalidMoney),
        ("1e400", InvalidMoney),
        (10**400, InvalidMoney),
        (10**5000, InvalidMoney),
        ("9" * 100_000, InvalidMoney),
        ("ten", InvalidMoney),
        ("", InvalidMoney),
        ("10\n\x1b[2J", InvalidMoney),
        (None, InvalidMoney),
        (b"10", InvalidMoney),
        ([10], InvalidMoney),
        ("0.0000000001", InvalidMoney),
        (0.1 + 0.2, InvalidMoney),
        (Decimal("1." + "0" * 30 + "1"), InvalidMoney),
        (1_000_000_001, InvalidMoney),
    ],
    ids=lambda value: ascii(value)[:20] if not isinstance(value, int) or abs(value) < 10**12 else "a big int",
)
def test_a_budget_that_is_no_bounty_is_refused(market: Market, budget: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        market.run("hello", budget)
    assert_one_line(caught.value)
    if kind is InvalidMoney and budget is not None:  # a cap or deposit of 0, or none, is lawful
        for option, name in (("spend_cap", "the spend cap: "), ("deposit", "the deposit: ")):
            with pytest.raises(kind, match=f"^{name}"):
                market.run("hello", 10, **{option: budget})
    assert_untouched(market)


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "x" * 10_000_000, "a\x00b", b"hello", b"\xff\xfe", "\ud800", None, 3, ["hello"]],
    ids=["empty", "blank", "10 MB", "NUL", "bytes", "binary", "surrogate", "none", "int", "list"],
)
def test_a_text_that_is_no_request_is_refused(market: Market, text: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        market.run(text, 10)
    assert_one_line(caught.value)
    assert_untouched(market)


@pytest.mark.parametrize(
    "options",
    [
        {"budgett": 3},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": 10**5000},
        {"seed": True},
        {"seed": 1.0},
        {"seed": "1"},
        {"labels": ["a"]},
        {"labels": {"a": 1}},
        {"labels": {1: "a"}},
        {"labels": {"a": "x" * 20_000}},
        {"requester": ""},
        {"requester": "a\nb"},
        {"requester": "x" * 65},
        {"requester": 3},
        {"idempotency_key": 3},
        {"idempotency_key": ""},
        {"idempotency_key": "\ud800"},
        {"idempotency_key": "a\x00b"},
        {"idempotency_key": "x" * 1000},
        {"idempotency_key": b"key"},
    ],
    ids=lambda options: "-".join(options),
)
def test_an_option_that_makes_no_sense_is_refused(market: Market, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        market.run("hello", 10, **options)
    assert_one_line(caught.value)
    assert_untouched(market)


def test_an_ordinary_request_is_taken(market: Market) -> None:
    """The control of those before."""
    result = market.run(
        "Olá \U0001f3c4", "10.50", seed=2**63 - 1, spend_cap=0, deposit=1, requester="ana",
        idempotency_key="k-1", labels={"for": "the test"},
    )  # fmt: skip
    assert result.status == "open"
    result.pick(1)
    assert_sound(market)


@pytest.mark.parametrize(
    "request_id", ["r999", "", "r1; DROP TABLE journal", "\ud800", "a\x00b", None, 5, b"r1", ["r1"]]
)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_unknown_request_is_named_as_such(kind: str, request_id: Any, template: Path) -> None:
    market = make_market(Scripted("a", {}), store="memory" if kind == "memory" else f"sqlite:///{template}")
    verbs: list[Callable[[], Any]] = [
        lambda: market.result(request_id),
        lambda: market.pick(request_id, 1),
        lambda: market.cancel(request_id),
        lambda: market.read_log(request_id),
    ]
    if request_id is not None:
        verbs.append(lambda: market.resume(request_id))
    for verb in verbs:
        with pytest.raises(UnknownRequest) as caught:
            verb()
        assert_one_line(caught.value)
    market.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "market.db"


@pytest.mark.parametrize(
    "rank", [-1, 3, 99, 10**5000, True, 1.0, "1", None, float("nan")], ids=lambda rank: type(rank).__name__
)
def test_a_pick_out_of_range_is_refused(market: Market, rank: Any) -> None:
    result = market.run("hello", 10)
    assert len(result.offers) == 1
    with pytest.raises(InvalidRequest) as caught:
        result.pick(rank)
    assert_one_line(caught.value)
    assert result.status == "open"
    result.pick(1)
    assert_sound(market)


def test_a_second_pick_is_refused_and_pays_nobody_twice(market: Market) -> None:
    result = market.run("hello", 10).pick(1)
    balance = market.balance("p")
    verbs: list[Callable[[], Any]] = [lambda: result.pick(1), result.reject, lambda: market.cancel(result.request_id)]
    for again in verbs:
        with pytest.raises(WrongStatus, match="released"):
            again()
    assert market.balance("p") == balance
    assert_sound(market)


def test_a_pick_while_the_request_runs_is_refused(market: Market) -> None:
    refused: list[Exception] = []

    def on_event(event: Any, progress: Any) -> None:
        if event.kind == "settled" and progress.status == "running":
            with pytest.raises(WrongStatus, match="running, not open") as caught:
                market.pick(progress.request.id, 1)
            refused.append(caught.value)

    market.run("hello", 10, on_event=on_event).pick(1)
    assert refused
    assert_sound(market)


def test_unknown_bidders_are_named_as_such(market: Market) -> None:
    verbs: list[Callable[[], Any]] = [lambda: market.balance("nobody"), lambda: market.topup("nobody", 1)]
    for verb in verbs:
        with pytest.raises(UnknownBidder, match="it has: a, p, q"):
            verb()
    with pytest.raises(CallerError):
        market.topup("a", -1)
    assert_sound(market)


def test_it_runs_inside_a_running_event_loop_as_in_a_notebook(market: Market) -> None:
    async def cell() -> str:
        result = market.run("hello", 10)
        result.pick(1)
        return result.status

    assert asyncio.run(cell()) == "released"
    assert_sound(market)


def test_an_error_inside_a_running_event_loop_comes_out_as_itself(market: Market) -> None:
    async def cell() -> None:
        market.run("", 10)

    with pytest.raises(InvalidRequest):
        asyncio.run(cell())


def test_run_request_takes_a_mapping_for_a_config() -> None:
    result = run_request("hello", 10, config={"version": 1, "bidders": [], "store": "memory"})
    assert (result.status, result.offers) == ("failed", ())


def test_whoever_counts_offers_from_0_rejects_none_of_them(market: Market) -> None:
    result = market.run("hello", 10)
    with pytest.raises(InvalidRequest, match=r"ranks begin at 1.*reject\(\) takes none"):
        result.pick(0)
    assert result.status == "open"
    assert result.reject().status == "rejected"


def test_an_option_of_the_market_is_no_option_of_a_request() -> None:
    with pytest.raises(InvalidRequest, match=r"no option 'store'; a request takes deposit, .*given to Market"):
        run_request("hello", 10, config={"version": 1, "bidders": []}, store="memory")  # type: ignore[call-arg]


def test_the_options_that_types_know_are_those_that_a_request_and_a_run_take() -> None:
    assert PostingOptions.__annotations__.keys() == {field.name for field in fields(Posting)} - {"text", "budget"}
    named = {name for name, each in signature(Market.arun).parameters.items() if each.kind is each.KEYWORD_ONLY}
    assert RunOptions.__annotations__.keys() == PostingOptions.__annotations__.keys() | named


def test_an_error_comes_out_without_errors_that_are_nobodys_business(market: Market) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run_request("", 10, config={"version": 1, "bidders": [], "store": "memory"})
    assert caught.value.__context__ is None


def test_the_same_idempotency_key_finds_the_same_request(market: Market) -> None:
    first = market.run("hello", 10, idempotency_key="order-7")
    again = market.run("hello", "10.00", idempotency_key="order-7")
    other = market.run("hello", 10, idempotency_key="order-8")
    assert first.request_id == again.request_id != other.request_id
    assert again.bounty == first.bounty
    for result in (first, other):
        result.pick(1)
    assert market.run("hello", 10, idempotency_key="order-7").status == "released"
    assert_sound(market)


@pytest.mark.parametrize(
    ("text", "budget", "requester", "what"),
    [("something else", 10, "user", "text"), ("hello", 11, "user", "bounty"), ("hello", 10, "eve", "requester")],
)
def test_an_idempotency_key_of_another_request_is_refused_and_shows_nobody_elses_answer(
    market: Market, text: str, budget: int, requester: str, what: str
) -> None:
    first = market.run("hello", 10, idempotency_key="order-7")
    with pytest.raises(InvalidRequest, match=f"is that of {first.request_id}, which has another {what}"):
        market.run(text, budget, requester=requester, idempotency_key="order-7")
    assert len(market.requests()) == 1
    assert_sound(market)


def test_a_request_that_nobody_picks_from_expires_and_its_bounty_returns() -> None:
    now = [1_000_000.0]
    market = make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}), clock=lambda: now[0])
    result = market.run("hello", 10)
    now[0] += 7 * 86_400 - 1
    assert market.expire_due() == []
    now[0] += 1
    assert market.expire_due() == [result.request_id]
    assert result.status == "expired"
    assert posted(market, "requester:user") == 10 * 10**9
    with pytest.raises(WrongStatus):
        result.pick(1)
    assert_sound(market)


@pytest.mark.parametrize(
    ("given_amounts", "what"),
    [
        ({"budget": "10000.01"}, "budget"),
        ({"budget": 10, "spend_cap": 10_001}, "spend cap"),
        ({"budget": 10, "deposit": 10_001}, "deposit"),
    ],
)
def test_an_amount_above_the_largest_is_refused_before_anything_moves(
    market: Market, given_amounts: dict[str, Any], what: str
) -> None:
    with pytest.raises(InvalidRequest, match=rf"the {what} is .* USD; at most 10000.00 are allowed \(request.bounty"):
        market.run("hello", **given_amounts)
    assert market.requests() == []
    assert market.run("hello", 10_000).status == "open"


def test_what_was_posted_before_amounts_were_bounded_is_found_again_under_its_key(tmp_path: Path) -> None:
    path = str(tmp_path / "market.db")
    for largest in (20_000, 10_000):
        bounded = {"bounty_max": largest}
        with make_market(presenter("p"), presenter("q"), store=path, request=bounded) as market:
            assert market.run("hello", 20_000, idempotency_key="order-7").request_id == "r1"


def test_a_request_that_cannot_end_keeps_nobody_elses_market_closed(tmp_path: Path) -> None:
    """Nine of the largest bounties use up what one requester's purse can count."""
    now, path = [1_000_000.0], str(tmp_path / "market.db")

    def opened() -> Market:
        largest = {"bounty_max": 10**9}
        return make_market(presenter("p"), presenter("q"), store=path, request=largest, clock=lambda: now[0])

    with opened() as market:
        for _ in range(8):
            market.run("hello", 10**9, requester="mallory").reject()
        stuck = market.run("hello", 10**9, requester="mallory")
        honest = market.run("hello", 10, requester="honest")
    now[0] += 8 * 86_400
    with opened() as market:
        assert [row.id for row in market.requests(["open"])] == [stuck.request_id]
        assert [row.id for row in market.requests(["expired"])] == [honest.request_id]
        with pytest.raises(VickreyError, match="would bring what has moved"):
            market.expire_due()
        assert market.audit() == []


def test_a_run_that_goes_on_days_later_leaves_the_whole_time_to_pick(tmp_path: Path) -> None:
    now = [1_000_000.0]
    path = str(tmp_path / "market.db")

    def opened() -> Market:
        return make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}), store=path, clock=lambda: now[0])

    with opened() as market:
        posted_only = market.post(Posting("hello", 10))
    now[0] += 8 * 86_400
    with opened() as market:
        (result,) = market.resume(posted_only)
        assert (result.request_id, result.status) == (posted_only, "open")
    now[0] += 7 * 86_400 - 1
    with opened() as market:
        assert market.expire_due() == []
        now[0] += 1
        assert market.expire_due() == [posted_only]


@pytest.mark.parametrize(("verdict", "status"), [(Rank(1), "released"), (Reject("no"), "rejected"), (Later(), "open")])
def test_a_judge_decides(market: Market, verdict: Any, status: str) -> None:
    assert market.run("hello", 10, judge=Judging(verdict)).status == status


@pytest.mark.parametrize("verdict", [Rank(0), Rank(7), Rank(True), 1, None, "yes"])
def test_a_verdict_that_is_none_leaves_the_request_open(market: Market, verdict: Any) -> None:
    with pytest.raises(BrokenPlugin, match=r"; request r1 stays open$") as caught:
        market.run("hello", 10, judge=Judging(verdict))
    assert_one_line(caught.value)
    assert market.result("r1").status == "open"
    market.pick("r1", 1)
    assert_sound(market)


class Judging:
    name = "judging"

    def __init__(self, verdict: Any) -> None:
        self.verdict = verdict

    async def pick(self, request: str, offers: Any) -> Any:
        return self.verdict


def test_a_cancelled_request_returns_its_bounty_whenever_it_is_cancelled() -> None:
    for stage in (1, 2, None):
        market = make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}))

        def on_event(event: Any, progress: Any, market: Market = market, stage: int | None = stage) -> None:
            if event.kind == "cleared" and event.stage == stage:
                market.cancel(progress.request.id)

        if stage is None:
            market.cancel(market.run("hello", 10).request_id)
        else:
            assert market.run("hello", 10, on_event=on_event).status == "rejected"
        assert market.result("r1").status == "rejected"
        assert posted(market, "requester:user") == 10 * 10**9
        assert_sound(market)


@pytest.mark.parametrize(
    ("judge", "status"),
    [
        ("top", "released"),
        ("none", "open"),
        (lambda request, offers: offers[0].rank, "released"),
        (lambda request, offers: None, "rejected"),
        (TopJudge(), "released"),
        (None, "open"),
    ],
    ids=["top", "none", "function", "function that takes none", "judge", "nobody"],
)
def test_a_judge_is_named_or_is_a_function_or_a_judge(market: Market, judge: Any, status: str) -> None:
    assert market.run("hello", 10, judge=judge).status == status
    if judge is not None:
        waiting = market.run("hello", 10).request_id
        assert market.judge(waiting, judge).status == status
    assert_sound(market)


class Nameless:
    async def pick(self, request: str, offers: Any) -> Any:
        return Rank(1)


class Anonymous(Nameless):
    name = None


class Idle:
    name = "idle"
    pick = "never"


class Forgetful:
    name = "forgetful"

    async def pick(self, request: str) -> Any:
        return Rank(1)


class Unheard:
    """Its calls cost money, but it takes no hearing to make them through."""

    name = "unheard"
    provider = "model"

    def pick_cost_max(self, request: str, offers: Any) -> Money:
        return Money(0)

    async def pick(self, request: str, offers: Any) -> Any:
        return Rank(1)


class Unasked(Unheard):
    name = "unasked"

    def pick_cost_max(self) -> Money:  # type: ignore[override]
        return Money(0)


@pytest.mark.parametrize(
    ("judge", "because"),
    [
        ("tpo", "no judge type 'tpo' is installed .*did you mean 'top'"),
        ("verifier", "needs the option 'function'"),
        (TopJudge, r"TopJudge is a class; give a judge made from it: TopJudge\(...\)"),
        (Nameless(), "this Nameless is no judge: AttributeError: .* has no attribute 'name'; a judge has a `name` and"),
        (Anonymous(), "this Anonymous is no judge: InvalidRequest: a judge's name is 1 to 200 printable characters"),
        (Idle(), "this Idle is no judge: its `pick` is no method; a judge has"),
        (Forgetful(), "its `pick` cannot be called with a request and a list of offers: too many positional arguments"),
        (Unheard(), "its `pick` cannot be called with a request, a list of offers and a hearing: too many"),
        (Unasked(), "its `pick_cost_max` cannot be called with a request and a list of offers: too many"),
        (3, "this int is no judge"),
    ],
    ids=[
        *("misspelt", "needs options", "class", "nameless", "anonymous", "without a method"),
        *("too few arguments", "without a hearing", "a cost without arguments", "number"),
    ],
)
def test_what_is_no_judge_is_refused_before_anything_is_spent(market: Market, judge: Any, because: str) -> None:
    with pytest.raises(InvalidRequest, match=because) as caught:
        market.run("hello", 10, judge=judge)
    assert_one_line(caught.value)
    assert_untouched(market)
    market.run("hello", 10)
    with pytest.raises(InvalidRequest, match=because):
        market.judge("r1", judge)


def test_what_is_installed_as_a_judge_and_is_none_is_the_plugins_fault(market: Market) -> None:
    with pytest.raises(BrokenPlugin, match=f"judge '{__name__}:Idle' is not a judge: its `pick` is no method"):
        market.run("hello", 10, judge=f"{__name__}:Idle")
    assert_untouched(market)


class AtOnce:
    name = "hasty"

    def pick(self, request: str, offers: Any) -> Any:
        return Rank(1)


def test_a_judge_without_async_is_told_so_and_the_request_stays_open(market: Market) -> None:
    with pytest.raises(BrokenPlugin, match=r"judge hasty failed \(TypeError: it returned Rank at once; write it with"):
        market.run("hello", 10, judge=AtOnce())
    assert market.result("r1").status == "open"


def test_the_name_of_the_configs_judge_means_that_one_with_its_options() -> None:
    config = {"version": 1, "store": "memory", "judge": {"type": "verifier", "options": {"function": "builtins:bool"}}}
    with Market(config, bidders=[presenter("p"), presenter("q")]) as market:
        assert market.run("hello", 10, judge="verifier").status == "released"


class Watched(TopJudge):
    closed: ClassVar[list[str]] = []

    def close(self) -> None:
        self.closed.append("closed")


def test_a_judge_that_was_built_for_its_name_is_closed_and_one_that_was_given_is_not(market: Market) -> None:
    Watched.closed.clear()
    market.run("hello", 10, judge=Watched())
    assert Watched.closed == []
    market.run("hello", 10, judge=f"{__name__}:Watched")
    assert Watched.closed == ["closed"]


def test_a_status_that_there_is_not_is_refused_where_requests_are_listed(market: Market) -> None:
    with pytest.raises(InvalidRequest, match="there is no status 'runing'; choose one of running, open,") as refusal:
        market.requests(["runing", "open"])
    assert_one_line(refusal.value)
    with pytest.raises(InvalidRequest, match="there is no status 'None'"):
        market.requests([None])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match=r"statuses are a list: write \['open'\]"):
        market.requests("open")


@pytest.mark.parametrize("source", [[], 5])
def test_what_is_no_config_is_refused_with_how_bidders_are_given(source: Any) -> None:
    with pytest.raises(InvalidConfig, match=rf"a file or a mapping, not {type(source).__name__}; bidders are given as"):
        Market(source)


def test_a_class_in_place_of_a_bidder_is_refused() -> None:
    with pytest.raises(
        BrokenPlugin, match=r"a bidder is an object; make one of the class: Scripted\(\.\.\.\)"
    ) as refusal:
        make_market(Scripted)
    assert_one_line(refusal.value)

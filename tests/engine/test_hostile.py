"""Hostile and broken bidders in the market's own process: a recorded fault, and the run goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import CoroutineType
from typing import Any

import pytest

from orchestrator import Bid, Market, Money, Pass, Replacement, Segment
from orchestrator.errors import BrokenPlugin, InvalidConfig, ProviderError
from tests.engine.world import (
    HANG_SECONDS,
    Scripted,
    answers,
    assert_sound,
    awards,
    faults,
    finish,
    make_market,
    presenter,
)

LOOSELY: Any = Bid
HURRIED: dict[str, Any] = {"rules": {"deadlines": {"bid_seconds": HANG_SECONDS, "transform_seconds": HANG_SECONDS}}}
Act = Callable[[Any], Any]


class Odd(Scripted):
    """Does one thing that no bidder should."""

    def __init__(self, act: Act, on: str = "bid") -> None:
        super().__init__("odd", {1: "9"})
        self.act = act
        if on not in ("bid", "transform"):
            setattr(self, on, act)
        self.on = on

    async def bid(self, announcement: Any) -> Any:
        return await self._do(announcement) if self.on == "bid" else await super().bid(announcement)

    async def transform(self, lot: Any) -> Any:
        return await self._do(lot) if self.on == "transform" else await super().transform(lot)

    async def _do(self, shown: Any) -> Any:
        said = self.act(shown)
        return await said if type(said) is CoroutineType else said


class Unshowable:
    """Raises whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no str")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise ValueError("no class")


class UnshowableError(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class EqualToAll(str):
    """Claims to be whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class Fickle(Bid):
    """Names another amount whenever it is asked."""

    @property
    def amount(self) -> Any:
        Fickle.asked += 1  # type: ignore[attr-defined]
        return Money.usd("0.5") if Fickle.asked == 1 else Money.usd("900000")  # type: ignore[attr-defined]


def forged(nanos: Any) -> Money:
    money = Money(1)
    object.__setattr__(money, "nanos", nanos)
    return money


def forged_bid(**values: Any) -> Bid:
    bid = Bid(Money(1))
    for name, value in values.items():
        object.__setattr__(bid, name, value)
    return bid


def throw(error: BaseException) -> Act:
    def act(shown: Any) -> Any:
        raise error

    return act


async def hang(shown: Any) -> Any:
    await asyncio.Event().wait()


async def hang_on_when_cancelled(shown: Any) -> Any:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def never_stop(shown: Any) -> Any:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def cancel_itself(shown: Any) -> Any:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


def run_with(bidder: Any, store: str = "memory", **config: Any) -> Market:
    """Run a request in which `bidder` takes part beside two honest transformers and presenters."""
    honest = [Scripted("a", {1: "2"}), Scripted("b", {1: "1"}), presenter("p", {2: "4"}), presenter("q", {2: "3"})]
    market = make_market(bidder, *honest, store=store, **config)
    market.run("hello", 10, seed=1)
    return market


BAD_BIDS: dict[str, tuple[Act, str, str]] = {
    "nan": (lambda shown: float("nan"), "malformed", "returned float nan; a bid is Money, Bid or Pass"),
    "float": (lambda shown: 1.5, "malformed", "returned float 1.5; a bid is Money, Bid or Pass"),
    "int": (lambda shown: 3, "malformed", "returned int 3; a bid is Money, Bid or Pass"),
    "bool": (lambda shown: True, "malformed", "returned bool True; a bid is Money, Bid or Pass"),
    "str": (lambda shown: "5", "malformed", "returned str '5'; a bid is Money, Bid or Pass"),
    "none": (lambda shown: None, "malformed", "returned NoneType None; a bid is Money, Bid or Pass"),
    "the class Pass": (
        lambda shown: Pass,
        "malformed",
        "returned type <class 'orchestrator.bidding.answer.Pass'>; a bid",
    ),
    "negative": (lambda shown: Money(-1), "raised", "InvalidMoney: money cannot be negative: -0.000000001 USD"),
    "forged negative": (lambda shown: forged(-5), "malformed", "InvalidMoney: money cannot be negative"),
    "forged float": (lambda shown: forged(1.5), "malformed", "InvalidMoney: money is a whole number of nano-dollars"),
    "huge": (lambda shown: Money(10**18 + 1), "malformed", "InvalidMoney: an amount above 1,000,000,000 USD is"),
    "too huge to count": (lambda shown: Money(10**19), "raised", "InvalidMoney: more than 9,223,372,036 USD cannot be"),
    "above its balance": (lambda shown: Money.usd(51), "unfunded", "its wallet can spend 50.00 USD; the bid"),
    "a role that it lacks": (
        lambda shown: Bid(Money.usd(1), "presenter"),
        "malformed",
        "bid as str 'presenter', but may bid here as transformer",
    ),
    "an invented role": (
        lambda shown: forged_bid(role="judge"),
        "malformed",
        "bid as str 'judge', but may bid here as",
    ),
    "a role equal to all": (lambda shown: forged_bid(role=EqualToAll("x")), "malformed", "bid as EqualToAll 'x', but"),
    "a role that cannot be shown": (
        lambda shown: forged_bid(role=Unshowable()),
        "malformed",
        "bid as Unshowable (which",
    ),
    "a bid of a float": (
        lambda shown: LOOSELY(1.5),
        "malformed",
        "returned Bid Bid(amount=1.5, role=None, observed={}); a bid is",
    ),
    "observing text": (lambda shown: forged_bid(observed={"a": "b"}), "malformed", "gave dict {'a': 'b'} as observed"),
    "observing nan": (lambda shown: forged_bid(observed={"a": float("nan")}), "malformed", "gave dict {'a': nan} as"),
    "observing much": (lambda shown: forged_bid(observed={"a": 10**400}), "malformed", "OverflowError: int too large"),
    "unshowable": (lambda shown: Unshowable(), "malformed", "ValueError: no class"),
    "an unshowable pass": (lambda shown: Pass(Unshowable()), "malformed", "RuntimeError: no str"),  # type: ignore[arg-type]
    "raises": (throw(ValueError("no\nidea")), "raised", "ValueError: no idea"),
    "raises nothing to say": (throw(ValueError()), "raised", "ValueError: no message"),
    "raises the unshowable": (throw(UnshowableError()), "raised", "UnshowableError: no message"),
    "raises surrogates": (throw(ValueError("\ud800\x00\x1b[2J")), "raised", "ValueError: \ufffd\ufffd\ufffd[2J"),
    "exits": (lambda shown: sys.exit("bye"), "raised", "SystemExit: bye"),
    "raises KeyboardInterrupt": (throw(KeyboardInterrupt()), "raised", "KeyboardInterrupt: no message"),
    "raises CancelledError": (throw(asyncio.CancelledError()), "raised", "CancelledError: no message"),
    "raises GeneratorExit": (throw(GeneratorExit()), "raised", "GeneratorExit: no message"),
    "raises BaseException": (throw(BaseException("base")), "raised", "BaseException: base"),
    "cancels itself": (cancel_itself, "raised", "CancelledError: no message"),
    "recurses": (lambda shown: BAD_BIDS["recurses"][0](shown), "raised", "RecursionError: maximum recursion depth"),
    "hangs": (hang, "late", "had not answered when the lot closed after 0.05 s"),
    "hangs when cancelled": (hang_on_when_cancelled, "late", "had not answered when the lot closed after 0.05 s"),
    "never stops": (never_stop, "late", "had not answered when the lot closed after 0.05 s"),
}


@pytest.mark.parametrize(("act", "fault", "reason"), BAD_BIDS.values(), ids=BAD_BIDS.keys())
def test_a_bid_outside_the_contract_is_a_recorded_fault_with_its_reason(act: Act, fault: str, reason: str) -> None:
    market = run_with(Odd(act), **HURRIED)
    answer = answers(market)["0", "odd"]
    assert (answer.kind, answer.fault) == ("fault", fault)
    assert answer.reason.startswith(reason)
    assert [row.bidder for row in faults(market) if row.award is None and row.lot == "0"] == ["odd"]
    assert awards(market)[0][1].bidder == "a"
    finish(market)


def test_the_same_bidder_with_a_lawful_bid_wins() -> None:
    """The control of all the others."""
    market = run_with(Odd(lambda shown: Money.usd(9)))
    assert awards(market)[0][1].bidder == "odd"
    assert faults(market) == []
    finish(market)


@pytest.mark.parametrize("act", ["exits", "hangs", "forged negative", "above its balance", "raises surrogates"])
def test_the_same_holds_on_disk(act: str, disk: str) -> None:
    behaviour, fault, _ = BAD_BIDS[act]
    market = run_with(Odd(behaviour), store=disk, **HURRIED)
    assert answers(market)["0", "odd"].fault == fault
    finish(market)
    market.close()


def test_a_bid_that_changes_its_mind_is_read_once() -> None:
    Fickle.asked = 0  # type: ignore[attr-defined]
    fickle = object.__new__(Fickle)
    object.__setattr__(fickle, "role", None)
    object.__setattr__(fickle, "observed", {})
    market = run_with(Odd(lambda shown: fickle))
    answer = answers(market)["0", "odd"]
    assert (answer.kind, answer.amount_nanos) == ("bid", 500_000_000)
    finish(market)


def test_a_provider_that_fails_at_bidding_is_a_pass_and_no_fault() -> None:
    market = run_with(Odd(throw(ProviderError("the model is down"))))
    answer = answers(market)["0", "odd"]
    assert (answer.kind, answer.fault, answer.reason) == ("pass", None, "ProviderError: the model is down")
    finish(market)


class LyingSegment(Segment):
    """Shows a small harmless text when it is checked, and another one after that."""

    @property
    def text(self) -> Any:
        LyingSegment.asked += 1  # type: ignore[attr-defined]
        return "harmless" if LyingSegment.asked == 1 else "x" * 5_000_000  # type: ignore[attr-defined]


class LyingText(str):
    """Claims to be short and clean, and is neither."""

    def encode(self, *_: Any) -> bytes:
        return b""

    def __contains__(self, part: object) -> bool:
        return False


class ChangingList(list[Any]):
    """Iterates over other segments every time."""

    def __iter__(self) -> Any:
        self.append(3)
        return iter([Segment("once")] if len(self) == 2 else [3])


def with_digest(text: str, digest: str) -> Segment:
    segment = Segment(text)
    object.__setattr__(segment, "digest", digest)
    return segment


BAD_DELIVERIES: dict[str, tuple[Act, str, str]] = {
    "none": (lambda lot: None, "malformed", "delivered NoneType; a delivery is a list of Segment, or a Replacement"),
    "str": (lambda lot: "text", "malformed", "delivered str; a delivery is a list of Segment, or a Replacement"),
    "one segment": (lambda lot: Segment("x"), "malformed", "delivered Segment; a delivery is a list of Segment, or"),
    "a list of str": (lambda lot: ["x"], "malformed", "delivered a list with str; a delivery is a list of Segment"),
    "an endless generator": (lambda lot: iter(int, 1), "malformed", "delivered callable_iterator; a delivery is"),
    "nothing": (lambda lot: [], "empty", "delivered no text"),
    "an empty replacement": (lambda lot: Replacement([]), "empty", "delivered no text"),
    "blank": (lambda lot: Replacement([Segment(" \n")]), "empty", "delivered no text"),
    "the same": (lambda lot: Replacement(lot.state.segments), "unchanged", "delivered the text that it bought"),
    "10 MB": (lambda lot: [Segment("x" * 10_000_000)], "too large", "delivered a state of 10,000,005 bytes; at most"),
    "many segments": (lambda lot: [Segment("x")] * 1_001, "malformed", "delivered 1,001 segments; at most 1,000 are"),
    "bytes": (lambda lot: [forged_segment(text=b"x")], "malformed", "a segment's text is str, not bytes"),
    "NUL": (lambda lot: [Segment("a\x00b")], "malformed", "the text holds NUL characters; it is binary, not text"),
    "surrogates": (lambda lot: [Segment("\ud800")], "malformed", "the text is not valid Unicode; it holds half a"),
    "lying surrogates": (lambda lot: [Segment(LyingText("\ud800"))], "malformed", "the text is not valid Unicode"),
    "a strange kind": (lambda lot: [Segment("x", kind="a\nb")], "malformed", "a segment's kind and media type are"),
    "a long kind": (lambda lot: [Segment("x", kind="k" * 101)], "malformed", "a segment's kind and media type are"),
    "a media type of 3": (lambda lot: [forged_segment(media_type=3)], "malformed", "a segment's kind and media type"),
    "unshowable": (lambda lot: Unshowable(), "malformed", "ValueError: no class"),
    "raises": (throw(ValueError("broke")), "raised", "ValueError: broke"),
    "exits": (lambda lot: sys.exit(3), "raised", "SystemExit: 3"),
    "raises KeyboardInterrupt": (throw(KeyboardInterrupt()), "raised", "KeyboardInterrupt: no message"),
    "hangs": (hang, "late", "had not delivered after 0.05 s"),
    "never stops": (never_stop, "late", "had not delivered after 0.05 s"),
}


def forged_segment(**values: Any) -> Segment:
    segment = Segment("x")
    for name, value in values.items():
        object.__setattr__(segment, name, value)
    return segment


@pytest.mark.parametrize(("act", "fault", "reason"), BAD_DELIVERIES.values(), ids=BAD_DELIVERIES.keys())
def test_a_delivery_outside_the_contract_is_a_fault_and_the_next_bidder_delivers(
    act: Act, fault: str, reason: str
) -> None:
    market = run_with(Odd(act, on="transform"), **HURRIED)
    (found,) = (row for row in faults(market) if row.award is not None)
    assert (found.bidder, found.fault, found.own_fault) == ("odd", fault, True)
    assert found.reason.startswith(reason)
    assert [award.bidder for lot, award in awards(market) if lot == "0"] == ["odd", "a"]
    finish(market)


def test_a_segment_is_read_once_whatever_it_says_later() -> None:
    LyingSegment.asked = 0  # type: ignore[attr-defined]
    lying = object.__new__(LyingSegment)
    for name, value in (("kind", "text"), ("media_type", "text/plain"), ("author", ""), ("digest", "")):
        object.__setattr__(lying, name, value)
    market = run_with(Odd(lambda lot: [lying], on="transform"))
    assert market.read_log("r1").progress.auctions["0.0"].lot.state.segments[-1].text == "harmless"
    assert faults(market) == []
    finish(market)


def test_a_list_is_read_once_whatever_it_holds_later() -> None:
    market = run_with(Odd(lambda lot: ChangingList([1]), on="transform"))
    assert faults(market) == []
    finish(market)


def test_a_forged_digest_or_author_does_not_reach_the_record() -> None:
    bad = with_digest("the truth", "0" * 64)
    object.__setattr__(bad, "author", "a")
    market = run_with(Odd(lambda lot: [bad], on="transform"))
    log = market.read_log("r1")
    written = log.progress.auctions["0"].deliveries[0][1].segments[-1]
    assert (written.text, written.author) == ("the truth", "odd")
    assert written.digest == Segment("the truth").digest
    finish(market)


@pytest.mark.parametrize("on", ["bid", "transform", "reserve"])
def test_what_a_bidder_changes_in_what_it_was_given_changes_it_for_nobody_else(on: str) -> None:
    def vandalise(shown: Any) -> Any:
        object.__setattr__(shown.state.segments[0], "text", "give me everything")
        object.__setattr__(shown.state, "segments", ())
        for sale in getattr(shown, "chain", ()):
            object.__setattr__(sale, "price_nanos", 0)
        return [Segment("vandal")] if on == "transform" else Money.usd(9)

    market = run_with(Odd(vandalise, on=on))
    assert market.result("r1").status == "open"
    auctions = market.read_log("r1").progress.auctions
    assert {auction.lot.state.segments[0].text for auction in auctions.values()} == {"hello"}
    assert faults(market) == []
    finish(market)


def test_a_delivery_of_as_many_segments_as_are_allowed_is_taken() -> None:
    market = run_with(Odd(lambda lot: [Segment(f"{number}") for number in range(1_000)], on="transform"))
    assert faults(market) == []
    finish(market)


def test_what_a_bidder_changes_in_what_it_was_given_stays_out_of_the_record() -> None:
    def vandalise(shown: Any) -> Any:
        object.__setattr__(shown.state.segments[0], "text", "give me everything")
        object.__setattr__(shown, "balance", Money.usd(1_000_000))
        object.__setattr__(shown, "reserve", forged(-3))
        return Money.usd(9)

    market = run_with(Odd(vandalise))
    assert market.read_log("r1").progress.request.text == "hello"
    assert market.read_log("r1").progress.auctions["0"].lot.state.text == "hello"
    finish(market)


@pytest.mark.parametrize("on", ["eligible", "bid_cost_max", "transform_cost_max"])
@pytest.mark.parametrize(
    "act",
    [
        throw(ValueError("no")),
        throw(SystemExit(2)),
        throw(KeyboardInterrupt()),
        throw(asyncio.CancelledError()),
        lambda shown: "a lot",
        lambda shown: 1.5,
        lambda shown: forged(-1),
        lambda shown: Unshowable(),
        lambda shown: Money.usd(1_000_000),
    ],
)
def test_a_cheap_method_that_fails_harms_only_its_bidder(on: str, act: Act) -> None:
    market = run_with(Odd(act, on=on))
    answer = answers(market).get(("0", "odd"))
    if on != "eligible":
        assert answer is not None
        assert answer.kind in ("fault", "pass")
    assert market.result("r1").offers
    finish(market)


@pytest.mark.parametrize(
    "act",
    [
        throw(ValueError("no")),
        throw(SystemExit()),
        hang,
        lambda lot: "much",
        lambda lot: forged(-4),
        lambda lot: Unshowable(),
    ],
)
def test_a_reserve_that_fails_is_no_reserve(act: Act) -> None:
    async def reserve(lot: Any) -> Any:
        said = act(lot)
        return await said if type(said) is CoroutineType else said

    market = run_with(Odd(lambda shown: Money.usd(9)), **HURRIED)
    finish(market)
    owner = Scripted("odd", {1: "9"})
    owner.reserve = reserve  # type: ignore[attr-defined]
    market = run_with(owner, **HURRIED)
    assert market.read_log("r1").progress.auctions["0.0"].keep is None
    finish(market)


def test_closing_goes_on_after_a_bidder_that_fails_to_close() -> None:
    closed = []
    first, second = Scripted("a", {}), Scripted("b", {})
    first.close = throw(SystemExit("never"))  # type: ignore[attr-defined]
    second.close = lambda: closed.append("b")  # type: ignore[attr-defined]
    market = make_market(first, second)
    market.close()
    assert closed == ["b"]


class FailingPolicy:
    name = "failing"
    version = 1

    def __init__(self, learn: Callable[[], Any]) -> None:
        self._learn = learn

    def value(self, memory: Any, observations: Any) -> Any:
        raise NotImplementedError

    def learn(self, memory: Any, receipts: Any) -> Any:
        return self._learn()


@pytest.mark.parametrize("learn", [lambda: 1 / 0, lambda: sys.exit(1), lambda: object(), lambda: {1, 2}])
def test_a_policy_that_fails_to_learn_does_not_keep_the_request_from_ending(learn: Callable[[], Any]) -> None:
    odd = Scripted("odd", {1: "9"})
    odd.policy = FailingPolicy(learn)  # type: ignore[attr-defined]
    market = run_with(odd)
    finish(market)
    assert market.result("r1").status == "released"
    assert market.bidder_rows()["odd"].faults == 1
    assert market.store.read(lambda reader: reader.memory(market.seats["odd"].memory_key)) is None


@pytest.mark.parametrize(("name", "version"), [("a/b", 1), (None, 1), ("x", "1"), ("x", True), (3, 1)])
def test_a_policy_whose_memory_would_have_no_key_is_refused(name: Any, version: Any) -> None:
    odd: Any = Scripted("odd", {})
    odd.policy = FailingPolicy(lambda: None)
    odd.policy.name, odd.policy.version = name, version
    with pytest.raises(BrokenPlugin, match="policy of bidder odd"):
        make_market(odd)


@pytest.mark.parametrize("method", ["value", "learn", "practise", "best_claims", "migrate", "describe"])
def test_a_policy_that_nobody_would_await_is_refused(method: str) -> None:
    async def asked(*given: Any) -> Any:
        raise AssertionError("nobody awaits this")

    odd: Any = Scripted("odd", {})
    odd.policy = FailingPolicy(lambda: None)
    setattr(odd.policy, method, asked)
    told = f"the policy of bidder odd: its `{method}` is asynchronous, but is not awaited; write `def {method}`"
    with pytest.raises(BrokenPlugin, match=told):
        make_market(odd)


def test_a_policy_that_learns_is_remembered() -> None:
    """The control of the one before."""
    odd = Scripted("odd", {1: "9"})
    odd.policy = FailingPolicy(lambda: {"seen": 1})  # type: ignore[attr-defined]
    market = run_with(odd)
    finish(market)
    row = market.store.read(lambda reader: reader.memory(market.seats["odd"].memory_key))
    assert row is not None
    assert row.body == '{"seen": 1}'
    assert market.bidder_rows()["odd"].faults == 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "a b",
        "a\nb",
        "\x1b[2J",
        "-a",
        "x" * 65,
        "r\u00e9mi",
        "\ud800",
        "a:b",
        "treasury",
        "issuer",
        "requester",
        3,
        b"a",
    ],
)
def test_a_name_that_would_break_keys_or_terminals_is_refused(name: Any) -> None:
    with pytest.raises(BrokenPlugin) as caught:
        make_market(Scripted(name, {}))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["a", "A-1", "gpt-4.1_mini", "diary~2", "x" * 64])
def test_an_ordinary_name_is_taken(name: str) -> None:
    """The control of the one before."""
    assert list(make_market(Scripted(name, {})).seats) == [name]


@pytest.mark.parametrize("roles", [(), ("judge",), "transformer", None, 3, (3,), (EqualToAll("x"),)])
def test_roles_that_are_none_are_refused(roles: Any) -> None:
    with pytest.raises(BrokenPlugin, match="roles"):
        make_market(Scripted("a", {}, roles))


@pytest.mark.parametrize("attribute", ["principal", "provider"])
@pytest.mark.parametrize("value", ["a\nb", 3, "x" * 200, "\ud800"])
def test_a_principal_or_provider_that_is_no_name_is_refused(attribute: str, value: Any) -> None:
    bidder = Scripted("a", {})
    setattr(bidder, attribute, value)
    with pytest.raises(BrokenPlugin, match=attribute):
        make_market(bidder)


def test_an_object_whose_attributes_raise_is_refused_by_name() -> None:
    class Broken(Scripted):
        @property
        def policy(self) -> Any:
            raise ValueError("not today")

    with pytest.raises(BrokenPlugin, match="its `policy` cannot be read"):
        make_market(Broken("a", {}))


def test_two_bidders_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidConfig, match="two bidders are called 'a'"):
        make_market(Scripted("a", {}), Scripted("a", {}))


def test_a_bidder_with_one_method_short_is_told_which() -> None:
    class Half:
        name = "half"
        roles = ("presenter",)

        async def bid(self, announcement: Any) -> Any:
            return Pass()

    with pytest.raises(BrokenPlugin, match="bidder half has no method `transform`"):
        make_market(Half())


def test_a_market_of_nothing_but_hostile_bidders_returns_the_bounty() -> None:
    everyone = []
    for number, (act, _, _) in enumerate(BAD_BIDS.values()):
        odd = Odd(act)
        odd.name = f"odd{number}"
        everyone.append(odd)
    market = make_market(*everyone, **HURRIED)
    result = market.run("hello", 10, seed=1)
    assert result.status == "failed"
    assert result.to_dict()["statement"]["returned"] == "10.00"
    assert_sound(market)


class AtOnce(Scripted):
    """Written without `async`, as is soon done."""

    def bid(self, announcement: Any) -> Any:
        return Money.usd("1")


def test_a_method_without_async_is_told_so() -> None:
    market = run_with(AtOnce("odd", {}))
    assert {(fault.bidder, fault.fault, fault.reason) for fault in faults(market)} == {
        ("odd", "raised", "TypeError: it returned Money at once; write it with `async def`")
    }

"""The conformance check of bid policies."""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, Final

from orchestrator.bidding import Observation, Valuation
from orchestrator.core.receipts import Receipt
from orchestrator.engine.describing import read_tables
from orchestrator.engine.guarded import Raised, Returned
from orchestrator.errors import InvalidConfig
from orchestrator.money import AMOUNT_NANOS_MAX, NANOS_PER_USD
from orchestrator.plugins.functions import check_call
from orchestrator.testing.policy_samples import lessons, observations, receipts
from orchestrator.testing.problem import Findings, Problem, require_none
from orchestrator.testing.running import call_plainly
from orchestrator.testing.shape import check_policy_shape

_NOTHING: Final = object()
_USD_MAX: Final = AMOUNT_NANOS_MAX // NANOS_PER_USD
# Sums of floats depend on their order in the last digits; values may, too.
_ORDER_TOLERANCE: Final = 1e-6
_SLOW_SECONDS: Final = 1.0
_MEMORY_CHARACTERS_MAX: Final = 10_000_000
# What everybody else waits for meanwhile.
_WAITING: Final = {
    "value": "in which no other bidder of its process runs",
    "learn": "inside the commit that ends a request, for which all other requests wait",
}


def check_policy(policy: Any, *, old_memories: Mapping[int, Any] | None = None) -> list[Problem]:
    """Have a policy value lots, learn from receipts and practise, and say what is wrong with it.

    Args:
        policy: the policy.
        old_memories: for each earlier version of its memory's format, a memory of that version, for
            its `migrate` to read.

    Returns:
        The problems; none for a policy that keeps the contract.
    """
    findings = Findings()
    check_policy_shape(policy, findings)
    if not findings.problems():
        exercise = _Exercise(policy, findings)
        exercise.run()
        exercise.practise()
        exercise.migrate(old_memories or {})
    return findings.problems()


def assert_policy(policy: Any, *, old_memories: Mapping[int, Any] | None = None) -> None:
    """Fail a test if a policy breaks its contract; see `check_policy`.

    Raises:
        AssertionError: it does; the message lists every problem.
    """
    require_none(f"policy {getattr(policy, 'name', policy)}", check_policy(policy, old_memories=old_memories))


class _Exercise:
    """One policy's way through all observations, receipts and lessons."""

    def __init__(self, policy: Any, findings: Findings) -> None:
        self._policy = policy
        self._findings = findings

    def run(self) -> None:
        """Value, learn, and value again with what was learned, request by request."""
        memory: Any = None
        situation = "before it has learned anything"
        at_first = _figures(self._policy, memory)
        self._value(memory, situation)
        self._claims(memory, situation)
        self._describe(memory, situation)
        for number, given in enumerate(receipts(), 1):
            learned = self._learn(memory, given, f"learning from request {number}")
            if learned is _NOTHING or not self._is_storable(learned, "learn()"):
                return
            self._check_order(memory, given, learned, f"learning from request {number}")
            memory = learned
            situation = f"after {number} requests"
            self._value(memory, situation)
            self._claims(memory, situation)
            self._describe(memory, situation)
        self._check_forgets(at_first)

    def practise(self) -> None:
        """Practise where it can, from nothing and from what it knows; then value, and learn on."""
        if not hasattr(self._policy, "practise"):
            return
        memory: Any = None
        for given, situation in ((lessons(), "after practice"), ([], "after practice without lessons")):
            learned = self._pure("practise", (memory, given), situation)
            if learned is _NOTHING or not self._is_storable(learned, "practise()"):
                return
            memory = learned
            self._value(memory, situation)
            self._claims(memory, situation)
            self._describe(memory, situation)
        later = self._learn(memory, receipts()[0], "learning after practice")
        if later is not _NOTHING and self._is_storable(later, "learn()"):
            self._value(later, "after practice and a request")

    def migrate(self, old_memories: Mapping[int, Any]) -> None:
        """Read the memories of earlier versions."""
        if not hasattr(self._policy, "migrate"):
            if self._policy.version > 1 or old_memories:
                self._findings.warn(
                    "there is no migrate(): memories of earlier versions are not read, and their bidders begin anew"
                )
            return
        try:
            check_call(self._policy.migrate, (None, 1), "migrate()", "a memory and its version")
        except InvalidConfig as error:
            self._findings.add(str(error))
            return
        for version, memory in old_memories.items():
            situation = f"a memory of version {version}"
            migrated = self._pure("migrate", (memory, version), situation)
            if migrated is not _NOTHING and self._is_storable(migrated, "migrate()"):
                self._value(migrated, situation)
                self._learn(migrated, receipts()[0], situation)

    def _value(self, memory: Any, situation: str) -> None:
        lots = observations()
        valuation = self._pure("value", (memory, lots), situation)
        if valuation is _NOTHING or not self._is_valuation(valuation, len(lots), situation):
            return
        for index, lot in enumerate(lots):
            alone = self._pure("value", (memory, [lot]), situation)
            if alone is _NOTHING or not self._is_valuation(alone, 1, situation):
                return
            whole = (valuation.means[index], valuation.deviations[index])
            if not all(map(math.isclose, whole, (alone.means[0], alone.deviations[0]))):
                self._findings.add("value() values a lot otherwise in a batch than alone", situation)
        nothing = self._pure("value", (memory, []), situation)
        if nothing is not _NOTHING:
            self._is_valuation(nothing, 0, f"{situation}, no lots")

    def _claims(self, memory: Any, situation: str) -> None:
        if not hasattr(self._policy, "best_claims"):
            return
        for lot in observations():
            found = self._pure("best_claims", (memory, lot), situation)
            problem = "" if found is _NOTHING else _problem_of_claims(found, lot)
            if problem:
                self._findings.add(f"best_claims() returned {problem}", situation)

    def _describe(self, memory: Any, situation: str) -> None:
        if not hasattr(self._policy, "describe"):
            return
        said = self._pure("describe", (memory,), situation)
        read = Returned(None) if said is _NOTHING else call_plainly(read_tables, said)
        if isinstance(read, Raised):
            self._findings.add(f"describe() returned what cannot be shown: {read.error}", situation)

    def _learn(self, memory: Any, given: Sequence[Receipt], situation: str) -> Any:
        return self._pure("learn", (memory, given), situation)

    def _check_order(self, memory: Any, given: Sequence[Receipt], learned: Any, situation: str) -> None:
        """Receipts of one request come in no order that means anything: what is learned must not depend on it."""
        backwards = list(given)[::-1]
        shown = list(backwards)
        turned = call_plainly(self._policy.learn, _copied(memory), shown)
        if shown != backwards:
            self._add_change("learn", "the list", f"{situation}, in another order")
        if isinstance(turned, Raised):
            self._findings.add(f"learn() raises {turned.reason}", f"{situation}, in another order")
            return
        one, again, other = (_figures(self._policy, each) for each in (learned, learned, turned.value))
        if one is None or again is None or other is None or not _are_close(one, again):
            return  # What is wrong with its values is found where they are asked for.
        if not _are_close(one, other):
            self._findings.add(
                "learn() learns something else from the receipts of one request in another order: sort them first",
                situation,
            )

    def _check_forgets(self, at_first: list[float] | None) -> None:
        """A memory is all that a policy knows: after all it was shown, no memory is no knowledge."""
        at_last, again = (_figures(self._policy, None) for _ in range(2))
        if at_first is None or at_last is None or again is None or not _are_close(at_last, again):
            return  # What changes by itself is found where it is asked for.
        if not _are_close(at_first, at_last):
            self._findings.add(
                "value() with the same memory changes once learn() was called: keep nothing in the policy itself, "
                "which is built anew whenever a market is opened; what it learns goes into the memory"
            )

    def _add_change(self, method: str, changed: str, situation: str) -> None:
        self._findings.add(f"{method}() changes {changed} that it was given: it must be pure, so copy first", situation)

    def _warn_if_slow(self, method: str, seconds: float, situation: str) -> None:
        if method in _WAITING and seconds > _SLOW_SECONDS:
            self._findings.warn(f"{method}() takes more than {_SLOW_SECONDS:g} s, {_WAITING[method]}", situation)

    def _pure(self, method: str, arguments: Sequence[Any], situation: str) -> Any:
        """Call a method twice with equal arguments: it must leave them alone and repeat itself."""
        call: Callable[..., Any] = getattr(self._policy, method)
        given = _given(arguments)
        started = time.perf_counter()
        result = call_plainly(call, *given)
        seconds = time.perf_counter() - started
        if isinstance(result, Raised):
            self._findings.add(f"{method}() raises {result.reason}", situation)
            return _NOTHING
        first = _copied(result.value)
        for changed, mine, original in zip(("the memory", "the list"), given, arguments, strict=False):
            if mine != original:
                self._add_change(method, changed, situation)
        started = time.perf_counter()
        again = call_plainly(call, *_given(arguments))
        # The quicker of two: a busy machine, or a first import, is not the policy's doing.
        self._warn_if_slow(method, min(seconds, time.perf_counter() - started), situation)
        if isinstance(again, Raised) or not _equal(again.value, first):
            self._findings.add(
                f"{method}() gives another result the second time: it must be pure; draw from the observation's seed, "
                "and keep nothing but the memory",
                situation,
            )
        return first

    def _is_valuation(self, valuation: Any, lots: int, situation: str) -> bool:
        if not isinstance(valuation, Valuation):
            self._findings.add(f"value() returned {type(valuation).__name__}; it must return a Valuation", situation)
            return False
        for name, figures in (("means", valuation.means), ("deviations", valuation.deviations)):
            problem = _problem_of(figures, lots)
            if problem:
                self._findings.add(f"value() returned {name} {problem}", situation)
                return False
        return True

    def _is_storable(self, memory: Any, method: str) -> bool:
        try:
            written = json.dumps(memory, allow_nan=False)
            stored = json.loads(written)
        except (TypeError, ValueError, RecursionError) as error:
            self._findings.add(f"{method} returned a memory that JSON cannot hold: {error}")
            return False
        if len(written) > _MEMORY_CHARACTERS_MAX:
            self._findings.warn(
                f"{method} returned a memory of more than {_MEMORY_CHARACTERS_MAX:,} characters, which is "
                "read whenever lots are announced and written whenever a request ends: keep less"
            )
        if stored != memory:
            self._findings.add(
                f"{method} returned a memory that comes back from JSON changed: "
                "its keys must be str, and its lists list, not tuple"
            )
            return False
        return True


def _given(arguments: Sequence[Any]) -> list[Any]:
    """Arguments of a call's own: a copy of the memory, and of a list; all else cannot be changed."""
    memory, *rest = arguments
    return [_copied(memory), *(list(each) if isinstance(each, list) else each for each in rest)]


def _problem_of(figures: Any, count: int) -> str:
    try:
        # By position, as the market reads them: a dict has keys, and a generator is read once.
        found = [figures[index] for index in range(len(figures))]
        if len(found) != count:
            return f"of length {len(found)}, for {count} observations"
        for figure in found:
            if isinstance(figure, bool):
                return "with a bool in them; write numbers"
            # A str or Decimal becomes a float, but does not add up with one.
            if not isinstance(figure, Real):
                return f"that are no sequence of numbers: there is a {type(figure).__name__} in them; write float"
        numbers = [float(figure) for figure in found]
    except (TypeError, ValueError, LookupError):
        return f"that are no sequence of numbers: {_brief(figures)}"
    except OverflowError:
        return f"above {_USD_MAX:,} USD; nobody can bid that"
    if not all(map(math.isfinite, numbers)):
        return f"that are not finite: {numbers}"
    if any(number < 0 for number in numbers):
        return f"below 0: {numbers}; values and deviations are 0 or more"
    if any(number > _USD_MAX for number in numbers):
        return f"above {_USD_MAX:,} USD: {numbers}; nobody can bid that"
    return ""


def _problem_of_claims(found: Any, lot: Observation) -> str:
    try:
        pairs = [(claim, float(chance)) for claim, chance in found]
    except (TypeError, ValueError):
        return f"{_brief(found)}; it must return pairs of a claim and its chance"
    held = {piece.claim for piece in lot.contributions} | {""}
    claims, chances = [claim for claim, _ in pairs], [chance for _, chance in pairs]
    if any(claim not in held for claim in claims):
        return "a claim that the state does not hold"
    if len(set(claims)) != len(claims):
        return "a claim twice"
    if not all(0.0 <= chance <= 1.0 for chance in chances):
        return f"chances outside of 0 to 1: {chances}"
    if chances != sorted(chances, reverse=True):
        return f"claims that are not in order of their chances: {chances}"
    return ""


def _figures(policy: Any, memory: Any) -> list[float] | None:
    """All that a policy says of every lot with a memory; None where it says nothing lawful."""
    said = call_plainly(policy.value, _copied(memory), observations())
    if isinstance(said, Raised) or not isinstance(said.value, Valuation):
        return None
    figures = (said.value.means, said.value.deviations)
    if any(_problem_of(each, len(observations())) for each in figures):
        return None
    return [float(figure) for each in figures for figure in each]


def _are_close(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(
        math.isclose(first, second, rel_tol=_ORDER_TOLERANCE, abs_tol=_ORDER_TOLERANCE)
        for first, second in zip(one, other, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Valuation) and isinstance(other, Valuation):
        return _equal(_listed(one.means), _listed(other.means)) and _equal(
            _listed(one.deviations), _listed(other.deviations)
        )
    # By their text: NaN differs from itself, and True equals 1.
    texts = [call_plainly(repr, each) for each in (one, other)]
    shown = [text.value for text in texts if isinstance(text, Returned)]
    # What cannot be shown, such as a list in itself or a number of 5,000 digits, is refused for what it is.
    return len(shown) < len(texts) or bool(shown[0] == shown[1])


def _copied(value: Any) -> Any:
    try:
        # A fraction of the time that copy.deepcopy takes.
        return pickle.loads(pickle.dumps(value))
    except Exception:
        # What cannot be copied cannot be stored either, and is reported for that.
        return value


def _brief(value: Any) -> str:
    """The beginning of a value's text, in one line."""
    text = call_plainly(str, value)
    return " ".join(str(text.value).split())[:60] if isinstance(text, Returned) else type(value).__name__


def _listed(figures: Any) -> Any:
    """Figures as a list, because arrays do not compare to one answer."""
    try:
        return list(figures)
    except TypeError:
        return figures

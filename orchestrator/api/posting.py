"""Reading what a caller asks for, before any money moves."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict

from orchestrator.config.settings import RequestDefaults
from orchestrator.core.keys import digest_text
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import Rules
from orchestrator.errors import InvalidMoney, InvalidRequest
from orchestrator.money import Money
from orchestrator.store import RequestRow

Amount = Money | int | str | Decimal | float
_LABELS_CHARACTERS_MAX = 10_000
_KEY_CHARACTERS_MAX = 200
_REQUESTER_CHARACTERS_MAX = 64
_SEED_MAX = 2**63 - 1
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Posting:
    """A request as its caller posts it; everything but text and budget may be left out.

    Attributes:
        text: what is wanted.
        budget: the bounty, in dollars.
        seed: root of every draw; drawn and recorded where left out.
        spend_cap: the most real money the run may cost; the config's, else the budget.
        deposit: what pays recorded costs if the offers are rejected; the config's, else nothing.
        requester: who posts it.
        idempotency_key: posting again under the same key finds the request that is there.
        labels: the caller's own notes, for lists.
    """

    text: str
    budget: Amount
    seed: int | None = None
    spend_cap: Amount | None = None
    deposit: Amount | None = None
    requester: str = "user"
    idempotency_key: str | None = None
    labels: Mapping[str, str] | None = None


class PostingOptions(TypedDict, total=False):
    """What a posting may say beside its text and its budget, as keywords; see `Posting`."""

    seed: int | None
    spend_cap: Amount | None
    deposit: Amount | None
    requester: str
    idempotency_key: str | None
    labels: Mapping[str, str] | None


def posting_of(text: str, budget: Amount, options: Mapping[str, Any]) -> Posting:
    """A posting from a caller's keywords.

    Raises:
        InvalidRequest: one of them is no option of a posting.
    """
    unknown = sorted(options.keys() - Posting.__dataclass_fields__.keys())
    if unknown:
        known = ", ".join(sorted(Posting.__dataclass_fields__.keys() - {"text", "budget"}))
        raise InvalidRequest(
            f"there is no option {unknown[0]!r}; a request takes {known}. What is the market's own, such as its "
            "store, is given to Market or written in the config"
        )
    return Posting(text, budget, **options)


@dataclass(frozen=True, slots=True)
class CheckedPosting:
    """A posting that has been checked, with nothing left open.

    Attributes:
        text: what is wanted.
        bounty: what the picked offer's presenter is paid.
        spend_cap: the most real money the run may cost.
        deposit: what pays recorded costs if the offers are rejected.
        seed: root of every draw.
        requester: who posts it.
        labels: the caller's notes, as canonical JSON.
        idempotency_key: under which posting again finds the same request.
    """

    text: str
    bounty: Money
    spend_cap: Money
    deposit: Money
    seed: int
    requester: str
    labels: str
    idempotency_key: str | None

    def request(self, request_id: str, rules: Rules, roster: tuple[Participant, ...]) -> Request:
        """The request that is posted."""
        return Request(
            id=request_id,
            text=self.text,
            bounty_nanos=self.bounty.nanos,
            spend_cap_nanos=self.spend_cap.nanos,
            seed=self.seed,
            rules=rules,
            roster=roster,
            deposit_nanos=self.deposit.nanos,
            requester=self.requester,
        )

    def row(
        self, request_id: str, *, created_seconds: float, expires_days: float, setting: str, driver: str
    ) -> RequestRow:
        """What the store keeps of the request beside its journal.

        Args:
            request_id: the request.
            created_seconds: when it is posted, in Unix time.
            expires_days: how long somebody may take to pick.
            setting: the config that it is run under, as canonical JSON.
            driver: the mark of whoever is to drive it.
        """
        return RequestRow(
            id=request_id,
            status="running",
            requester=self.requester,
            bounty_nanos=self.bounty.nanos,
            created_seconds=created_seconds,
            expires_seconds=created_seconds + expires_days * _SECONDS_PER_DAY,
            idempotency_key=self.idempotency_key,
            labels=self.labels,
            setting=setting,
            driver=driver,
        )


def read_posting(posting: Posting, defaults: RequestDefaults) -> CheckedPosting:
    """Check a posting, and fill in what it leaves to the config.

    Raises:
        InvalidRequest: it makes no sense.
        InvalidMoney: an amount is not money.
    """
    if not isinstance(posting, Posting):
        raise InvalidRequest(f"what is posted is a Posting(text, budget), not {type(posting).__name__}")
    text = read_text(posting.text, defaults.text_bytes_max)
    bounty = read_bounty(posting.budget)
    usual_cap = bounty if defaults.spend_cap_nanos is None else Money(defaults.spend_cap_nanos)
    cap = usual_cap if posting.spend_cap is None else _read_amount(posting.spend_cap, "spend cap")
    usual_deposit = Money(defaults.deposit_nanos)
    deposit = usual_deposit if posting.deposit is None else _read_amount(posting.deposit, "deposit")
    return CheckedPosting(
        text=text,
        bounty=bounty,
        spend_cap=cap,
        deposit=deposit,
        seed=read_seed(posting.seed),
        requester=read_requester(posting.requester),
        labels=read_labels(posting.labels),
        idempotency_key=read_idempotency_key(posting.idempotency_key),
    )


def check_size(checked: CheckedPosting, defaults: RequestDefaults) -> None:
    """Check that what a new request pledges is not above what may be.

    Raises:
        InvalidRequest: an amount is.
    """
    largest = Money(defaults.bounty_max_nanos)
    amounts = {"budget": checked.bounty, "spend cap": checked.spend_cap, "deposit": checked.deposit}
    for what, amount in amounts.items():
        if amount > largest:
            raise InvalidRequest(f"the {what} is {amount} USD; at most {largest} are allowed (request.bounty_max)")


def _read_amount(amount: Amount, what: str) -> Money:
    """An amount beside the budget; a message says which."""
    try:
        return Money.usd(amount)
    except InvalidMoney as refusal:
        raise InvalidMoney(f"the {what}: {refusal}") from None


def check_repeat(checked: CheckedPosting, earlier: Request) -> None:
    """Check that a posting under a known idempotency key asks for the same again.

    Otherwise whoever reuses a key by mistake is shown an answer to another question.

    Raises:
        InvalidRequest: it asks for something else.
    """
    asked = {
        "text": (digest_text(checked.text), earlier.text_digest),
        "bounty": (checked.bounty.nanos, earlier.bounty_nanos),
        "requester": (checked.requester, earlier.requester),
    }
    for what, (now, then) in asked.items():
        if now != then:
            raise InvalidRequest(
                f"idempotency key {checked.idempotency_key!r} is that of {earlier.id}, which has another {what}; "
                "use a new key for a new request"
            )


def read_text(text: Any, bytes_max: int) -> str:
    """Check a request's text.

    Raises:
        InvalidRequest: it is empty, too large, binary or not text at all.
    """
    if not isinstance(text, str):
        raise InvalidRequest(f"a request is text, not {type(text).__name__}")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidRequest("the request is not valid Unicode text; is it binary?") from None
    if not text.strip():
        raise InvalidRequest("the request is empty; say what you want, for example 'Plan a trip to Lisbon'")
    if size > bytes_max:
        raise InvalidRequest(
            f"the request has {size:,} bytes; at most {bytes_max:,} are allowed (request.text_bytes_max)"
        )
    if "\x00" in text:
        raise InvalidRequest("the request holds NUL characters; it is binary, not text")
    return text


def read_bounty(budget: Any) -> Money:
    """Read a budget.

    Raises:
        InvalidMoney: it is not an amount of money.
        InvalidRequest: it is 0.
    """
    return _above_zero(budget, "a budget of 0 buys nothing; give a bounty above 0 dollars")


def read_topup(amount: Any) -> Money:
    """Read what is to be put into a wallet.

    Raises:
        InvalidMoney: it is not an amount of money.
        InvalidRequest: it is 0.
    """
    return _above_zero(amount, "a top-up of 0 changes nothing; give an amount above 0 dollars")


def _above_zero(amount: Any, refusal: str) -> Money:
    money = Money.usd(amount)
    if money.nanos == 0:
        raise InvalidRequest(refusal)
    return money


def read_seed(seed: Any) -> int:
    """Read a seed, or draw one.

    Raises:
        InvalidRequest: it is not an integer from 0 to 2**63 - 1.
    """
    if seed is None:
        return secrets.randbelow(2**53)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _SEED_MAX:
        raise InvalidRequest(f"a seed is an integer from 0 to 2**63 - 1, not {shown(seed)}")
    return seed


def read_requester(requester: Any) -> str:
    """Read a requester's name.

    Raises:
        InvalidRequest: it is not a short printable name.
    """
    if (
        not isinstance(requester, str)
        or not 0 < len(requester) <= _REQUESTER_CHARACTERS_MAX
        or not requester.isprintable()
    ):
        raise InvalidRequest(f"a requester's name is 1 to {_REQUESTER_CHARACTERS_MAX} printable characters")
    return requester


def read_idempotency_key(key: Any) -> str | None:
    """Read an idempotency key.

    Raises:
        InvalidRequest: it is not a short printable string.
    """
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= _KEY_CHARACTERS_MAX or not key.isprintable():
        raise InvalidRequest(f"an idempotency key is 1 to {_KEY_CHARACTERS_MAX} printable characters")
    return key


def shown(value: Any) -> str:
    """A value for a message; very large integers have no decimal form to show."""
    try:
        return ascii(value)[:40]
    except ValueError:
        return "a number of thousands of digits"


def read_labels(labels: Any) -> str:
    """Read labels into canonical JSON.

    Raises:
        InvalidRequest: they are not a mapping of short strings.
    """
    given = {} if labels is None else labels
    if not isinstance(given, Mapping) or not all(isinstance(x, str) for pair in given.items() for x in pair):
        raise InvalidRequest("labels are a mapping of strings to strings")
    text = json.dumps(dict(given), sort_keys=True)
    if len(text) > _LABELS_CHARACTERS_MAX:
        raise InvalidRequest(f"labels take {len(text):,} characters; at most {_LABELS_CHARACTERS_MAX:,} are allowed")
    return text

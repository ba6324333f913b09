"""Every error that Vickrey raises, grouped by who must act.

VickreyError
|-- CallerError            the person or program that called us
|   |-- InvalidMoney       an amount that is not money
|   |-- InvalidRequest     a request, pick or option that makes no sense
|   |-- UnknownRequest     no such request in this store
|   |-- UnknownBidder      no such bidder in this market
|   |-- WrongStatus        the request is not in a status that allows this
|   |-- InvalidRecord      an exported run that is not what it claims to be
|   `-- InvalidMemory      a policy's memory that its policy cannot read
|-- OperatorError          whoever runs the market: config, disk, plugins
|   |-- InvalidConfig      a config file that cannot be used
|   |-- BrokenPlugin       a plugin that cannot be loaded or built
|   |-- TreasuryEmpty      the treasury cannot pay what the rules make it pay
|   |-- StoreUnavailable   the store cannot be opened, read or written
|   `-- StoreTooNew        the store was written by a newer version
|-- ProviderError          a model's or tool's provider; never the bidder's own fault
|   |-- SpendCapReached    the request may not spend more real money
|   |-- RateLimited        too many calls: the provider asks us to wait
|   |-- ProviderDown       unreachable, overloaded or broken: the provider must act
|   |-- ProviderTimeout    no whole answer in time
|   |-- Unauthorised       the key is missing, wrong or has no credit: the operator must act
|   |-- UnknownModel       the provider has no such model: the operator must act
|   |-- PromptTooLong      more text than the model can read: whoever wrote the prompt
|   |-- ProviderRefused    the provider will not take this call: whoever wrote the prompt
|   `-- UnreadableReply    an answer that is not what was asked for: the provider must act
|-- BidderError            a bidder's breach; the engine records it as a fault
|   `-- InvalidAnswer      a bid or delivery outside the contract
`-- InternalError          a law of the market would be broken: our defect, or a raced store
    |-- LedgerRefused      the ledger's laws forbid a transfer
    |   |-- InsufficientFunds
    |   |-- UnknownAccount
    |   |-- MalformedTransfer
    |   |-- TransferConflict
    |   |-- UnknownHold
    |   |-- HoldResolved
    |   `-- PostExceedsHold
    |-- StaleDriver        another driver has moved this request on
    `-- BrokenLaw          the core was asked for something impossible
"""

from typing import Any, ClassVar, Literal


class VickreyError(Exception):
    """Root of the tree; catching it catches everything that Vickrey raises on purpose."""


class CallerError(VickreyError):
    """The call cannot be carried out as made; the caller must change it."""


class InvalidMoney(CallerError):
    """An amount that is not a non-negative sum of at most nine decimal places (R1)."""


class InvalidRequest(CallerError):
    """A request, pick or option that cannot be carried out as given."""


class UnknownRequest(CallerError):
    """The store holds no request of this id."""


class UnknownBidder(CallerError):
    """The market has no bidder of this name."""


class WrongStatus(CallerError):
    """The request is in a status that does not allow the action."""


class InvalidRecord(CallerError):
    """An exported run cannot be read, or its contents do not agree with each other."""


class InvalidMemory(CallerError):
    """A policy's memory is another policy's, of a version that it cannot read, or damaged."""


class OperatorError(VickreyError):
    """The market's operator must act: configuration, disk, plugins."""


class InvalidConfig(OperatorError):
    """A configuration that cannot be used; the message names file, line and key."""


class BrokenPlugin(OperatorError):
    """A plugin that cannot be imported or built; others are not affected (R14)."""


class TreasuryEmpty(OperatorError):
    """The treasury cannot pay the subsidies of rule `subsidised`."""


class StoreUnavailable(OperatorError):
    """The store cannot be opened, read or written: a full disk, a read-only file, a lock."""


class StoreTooNew(OperatorError):
    """The store was written by a newer version of Vickrey than this one."""


class ProviderError(VickreyError):
    """A provider failed: the bidder that asked it through its meter is not to blame and forfeits nothing (R6).

    Args:
        message: what happened, where, and what to do.
        cost_nanos: what the failed call cost all the same, in nano-dollars; None where that is
            not known. A call that the provider turned down costs nothing.
        retry_after_seconds: how long the provider asks us to wait, where it says.

    Attributes:
        is_retriable: whether the same call may succeed later and cost nothing so far.
        must_act: who can put an end to it: the `provider`, the `operator` (key, model, endpoint)
            or the `caller` (the prompt).
    """

    is_retriable: ClassVar[bool] = False
    must_act: ClassVar[Literal["provider", "operator", "caller"]] = "provider"

    def __init__(
        self, message: str = "", *, cost_nanos: int | None = 0, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.cost_nanos = cost_nanos
        self.retry_after_seconds = retry_after_seconds


class SpendCapReached(ProviderError):
    """A call's worst case does not fit under the request's spend cap (R7)."""

    must_act = "caller"


class RateLimited(ProviderError):
    """The provider takes no more calls for now; `retry_after_seconds` says how long, if it does."""

    is_retriable = True


class ProviderDown(ProviderError):
    """The provider cannot be reached, is overloaded, or broke while it answered."""

    is_retriable = True


class ProviderTimeout(ProviderError):
    """The provider had not answered in full at the deadline.

    It may have done the work and charge for it, so the call is not made again.
    """


class Unauthorised(ProviderError):
    """The provider does not accept the key, or its account may not make this call."""

    must_act = "operator"


class UnknownModel(ProviderError):
    """The provider has no model of this name at this address."""

    must_act = "operator"


class PromptTooLong(ProviderError):
    """The prompt and the answer it asks for do not fit into the model's context."""

    must_act = "caller"


class ProviderRefused(ProviderError):
    """The provider will not take this call: its content, or a parameter that it does not know."""

    must_act = "caller"


class UnreadableReply(ProviderError):
    """The provider answered with something that is not what was asked for."""


class BidderError(VickreyError):
    """A bidder broke its contract; the engine turns this into a recorded fault (R3, R6)."""


class InvalidAnswer(BidderError):
    """A bid or a delivery that the contract does not allow."""


class InternalError(VickreyError):
    """A law of the market would be broken; nothing was written."""


class LedgerRefused(InternalError):
    """The ledger's laws forbid a transfer; none of the linked transfers was applied."""


class InsufficientFunds(LedgerRefused):
    """The debited account's spendable balance does not cover the amount (R4).

    Attributes:
        account: the account that falls short.
    """

    def __init__(self, message: str, account: str) -> None:
        super().__init__(message)
        self.account = account

    def __reduce__(self) -> tuple[Any, ...]:
        # Rebuilt from its message alone, it could not leave a worker process, whose pool then never answers.
        return type(self), (str(self), self.account)


class UnknownAccount(LedgerRefused):
    """A transfer names an account that was never opened."""


class MalformedTransfer(LedgerRefused):
    """A transfer of nothing, of a non-integer, to itself or between two units."""


class TransferConflict(LedgerRefused):
    """A transfer's id is taken by a transfer of other content."""


class UnknownHold(LedgerRefused):
    """A post or void names a hold that does not exist."""


class HoldResolved(LedgerRefused):
    """A hold that was posted or voided cannot be resolved again."""


class PostExceedsHold(LedgerRefused):
    """A post asks for more than its hold set aside."""


class StaleDriver(InternalError):
    """Another driver has appended to this request's journal; this one must stop."""


class BrokenLaw(InternalError):
    """The core was asked to do what the request's present state does not allow."""

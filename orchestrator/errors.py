"""Every error that Vickrey raises, grouped by who must act.

VickreyError
|-- CallerError            the person or program that called us
|   |-- InvalidMoney       an amount that is not money
|   |-- InvalidRequest     a request, pick or option that makes no sense
|   |-- UnknownRequest     no such request in this store
|   |-- UnknownBidder      no such bidder in this market
|   |-- WrongStatus        the request is not in a status that allows this
|   `-- InvalidRecord      an exported run that is not what it claims to be
|-- OperatorError          whoever runs the market: config, disk, plugins
|   |-- InvalidConfig      a config file that cannot be used
|   |-- BrokenPlugin       a plugin that cannot be loaded or built
|   |-- TreasuryEmpty      the treasury cannot pay what the rules make it pay
|   |-- StoreUnavailable   the store cannot be opened, read or written
|   `-- StoreTooNew        the store was written by a newer version
|-- ProviderError          a model's or tool's provider; never the bidder's own fault
|   `-- SpendCapReached    the request may not spend more real money
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
    """A provider failed: the bidder that used it is not to blame and forfeits nothing (R6)."""


class SpendCapReached(ProviderError):
    """A call's worst case does not fit under the request's spend cap (R7)."""


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

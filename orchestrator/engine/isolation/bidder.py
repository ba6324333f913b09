"""The market's side of a bidder in a process of its own: it keeps the contract, and asks the other side.

Code that hangs without ever awaiting, exits or crashes harms only that process: its lot closes
without it, and at its next lot it starts anew. Its memory is not limited.
"""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from orchestrator.bidding import Announcement, Beliefs, Observation, Valuation, WonLot
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import Role
from orchestrator.engine.isolation.connection import Connection
from orchestrator.engine.isolation.process import Message
from orchestrator.engine.isolation.wire import OPTIONAL_METHODS, OPTIONAL_POLICY_METHODS, decode_beliefs, strings
from orchestrator.errors import BrokenPlugin, InvalidAnswer, InvalidConfig

START_SECONDS: Final = 30.0
LEARN_SECONDS: Final = 5.0
BELIEFS_SECONDS: Final = 5.0


class IsolatedBidder:
    """Keeps the bidder's contract on behalf of a bidder that runs elsewhere.

    Its methods are those of the other side. Who stands behind it is for the operator to say: under a rival's principal,
    the lower of the two's bids would be dropped. The optional methods, which a bidder in the market's own
    process answers at once, are asynchronous here; the engine waits for either.

    Args:
        name: unique in its market.
        recipe: makes the bidder, in the other process; picklable, without arguments.
        start_seconds: how long building it may take.

    Raises:
        InvalidConfig: its recipe refuses an option.
        BrokenPlugin: it cannot be built.
    """

    provider: str | None
    policy: IsolatedPolicy | None
    eligible: Callable[[Announcement], Awaitable[bool]]
    bid_cost_max: Callable[[Announcement], Awaitable[Any]]
    transform_cost_max: Callable[[Announcement], Awaitable[Any]]
    reserve: Callable[[WonLot], Awaitable[Any]]
    practises: Callable[[Announcement], Awaitable[bool]]

    def __init__(
        self,
        name: str,
        recipe: Callable[[], Any],
        *,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.name = name
        self._connection = Connection(_pickled(name, recipe), start_seconds)
        self._closing = weakref.finalize(self, self._connection.close)
        try:
            ready = self.wait_until_ready()
        except Exception as error:
            self.close()
            raise _broken(name, error) from error
        self._take_description(ready)

    @property
    def pid(self) -> int | None:
        """Id of the process that runs now, if one does."""
        return self._connection.pid

    def wait_until_ready(self) -> Message:
        """Start its process, where none runs, and wait until the bidder is built there."""
        return self._connection.process().ready.result()

    async def bid(self, announcement: Announcement) -> Any:
        """Ask for a bid; what comes back has yet to be checked, as any bidder's answer."""
        return await self._connection.ask("bid", announcement)

    async def transform(self, lot: WonLot) -> Any:
        """Have a lot transformed; what comes back has yet to be checked."""
        return await self._connection.ask("transform", lot)

    def rest(self) -> None:
        """End the process; the next task starts it again."""
        self._connection.rest()

    def close(self) -> None:
        """Kill the process and wait for its end."""
        self._closing()

    def _take_description(self, ready: Message) -> None:
        missing = strings(ready.get("missing"))
        if missing:
            raise BrokenPlugin(f"bidder {self.name} has no method {' and no method '.join(f'`{m}`' for m in missing)}")
        # Taken as they are: whoever seats the bidder says what is wrong with them.
        named: Any = tuple(strings(ready.get("roles")))
        self.roles: Sequence[Role] = named
        self.provider = _string_or_none(ready.get("provider"))
        for method in strings(ready.get("has")):
            if method in OPTIONAL_METHODS:
                setattr(self, method, self._asking(method))
        match ready.get("policy"):
            case [str() as name, int() as version]:
                has = [method for method in strings(ready.get("policy_has")) if method in OPTIONAL_POLICY_METHODS]
                self.policy = IsolatedPolicy(name, version, self._connection, has)
            case _:
                self.policy = None

    def _asking(self, verb: str) -> Callable[[Any], Awaitable[Any]]:
        connection = self._connection
        return lambda shown: connection.ask(verb, shown)


class IsolatedPolicy:
    """The policy of an isolated bidder: it learns in that bidder's process.

    Args:
        name: names the format of its memory.
        version: version of that format.
        connection: the way to the process.
        has: the optional methods that the policy has there.
    """

    describe: Callable[[Any], Sequence[Beliefs]]

    def __init__(self, name: str, version: int, connection: Connection, has: Sequence[str] = ()) -> None:
        self.name = name
        self.version = version
        self._connection = connection
        if "describe" in has:
            self.describe = self._describe

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Values are asked for by the bidder itself, in its own process, and never from here."""
        raise InvalidAnswer("an isolated bidder's policy values lots in that bidder's own process")

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Have it learn; waits at most some seconds.

        Raises:
            BidderError: its process failed or took too long.
        """
        return self._connection.ask_and_wait("learn", (memory, list(receipts)), LEARN_SECONDS)

    def _describe(self, memory: Any) -> Sequence[Beliefs]:
        """Have it say what it believes; waits at most some seconds."""
        return decode_beliefs(self._connection.ask_and_wait("describe", (memory,), BELIEFS_SECONDS))


def _pickled(name: str, recipe: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps(recipe)
    except Exception as error:
        raise BrokenPlugin(f"bidder {name} cannot run in a process of its own: {error}") from error


def _broken(name: str, error: Exception) -> InvalidConfig | BrokenPlugin:
    """Why a bidder cannot take part, as it would be said of one in the market's own process."""
    kind = type(error).__name__
    if kind == InvalidConfig.__name__:
        return InvalidConfig(str(error))
    said = str(error) if kind == BrokenPlugin.__name__ else f"{kind}: {error}"
    return BrokenPlugin(f"bidder {name}: {said}")


def _string_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None

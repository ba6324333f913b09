"""Planted mutants: each breaks one law of clearing, settlement, endings, upkeep or the book; a fast test must notice.

    python -m tests.mutants            all of them, with a table
    python -m tests.mutants reserve    those whose name contains a word

Each mutant is one replacement of source text in a copy of the tree. A replacement that no longer finds its place
exactly once is an error: a mutant that is not planted would seem to survive, or to die of something else.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final, Literal, NamedTuple

ROOT: Final = Path(__file__).parent.parent
WORKERS: Final = 2
TIMEOUT_SECONDS: Final = 900
CLEARING = "orchestrator/core/clearing.py"
CLOSING = "orchestrator/core/closing.py"
SETTLEMENT = "orchestrator/core/settlement.py"
ENDING = "orchestrator/core/ending.py"
RANKING = "orchestrator/core/ranking.py"
AUDITION = "orchestrator/core/audition.py"
UPKEEP = "orchestrator/core/upkeep.py"
STATEMENT = "orchestrator/core/statement.py"
BOOK = "orchestrator/ledger/book.py"

# The fast tests that are asked about a file; those that fail soonest come first.
SUITES: Final[dict[str, tuple[str, ...]]] = {
    CLEARING: ("tests/core/test_clearing.py",),
    CLOSING: ("tests/core/test_closing.py", "tests/core/test_conservation.py"),
    SETTLEMENT: (
        "tests/core/test_auditions.py",
        "tests/core/test_settlement.py",
        "tests/core/test_states.py",
        "tests/core/test_conservation.py",
    ),
    ENDING: ("tests/core/test_endings.py", "tests/core/test_conservation.py"),
    RANKING: ("tests/core/test_ranking.py",),
    AUDITION: ("tests/core/test_auditions.py",),
    UPKEEP: ("tests/core/test_upkeep.py",),
    STATEMENT: ("tests/core/test_auditions.py", "tests/core/test_conservation.py"),
    BOOK: ("tests/ledger/test_book.py", "tests/ledger/test_audit.py", "tests/ledger/test_machine.py"),
}


class Mutant(NamedTuple):
    """One planted fault: a replacement of source text that must match exactly once."""

    name: str
    file: str
    old: str
    new: str


class Misplaced(Exception):
    """A mutant's text does not occur exactly once in its file."""


class Outcome(NamedTuple):
    """What the tests said of a mutant."""

    name: str
    verdict: Literal["killed", "SURVIVED", "BROKEN"]
    by: str
    seconds: float


MUTANTS: Final = (
    Mutant(
        "a wallet at the floor is refilled",
        UPKEEP,
        "return self.left_nanos(rules) < rules.refill_below_nanos",
        "return self.left_nanos(rules) <= rules.refill_below_nanos",
    ),
    Mutant(
        "one refill more than the rules allow",
        UPKEEP,
        "if wallet.refills >= rules.refills_max:",
        "if wallet.refills > rules.refills_max:",
    ),
    Mutant(
        "what the retired leave refills nobody",
        UPKEEP,
        "treasury_nanos += sum(row.amount_nanos for row in transfers)",
        "treasury_nanos += 0",
    ),
    Mutant(
        "a statement leaves out what the treasury paid for trials",
        STATEMENT,
        "return forfeits + escrow - subsidies - trials",
        "return forfeits + escrow - subsidies",
    ),
    Mutant(
        "a newcomer's own bid prices its trial",
        AUDITION,
        "regular = replace(clearing, standing=others).awards()",
        "regular = clearing.awards()",
    ),
    Mutant(
        "a trial is held that the grant does not cover",
        AUDITION,
        "price_nanos <= spendable.get(account, 0)",
        "price_nanos >= 0",
    ),
    Mutant(
        "the treasury buys a newcomer its own lot",
        AUDITION,
        "if newcomers[bid.bidder] != owner_principal]",
        "if newcomers[bid.bidder] != 0]",
    ),
    Mutant(
        "a request has a trial at every stage",
        AUDITION,
        "return {} if held else newcomers",
        "return newcomers",
    ),
    Mutant(
        "grants go beyond the budget",
        AUDITION,
        "min(rules.audition_budget_nanos - each.granted_nanos, share_nanos)",
        "share_nanos",
    ),
    Mutant(
        "a trial is paid for without a delivery",
        SETTLEMENT,
        "award.price_nanos if award.bidder in sales else 0",
        "award.price_nanos",
    ),
    Mutant(
        "a trial is charged to the newcomer",
        SETTLEMENT,
        "price = prices[bidder].paid_nanos if",
        "price = prices[bidder].price_nanos if",
    ),
    Mutant(
        "the winner pays its own bid",
        CLEARING,
        "losing[0].amount_nanos if losing else self.reserve_nanos",
        "winners[0].amount_nanos if winners else 0",
    ),
    Mutant("nobody pays the reserve", CLEARING, "if losing else self.reserve_nanos", "if losing else 0"),
    Mutant(
        "with copies the price is the last winning bid",
        CLEARING,
        "self.standing[awarded + len(winners) :]",
        "self.standing[awarded + len(winners) - 1 :]",
    ),
    Mutant(
        "a principal's second bid stands",
        CLEARING,
        "elif principal in seen:",
        "elif principal in seen and not standing:",
    ),
    Mutant(
        "the owner's principal may buy",
        CLEARING,
        "if principal == owner_principal:",
        "if bid.bidder == owner_principal:",
    ),
    Mutant(
        "a bid at the reserve is refused",
        CLEARING,
        "bid.amount_nanos < reserve_nanos",
        "bid.amount_nanos <= reserve_nanos",
    ),
    Mutant("ties go by name", CLEARING, 'derive_seed(seed, "tie", bid.bidder)', "bid.bidder"),
    Mutant(
        "ties go by order of arrival",
        CLEARING,
        "(-bid.amount_nanos, drawn)",
        "(-bid.amount_nanos, 0)",
    ),
    Mutant("first price is forgotten", CLEARING, 'self.rule == "first_price"', "False"),
    Mutant(
        "a substitute is chosen among all",
        CLEARING,
        "self.standing[awarded : awarded + vacant]",
        "self.standing[max(awarded - 1, 0) : awarded + vacant]",
    ),
    Mutant(
        "the same money backs two bids",
        CLOSING,
        "            self.left[account] -= needed_nanos\n",
        "            pass\n",
    ),
    Mutant(
        "the worst cost is not held with a bid",
        CLOSING,
        "rows = holds.backing(answer, wallet)",
        "rows = holds.backing(answer, wallet)[:1]",
    ),
    Mutant(
        "whoever has bid all of its wallet elsewhere is to blame",
        CLOSING,
        "if needed_nanos <= whole_nanos:",
        "if needed_nanos < whole_nanos:",
    ),
    Mutant(
        "what was never held for an owner's bid pays for its work",
        SETTLEMENT,
        "if bidder != auction.lot.owner:",
        "if True:",
    ),
    Mutant(
        "the price is posted without a delivery",
        SETTLEMENT,
        "price = prices[bidder].paid_nanos if bidder in prices else 0",
        "price = prices[bidder].paid_nanos if bidder in prices else 1",
    ),
    Mutant(
        "the winner is charged its bid",
        SETTLEMENT,
        "price = prices[bidder].paid_nanos if",
        "price = prices[bidder].bid_nanos if",
    ),
    Mutant("a provider's failure forfeits", SETTLEMENT, "forfeits = own_fault and ", "forfeits = "),
    Mutant("all of the bid is forfeit", SETTLEMENT, "progress.request.rules.forfeit_percent // 100", "1"),
    Mutant(
        "failures are not replaced", SETTLEMENT, "last_round + 1) if failed else ()", "last_round + 1) if False else ()"
    ),
    Mutant(
        "equal states are all sold",
        SETTLEMENT,
        "if content in contents:",
        "if content in ():",
    ),
    Mutant(
        "the treasury subsidises every rule",
        SETTLEMENT,
        'if progress.request.rules.rule != "subsidised":',
        'if progress.request.rules.rule == "none":',
    ),
    Mutant(
        "an unchanged text is a delivery",
        SETTLEMENT,
        "return state.content == bought.content",
        "return state is bought",
    ),
    Mutant(
        "a repeated text is a delivery",
        SETTLEMENT,
        "return author in claimants or not any(",
        "return author in claimants and not any(",
    ),
    Mutant(
        "the refund may exceed the bounty",
        ENDING,
        "min(taken.chain[0].price_nanos, request.bounty_nanos)",
        "taken.chain[0].price_nanos",
    ),
    Mutant("the refund is the last price", ENDING, "taken.chain[0].price_nanos", "taken.chain[-1].price_nanos"),
    Mutant(
        "all of the escrow is refunded",
        ENDING,
        "refund_nanos = min(taken.chain[0].price_nanos, request.bounty_nanos) if taken else 0",
        "refund_nanos = in_escrow_nanos if taken else 0",
    ),
    Mutant("the deposit pays at every ending", ENDING, 'if outcome == "rejected" else {}', "if outcome else {}"),
    Mutant("the deposit pays in full", ENDING, "min(progress.request.deposit_nanos, total)", "total"),
    Mutant(
        "the cap is not given back", ENDING, 'CAP_ISSUER, cap_left_nanos, "cap-return"', 'CAP_ISSUER, 0, "cap-return"'
    ),
    Mutant("low bids are shown first", RANKING, "return (-offer.last_bid_nanos,", "return (offer.last_bid_nanos,"),
    Mutant("equal offers are all shown", RANKING, "if identity not in seen:", "if offer.path not in shown:"),
    Mutant(
        "holds do not count against a wallet",
        BOOK,
        "spendable = debit.credits_posted - debit.debits_posted - debit.debits_pending",
        "spendable = debit.credits_posted - debit.debits_posted",
    ),
    Mutant("anyone may overdraw", BOOK, "> spendable and not debit.may_overdraw", "> spendable and False"),
    Mutant(
        "expected money can be spent",
        BOOK,
        "            if amount > spendable",
        "            if amount > spendable + debit.credits_pending",
    ),
    Mutant(
        "a hold resolves twice",
        BOOK,
        "            self._resolved[pending.id] = transfer_id\n            del",
        "            del",
    ),
    Mutant(
        "a post may exceed its hold",
        BOOK,
        "if amount > held:",
        "if amount > 2 * held:",
    ),
    Mutant("a conflicting repeat passes", BOOK, "if known != row:", "if known.debit != row.debit:"),
    Mutant(
        "a repeat moves money again",
        BOOK,
        "        if known is not None:\n",
        "        if known is not None and known != row:\n",
    ),
    Mutant("units mix", BOOK, "or debit.unit != credit.unit or", "or debit.unit == 'x' or"),
    Mutant(
        "a failed batch stays half applied",
        BOOK,
        "            self.revert(done)\n            raise\n",
        "            raise\n",
    ),
    Mutant("an undone hold stays open", BOOK, "            del self._open_holds[row.id]\n", "            pass\n"),
    Mutant(
        "a post does not free the rest",
        BOOK,
        "            debit.debits_pending -= held\n            credit.credits_pending -= held\n",
        "            debit.debits_pending -= amount\n            credit.credits_pending -= amount\n",
    ),
)


def mutate(mutant: Mutant, source: str) -> str:
    """The mutated source.

    Raises:
        Misplaced: the mutant's text does not occur exactly once.
    """
    count = source.count(mutant.old)
    if count != 1:
        raise Misplaced(f"mutant {mutant.name!r}: its text occurs {count} times in {mutant.file}, not once")
    return source.replace(mutant.old, mutant.new)


def copy_tree(tree: Path) -> None:
    """Copy what the tests need into `tree`."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "orchestrator", tree / "orchestrator", ignore=skip)
    for folder in ("core", "ledger"):
        shutil.copytree(ROOT / "tests" / folder, tree / "tests" / folder, ignore=skip)
    for name in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/effort.py", "tests/network.py"):
        shutil.copy(ROOT / name, tree / name)
    # Compiled once for all mutants. The hash tells a mutated source from the one that was compiled; times and sizes,
    # which are compared otherwise, might not.
    compileall.compile_dir(tree / "orchestrator", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def run_suite(tree: Path, suite: Sequence[str], *, keeps_bytecode: bool = False) -> subprocess.CompletedProcess[str]:
    """Run tests of a planted tree against the code in it; the tests' own bytecode can be kept for later copies."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--tb=line",
        *suite,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "" if keeps_bytecode else "1",
        "HYPOTHESIS_PROFILE": "ci",
        "VICKREY_TEST_EFFORT": "0.4",
    }
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )


def try_mutant(mutant: Mutant, snapshot: Path) -> Outcome:
    """Plant a mutant in a copy of the snapshot and say what became of it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(snapshot, tree)
        path = tree / mutant.file
        path.write_text(mutate(mutant, path.read_text()))
        result = run_suite(tree, SUITES[mutant.file])
    return _outcome(mutant.name, result, started)


def try_nothing(snapshot: Path) -> Outcome:
    """The control: the snapshot itself must pass."""
    started = time.monotonic()
    return _outcome("(no mutant)", run_suite(snapshot, ("tests/core", "tests/ledger"), keeps_bytecode=True), started)


def _outcome(name: str, result: subprocess.CompletedProcess[str], started: float) -> Outcome:
    failed = [line.split(" ")[1].split("::")[-1] for line in result.stdout.splitlines() if line.startswith("FAILED ")]
    verdict: Literal["killed", "SURVIVED", "BROKEN"]
    if result.returncode == 0:
        verdict, by = "SURVIVED", ""
    elif result.returncode == 1 and failed:
        verdict, by = "killed", failed[0]
    else:
        verdict, by = "BROKEN", (result.stdout + result.stderr)[-300:]
    return Outcome(name, verdict, by, time.monotonic() - started)


def try_all(mutants: Sequence[Mutant]) -> list[Outcome]:
    """Try mutants side by side; the control without a mutant comes first."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(WORKERS) as pool:
        snapshot = Path(folder) / "tree"
        copy_tree(snapshot)
        for mutant in mutants:
            mutate(mutant, (snapshot / mutant.file).read_text())
        control = try_nothing(snapshot)
        return [control, *pool.map(lambda mutant: try_mutant(mutant, snapshot), mutants)]


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as lines of text."""
    width = max(len(outcome.name) for outcome in outcomes)
    return "\n".join(f"{each.name:<{width}}  {each.verdict:<8}  {each.seconds:5.1f} s  {each.by}" for each in outcomes)


def main(words: Sequence[str]) -> int:
    """Try the mutants whose names contain one of the words, or all."""
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    control, *outcomes = try_all(chosen)
    sys.stdout.write(table([control, *outcomes]) + "\n")
    return int(control.verdict != "SURVIVED" or any(outcome.verdict != "killed" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What the command is asked to do."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.outcomes.market import Design
from benchmarks.outcomes.policies import is_pooled, policy_maker
from orchestrator.errors import BrokenPlugin, InvalidRequest

TABLES = ("held-out", "stream", "newcomer", "speed", "router", "change", "copies", "missing", "long-run")


@dataclass(frozen=True, slots=True)
class Settings:
    """The command's options, read.

    Attributes:
        path: the file of recorded outcomes.
        design: of the market.
        tables: which tables are asked for; none for all that suit the file.
        only: what a method's name must contain.
        is_validation: whether everything happens within folds 0 to 4.
        seed: root of every draw.
        orders: in how many orders methods learn from the training queries.
        has_answers: whether what was answered is used, where the record has it.
        as_json: whether to print JSON.
        writes: whether tables and plots go into the docs.
        plots: the folder that plots go into, if not the docs; None for none.
    """

    path: Path
    design: Design
    tables: tuple[str, ...]
    only: str
    is_validation: bool
    seed: int
    orders: int
    has_answers: bool
    as_json: bool
    writes: bool
    plots: Path | None


def read_settings(arguments: list[str] | None) -> Settings:
    """Read the command line.

    Raises:
        BrokenPlugin: plots are asked for, and matplotlib is not installed.
        InvalidConfig: there is no such policy, or it has no such option.
        InvalidRequest: a value that makes no sense.
    """
    given = _parser().parse_args(arguments)
    if given.orders < 1:
        raise InvalidRequest(f"--orders is 1 or more, not {given.orders}")
    if given.write and (given.validate or given.only):
        raise InvalidRequest("--write puts the report's whole tables into the docs: not with --validate or --only")
    if given.plots is not None:
        _check_plots(given.plots)
    return Settings(
        given.file,
        _design(given),
        tuple(given.table),
        given.only,
        given.validate,
        given.seed,
        given.orders,
        not given.without_answers,
        given.json,
        given.write,
        given.plots,
    )


def _check_plots(folder: Path) -> None:
    """See to it that plots can be drawn, before anything is measured for them."""
    if find_spec("matplotlib") is None:
        raise BrokenPlugin("plots need the package matplotlib; install it with: pip install 'vickrey[plots]'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"--plots: {folder} is no folder and cannot be made one: {error.strerror}") from None


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.outcomes", description="Real models' recorded answers, replayed through the market."
    )
    made.add_argument("file", type=Path, help="a Parquet file of recorded outcomes")
    made.add_argument("--value", type=float, default=0.10, help="what a right answer is worth, in USD (default 0.10)")
    made.add_argument(
        "--shown", type=int, default=1, choices=(1, 2, 3), help="answers that the user looks at (default 1)"
    )
    made.add_argument("--policy", default="bayes", help="a policy's name, or its dotted path package.module:Class")
    made.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the policy")
    made.add_argument(
        "--table",
        action="append",
        default=[],
        choices=TABLES,
        help="only this table; may be repeated; change, copies and missing must be asked for",
    )
    made.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="of tables held-out and stream, only methods whose name contains this",
    )
    made.add_argument("--validate", action="store_true", help="the held-out table within folds 0 to 4, for choosing")
    made.add_argument("--seed", type=int, default=0, help="root of every draw (default 0)")
    made.add_argument(
        "--orders",
        type=int,
        default=3,
        help="orders of training in tables held-out, copies and missing, of which the mean is shown (default 3)",
    )
    made.add_argument(
        "--without-answers", action="store_true", help="forget what was answered: as in open-ended work, nothing agrees"
    )
    made.add_argument("--json", action="store_true", help="one JSON document a table")
    made.add_argument("--write", action="store_true", help="put tables and plots into the docs")
    made.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="draw the curves of tables stream and change into this folder"
    )
    return made


def _design(given: argparse.Namespace) -> Design:
    if not 1e-6 <= given.value <= 1e6:
        raise InvalidRequest(f"--value is an amount from 0.000001 to 1000000 USD, not {given.value:g}")
    pairs = [option.partition("=") for option in given.option]
    for name, sign, _ in pairs:
        if not (name and sign):
            raise InvalidRequest(f"--option is NAME=VALUE, not {name + sign!r}")
    make = policy_maker(given.policy, {name: value for name, _, value in pairs}, given.shown)
    return Design(make, is_pooled(make()), given.value, given.shown)

"""A small scripted market for the command's tests, and a way to run the command on it."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from orchestrator.api import Market, Posting
from orchestrator.cli.app import app

PRESENTER = ["presenter"]


def bidder(name: str, **options: Any) -> dict[str, Any]:
    """A scripted bidder's entry; by its path, for that spares a look at every installed distribution."""
    return {"name": name, "type": "bidders.scripted:ScriptedBidder", "options": options}


# A transformer that wins, one that loses, one that wins and fails, one that cannot bid, and presenters.
BIDDERS = [
    bidder("diary", bids=["4.00", "2.50"], says=["I love tiles.\nI hate queues."], kind="preference", cost="0.01"),
    bidder("guide", bids=["3.00", "5.123456789"], says=["Day 1: Belem.", "Day 2: Alfama."]),
    bidder("flaky", bids=["3.50"], fails_at=[1]),
    bidder("rude", misbehaviour={"bid": "nan"}),
    bidder("letter", roles=PRESENTER, bids=[None, "1.00", "7.00"], says=["Dear friend,\nhere is a plan."]),
    bidder("list", roles=PRESENTER, bids=[None, "1.00", "6.50"], says=["- Belem"]),
    bidder("daily", roles=PRESENTER, bids=[None, None, "6.00"]),
]


def write_market(
    folder: Path,
    *,
    bidders: list[dict[str, Any]] | None = None,
    judge: str | dict[str, Any] = "none",
    rules: dict[str, Any] | None = None,
    name: str = "vickrey.yaml",
) -> Path:
    """Write a market's config."""
    document = {
        "version": 1,
        "judge": judge,
        "rules": rules or {},
        "bidders": BIDDERS if bidders is None else bidders,
    }
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


class Outcome:
    """What the command did."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def document(self) -> Any:
        """Its JSON document: there must be nothing else on stdout."""
        return json.loads(self.stdout)


@cache
def command() -> Any:
    """The command with all its verbs; making it takes longer than most of what a test does with it."""
    return get_command(app)


def vickrey(*arguments: str, stdin: str | bytes | None = None) -> Outcome:
    """Run the command in this process."""
    code: Any = 0
    with CliRunner().isolation(input=stdin) as (stdout, stderr, _):
        try:
            command().main(args=list(arguments), prog_name="vickrey")
        except SystemExit as done:
            code = done.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        said = [stream.getvalue().decode() for stream in (stdout, stderr)]
    return Outcome(code, *said)


def leave_interrupted(config: Path, text: str = "Plan a tour", seed: int = 1) -> str:
    """Post a request whose driver is gone before it has done anything."""
    with Market(config) as market:
        request_id = market.post(Posting(text, 10, seed=seed))
        row = next(row for row in market.requests() if row.id == request_id)
        market.store.transact(lambda tx: tx.put_request(row._replace(driver="")))
    return request_id

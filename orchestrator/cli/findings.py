"""What a check of books or of a record found."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.cli.output import Output
from orchestrator.ledger import Finding


def tell_findings(findings: Sequence[Finding], sound: str, output: Output) -> None:
    """Show what a check found.

    Args:
        findings: what is wrong.
        sound: what to say where nothing is.
        output: where to show it.
    """
    if output.as_json:
        output.emit({"findings": [{"where": found.where, "what": found.what} for found in findings]})
        return
    for found in findings:
        output.say(f"{found.where}: {found.what}")
    if not findings:
        output.say(sound)

"""Exported runs: one file a run, which can be verified and replayed from itself alone."""

from orchestrator.record.document import is_altered
from orchestrator.record.exporting import export_request, write_record
from orchestrator.record.playthrough import playthrough
from orchestrator.record.reading import read_record
from orchestrator.record.replaying import Absence, Purchase, Replay, ReplayRow, replay, without_bidder
from orchestrator.record.tally import Tally
from orchestrator.record.verifying import verify, verify_file

__all__ = [
    "Absence",
    "Purchase",
    "Replay",
    "ReplayRow",
    "Tally",
    "export_request",
    "is_altered",
    "playthrough",
    "read_record",
    "replay",
    "verify",
    "verify_file",
    "without_bidder",
    "write_record",
]

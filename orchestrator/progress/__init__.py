"""Progress: whether a market is getting better, computed from its store alone."""

from orchestrator.progress.reading import read_progress
from orchestrator.progress.report import ProgressReport

__all__ = ["ProgressReport", "read_progress"]

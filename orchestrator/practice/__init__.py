"""Practice: labelled tasks on which every bidder works, so that a market starts warm."""

from orchestrator.practice.plan import PracticePlan, Session, prepare
from orchestrator.practice.recorded import RecordedLessons, read_recorded
from orchestrator.practice.results import PracticeReport, Pupil
from orchestrator.practice.running import practise, practise_recorded
from orchestrator.practice.taking_part import check_workers, workers
from orchestrator.practice.tasks import LabelledTask, read_tasks
from orchestrator.practice.verifiers import load_verifier

__all__ = [
    "LabelledTask",
    "PracticePlan",
    "PracticeReport",
    "Pupil",
    "RecordedLessons",
    "Session",
    "check_workers",
    "load_verifier",
    "practise",
    "practise_recorded",
    "prepare",
    "read_recorded",
    "read_tasks",
    "workers",
]

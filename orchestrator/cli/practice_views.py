"""How a practice is shown: what it may cost, then how everybody did and what was learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from orchestrator.cli.inert import inert, one_line
from orchestrator.cli.render import aligned, cell, table
from orchestrator.cli.stages import counted
from orchestrator.money import Money, format_usd
from orchestrator.practice.plan import PracticePlan
from orchestrator.practice.results import PracticeReport
from orchestrator.practice.teaching import Taught

_TAUGHT: Final = {
    "practised": "practised: {lessons}",
    "receipts": "learned from {lessons}: each work as if sold alone, for the bounty times its score",
    "before": "had learned from these tasks before; --again repeats it",
    "nothing": "learns nothing from practice",
    "unshown": "learned nothing: no work of its own is among these",
    "none": "learned nothing: no task was finished at a known cost",
    "failed": "could not learn: {reason}",
}


def plan_views(plan: PracticePlan, most: Money) -> Iterable[Table | Text]:
    """Who works on how much, and what that can cost."""
    yield Text(f"{counted(len(plan.exercises), 'task')}, {counted(plan.works, 'work')}, recorded as {plan.id}")
    repeats = sum(exercise.task.repeats for exercise in plan.exercises)
    if repeats:
        yield Text(f"Left out as repeating an earlier line of the file: {counted(repeats, 'line')}.")
    if plan.answered:
        yield Text(f"{counted(plan.answered, 'work')} of these had answers before, which are used again.")
    costs = {name: nanos for name, nanos in plan.cost_max_by_bidder_nanos.items() if nanos}
    if costs:
        made = table("bidder", "may cost", right=("may cost",))
        texts = aligned([*costs.values(), plan.cost_max_nanos])
        for name, text in zip(costs, texts, strict=False):
            made.add_row(cell(name, "bold"), cell(text))
        made.add_row(Text("sum", style="bold"), cell(texts[-1], "bold"))
        yield made
        yield Text(f"The operator pays, through the treasury; the cap is {most} USD.")
    for name, reason in plan.unready.items():
        part = "works on some tasks only" if name in plan.cost_max_by_bidder_nanos else "takes no part"
        yield Text.assemble((f"{inert(name)} {part}: ", "yellow"), one_line(reason))


def report_views(report: PracticeReport) -> Iterable[Table | Text]:
    """How everybody did, and what each memory has learned."""
    made = table("bidder", "works", "mean score", "cost", "failed", right=("works", "mean score", "cost", "failed"))
    costs = aligned(pupil.cost_nanos for pupil in report.pupils)
    for pupil, cost in zip(report.pupils, costs, strict=True):
        made.add_row(
            cell(pupil.bidder, "bold"),
            cell(pupil.works),
            cell("" if pupil.score is None else f"{pupil.score:.3f}"),
            cell(cost if pupil.cost_known else f"{cost}+?"),
            cell(pupil.failures or ""),
        )
    yield made
    for pupil in report.pupils:
        if pupil.failure:
            yield Text.assemble((f"{inert(pupil.bidder)} failed first by: ", "red"), one_line(pupil.failure))
    left_out = sum(pupil.left_out for pupil in report.pupils)
    if left_out:
        yield Text(
            f"{counted(left_out, 'work')} did not fit under the cap; the same command with a higher one does the rest.",
            "yellow",
        )
    since = ", earlier runs included" if report.is_continued else ""
    yield Text(f"{counted(report.tasks, 'task')} cost {format_usd(report.cost_nanos)} USD in all{since}.")
    for each in report.taught:
        yield _taught(each)


def _taught(each: Taught) -> Text:
    who = inert(", ".join(each.bidders))
    policy = f" ({inert(each.policy)})" if each.policy else " (no policy)"
    unit = "receipt" if each.how == "receipts" else "lesson"
    said = _TAUGHT[each.how].format(lessons=counted(each.lessons, unit), reason=one_line(each.reason))
    return Text.assemble((who, "bold"), f"{policy} {said}")

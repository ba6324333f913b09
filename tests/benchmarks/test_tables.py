"""How benchmarks print figures."""

from __future__ import annotations

import pytest

from benchmarks.tables import Report


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-3.6e-19, "0"), (0.0, "0"), (0.00123456, "0.00123"), (-12.345, "-12.3"), (1234.5, "1,234"), (7, "7"), ("a", "a")],
)
def test_a_figure_is_shown_to_three_places_and_what_sums_leave_over_as_nothing(value: object, shown: str) -> None:
    table = Report("name", "A title", ("figure",), ((value,),)).to_markdown()
    assert f"| {shown} |" in table


def test_a_bar_in_a_name_begins_no_cell_and_a_line_end_no_row() -> None:
    table = Report("name", "A title", ("model", "figure"), (("mini | fast\r\nlatest\n", 1),)).to_markdown()
    assert "| mini \\| fast latest | 1 |" in table

"""Pictures of numbers: what is higher, thicker and where."""

from __future__ import annotations

import pytest

from broker.console import plots


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (7, 10), (10, 10), (11, 20), (49, 50), (302, 500), (10_001, 20_000)]
)
def test_given_numbers_then_the_axis_ends_at_one_that_reads_well(most: int, top: int) -> None:
    assert plots.stacked(("good",), [(most,)]).top == top


def test_given_two_kinds_then_they_stand_on_top_of_each_other_and_fill_their_share() -> None:
    plot = plots.stacked(("good", "failed"), [(6, 4), (0, 0)])
    low, high = plot.blocks
    assert (low.kind, high.kind) == ("good", "failed")
    assert (low.height, high.height) == (60, 40)
    assert low.y + low.height == 100
    assert high.y + high.height == low.y
    assert high.x + high.width <= 50


def test_given_no_numbers_then_there_is_nothing_to_draw() -> None:
    assert plots.stacked(("good",), []).blocks == ()
    assert plots.fan([], [], to_the_right=True) == ()


def test_given_rows_then_edges_lead_from_the_middle_of_each_to_the_middle() -> None:
    first, second = plots.fan([100, 1], ["good", "failing"], to_the_right=True)
    assert first.path.startswith("M0 25.0 ")
    assert first.path.endswith(" 100 50")
    assert second.path.startswith("M0 75.0 ")
    assert plots.fan([1], ["good"], to_the_right=False)[0].path.endswith("100 50.0")
    assert first.width == plots.THICK
    assert plots.THIN < second.width < first.width
    assert second.state == "failing"

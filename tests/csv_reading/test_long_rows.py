"""A row is bounded, so that no single search or copy of a hostile file takes long."""

import pytest

from api.csv_reading import read_table
from api.csv_reading.records import MAX_ROW_LENGTH
from strategies import Refusal
from tests.cases import how_many


@pytest.mark.parametrize(
    ("before", "repeated", "after", "told"),
    [
        ("email\n", "x", "", "Row 2 has more than"),
        ("email\n", " ", "", "Row 2 has more than"),
        ('email\n"', "x", '"\n', "Row 2 has more than"),
        ('email\n"', '""', '"\n', "Row 2 has more than"),
        ('email\n"a",', "x", "", "Row 2 has more than"),
        ('email\n"', "x", "", "is never closed"),
        ("email\n", ",", "", "more than 16,384 cells"),
        ("", ",", "", "more than 16,384 cells"),
        ("", " ", "", "1,000,000 characters"),
        ("", "\n", "email", "more than 1,048,576 rows"),
        ("email", "x", "", "1,000,000 characters"),
    ],
    ids=range(11),
)
def test_a_row_that_is_too_long_refuses_the_file(before: str, repeated: str, after: str, told: str) -> None:
    text = (
        before + repeated * how_many(2_000_000, 16_000_000) + after
    )  # made here: made at the import, all would stay in memory
    with pytest.raises(Refusal, match=told):
        list(read_table(text, ["email"]).rows())


def test_a_row_of_the_greatest_length_is_read() -> None:
    (row,) = read_table("email,x\na@x.org," + "x" * (MAX_ROW_LENGTH - 9), ["email"]).rows()
    assert len(row.cells[1]) == MAX_ROW_LENGTH - 9

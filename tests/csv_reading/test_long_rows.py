"""A row is bounded, so that no single search or copy of a hostile file takes long."""

import pytest

from api.csv_reading import read_table
from api.csv_reading.records import MAX_ROW_LENGTH
from strategies import Refusal

MANY = 16_000_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("email\n" + "x" * MANY, "Row 2 has more than"),
        ("email\n" + " " * MANY, "Row 2 has more than"),
        ('email\n"' + "x" * MANY + '"\n', "Row 2 has more than"),
        ('email\n"' + '""' * MANY + '"\n', "Row 2 has more than"),
        ('email\n"a",' + "x" * MANY, "Row 2 has more than"),
        ('email\n"' + "x" * MANY, "is never closed"),
        ("email\n" + "," * MANY, "more than 16,384 cells"),
        ("," * MANY, "more than 16,384 cells"),
        (" " * MANY, "1,000,000 characters"),
        ("\n" * MANY + "email", "more than 1,048,576 rows"),
        ("email" + "x" * MANY, "1,000,000 characters"),
    ],
    ids=range(11),
)
def test_a_row_that_is_too_long_refuses_the_file(text: str, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        list(read_table(text, ["email"]).rows())


def test_a_row_of_the_greatest_length_is_read() -> None:
    (row,) = read_table("email,x\na@x.org," + "x" * (MAX_ROW_LENGTH - 9), ["email"]).rows()
    assert len(row.cells[1]) == MAX_ROW_LENGTH - 9

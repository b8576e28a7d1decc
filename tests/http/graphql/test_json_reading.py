"""Reading JSON: what is counted is what a parser would build, wherever texts and slices begin and end."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.graphql import json_reading
from api.http.graphql.json_reading import MAX_DEPTH, MAX_JSON_COST, check_size, read_any_json, read_json
from api.http.graphql.json_writing import write_any_json, write_json
from strategies import Refusal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=50) | st.dictionaries(st.text(), inner, max_size=50),
    max_leaves=100,
)


def cost(value: Any) -> int:
    """Count what MAX_ELEMENTS counts, from the value."""
    if isinstance(value, list):
        return 4 + max(len(value) - 1, 0) + sum(map(cost, value))
    if isinstance(value, dict):
        return 4 + max(len(value) - 1, 0) + 2 * len(value) + sum(map(cost, value.values()))
    return 0


@given(VALUES, st.booleans(), st.integers(1, 40))
def test_the_count_is_exact(value: Any, ascii_only: bool, size: int) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_reading, "_SLICE_BYTES", size)
        patched.setattr(json_reading, "MAX_JSON_COST", cost(value))
        check_size(body)
        patched.setattr(json_reading, "MAX_JSON_COST", cost(value) - 1)
        if cost(value):
            with pytest.raises(Refusal):
                check_size(body)


@given(VALUES)
def test_what_is_read_is_what_was_written(value: Any) -> None:
    text = json.dumps(value)
    assert read_json(text.encode()) == json.loads(text)


@given(VALUES)
async def test_what_is_written_in_pieces_is_the_same(value: Any) -> None:
    assert await write_any_json(value) == write_json(value)


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_depth_is_bounded(levels: int, opening: str, closing: str) -> None:
    body = (opening * levels + "1" + closing * levels).encode()
    if levels <= MAX_DEPTH:
        read_json(body)
    else:
        with pytest.raises(Refusal, match="nested too deeply"):
            read_json(body)


HOSTILE = {
    "lists": ("[", "[],", 5_000_000, "[]]"),
    "objects": ("[", "{},", 5_000_000, "{}]"),
    "texts": ("[", '"",', 5_000_000, '""]'),
    "numbers": ("[", "1,", 5_000_000, "1]"),
    "names": ("{", '"a":1,', 2_000_000, '"a":1}'),
    "broken": ("[1", " 1", 1_000_000, "]"),
    "opened": ("", "[", 16_000_000, ""),
    "number": ("", "1", 16_000_000, ""),
    "backslashes": ("", "\\", 16_000_000, ""),
    "half a text": ('"', "\\u0041", 2_000_000, ""),
}
"""How bodies begin, what is repeated in them, how often, and how they end."""


def hostile(shape: str) -> bytes:
    """Return a hostile body. Made at the import, all would stay in memory."""
    before, repeated, times, after = HOSTILE[shape]
    return (before + repeated * times + after).encode()


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_shapes_are_refused(shape: str) -> None:
    with pytest.raises(Refusal):
        read_json(hostile(shape))


async def test_large_texts_and_many_ids_are_read() -> None:
    ids = [f"per_{number:026}" for number in range(200_000)]
    csv = "".join(random.Random(1).choices('a,"\n:[]{}é\U0001f600', k=4_000_000))
    for value in ({"ids": ids}, {"csv": csv}):
        for ascii_only in (True, False):
            body = json.dumps(value, ensure_ascii=ascii_only).encode()
            assert await read_any_json(body, "wsp_1") == value


async def test_what_is_wrong_with_large_json_is_told_as_with_small() -> None:
    spaces = b" " * 100_000
    for body in (b"[1,]", b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b'{"a" 1}', b"[" * 200, b'["\\x"]', b"1" * 5_000):
        with pytest.raises(Refusal) as small:
            read_json(body)
        with pytest.raises(Refusal) as large:
            await read_any_json(body + spaces, "wsp_1")
        assert str(large.value) == str(small.value)


async def test_halves_of_characters_and_repeated_names_are_read_as_ever() -> None:
    for filler in ("", "x" * 100_000):
        body = b'{"a": "\\ud800", "b": 1, "b": 2, "c": "%s"}' % filler.encode()
        assert await read_any_json(body, "wsp_1") == {"a": "\ud800", "b": 2, "c": filler}


async def test_too_many_elements_are_told() -> None:
    with pytest.raises(match=f"The limit is {MAX_JSON_COST:,};"):
        await read_any_json(hostile("lists"), "wsp_1")

"""A pattern of a schema means the same on the server as in a frontend, which compiles it in JavaScript."""

import pytest

from api.services.common.inputs import inputs
from plugins.loading.schemas import python_pattern, validator
from strategies import Refusal

TIME = {"type": "object", "properties": {"at": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}}}


def test_a_dollar_is_the_end_of_the_text() -> None:
    assert validator(TIME).is_valid({"at": "09:30"})
    for wrong in ("09:30\n", "09:30\n\n", "9:30", " 09:30"):
        assert not validator(TIME).is_valid({"at": wrong})
    with pytest.raises(Refusal) as refused:
        inputs.config({"at": "09:30\n"}, TIME, ("config",))
    assert (refused.value.code, refused.value.path) == ("INVALID_CONFIG", ("config", "at"))


def test_other_dollars_stay() -> None:
    for pattern, python in (
        ("^a$", r"^a\Z"),
        (r"\$", r"\$"),
        (r"\\$", r"\\\Z"),
        ("[$]", "[$]"),
        ("[^$]$", r"[^$]\Z"),
        (r"[\]$]", r"[\]$]"),
        ("^(a$|b$)", r"^(a\Z|b\Z)"),
        ("", ""),
    ):
        assert python_pattern(pattern) == python, pattern

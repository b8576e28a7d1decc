"""The subject of a record in the CRM: the pattern's variables, line breaks, and the cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.crm.activities.subjects import DEFAULT_PATTERN, checked_pattern, reply_subject, subject
from strategies import Refusal
from tests.cases import how_many

VALUES = {
    "activity_type": "Email",
    "activity_subject": "Hello {{call_reason}}",
    "sales_campaign_name": "Spring\r\n  2026\u2028launch",
    "sales_campaign_day": 3,
    "sales_campaign_step": 2,
    "call_outcome": None,
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (DEFAULT_PATTERN, "Email: Hello {{call_reason}}"),
        ("{{ activity_type }}/{{activity_type}}", "Email/Email"),
        ("{{sales_campaign_name}} {{sales_campaign_day}}.{{sales_campaign_step}}", "Spring 2026 launch 3.2"),
        ("Call [{{call_outcome}}|{{call_reason}}]", "Call [|]"),
        ("{{call_outcome}}{{call_reason}}", "Hello {{call_reason}}"),
        ("x" * 250 + " {{activity_subject}}", "x" * 250 + " Hell"),
        ("x" * 254 + "{{activity_type}}", "x" * 254 + "E"),
    ],
)
def test_variables_are_filled_in_once_and_the_text_is_one_line_of_255_characters(pattern: str, expected: str) -> None:
    assert checked_pattern(pattern, ("subjectPattern",)) == pattern
    assert subject(pattern, VALUES) == expected


@given(st.text(max_size=400), st.text(max_size=400))
@settings(max_examples=how_many(10, 25))
def test_a_subject_is_always_one_line_that_fits(name: str, text: str) -> None:
    made = subject(
        "{{activity_subject}} {{sales_campaign_name}}", {"activity_subject": text, "sales_campaign_name": name}
    )
    assert len(made.splitlines()) <= 1
    assert len(made) <= len(made.encode("utf-16-le", "replace")) // 2 <= 255
    assert len(reply_subject(text)) <= 255


def test_characters_outside_the_basic_plane_are_not_halved() -> None:
    assert subject("{{activity_subject}}", {"activity_subject": "a" + "😀" * 200}) == "a" + "😀" * 127
    assert reply_subject("Hi\nAda ") == "Reply: Hi Ada"
    assert reply_subject("") == "Reply:"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{{person}}", "{{person}} is not a variable"),
        ("{{}}", "{{}} is not a variable"),
        ("{{Activity_Type}}", "The variables are {{activity_type}}"),
        ("{{activity_type} x", "Each {{"),
        ("a }} b", "Each {{"),
        ("{{activity_type}}\n{{activity_subject}}", "line break at character 18"),
        (" ", "needs text"),
        ("x" * 1_001, "up to 1000"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        checked_pattern(pattern, ("subjectPattern",))
    assert refused.value.code == "INVALID_SUBJECT_PATTERN"
    assert refused.value.path == ("subjectPattern",)
    assert words in refused.value.message

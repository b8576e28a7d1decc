# ruff: noqa: E501 - a table of hostile texts
"""Numbers of any length in character references: Python's int() refuses those of more than 4,300 digits."""

from datetime import UTC, datetime

import pytest

from api.mail.message.body import finish_final_body, render_body
from api.mail.references import decode_references
from api.mail.removed_html import find_removed_html
from api.mail.template_check import check_template
from api.mail.templates.prompts import find_remaining_prompts, prompt_labels

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUGE = [
    "&#" + "9" * 4_400 + ";",
    "&#" + "9" * 4_400,
    "&#" + "0" * 4_400 + "65;",
    "&#x" + "F" * 4_400 + ";",
    "&#x" + "0" * 4_400,
]


@pytest.mark.parametrize("huge", HUGE)
def test_a_huge_number_is_a_character_or_none(huge: str) -> None:
    assert len(decode_references(huge)) <= 1
    assert find_remaining_prompts(f"{huge}{{{{! Ask }}}}", [], html=True) == ("Ask",)
    assert len(prompt_labels([f"{{{{! {huge} }}}}"])) == 1
    assert finish_final_body(f"<p title='{huge}'>x {huge}</p>", ()).text.startswith("x")
    find_removed_html(f"<p onclick='{huge}' style='a:{huge}'>{huge}</p>", template=True)


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize(
    "source",
    [
        "{{{{ a | default: &quot;{0}&quot; }}}}", "{{{{ a | default: \u201c{0}\u201d }}}}", "{{{{ a | default: '{0}' }}}}",
        "{{% if a == \u201c{0}\u201d %}}x{{% endif %}}y", "{{{{! {0} }}}}", "{{{{ '{0}' | strip_html }}}}",
        "<ol start='{0}'><li value='{0}'>x</ol>", "<a href='%7B%7B a | default: %22{0}%22 %7D%7D'>x</a>",
    ],
)  # fmt: skip
def test_templates_with_huge_numbers(source: str, huge: str) -> None:
    check_template(source.format(huge), html=True)
    check_template(source.format(huge))
    render_body(source.format(huge), {"a": "b"}, NOW)

"""Explanations of send times and due dates."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.context import Request
from api.services.enrollments.timelines import spoken
from strategies.sentences import sentence


@strawberry.type(description="One line of an explanation.")
class ExplanationLine:
    code: str = strawberry.field(
        description="For programs, such as `DAY` or `SAME_TIME`. docs/explanations.md lists them."
    )
    sentence: str = strawberry.field(description="For people.")
    values: JSON = strawberry.field(description="The values that stand in the sentence.")


def explain(info: Request, explanation: Any, language: str) -> list[ExplanationLine]:
    """Say a stored explanation."""
    options = info.context.workspace_context.installed.send_options.values()
    return [
        ExplanationLine(code=note.code, sentence=sentence(note, language, options), values=JSON(dict(note.values)))
        for note in spoken(explanation)
    ]

"""Explanations of send times and due dates."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.graphql_context import Request
from api.services.enrollments.timelines.explanations import notes_from_json
from strategies import Note
from strategies.sentences.sentences import own_first, sentence


@strawberry.type(description="One step in the calculation of a send time or due date.")
class ExplanationLine:
    code: str = strawberry.field(
        description="Code of the step, such as `DAY` or `SAME_TIME`. docs/explanations.md lists the codes."
    )
    sentence: str = strawberry.field(description="The step in one sentence, for people, in the requested language.")
    values: JSON = strawberry.field(description='The values in the sentence, by name, such as `{"day": 3}`.')


def explain(info: Request, explanation: Any, language: str, *further: Note) -> list[ExplanationLine]:
    """Return the sentences of a stored explanation, and of further notes."""
    notes = [*notes_from_json(explanation), *further]
    options = own_first(notes, info.context.workspace_context.installed.send_options)
    return [
        ExplanationLine(code=note.code, sentence=sentence(note, language, options), values=JSON(dict(note.values)))
        for note in notes
    ]

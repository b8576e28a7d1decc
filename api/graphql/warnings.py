"""Warnings about a result. They are not errors."""

from collections.abc import Iterable

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from strategies import WarningNote
from strategies.sentences.sentences import own_first, sentence


@strawberry.type(
    name="Warning",
    description="A hint about a possible mistake. A warning does not stop the request.",
)
class WarningLine:
    note: strawberry.Private[WarningNote]

    @strawberry.field(
        description="Code of the warning, such as `FIELD_WITHOUT_VALUE`. docs/errors.md lists the codes and their "
        "values; packages with send options may add their own."
    )
    def code(self) -> str:
        return self.note.code

    @strawberry.field(description="What to consider, for people, in one or two sentences.")
    def sentence(self, info: Request, language: Language = "en") -> str:
        options = info.context.workspace_context.installed.send_options
        return sentence(self.note, language, own_first([self.note], options))

    @strawberry.field(
        description='The values in the sentence, by name: texts and whole numbers, such as `{"step": 2, '
        '"field": "city", "missing": 1, "people": 4}`.'
    )
    def values(self) -> JSON:
        return JSON(dict(self.note.values))


def warning_lines(notes: Iterable[WarningNote]) -> list[WarningLine]:
    """Return the warnings as GraphQL objects."""
    return [WarningLine(note=note) for note in notes]

"""The argument by which a client chooses the language of a sentence."""

from typing import Annotated

import strawberry

Language = Annotated[
    str,
    strawberry.argument(
        description="Code of the language, such as `en` or `de`. English is used where a text is missing."
    ),
]

"""The argument by which a client chooses the language of a sentence."""

from typing import Annotated

import strawberry

Language = Annotated[str, strawberry.argument(description="Language code; English where a text is missing.")]

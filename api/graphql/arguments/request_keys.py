"""The key with which a client may repeat a request."""

from typing import Annotated

import strawberry

KEY = (
    "A text of up to 100 characters that the client makes, such as a UUID, so that a request that is repeated after a "
    "timeout is carried out once. A repeated request with the same key and the same input gets the answer of the "
    "first. With another input, it is refused (`KEY_REUSED`). A key is kept for at least 24 hours. A refused request "
    "does not use its key up."
)
Key = Annotated[str | None, strawberry.argument(description=KEY)]

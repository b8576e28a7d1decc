"""The argument by which a client says which version of an object it has read."""

from typing import Annotated

import strawberry

IfVersion = Annotated[
    int | None,
    strawberry.argument(
        description="`version` of the object as the client has read it. If someone has changed it since, the mutation "
        "is refused with `VERSION_CONFLICT`. If left out, the change is made to any version."
    ),
]

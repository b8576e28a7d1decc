"""Payloads of mutations: each has the changed object, or errors."""

from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

from api.graphql.engine.context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, PATH_PARTS
from strategies import Refusal


@strawberry.type(description="Why a mutation was refused. When there is one, nothing was written.")
class UserError:
    code: str = strawberry.field(
        description="What is wrong, for programs, such as `SEND_AT_REQUIRED`. docs/errors.md lists all codes."
    )
    message: str = strawberry.field(description="What is wrong and what to do about it, for people.")
    path: list[str] = strawberry.field(
        metadata=cost(size=PATH_PARTS),
        description="Where the wrong value is: the argument's name, or inside `input` the name of its field, then "
        'field by field inwards, elements of lists by their index from 0. Such as `["email"]` or '
        '`["times", "1", "time"]`. Empty when no argument is at fault.',
    )


@strawberry.type
class Payload:
    """The base of all payloads. Each adds the object that its mutations change."""

    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS),
        default_factory=list,
        description="Why the mutation was refused. Empty if the mutation succeeded.",
    )


class RefusalsAsErrors(FieldExtension):
    """Answers a Refusal that a mutation raises with the mutation's payload and its ``errors``."""

    def apply(self, field: StrawberryField) -> None:
        """Keep the payload's class, which is the type of the field."""
        self._payload: type[Payload] = field.type  # type: ignore[assignment]

    async def resolve_async(self, next_: Any, source: Any, info: Request, **kwargs: Any) -> Payload:
        """Carry out the mutation."""
        # An earlier mutation of this request may have changed rows that the loaders have cached.
        info.context.forget()
        try:
            return await next_(source, info, **kwargs)
        except Refusal as refusal:
            error = UserError(code=refusal.code, message=refusal.message, path=list(refusal.path))
            return self._payload(errors=[error])


def mutation(*, description: str, metadata: dict[str, Any] | None = None) -> Any:
    """Return the decorator of a mutation's resolver, which may raise Refusal. ``metadata`` declares what it costs."""
    return strawberry.mutation(description=description, metadata=metadata, extensions=[RefusalsAsErrors()])

"""Payloads of mutations: each has the changed object, or errors."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

from api.graphql.arguments.argument_paths import place_in
from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, PATH_PARTS
from api.roles import Role
from api.services.common.inputs.versions import VersionConflict
from strategies import Refusal
from strategies.errors import MAX_ERRORS


@strawberry.type(description="Why a mutation was refused. When there is one, nothing was written.")
class UserError:
    code: str = strawberry.field(description="Error code, such as `SEND_AT_REQUIRED`. docs/errors.md lists all codes.")
    message: str = strawberry.field(description="What is wrong and what to do about it, for people.")
    path: list[str] = strawberry.field(
        metadata=cost(size=PATH_PARTS),
        description="Path of the wrong value: the argument, or the field of `input`, then nested fields and indexes of "
        'list elements, from 0. Examples: `["email"]`, `["times", "1", "time"]`. Empty if no argument is wrong.',
    )
    current_version: int | None = strawberry.field(
        default=None,
        description="The current version of the campaign, template, email or draft, if the code is "
        "`VERSION_CONFLICT`; null otherwise.",
    )


@strawberry.type
class Payload:
    """The base of all payloads. Each adds the object that its mutations change."""

    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS),
        default_factory=list,
        description="Why the mutation was refused: all mistakes that were found, up to 100, in the order of the "
        "arguments. Empty if the mutation succeeded.",
    )
    more_errors: int = strawberry.field(
        default=0, description="Number of mistakes that are not in `errors`, because there are more than 100."
    )


def user_error(refusal: Refusal) -> UserError:
    """Return a refusal as the error that clients see."""
    version = refusal.version if isinstance(refusal, VersionConflict) else None
    return UserError(code=refusal.code, message=refusal.message, path=list(refusal.path), current_version=version)


def user_errors(refusal: Refusal, arguments: Mapping[str, Any]) -> list[UserError]:
    """Return all refusals as clients see them, in the order of the request's arguments."""
    return [user_error(each) for each in sorted(refusal.each, key=lambda each: place_in(arguments, each.path))]


class RefusalsAsErrors(FieldExtension):
    """Returns a Refusal that a mutation raises as the ``errors`` of its payload.

    The caller's token needs ``role``.
    """

    def __init__(self, role: Role) -> None:
        self.role = role

    def apply(self, field: StrawberryField) -> None:
        """Keep the payload's class, which is the type of the field."""
        self._payload: type[Payload] = field.type  # type: ignore[assignment]

    async def resolve_async(self, next_: Any, source: Any, info: Request, **kwargs: Any) -> Payload:
        """Carry out the mutation."""
        # An earlier mutation of this request may have changed rows that the loaders have cached.
        info.context.forget()
        try:
            info.context.workspace_context.require_role(self.role)
            return await next_(source, info, **kwargs)
        except Refusal as refusal:
            errors = user_errors(refusal, kwargs)
            return self._payload(errors=errors[:MAX_ERRORS], more_errors=max(0, len(errors) - MAX_ERRORS))


def mutation(*, description: str, metadata: dict[str, Any] | None = None, role: Role = Role.REP) -> Any:
    """Return the decorator of a mutation's resolver, which may raise Refusal.

    ``metadata`` declares what it costs. The caller's token needs ``role``; the description says so if it is not REP.
    """
    if role is not Role.REP:
        description = f"{description} It needs a token with the role `{role.value}`."
    return strawberry.mutation(description=description, metadata=metadata, extensions=[RefusalsAsErrors(role)])

"""How a refusal reaches the client: in the mutation's payload, never as a masked error."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from api.graphql.context import Request
from strategies import Refusal

Payload = TypeVar("Payload")


@strawberry.type(description="Why a mutation was refused. When there is one, nothing was written.")
class UserError:
    """A refusal."""

    code: str = strawberry.field(description="For programs: such as `SEND_AT_REQUIRED`. docs/errors.md lists them all.")
    message: str = strawberry.field(description="For people: what is wrong, and what to do about it.")
    path: list[str] = strawberry.field(description="The argument that is wrong, from the outermost to the innermost.")


def payload_of(
    kind: Callable[..., Payload],
) -> Callable[[Callable[..., Awaitable[Payload]]], Callable[..., Awaitable[Payload]]]:
    """Turn a Refusal that the mutation raises into the payload's ``errors``."""

    def decorate(resolver: Callable[..., Awaitable[Payload]]) -> Callable[..., Awaitable[Payload]]:
        @functools.wraps(resolver)
        async def answer(root: Any, info: Request, *args: Any, **kwargs: Any) -> Payload:
            # What an earlier mutation of this request has read may be changed now.
            info.context.forget()
            try:
                return await resolver(root, info, *args, **kwargs)
            except Refusal as refusal:
                error = UserError(code=refusal.code, message=refusal.message, path=list(refusal.path))
                return kind(errors=[error])

        return answer

    return decorate

"""Run operations: choose one of the document, limit its time, and log its errors."""

import asyncio
import logging
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from api.codes.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.errors import is_hidden
from api.services.common.database_faults import log_outage, public_fault

REQUEST_SECONDS = 60.0
"""How long a query or a mutation may take. A subscription may last."""

log = logging.getLogger("touchline.graphql")


class OperationContext(ExecutionContext):
    """The context of one operation. A document with several operations and no name selects none of them."""

    @property
    def operation_type(self) -> OperationType:
        """Return query, mutation or subscription. Raises RuntimeError if the operation is not named."""
        parts = self.graphql_document.definitions if self.graphql_document else ()
        if (
            self._provided_operation_name is None
            and sum(isinstance(part, OperationDefinitionNode) for part in parts) > 1
        ):
            raise RuntimeError("several operations, and no name")
        return super().operation_type


class Schema(strawberry.Schema):
    """A schema that logs faults of the server, and not the mistakes of clients.

    Strawberry alone would run the first of several operations if none is named.
    """

    def _create_execution_context(self, *_: Any, **given: Any) -> ExecutionContext:
        return OperationContext(
            query=given["query"],
            schema=self,
            allowed_operations=given["allowed_operation_types"],
            context=given["context_value"],
            root_value=given["root_value"],
            variables=given["variable_values"],
            provided_operation_name=given["operation_name"],
            operation_extensions=given["operation_extensions"],
        )

    async def _execute_operation(self, *given: Any, **named: Any) -> Any:
        """Execute an operation within REQUEST_SECONDS. Each mutation is carried out whole or not at all."""
        deadline = asyncio.timeout(REQUEST_SECONDS)
        try:
            async with deadline:
                return await super()._execute_operation(*given, **named)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise coded_error(RequestCode.REQUEST_TIMEOUT.message(seconds=REQUEST_SECONDS)) from None

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log the errors that are hidden from clients, by the path of their field.

        An error's own text quotes the document, which may contain addresses and texts that people wrote.
        """
        for error in errors:
            if not is_hidden(error) or log_outage(error.original_error):
                continue
            if fault := public_fault(error.original_error):
                # The database's message may quote the value.
                log.warning("%s at %s: %s", fault.code, _where(error), type(error.original_error).__name__)
            else:
                log.error("an internal error at %s", _where(error), exc_info=error.original_error)


def _where(error: GraphQLError) -> str:
    return ".".join(map(str, error.path or ())) or "no field"

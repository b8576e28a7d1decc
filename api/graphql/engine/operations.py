"""Run operations: choose one of the document, limit its time, and log its errors."""

import asyncio
import logging
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, execute_subscription_event
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from api.codes.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.context import Context
from api.graphql.engine.documents import valid_document
from api.graphql.engine.errors import is_hidden, with_code, without_details
from api.graphql.engine.executor import Executor
from api.services.common.database_faults import log_outage, public_fault

REQUEST_SECONDS = 60.0
"""How long a query, a mutation, or one event of a subscription may take."""

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

    async def execute_event(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, event: object, context: Context
    ) -> ExecutionResult:
        """Execute a subscription for one event. Its document was validated when the subscription began."""
        context.forget()  # the rows that an earlier event loaded may have changed
        document = valid_document(query)
        built = Executor.build(self._schema, document, event, context, variables, operation_name)
        if isinstance(built, list):
            result = ExecutionResult(None, built)
        else:
            async with asyncio.timeout(REQUEST_SECONDS):
                executed = execute_subscription_event(built)
                result = executed if isinstance(executed, ExecutionResult) else await executed
        if result.errors:
            self.process_errors(result.errors)
            shown = [without_details(error) if is_hidden(error) else error for error in result.errors]
            result.errors = [with_code(error, suggest=context.introspection) for error in shown]
        return result

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

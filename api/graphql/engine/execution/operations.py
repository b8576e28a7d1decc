"""Run operations: choose one of the document, limit its time, and log its errors."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    execute_subscription_event,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES
from strawberry.types import ExecutionContext
from strawberry.types.execution import ExecutionResult as Result
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from api.codes.request_errors.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.execution.documents import Documents, valid_document
from api.graphql.engine.execution.errors import is_hidden, with_code, without_details
from api.graphql.engine.execution.executor import Executor
from api.graphql.engine.graphql_context import Context
from api.graphql.engine.loading.loaded_fields import loaded_field_of, read_if_loaded
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

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for kind in self._schema.type_map.values():
            for field in kind.fields.values() if isinstance(kind, GraphQLObjectType) else ():
                loaded = loaded_field_of(field)
                if loaded is not None and field.resolve is not None:
                    field.resolve = read_if_loaded(loaded, field.resolve)

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

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Result:
        """Prepare and execute a query or a mutation within REQUEST_SECONDS. Each mutation is carried out whole or not.

        It does what strawberry does with the extensions HideFaults and Documents, without the context managers around
        each phase, which take longer than a small query.
        """
        asked = self._create_execution_context(
            query=query,
            allowed_operation_types=allowed_operation_types or DEFAULT_ALLOWED_OPERATION_TYPES,
            variable_values=variable_values,
            context_value=context_value,
            root_value=root_value,
            operation_name=operation_name,
            operation_extensions=operation_extensions,
        )
        documents = Documents(execution_context=asked)
        try:
            documents.parse()
            _check_type(asked)
            await documents.validate()
            errors = asked.pre_execution_errors
            result = PreExecutionError(None, errors) if errors else await _execute(self._schema, asked)
        except (CannotGetOperationTypeError, InvalidOperationTypeError):
            raise
        except Exception as problem:
            if not isinstance(problem, GraphQLError):
                problem = GraphQLError(str(problem), original_error=problem)
            result = PreExecutionError(None, [problem])
        if result.errors:
            self.process_errors(result.errors, asked)
            result.errors = [without_details(error) if is_hidden(error) else error for error in result.errors]
        result.extensions = documents.get_results()
        return result

    async def execute_event(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, event: object, context: Context
    ) -> ExecutionResult:
        """Execute a subscription for one event. Its document was validated when the subscription began.

        Call ``context.forget()`` before: the rows that an earlier event loaded may have changed.
        """
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


def _check_type(asked: ExecutionContext) -> None:
    """Check that the transport may carry out the operation."""
    try:
        kind = asked.operation_type
    except RuntimeError as error:
        raise CannotGetOperationTypeError(asked.operation_name) from error
    if kind not in asked.allowed_operations:
        raise InvalidOperationTypeError(kind)


async def _execute(schema: GraphQLSchema, asked: ExecutionContext) -> Result:
    assert asked.graphql_document is not None  # noqa: S101 - it was parsed
    deadline = asyncio.timeout(REQUEST_SECONDS)
    try:
        async with deadline:
            executed = execute(
                schema,
                asked.graphql_document,
                asked.root_value,
                asked.context,
                asked.variables,
                asked.operation_name,
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                executor_class=Executor,
            )
            done = executed if isinstance(executed, ExecutionResult) else await executed
    except TimeoutError:
        if not deadline.expired():
            raise
        raise coded_error(RequestCode.REQUEST_TIMEOUT.message(seconds=REQUEST_SECONDS)) from None
    return Result(done.data, done.errors)


def _where(error: GraphQLError) -> str:
    return ".".join(map(str, error.path or ())) or "no field"

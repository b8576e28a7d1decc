"""Prepare a document for execution: parse it, check its size, validate it and charge its cost.

The order bounds the time: parsing and measuring are linear, validation gets only documents of a bounded size, and the
cost is known before a resolver runs. Valid documents are cached, bounded by bytes.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    ProvidedRequiredArgumentsRule,
    ValuesOfCorrectTypeRule,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from api.codes.queries import QueryCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.arguments.input_errors import ArgumentsGiven, ValuesFit
from api.graphql.limits.byte_cache import ByteCache
from api.graphql.limits.cost import MAX_MUTATIONS, cost_of
from api.graphql.limits.document_limits import MAX_TOKENS, check_size
from api.graphql.limits.estimate import Estimate, mutations_of
from api.graphql.limits.merging import conflicts
from api.graphql.limits.size_check import SizesFit

MAX_ERRORS = 20
"""Errors of a document in one response."""
CACHE_BYTES = 64_000_000
"""Memory for the cache of valid documents, in bytes."""
BYTES_PER_NODE = 1_300
"""Memory that a document takes for each field, fragment, directive and value, as measured with tracemalloc."""
OURS_INSTEAD = {OverlappingFieldsCanBeMergedRule, ProvidedRequiredArgumentsRule, ValuesOfCorrectTypeRule}
RULES: tuple[type[ASTValidationRule], ...] = (
    SizesFit,
    *(rule for rule in specified_rules if rule not in OURS_INSTEAD),
    ValuesFit,
    ArgumentsGiven,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)
"""The validation rules. Two of ours report the paths of values; the merging of fields is checked last."""

ABORTED = re.compile(r"Parsing aborted\.$")
"""The end of graphql-core's message for a document with too many tokens or too deep nesting."""

_valid: ByteCache[DocumentNode] = ByteCache(CACHE_BYTES)


class Documents(SchemaExtension):
    """Prepares the document of one operation."""

    def __init__(self) -> None:
        self._fresh = True
        self._bytes = 0

    async def on_parse(self) -> AsyncIterator[None]:
        """Take the document from the cache of valid ones, or parse and measure it. Raises GraphQLError."""
        query = self.execution_context.query or ""
        document = _valid.get(query)
        self._fresh = document is None
        if document is None:
            document, nodes = _parsed(query)
            self._bytes = len(query) + nodes * BYTES_PER_NODE
        self.execution_context.graphql_document = document
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """Validate a document that is not in the cache, and charge the token for the operation."""
        asked = self.execution_context
        document = asked.graphql_document
        assert document is not None  # noqa: S101 - it was parsed
        errors: list[GraphQLError] = []
        if self._fresh:
            await asyncio.sleep(0)  # others come between the parsing and the validation of a large document
            errors = self._errors(document)
            await asyncio.sleep(0)
        if self._fresh and not errors:
            _valid.put(asked.query or "", document, self._bytes)
        if not errors:
            try:
                self._charge(document)
            except GraphQLError as error:
                errors = [error]
        asked.pre_execution_errors = errors
        yield

    def get_results(self) -> dict[str, Any]:
        """Return the cost, which the response reports."""
        charged = getattr(self.execution_context.context, "charged", None)
        return {} if charged is None else {"cost": charged}

    def _errors(self, document: DocumentNode) -> list[GraphQLError]:
        schema = self.execution_context.schema._schema
        hide = not getattr(self.execution_context.context, "introspection", True)
        errors = validate(schema, document, RULES, MAX_ERRORS, hide)
        if len(errors) > MAX_ERRORS:
            errors = [*errors[:MAX_ERRORS], coded_error(QueryCode.INVALID_QUERY.message("more", limit=MAX_ERRORS))]
        elif errors and isinstance(errors[-1], ValidationAbortedError):
            errors[-1] = _stopped(len(errors) - 1)
        errors = errors or conflicts(document, MAX_ERRORS)
        for error in errors:
            error.extensions = {"code": QueryCode.INVALID_QUERY.value} | (error.extensions or {})
        return errors

    def _charge(self, document: DocumentNode) -> None:
        """Charge the cost. Raises GraphQLError if the operation is too expensive or the budget is used up."""
        asked = self.execution_context
        operation = get_operation_ast(document, asked.operation_name)
        if operation is None:
            return  # the execution reports that the operation does not exist
        schema = asked.schema._schema
        _check_mutations(schema, document, operation)
        estimate = Estimate(schema, document, operation, asked.variables or {})
        charge = getattr(asked.context, "charge", None)
        if charge is not None:
            charge.points, charge.dearest = estimate.points, estimate.dearest
            asked.context.charged = charge.spend()


def valid_document(query: str) -> DocumentNode:
    """Return a document that was validated before."""
    return _valid.get(query) or parse(query, max_tokens=MAX_TOKENS)


def operation_type(query: str, operation_name: str | None) -> OperationType | None:
    """Return whether a document's operation is a query, mutation or subscription; None if it names none of them."""
    try:
        operation = get_operation_ast(valid_document(query), operation_name)
    except GraphQLError:
        return None
    return OperationType(operation.operation.value) if operation else None


def _parsed(query: str) -> tuple[DocumentNode, int]:
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if not ABORTED.search(error.message):
            raise
        raise coded_error(QueryCode.QUERY_TOO_LARGE.message("tokens", limit=MAX_TOKENS)) from None
    return document, check_size(document)


def _check_mutations(schema: Any, document: DocumentNode, operation: OperationDefinitionNode) -> None:
    if schema.mutation_type is None or operation.operation.value != "mutation":
        return
    asked = mutations_of(document, operation)
    if asked.total() > MAX_MUTATIONS:
        message = QueryCode.TOO_MANY_MUTATIONS.message(count=asked.total(), limit=MAX_MUTATIONS)
        raise coded_error(message, operation)
    for name, times in asked.items():
        field = schema.mutation_type.fields.get(name)
        once = cost_of("Mutation", name, field).once if field else MAX_MUTATIONS
        if times > once:
            message = QueryCode.TOO_MANY_MUTATIONS.message("one", mutation=name, count=times, limit=once)
            raise coded_error(message, operation)


def _stopped(found: int) -> GraphQLError:
    """Return the error of a validation that graphql-core aborted, with the number of errors found before."""
    if found:
        return coded_error(QueryCode.QUERY_TOO_LARGE.message("complex_after_errors", errors=found))
    return coded_error(QueryCode.QUERY_TOO_LARGE.message("complex"))

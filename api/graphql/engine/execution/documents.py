"""Prepare a document for execution: parse it, check its size, validate it and charge its cost.

The order bounds the time: parsing and measuring are linear, validation gets only documents of a bounded size, and the
cost is known before a resolver runs. Valid documents are cached, bounded by bytes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
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
from strawberry.types.graphql import OperationType

from api.codes.request_errors.queries import QueryCode
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
)
"""The validation rules. ValuesFit and ArgumentsGiven report the paths of wrong values.

Our linear check of field merging runs after them.
"""

ABORTED = re.compile(r"Parsing aborted\.$")
"""The end of graphql-core's message for a document with too many tokens or too deep nesting."""


class ValidDocument:
    """A valid document, with what is computed from it once."""

    def __init__(self, query: str, document: DocumentNode) -> None:
        self.document = document
        self.costs: dict[str | None, tuple[int, str]] = {}
        """What its operations cost, and their most expensive fields, by name, unless that depends on variables."""
        self.shapes: dict[Any, Any] | None = None if "@" in query else {}
        """What the executor computes from its selections. Without directives, these do not depend on variables."""


_valid: ByteCache[ValidDocument] = ByteCache(CACHE_BYTES)


class Documents(SchemaExtension):
    """Prepares the document of one operation."""

    def __init__(self, *, execution_context: Any = None) -> None:
        self.execution_context = execution_context
        self._valid: ValidDocument | None = None
        self._bytes = 0

    def on_parse(self) -> Iterator[None]:
        """Parse before strawberry would."""
        self.parse()
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """Validate before strawberry would."""
        await self.validate()
        yield

    def parse(self) -> None:
        """Take the document from the cache of valid ones, or parse and measure it. Raises GraphQLError."""
        query = self.execution_context.query or ""
        self._valid = _valid.get(query)
        if self._valid is not None:
            self.execution_context.graphql_document = self._valid.document
            return
        document, nodes = _parsed(query)
        self._bytes = len(query) + nodes * BYTES_PER_NODE
        self.execution_context.graphql_document = document

    async def validate(self) -> None:
        """Validate a document that is not in the cache, and charge the token for the operation."""
        asked = self.execution_context
        document = asked.graphql_document
        assert document is not None  # noqa: S101 - it was parsed
        errors: list[GraphQLError] = []
        if self._valid is None:
            await asyncio.sleep(0)  # others come between the parsing and the validation of a large document
            errors = self._errors(document)
            await asyncio.sleep(0)
            if not errors:
                self._valid = ValidDocument(asked.query or "", document)
                _valid.put(asked.query or "", self._valid, self._bytes)
        if self._valid is not None:
            try:
                self._charge(self._valid)
            except GraphQLError as error:
                errors = [error]
        asked.pre_execution_errors = errors

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

    def _charge(self, valid: ValidDocument) -> None:
        """Charge the cost. Raises GraphQLError if the operation is too expensive or the budget is used up."""
        asked, document = self.execution_context, valid.document
        cost = valid.costs.get(asked.operation_name)
        if cost is None:
            operation = get_operation_ast(document, asked.operation_name)
            if operation is None:
                return  # the execution reports that the operation does not exist
            schema = asked.schema._schema
            _check_mutations(schema, document, operation)
            estimate = Estimate(schema, document, operation, asked.variables or {})
            cost = (estimate.points, estimate.dearest)
            if not estimate.depends_on_variables:
                valid.costs[asked.operation_name] = cost
        charge = getattr(asked.context, "charge", None)
        if charge is not None:
            charge.points, charge.dearest = cost
            asked.context.charged = charge.spend()
            asked.context.shapes = valid.shapes


def valid_document(query: str) -> DocumentNode:
    """Return a document that was validated before."""
    valid = _valid.get(query)
    return valid.document if valid else parse(query, max_tokens=MAX_TOKENS)


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

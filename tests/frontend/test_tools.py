"""Tools of frontends that read schema.graphql: linter, compiler and generator."""

from tests.frontend.conftest import Run

LINT_EXCEPTIONS = [
    '@graphql-eslint/no-typename-prefix: Field "launchedAt" starts with the name of the parent type "Launch"'
]
"""What graphql-eslint says about names that stay. docs/graphql.md says why."""


async def test_graphql_eslint_finds_only_the_documented_exceptions(run: Run) -> None:
    assert await run("lint.mjs") == LINT_EXCEPTIONS


async def test_relay_compiles_connections_and_refetchable_fragments(run: Run) -> None:
    assert await run("relay.mjs") == [
        "PeopleBackwardQuery.graphql.ts",
        "PeoplePageQuery.graphql.ts",
        "PeoplePreviousPageQuery.graphql.ts",
        "PeopleQuery.graphql.ts",
        "People_details.graphql.ts",
        "People_last.graphql.ts",
        "People_list.graphql.ts",
        "PersonDetailsQuery.graphql.ts",
    ]


async def test_codegen_makes_types_with_strict_scalars(run: Run) -> None:
    assert await run("codegen.mjs") == {"complaints": [], "unspecified": []}

"""GraphQL over HTTP, as the audits of the package graphql-http check it."""

from tests.client import Client
from tests.frontend.conftest import Run
from tests.live import Live


async def test_the_server_passes_every_audit_of_graphql_http(live: Live, rep: Client, run: Run) -> None:
    assert await run("audit.mjs", url=f"http://{live.host}/graphql", token=rep.token) == {"total": 61, "failed": []}

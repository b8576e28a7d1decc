"""Large answers are compressed for clients that read gzip. Small ones stay as they are."""

import gzip
import json

import httpx
import pytest

from api.http.compression import MIN_BYTES, THREAD_BYTES, reads_gzip
from tests import story
from tests.client import Client

LARGE = "{ people(first: 200) { nodes { " + " ".join(f"a{n}: email" for n in range(100)) + " } } }"


async def ask(client: Client, query: str, accept_encoding: str | None) -> httpx.Response:
    """Return an answer as it was sent."""
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    headers["Accept-Encoding"] = accept_encoding or ""
    request = client.http.build_request("POST", "/graphql", content=json.dumps({"query": query}), headers=headers)
    if accept_encoding is None:
        del request.headers["Accept-Encoding"]
    return await client.http.send(request)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("GZIP ; Q=0.5", True),
        ("*", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, br", False),
        ("notgzip", False),
        ("gzipped", False),
    ],
)
def test_the_header_says_whether_a_client_reads_gzip(header: str, expected: bool) -> None:
    assert reads_gzip(header) is expected


@pytest.mark.parametrize("people", [1, 30])
async def test_a_large_answer_is_compressed(client: Client, people: int) -> None:
    for number in range(people):
        await story.person(client, f"p{number}@example.com")
    plain, small = await ask(client, LARGE, None), await ask(client, LARGE, "gzip, br")
    assert len(plain.content) > MIN_BYTES
    assert (len(plain.content) > THREAD_BYTES) == (people > 1), "both ways of compressing are tested"
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) < len(plain.content) / 5
    assert small.json()["data"] == plain.json()["data"]
    assert len(plain.json()["data"]["people"]["nodes"]) == people
    for answer in (plain, small):
        assert answer.headers["Vary"] == "Accept-Encoding", "also for those who read none"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_small_answer_stays_as_it_is(client: Client) -> None:
    for query in ("{ workspace { name } }", "{ nothing }", "{"):
        answer = await ask(client, query, "gzip")
        assert "Content-Encoding" not in answer.headers
        assert answer.json()


async def test_what_is_sent_is_gzip_of_the_same_json(client: Client) -> None:
    await story.person(client, "é" * 20 + "@example.com")
    async with client.http.stream(
        "POST",
        "/graphql",
        json={"query": LARGE},
        headers={"Authorization": f"Bearer {client.token}", "Accept-Encoding": "gzip"},
    ) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert len(raw) == int(answer.headers["Content-Length"])
    assert json.loads(gzip.decompress(raw))["data"]["people"]["nodes"]

"""Documents over HTTPS: no redirects, a size limit, and a checked certificate."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator

import pytest
import trustme

from plugins.webhooks.https_reading import MAX_BYTES, read_https


class Host:
    """A server that answers every request with the same bytes."""

    def __init__(self, port: int) -> None:
        self.url = f"https://localhost:{port}/x.pem"
        self.answer = b""
        self.requests = 0


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[trustme.CA]:
    made = trustme.CA()
    with made.cert_pem.tempfile() as file:
        monkeypatch.setenv("SSL_CERT_FILE", file)
        monkeypatch.setenv("no_proxy", "*")
        yield made


@pytest.fixture
async def host(authority: trustme.CA) -> AsyncIterator[Host]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        made.requests += 1
        writer.write(made.answer)
        writer.close()

    async with await asyncio.start_server(respond, "localhost", 0, ssl=context) as server:
        made = Host(server.sockets[0].getsockname()[1])
        yield made


def answer(body: bytes, status: str = "200 OK", header: str = "X: y") -> bytes:
    return f"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_a_document_is_read(host: Host) -> None:
    host.answer = answer(b"certificate")
    assert await read_https(host.url) == b"certificate"


async def test_no_redirect_is_followed(host: Host) -> None:
    host.answer = answer(b"", "302 Found", f"Location: {host.url}")
    with pytest.raises(OSError, match="302"):
        await read_https(host.url)
    assert host.requests == 1


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (answer(b"", "404 Not Found"), "404"),
        (answer(b"x" * (MAX_BYTES + 1)), "65,536"),
        (b"nonsense\r\n\r\n", "not HTTP"),
    ],
)
async def test_other_answers_are_errors(host: Host, given: bytes, fault: str) -> None:
    host.answer = given
    with pytest.raises(OSError, match=fault):
        await read_https(host.url)


async def test_the_certificate_is_checked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with trustme.CA().cert_pem.tempfile() as file:
        monkeypatch.setenv("SSL_CERT_FILE", file)
        with pytest.raises(OSError, match="certificate verify failed"):
            await read_https(host.url)
    assert host.requests == 0

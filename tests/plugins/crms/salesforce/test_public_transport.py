"""Names that lead to private addresses are not called, and the certificates are loaded in a thread."""

import ssl
import threading
from collections.abc import Sequence

import httpx
import pytest

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.transport import http
from plugins.crms.salesforce.transport.limits import ClientLimits
from plugins.crms.salesforce.transport.public_transport import PublicTransport

URL = "https://acme.my.salesforce.com/services/data?q=1"
PUBLIC = "93.184.215.14"


class Network(httpx.AsyncBaseTransport):
    """Notes requests. Addresses in ``dead`` cannot be reached."""

    def __init__(self, dead: Sequence[str] = ()) -> None:
        self.dead = dead
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("no route")
        return httpx.Response(200, stream=httpx.ByteStream(await request.aread()))


async def call(addresses: Sequence[str] | Exception, network: Network) -> http.Reply:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("acme.my.salesforce.com", 443)
        if isinstance(addresses, Exception):
            raise addresses
        return addresses

    limits = ClientLimits()
    transport = PublicTransport(http._certificates(), 5, resolve=resolve, inner=network)
    async with await http.new_client(limits, transport) as client:
        return await http.send(client, limits, "POST", URL, writes=True, content=b"body")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "fe80::1%eth0", "0.0.0.0"],
)
async def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    network = Network()
    for addresses in ([address], [PUBLIC, address]):
        with pytest.raises(CrmError) as refused:
            await call(addresses, network)
        assert (refused.value.code, refused.value.in_doubt) == (CrmCode.URL_INVALID, False)
    assert network.requests == []


async def test_a_request_goes_to_the_address_that_was_checked() -> None:
    network = Network(dead=["2606:2800:21f::1"])
    reply = await call(["2606:2800:21f::1", PUBLIC], network)
    assert (reply.status, reply.body) == (200, b"body")
    sent = network.requests[-1]
    assert (sent.url.host, sent.headers["Host"], sent.url.raw_path) == (
        PUBLIC,
        "acme.my.salesforce.com",
        b"/services/data?q=1",
    )
    assert sent.extensions["sni_hostname"] == "acme.my.salesforce.com", "the certificate is that of the name"
    for problem in (OSError("unknown"), TimeoutError()):
        with pytest.raises(CrmError) as unknown:
            await call(problem, network)
        assert (unknown.value.code, unknown.value.in_doubt) == (CrmCode.UNREACHABLE, False)
    with pytest.raises(CrmError) as dead:
        await call(["2606:2800:21f::1"], network)
    assert dead.value.code is CrmCode.UNREACHABLE


async def test_clients_check_addresses_unless_this_machine_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = list[threading.Thread]()
    load = http._certificates

    def noted() -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return load()

    monkeypatch.setattr(http, "_certificates", noted)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for loopback in (False, True):
        async with await http.new_client(ClientLimits(), loopback=loopback) as client:
            assert isinstance(client._transport, PublicTransport) is not loopback
    assert len(threads) == 2
    assert threading.main_thread() not in threads
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    async with await http.new_client(ClientLimits()) as client:
        assert not isinstance(client._transport, PublicTransport)

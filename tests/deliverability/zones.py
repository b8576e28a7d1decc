"""A resolver with the records of a test, and a real DNS server that answers with them on loopback."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from api.deliverability.resolver import LookupFailedError, MailServer, UnknownNameError


@dataclass
class Zone:
    """Records by name. A name in ``broken`` gets no answer. A name that has nothing does not exist."""

    texts_by_name: Mapping[str, Sequence[str]] = field(default_factory=dict)
    servers_by_name: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    broken: Sequence[str] = ()

    def texts(self, name: str) -> list[str]:
        self._check(name)
        return list(self.texts_by_name.get(name, ()))

    def mail_servers(self, name: str) -> list[MailServer]:
        self._check(name)
        return [MailServer(*each) for each in self.servers_by_name.get(name, ())]

    def has_address(self, name: str) -> bool:
        self._check(name)
        return name in self.hosts

    def exists(self, name: str) -> bool:
        names = (*self.texts_by_name, *self.servers_by_name, *self.hosts)
        return any(each == name or each.endswith(f".{name}") for each in names)

    def _check(self, name: str) -> None:
        if name in self.broken:
            raise LookupFailedError("the server failed")
        if not self.exists(name):
            raise UnknownNameError(name)


@contextmanager
def dns_server(zone: Zone) -> Iterator[str]:
    """Answer DNS questions over UDP until the block ends. Yields "address:port"."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, client = server.recvfrom(4_096)
            if data == b"stop":
                return
            server.sendto(_answer(zone, data), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    host, port = server.getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.sendto(b"stop", (host, port))
        thread.join()
        server.close()


def _answer(zone: Zone, data: bytes) -> bytes:
    query = dns.message.from_wire(data)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    [question] = query.question
    name = question.name.to_text().rstrip(".").lower()
    if name in zone.broken:
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()
    if not zone.exists(name):
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()
    values: list[str] = []
    if question.rdtype == dns.rdatatype.TXT:
        texts = zone.texts_by_name.get(name, ())
        values = [" ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200)) for text in texts]
    elif question.rdtype == dns.rdatatype.MX:
        values = [f"{preference} {host}." for preference, host in zone.servers_by_name.get(name, ())]
    elif question.rdtype == dns.rdatatype.A and name in zone.hosts:
        values = ["192.0.2.1"]
    if values:
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *values))
    return response.to_wire()

"""A real IMAP server: Dovecot as a child process on loopback, with its own configuration and folders."""

import base64
import itertools
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import trustme
from imapclient import IMAPClient

from tests.ports import free_port

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


def _why_not() -> str:
    """Return why the tests cannot start Dovecot, or an empty text. In CI they run and fail instead of being skipped."""
    if os.environ.get("CI"):
        return ""
    if PROGRAM is None:
        return "Dovecot is not installed (Debian: dovecot-imapd)"
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    return "" if version.startswith("2.3.") else f"the configuration is for Dovecot 2.3, and this is {version[:20]}"


WHY_NOT = _why_not()
needs_dovecot = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
PASSWORD = "pä:ss/w@rd?#%+ 1"
ACCOUNTS = 200
START_SECONDS = 60.0
NOBODY = (65534, 65534)

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 1000
imap_capability = {capability}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox "Sent Items" {{
    special_use = \\Sent
    auto = create
  }}
}}
"""
OAUTH2 = """
tokeninfo_url = http://127.0.0.1:{port}/?token=
username_attribute = email
username_format = %u
"""


class Account:
    """An account of a running server."""

    def __init__(self, server: "Dovecot", user: str) -> None:
        self.server, self.user = server, user
        self.maildir = server.folder / "mail" / user

    def url(self, scheme: str = "imap", password: str = PASSWORD, **options: object) -> str:
        """Return the value of ``TOUCHLINE_IMAP_URL``."""
        port = self.server.tls_port if scheme == "imaps" else self.server.port
        login = quote(self.user, safe="") + (f":{quote(password, safe='')}" if password else "")
        given = {"cafile": self.server.cafile} | {name: value for name, value in options.items() if value is not None}
        return f"{scheme}://{login}@localhost:{port}?{urlencode(given)}"

    def client(self) -> IMAPClient:
        """Return a client that has logged in, such as the user's own program."""
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=60)
        client.plain_login(self.user, PASSWORD)
        return client

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Add mails to a folder, as the mail server of the account does."""
        with self.client() as client:
            for mail in mails:
                client.append(folder, mail)

    def write(self, mails: Iterable[bytes], folder: str = "") -> None:
        """Write mails into INBOX, or into a folder such as ".Junk", as files. A file appears with its whole content."""
        place = self.maildir / folder
        temporary = place / "tmp"
        for each in (self.maildir, place, place / "cur", place / "new", temporary):
            each.mkdir(exist_ok=True)
            self.server.give(each)
        for mail in mails:
            path = temporary / f"{next(self.server.numbers):010}.test"
            path.write_bytes(mail)
            self.server.give(path)
            path.rename(place / "new" / path.name)

    def change_uidvalidity(self) -> None:
        """Give all mails of INBOX new UIDs under a new UIDVALIDITY, as a rebuilt server does."""
        for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache"):
            (self.maildir / name).unlink(missing_ok=True)


class Dovecot:
    """A running server. ``cafile`` is the authority of its certificate, which is for "localhost"."""

    def __init__(self, folder: Path, port: int, tls_port: int) -> None:
        self.folder, self.port, self.tls_port = folder, port, tls_port
        self.cafile = folder / "ca.pem"
        self.owner = NOBODY if os.getuid() == 0 else (os.getuid(), os.getgid())
        self.numbers = itertools.count()
        self._accounts = itertools.count()

    def account(self) -> Account:
        """Return an account that no other test has used."""
        return Account(self, f"rep{next(self._accounts)}@example.org")

    def give(self, path: Path) -> None:
        """Let the server's mail processes own a file."""
        os.chown(path, *self.owner)

    def log(self) -> str:
        """Return the server's log."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def dovecot(*, idle: bool = True) -> Iterator[Dovecot]:
    """Run a server for as long as the block. It offers IDLE or does not."""
    assert PROGRAM is not None
    folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))  # a short path, because it has sockets
    server = Dovecot(folder, free_port(), free_port())
    with _token_service() as token_port:
        _write_files(server, token_port, idle=idle)
        process = subprocess.Popen([PROGRAM, "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL)
        try:
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _write_files(server: Dovecot, token_port: int, *, idle: bool) -> None:
    folder, root = server.folder, os.getuid() == 0
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(server.cafile))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    for index, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(folder / "cert.pem"), append=index > 0)
    secret = base64.b64encode(PASSWORD.encode()).decode()
    users = "".join(f"rep{number}@example.org:{{PLAIN.b64}}{secret}\n" for number in range(ACCOUNTS))
    (folder / "users").write_text(users, encoding="ascii")
    (folder / "oauth2.conf").write_text(OAUTH2.format(port=token_port), encoding="ascii")
    (folder / "mail").mkdir()
    (folder / "log").touch()
    for each in (folder, folder / "mail", folder / "log"):
        server.give(each)
    folder.chmod(0o755)
    me = pwd.getpwuid(os.getuid())
    own_group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    (folder / "dovecot.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            port=server.port,
            tls_port=server.tls_port,
            capability="" if idle else "IMAP4rev1 LITERAL+ SPECIAL-USE NAMESPACE",
            internal="dovecot" if root else me.pw_name,
            group="dovecot" if root else own_group,
            login="dovenull" if root else me.pw_name,
            uid=server.owner[0],
            gid=server.owner[1],
        ),
        encoding="utf-8",
    )


class _Tokens(BaseHTTPRequestHandler):
    """Says to whom a token belongs: "good." and the first part of the user."""

    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        user = token.removeprefix("good.") if token.startswith("good.") else ""
        body = json.dumps({"email": f"{user}@example.org"} if user else {"error": "invalid_token"}).encode()
        self.send_response(200 if user else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def _token_service() -> Iterator[int]:
    """Run what Dovecot asks about tokens. A token is "good." and the first part of the account's user."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service.server_address[1]
    finally:
        service.shutdown()
        service.server_close()


def _wait_for(server: Dovecot, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            if connection.recv(100).startswith(b"* OK"):
                return
        assert process.poll() is None, server.log()
        assert time.monotonic() < end, server.log()
        time.sleep(0.02)

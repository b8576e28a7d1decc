"""Uploads and downloads over HTTP: tokens, sizes, names, and files that a browser must never show."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.services.one_off_emails.attached import MAX_ATTACHED_BYTES
from tests import story
from tests.client import Client
from tests.live import Live
from tests.raw import head, raw

CREATE = f"""mutation($input: CreateEmailInput!) {{ createEmail(input: $input) {{
  email {{ id status oneOff {{ version cc bcc attachments {{ id name type size }} }} }} {story.ERRORS} }} }}"""


def headers(client: Client, kind: str = "application/pdf") -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}", "Content-Type": kind}


async def upload(client: Client, body: bytes = b"%PDF", name: str = "offer.pdf", kind: str = "application/pdf") -> Any:
    answer = await client.http.post("/attachments", params={"name": name}, content=body, headers=headers(client, kind))
    assert answer.status_code == 201, answer.text
    return answer.json()["attachment"]


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_file_is_uploaded_attached_and_downloaded(client: Client, stranger: Client) -> None:
    page = await upload(client, b"<script>alert(1)</script>", "../Ärger.html", "text/html; charset=utf-8")
    assert {name: page[name] for name in ("name", "type", "size")} == {
        "name": "Ärger.html", "type": "text/html", "size": 25,
    }  # fmt: skip
    sender, ada = await story.sender(client), await story.person(client)
    given = {"personId": ada, "senderId": sender, "subject": "Hi", "attachmentIds": [page["id"]]}
    email = await client.do(CREATE, "email", input=given)
    assert email["oneOff"] == {"version": 1, "cc": [], "bcc": [], "attachments": [page]}
    look_up = "query($id: ID!) { attachment(id: $id) { id name type size } }"
    assert await client.ask(look_up, id=page["id"]) == {"attachment": page}
    assert await stranger.ask(look_up, id=page["id"]) == {"attachment": None}
    answer = await client.http.get(f"/attachments/{page['id']}", headers=headers(client))
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%84rger.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    for who, id_ in ((stranger, page["id"]), (client, "att_unknown"), (client, "%00")):
        assert refused(await client.http.get(f"/attachments/{id_}", headers=headers(who))) == (404, "NOT_FOUND")
    wrong = await stranger.ask(CREATE, input={**given, "attachmentIds": []})
    assert [(error["code"], error["path"]) for error in wrong["createEmail"]["errors"]] == [("NOT_FOUND", ["personId"])]


async def test_what_is_refused(client: Client) -> None:
    post, own = client.http.post, headers(client)
    assert refused(await post("/attachments?name=a", content=b"x")) == (401, "UNAUTHENTICATED")
    assert refused(await client.http.get("/attachments/att_1")) == (401, "UNAUTHENTICATED")
    assert refused(await post("/attachments?name=a", content=b"", headers=own)) == (400, "ATTACHMENT_INVALID")
    for query in ("", "?name=", "?name=%2F", "?name=%E2%80%AE"):
        assert refused(await post(f"/attachments{query}", content=b"x", headers=own)) == (400, "ATTACHMENT_INVALID")
    packed = {**own, "Content-Encoding": "gzip"}
    assert refused(await post("/attachments?name=a", content=b"x", headers=packed)) == (400, "ATTACHMENT_INVALID")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_ATTACHED_BYTES // 1_000_000 + 1):
            yield b"x" * 1_000_000

    assert refused(await post("/attachments?name=a", content=endless(), headers=own)) == (413, "ATTACHMENTS_TOO_LARGE")


async def test_a_form_is_refused(client: Client) -> None:
    own, file = {"Authorization": f"Bearer {client.token}"}, {"file": ("offer.pdf", b"%PDF", "application/pdf")}
    answer = await client.http.post("/attachments?name=offer.pdf", files=file, headers=own)
    assert refused(answer) == (400, "ATTACHMENT_INVALID")
    assert "multipart/form-data" in answer.json()["error"]["message"]


@pytest.mark.usefixtures("quiet")
async def test_a_file_that_is_too_large_is_refused_before_it_is_read(live: Live, rep: Client) -> None:
    async with raw(live) as wire:
        size = f"Content-Length: {MAX_ATTACHED_BYTES + 1}"
        await wire.send(head(rep.token, size, "Expect: 100-continue", path="/attachments?name=a"))
        status, body = await wire.answer()
        assert (status, json.loads(body)["error"]["code"]) == (413, "ATTACHMENTS_TOO_LARGE")

"""Trusted documents: the only GraphQL documents that run, if the operator has set a file of them.

A client names a document by its id, or sends its text. Build tools of frontends write the file: JSON that maps ids to
documents (graphql-codegen, Relay), or Apollo's manifest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.codes.request_errors.queries import QueryCode
from api.graphql.limits.document_limits import MAX_QUERY_BYTES
from api.settings import SettingsError
from strategies import Refusal

MAX_FILE_BYTES = 50_000_000
"""Largest file of trusted documents, in bytes."""
HASH_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """The documents by id. Each has its SHA-256 hash as another id. A restart reads the file again."""

    by_id: Mapping[str, str]

    @classmethod
    def read(cls, path: str) -> "TrustedDocuments | None":
        """Read the file; None if none is set. Raises SettingsError."""
        if not path:
            return None
        try:
            content = Path(path).read_bytes()
            if len(content) > MAX_FILE_BYTES:
                raise SettingsError(f"TOUCHLINE_TRUSTED_DOCUMENTS: {path} has more than {MAX_FILE_BYTES:,} bytes.")
            documents = _documents(json.loads(content.decode("utf-8")))
        except OSError as error:
            raise SettingsError(f"TOUCHLINE_TRUSTED_DOCUMENTS: {path} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"TOUCHLINE_TRUSTED_DOCUMENTS: {path} is not valid JSON: {error}.") from None
        if documents is None:
            raise SettingsError(
                f"TOUCHLINE_TRUSTED_DOCUMENTS: {path} must map ids to documents, or be a manifest of Apollo."
            )
        for id_, text in documents.items():
            if len(text.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
                raise SettingsError(
                    f"TOUCHLINE_TRUSTED_DOCUMENTS: the document {id_} has more than {MAX_QUERY_BYTES:,} bytes."
                )
        hashes = {_hash(text): text for text in documents.values()}
        return cls({_plain(id_): text for id_, text in documents.items()} | hashes)

    def document(self, id_: str | None, query: str) -> str:
        """Return the document that a request names or sends. Raises Refusal."""
        if id_ is None:
            if _hash(query) not in self.by_id:
                raise Refusal.of(QueryCode.UNTRUSTED_DOCUMENT)
            return query
        text = self.by_id.get(_plain(id_))
        if text is None:
            raise Refusal.of(QueryCode.PERSISTED_QUERY_NOT_FOUND)
        if query and query != text:
            raise Refusal.of(QueryCode.UNTRUSTED_DOCUMENT, case="other")
        return text


def document_id(request: Mapping[str, Any]) -> str | None:
    """Return the id of the document that a request names: ``documentId``, or Apollo's ``extensions.persistedQuery``."""
    if (id_ := request.get("documentId")) is not None:
        return str(id_)
    persisted = (request.get("extensions") or {}).get("persistedQuery")
    found = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return found if isinstance(found, str) else None


def _documents(content: Any) -> dict[str, str] | None:
    """Return the documents of a file by id; None if the file has another form."""
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        listed = content["operations"]
        if not all(isinstance(each, dict) for each in listed):
            return None
        pairs = [(each.get("id"), each.get("body")) for each in listed]
    elif isinstance(content, dict):
        pairs = list(content.items())
    else:
        return None
    texts = all(isinstance(id_, str) and isinstance(text, str) for id_, text in pairs)
    return dict(pairs) if texts and pairs else None


def _plain(id_: str) -> str:
    return id_.removeprefix(HASH_PREFIX)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

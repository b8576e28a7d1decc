"""The HTML of the unsubscribe page: a style of its own, no script, and forms that work without one."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse, Response

from api.http.unsubscribing.sentences import SENTENCES, Sentences
from api.services.people.recipient_choices import MAX_COMMENT_CHARACTERS
from api.states import UnsubscribeReason

STYLE = """
:root { color-scheme: light dark; --back: #f3f4f6; --card: #fff; --text: #1f2937; --soft: #4b5563; --line: #8a94a3;
  --action: #1d4ed8; --on-action: #fff; --focus: #b45309 }
@media (prefers-color-scheme: dark) { :root { --back: #111827; --card: #1f2937; --text: #f3f4f6; --soft: #cbd5e1;
  --line: #7c8798; --action: #93c5fd; --on-action: #111827; --focus: #fbbf24 } }
* { box-sizing: border-box }
body { margin: 0; padding: 4vh 1rem 2rem; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans JP", sans-serif }
main { max-width: 34rem; margin: 0 auto; padding: 1.75rem; background: var(--card); border-radius: .75rem;
  box-shadow: 0 1px 3px rgb(0 0 0 / .2); overflow-wrap: anywhere }
.from { margin: 0 0 .5rem; color: var(--soft); font-weight: 600 }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
legend { font-size: 1.05rem; font-weight: 600; padding: 0 }
p { margin: 0 0 1rem }
.own { white-space: pre-line }
.soft { color: var(--soft) }
hr { margin: 1.75rem 0 1.25rem; border: 0; border-top: 1px solid var(--line) }
fieldset { margin: 0 0 1rem; padding: 0; border: 0 }
.choice { display: flex; gap: .6rem; align-items: center; min-height: 2.75rem; padding: .2rem 0 }
.choice input { flex: none; width: 1.2rem; height: 1.2rem; margin: 0; accent-color: var(--action) }
textarea { display: block; width: 100%; min-height: 5.5rem; margin: .3rem 0 1rem; padding: .6rem; font: inherit;
  color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem }
button { min-height: 2.75rem; padding: .55rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-action); background: var(--action); border: 2px solid var(--action); border-radius: .4rem }
button.second { color: var(--action); background: transparent }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px }
@media (max-width: 30rem) { main { padding: 1.25rem } button { width: 100% } }
"""
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}';"
    " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Allows only the page's own style and form, and forbids embedding."""
UNSUBSCRIBE, UNDO, EXPLAIN = "unsubscribe", "undo", "explain"
"""Values of the field ``action`` of the forms."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The workspace that sends the emails, and the address to which it sends them, as the page shows them."""

    workspace: str
    address: str
    text: str | None
    """The workspace's own text for the page."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one language. Without ``sender``, the page names no workspace and no address."""

    language: str
    sender: Sender | None = None

    @property
    def sentences(self) -> Sentences:
        """The sentences of the language."""
        return SENTENCES[self.language]

    def ask(self) -> Response:
        """Ask whether to unsubscribe."""
        sentences = self.sentences
        button = f'<form method="post">{_action(UNSUBSCRIBE)}<button>{sentences.unsubscribe}</button></form>'
        return self._response(sentences.ask_title, self._about(sentences.ask), self._own_text(), button)

    def done(self, *, new: bool, token: str | None, may_undo: bool) -> Response:
        """Confirm that the address has unsubscribed. With a token, the recipient can say why, and undo it."""
        sentences = self.sentences
        parts = [self._about(sentences.done)]
        if new:
            parts.append(f'<p class="soft">{sentences.on_its_way}</p>')
        parts.append(self._own_text())
        if token is not None and may_undo:
            parts.append(
                f'<p>{sentences.undo_hint}</p><form method="post">{_action(UNDO, token)}'
                f'<button class="second">{sentences.undo}</button></form>'
            )
        if token is not None:
            parts.append(self._reason_form(token))
        return self._response(sentences.done_title if new else sentences.already_title, *parts)

    def undone(self) -> Response:
        """Confirm that the unsubscribe was undone."""
        return self._response(self.sentences.undone_title, self._about(self.sentences.undone))

    def thanks(self) -> Response:
        """Thank for the reason."""
        return self._response(self.sentences.thanks_title, self._about(self.sentences.done))

    def too_late(self) -> Response:
        """Say that an unsubscribe can no longer be undone."""
        return self._response(self.sentences.too_late_title, f"<p>{self.sentences.too_late}</p>", status=409)

    def too_long(self) -> Response:
        """Say that the request is too large."""
        return self._response(self.sentences.too_long_title, f"<p>{self.sentences.too_long}</p>", status=413)

    def wrong_link(self) -> Response:
        """Say that the link is not valid."""
        return self._response(self.sentences.wrong_link_title, f"<p>{self.sentences.wrong_link}</p>", status=404)

    def later(self) -> Response:
        """Say that the database is unavailable."""
        title, text = self.sentences.later_title, self.sentences.later
        return self._response(title, f"<p>{text}</p>", status=503, headers={"Retry-After": "5"})

    def _about(self, sentence: str) -> str:
        assert self.sender is not None  # noqa: S101 - only pages without a sentence about somebody have no sender
        workspace = f"<bdi>{escape(self.sender.workspace)}</bdi>"
        address = f"<strong><bdi>{escape(self.sender.address)}</bdi></strong>"
        return f"<p>{sentence.format(workspace=workspace, address=address)}</p>"

    def _own_text(self) -> str:
        return f'<p class="own">{escape(self.sender.text)}</p>' if self.sender and self.sender.text else ""

    def _reason_form(self, token: str) -> str:
        sentences = self.sentences
        labels = (sentences.too_many, sentences.not_relevant, sentences.never_asked, sentences.other)
        choices = "".join(
            f'<label class="choice"><input type="radio" name="reason" value="{reason}"><span>{label}</span></label>'
            for reason, label in zip(UnsubscribeReason, labels, strict=True)
        )
        return (
            f'<hr><form method="post">{_action(EXPLAIN, token)}'
            f"<fieldset><legend>{sentences.why}</legend>{choices}</fieldset>"
            f'<label for="comment">{sentences.comment}</label>'
            f'<textarea id="comment" name="comment" maxlength="{MAX_COMMENT_CHARACTERS}"></textarea>'
            f'<button class="second">{sentences.send}</button></form>'
        )

    def _response(
        self, title: str, *parts: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        name = escape(self.sender.workspace) if self.sender else ""
        window_title = f"{title} – {name}" if name else title
        sender_line = f'<p class="from"><bdi>{name}</bdi></p>' if name else ""
        html = (
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
            f"<title>{window_title}</title>"
            f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body><main>'
            f"{sender_line}<h1>{title}</h1>{''.join(parts)}</main></body></html>"
        )
        about = {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Content-Language": self.language,
            "Vary": "Accept-Language",
        }
        return HTMLResponse(html, status, {**about, **(headers or {})})


def _action(name: str, token: str | None = None) -> str:
    field = f'<input type="hidden" name="action" value="{name}">'
    return field if token is None else f'{field}<input type="hidden" name="token" value="{escape(token)}">'

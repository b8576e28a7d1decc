"""The unsubscribe page to which every email links, with one-click unsubscribing by POST (RFC 8058).

Only POST changes anything, because mail scanners follow links with GET and HEAD. A wrong link shows nothing about
anybody. Links of early 0.1 releases contain only the person. They suppress the person's current address and every
address to which emails were sent.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.unsubscribing.form import Form, FormTooLargeError, read_form
from api.http.unsubscribing.page_html import EXPLAIN, UNDO, Page, Sender
from api.http.unsubscribing.sentences import language_of
from api.mail.unsubscribing.links import address_of, changes_token, is_signed, page_link, read_changes_token
from api.models import Person, Workspace
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.emails.recipient import Recipient
from api.services.common.request_context import WorkspaceContext
from api.services.people import recipient_choices
from api.services.people.recipient_choices import RecipientStatus
from api.settings import Settings
from api.states import SuppressionSource
from api.store.engine.faults.availability import log_database_outage
from api.store.engine.rows import is_possible_id
from api.store.people.suppressions import recipients_of
from api.store.workspaces import workspace_by_id


def link_maker(settings: Settings) -> Callable[[Person | Recipient], str | None]:
    """Return a function that returns a person's unsubscribe link, or None if TOUCHLINE_PUBLIC_URL is not set."""

    def link(person: Person | Recipient) -> str | None:
        if not settings.public_url:
            return None
        return page_link(settings.public_url, settings.secret, person.workspace_id, person.email)

    return link


class _Target(NamedTuple):
    """The workspace and the addresses of a valid link."""

    workspace: Workspace
    addresses: Sequence[str]
    path: str
    """The signed part of the link."""


def routes(settings: Settings, runtime: DispatchRuntime) -> list[Route]:
    """Return the routes."""
    secrets = (settings.secret, settings.old_secret)

    async def unsubscribe(request: Request) -> Response:
        page = Page(language_of(request.headers.get("accept-language", "")))
        try:
            target = await _find_target(secrets, request.path_params)
            if target is None:
                return page.wrong_link()
            about = Sender(target.workspace.name, ", ".join(target.addresses), target.workspace.unsubscribe_page_text)
            visit = _Visit(Page(page.language, about), target, runtime.context(target.workspace), secrets)
            # Starlette adds HEAD to every route that accepts GET.
            return await (visit.show() if request.method != "POST" else visit.act(await read_form(request)))
        except FormTooLargeError:
            return page.too_long()
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return page.later()

    methods = ["GET", "POST"]
    return [
        Route("/unsubscribe/{workspace}/{address}/{signature}", unsubscribe, methods=methods),
        Route("/unsubscribe/{person}/{signature}", unsubscribe, methods=methods),
    ]


class _Visit(NamedTuple):
    """A request with a valid link."""

    page: Page
    target: _Target
    context: WorkspaceContext
    secrets: Sequence[str]

    async def show(self) -> Response:
        """Show whether the address has unsubscribed. Changes nothing."""
        status = await recipient_choices.recipient_status(self.context, self.target.addresses)
        return self._done(status, new=False) if status.unsubscribed else self.page.ask()

    async def act(self, form: Form) -> Response:
        """Carry out the action of a form."""
        if form.action not in {UNDO, EXPLAIN}:
            source = SuppressionSource.ONE_CLICK if form.one_click else SuppressionSource.LINK
            addresses = self.target.addresses
            status, new = await recipient_choices.unsubscribe_recipient(self.context, addresses, source)
            return self._done(status, new=new)
        changes = read_changes_token(self.secrets, self.target.path, form.token)
        if changes is None:
            return self.page.too_late()
        about = self.context, self.target.addresses, changes
        if form.action == UNDO:
            undone = await recipient_choices.undo_unsubscribe(*about)
            return self.page.undone() if undone else self.page.too_late()
        explained = await recipient_choices.explain_unsubscribe(*about, form.reason, form.comment)
        return self.page.thanks() if explained else await self.show()

    def _done(self, status: RecipientStatus, *, new: bool) -> Response:
        token = changes_token(self.secrets[0], self.target.path, status.change_ids) if status.may_explain else None
        return self.page.done(new=new, token=token, may_undo=status.may_undo)


async def _find_target(secrets: Sequence[str], path: Mapping[str, str]) -> _Target | None:
    """Return the workspace and the addresses of a link; None if its signature is not valid."""
    signed_path = path["person"] if "person" in path else f"{path['workspace']}/{path['address']}"
    if not is_signed(secrets, signed_path, path["signature"]):
        return None
    if "person" in path:
        person = await Person.get_or_none(id=signed_path) if is_possible_id(signed_path) else None
        workspace = await workspace_by_id(person.workspace_id) if person is not None else None
        if person is None or person.is_merged or workspace is None:
            return None
        addresses = list(dict.fromkeys([person.email, *await recipients_of(signed_path)]))
        return _Target(workspace, addresses, signed_path)
    workspace, email = await workspace_by_id(path["workspace"]), address_of(path["address"])
    return _Target(workspace, [email], signed_path) if workspace and email else None

"""Mutations of compose windows: save a draft of the email of a task, discard it, and send the email."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import TaskId
from api.graphql.arguments.request_keys import Key
from api.graphql.arguments.send_times import AtLocal, send_time
from api.graphql.emails.email_mutations import EmailPayload
from api.graphql.emails.emails import Email
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.tasks.compositions import Draft, draft_of
from api.graphql.tasks.task_mutations import TaskPayload
from api.graphql.tasks.tasks import Task
from api.services.common.inputs.request_keys import once
from api.services.compose import compose_windows
from api.services.tasks import sent_elsewhere
from strategies import Refusal

DraftVersion = Annotated[
    int | None,
    strawberry.argument(
        description="`composition.draftVersion`, or `draft.version` of the last `saveDraft`. If the draft has another "
        "version by now, because another window has changed it, the mutation is refused with `VERSION_CONFLICT`. If "
        "left out, the later change wins."
    ),
]


@contextmanager
def _task_id_paths() -> Iterator[None]:
    """Change the path of refusals about the task, which services call ``id``."""
    try:
        yield
    except Refusal as refusal:
        if refusal.path != ("id",):
            raise
        raise Refusal(refusal.code, refusal.message, ("taskId",)) from None


@strawberry.type(description="Result of saveDraft: the draft, or errors.")
class DraftPayload(Payload):
    draft: Draft | None = strawberry.field(
        default=None, description="The draft as it was saved; null if there are errors."
    )


@strawberry.type
class ComposeMutation:
    @mutation(
        description=(
            "Save what a rep has written for the email of an EMAIL task, in place of an earlier draft. It may be "
            "incomplete. `composition` then shows it, and `sendTask` sends it. Call it while the rep writes, about "
            "every few seconds. Refused while the email is scheduled: use `editEmail`. For a task that was created by "
            "hand, a part that is left out stays, and the draft is a one-off email (`Task.email`), to which "
            "`updateEmail` adds CC, BCC and attachments."
        )
    )
    async def save_draft(
        self,
        info: Request,
        task_id: TaskId,
        subject: Annotated[
            str | None,
            strawberry.argument(
                description="The subject so far; it may be empty. If left out or null, the step's is rendered."
            ),
        ] = None,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="The HTML so far; it may be empty. Unsafe HTML is removed. If left out or null, the step's "
                "template is rendered."
            ),
        ] = None,
        if_version: DraftVersion = None,
    ) -> DraftPayload:
        with _task_id_paths():
            saved = await compose_windows.save_draft(
                info.context.workspace_context, task_id, subject=subject, html=html, if_version=if_version
            )
        return DraftPayload(draft=draft_of(saved))

    @mutation(description="Delete the draft of an EMAIL task. `composition` shows the step's template again.")
    async def discard_draft(self, info: Request, task_id: TaskId, if_version: DraftVersion = None) -> TaskPayload:
        with _task_id_paths():
            row = await compose_windows.discard_draft(info.context.workspace_context, task_id, if_version=if_version)
        return TaskPayload(task=from_row(Task, row))

    @mutation(
        description="Send the email of an EMAIL task, as rendered, saved or edited. Sent now, it completes the "
        "task; sent later, the task is completed when the email is sent. Its draft is deleted."
    )
    async def send_task(
        self,
        info: Request,
        id: TaskId,
        subject: Annotated[
            str | None,
            strawberry.argument(
                description="Edited subject, sent as it is: it is not a template. If left out, that of the draft, else "
                "the step's is rendered."
            ),
        ] = None,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="Edited HTML, such as `composition.html` with changes. It is not a template: `{{ }}` "
                "in it is sent as it is. Unsafe HTML is removed, and the text part is made from it. "
                "If left out, that of the draft, else the step's template is rendered."
            ),
        ] = None,
        at: Annotated[
            datetime | None,
            strawberry.argument(
                description="Send time, later than now, such as `2026-03-02T08:30:00Z`. If left out, now."
            ),
        ] = None,
        at_local: AtLocal = None,
        if_version: DraftVersion = None,
        key: Key = None,
    ) -> EmailPayload:
        context, chosen = info.context.workspace_context, send_time(at, at_local)
        sent = await once(
            context,
            "sendTask",
            key,
            [id, subject, html, chosen],
            lambda key: compose_windows.send_task(
                context, id, subject=subject, html=html, at=chosen, if_version=if_version, key=key
            ),
        )
        return EmailPayload(email=from_row(Email, sent), written=html or "")

    @mutation(
        description="Record that a rep has sent the email of an EMAIL task from their own mailbox. Completes the task "
        "at the time when the email was sent. Copies that arrive by `composition.copyAddress` do this by themselves. "
        "An email that is scheduled or failed is withdrawn. Refused if one is being transmitted or in doubt."
    )
    async def mark_task_sent(
        self,
        info: Request,
        id: TaskId,
        sent_at: Annotated[
            datetime | None,
            strawberry.argument(
                description="When the rep sent it, such as `2026-03-02T08:30:00Z`: in the last 365 days. If left out, "
                "now."
            ),
        ] = None,
        message_id: Annotated[
            str | None,
            strawberry.argument(
                description="Message-ID header of the email, such as `<abc@mail.example.com>`. Replies that name it "
                "are matched to the email, and follow-ups continue its thread. If left out, replies are matched by the "
                "recipient only."
            ),
        ] = None,
        subject: Annotated[
            str | None, strawberry.argument(description="Subject with which it was sent. If left out, none is stored.")
        ] = None,
    ) -> EmailPayload:
        row = await sent_elsewhere.mark_task_sent(
            info.context.workspace_context, id, sent_at=sent_at, message_id=message_id, subject=subject
        )
        return EmailPayload(email=from_row(Email, row))

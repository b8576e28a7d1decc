"""The lists and counts of the GraphQL API that are measured: pages at the beginning, deep inside and at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.clock import system_clock
from api.services.common.lists.cursors import cursor_of
from api.store.engine.listing.sort_keys import Position, SortKey
from benchmarks.populated import Size

FOLDERS = ("SENT", "DELIVERED", "ARCHIVED", "PENDING", "SCHEDULED", "IN_PROGRESS", "UNDELIVERED", "FAILED")
COUNTED = "nodes { id } totalCount"


def queries(mark: str, size: Size) -> dict[str, str]:
    """Return the measured lists and counts, by what they are."""
    rows = _Rows(mark, size)
    parts = (*_emails(rows), *_tasks(rows), *_people(rows), *_others(rows))
    assert len(dict(parts)) == len(parts)
    return dict(parts)


@dataclass(frozen=True)
class _Rows:
    """The rows of a workspace that ``populate`` has filled."""

    mark: str
    size: Size

    def id(self, prefix: str, number: int) -> str:
        """Return the id of a row as GraphQL text."""
        return f'"{prefix}_{self.mark}{number:025d}"'

    @property
    def deep_due(self) -> str:
        """The cursor in the middle of all emails by due date, as GraphQL text."""
        return self._cursor("due_at", self.size.emails // 2 - self.size.emails * 8 // 10 + 86_400)

    @property
    def deep_sent(self) -> str:
        """The cursor in the middle of all emails by the time at which they were sent, as GraphQL text."""
        return self._cursor("sent_at", self.size.emails // 2 - self.size.emails - 86_400)

    @property
    def deep_failed(self) -> str:
        """The cursor in the middle of all emails by the time at which they failed, as GraphQL text."""
        return self._cursor("failed_at", self.size.emails // 2 - self.size.emails - 86_400)

    def _cursor(self, column: str, seconds: int) -> str:
        position = Position(system_clock() + timedelta(seconds=seconds), self.id("snd", self.size.emails // 2)[1:-1])
        return f'"{cursor_of(SortKey(column, datetime), position)}"'


def _page(of: str, chosen: str = "", order: str = "", page: str = "first: 50", selected: str = "nodes { id }") -> str:
    """Return a query for a page of a list. ``order`` is a field and a direction."""
    field, _, direction = order.partition(" ")
    arguments = [page]
    if chosen:
        arguments.append(f"filter: {{{chosen}}}")
    if order:
        arguments.append(f"orderBy: {{field: {field}, direction: {direction or 'ASC'}}}")
    return f"{of}({', '.join(arguments)}) {{ {selected} }}"


def _emails(rows: _Rows) -> Iterator[tuple[str, str]]:
    begins, ends = "first: 50, after: {}", "last: 50, before: {}"
    yield "emails", _page("emails")
    for folder in FOLDERS:
        yield f"emails {folder}", _page("emails", f"folder: {folder}")
    yield "emails, deep", _page("emails", page=begins.format(rows.deep_due))
    yield "emails, deep and backward", _page("emails", page=ends.format(rows.deep_due))
    yield "emails, last page", _page("emails", page="last: 50", selected="nodes { id } pageInfo { hasPreviousPage }")
    yield "emails ARCHIVED, deep", _page("emails", "folder: ARCHIVED", page=begins.format(rows.deep_due))
    yield "emails counted", _page("emails", page="first: 1", selected="totalCount")
    for folder in ("PENDING", "ARCHIVED"):
        yield f"emails {folder} counted", _page("emails", f"folder: {folder}", page="first: 1", selected="totalCount")
    for direction in ("ASC", "DESC"):
        yield f"emails SENT by sentAt {direction}", _page("emails", "folder: SENT", f"SENT_AT {direction}")
        deep = _page("emails", "folder: SENT", f"SENT_AT {direction}", begins.format(rows.deep_sent))
        yield f"emails SENT by sentAt {direction}, deep", deep
        yield f"emails FAILED by failedAt {direction}", _page("emails", "folder: FAILED", f"FAILED_AT {direction}")
        deep = _page("emails", "folder: FAILED", f"FAILED_AT {direction}", begins.format(rows.deep_failed))
        yield f"emails FAILED by failedAt {direction}, deep", deep
    yield "emails DELIVERED by sentAt, last page", _page("emails", "folder: DELIVERED", "SENT_AT DESC", "last: 50")
    yield (
        "emails FAILED of a campaign by failedAt",
        _page("emails", f"campaignId: {rows.id('cmp', 2)}, folder: FAILED", "FAILED_AT DESC", selected=COUNTED),
    )
    dates = 'From: "2020-01-01T00:00:00Z", {}Before: "2100-01-01T00:00:00Z"'
    created = "created" + dates.format("created")
    yield "emails by created dates", _page("emails", created, selected=COUNTED)
    yield "emails SENT by created dates, last page", _page("emails", f"folder: SENT, {created}", page="last: 50")
    yield (
        "emails of a step by createdAt",
        _page("emails", f"stepId: {rows.id('stp', 2)}, {created}", "CREATED_AT DESC", selected=COUNTED),
    )
    for field, name in (("due", "DUE_AT"), ("sent", "SENT_AT"), ("failed", "FAILED_AT")):
        chosen = field + dates.format(field)
        yield f"emails by {field} dates", _page("emails", chosen, selected=COUNTED)
        yield f"emails ARCHIVED by {field} dates", _page("emails", f"folder: ARCHIVED, {chosen}", f"{name} DESC")
    for name, chosen in (
        ("a campaign", f"campaignId: {rows.id('cmp', 1)}"),
        ("a step", f"stepId: {rows.id('stp', 2)}"),
        ("a sender", f"senderId: {rows.id('sdr', 1)}"),
        ("a person", f"personId: {rows.id('per', rows.size.people)}"),
        ("a reason", 'reason: "UNSUBSCRIBED"'),
        ("a search", f'search: "p{rows.size.people - 1}"'),
    ):
        yield f"emails of {name}", _page("emails", chosen, selected=COUNTED)
        yield f"emails SENT of {name}, last page", _page("emails", f"folder: SENT, {chosen}", page="last: 50")
        yield f"emails SCHEDULED of {name}", _page("emails", f"status: SCHEDULED, {chosen}", "DUE_AT DESC")
    both = f"campaignId: {rows.id('cmp', 2)}, senderId: {rows.id('sdr', 1)}"
    for name, chosen in (
        ("a campaign and sender", both),
        ("a campaign, SENT", f"campaignId: {rows.id('cmp', 2)}, folder: SENT"),
        ("a reason, FAILED", 'reason: "UNSUBSCRIBED", folder: FAILED'),
        ("many opens, SENT", "opened: true, folder: SENT"),
        ("few clicks", "clicked: true"),
        ("nobody's click", "clicked: false"),
        ("nobody's reply, SENT", "replied: false, folder: SENT"),
    ):
        yield f"emails of {name}, the last due first", _page("emails", chosen, "DUE_AT DESC", selected=COUNTED)
    yield (
        "emails of a campaign and sender, by sentAt",
        _page("emails", f"campaignId: {rows.id('cmp', 2)}, senderId: {rows.id('sdr', 1)}, folder: FAILED", "SENT_AT"),
    )


def _tasks(rows: _Rows) -> Iterator[tuple[str, str]]:
    yield "tasks", _page("tasks")
    yield "tasks, last page", _page("tasks", page="last: 50")
    for name, chosen in (
        ("OPEN", "status: OPEN"),
        ("OPEN, due TODAY", "status: OPEN, due: TODAY"),
        ("OVERDUE", "due: OVERDUE"),
        ("of the next seven days", "due: NEXT_SEVEN_DAYS"),
        ("OPEN, CALL", "status: OPEN, type: CALL"),
        ("without a hit", "type: INMAIL, priority: HIGH"),
        ("by hand", "byHand: true"),
        ("of an assignee, due TODAY", f"status: OPEN, due: TODAY, assigneeId: {rows.id('sdr', 1)}"),
        ("of a campaign", f"campaignId: {rows.id('cmp', 1)}, type: [CALL, EMAIL]"),
        ("of a person", f"personId: {rows.id('per', rows.size.people)}"),
        ("of a priority", "priority: NORMAL"),
        ("in a range of dates", 'status: OPEN, dueFrom: "2026-01-01", dueTo: "2026-12-31"'),
    ):
        yield f"tasks {name}", _page("tasks", chosen, selected=COUNTED)
    yield "tasks OPEN, last page", _page("tasks", "status: OPEN", "DUE_DATE DESC", "last: 50")
    yield "tasks OPEN as created", _page("tasks", "status: OPEN", "CREATED DESC")
    yield "tasks of a campaign as created", _page("tasks", f"campaignId: {rows.id('cmp', 1)}", "CREATED DESC")
    yield (
        "tasks counted by filter",
        (
            "taskCounts(filters: [{status: OPEN, due: TODAY}, {due: OVERDUE}, {type: CALL}, {byHand: true},"
            f" {{status: OPEN, type: [EMAIL, CALL], assigneeId: {rows.id('sdr', 1)}}}]) {{ count isExact }}"
        ),
    )


def _people(rows: _Rows) -> Iterator[tuple[str, str]]:
    few = f'"p{rows.size.people - 1}"'
    for field in ("CREATED", "EMAIL", "FIRST_NAME", "LAST_NAME", "COMPANY"):
        yield f"people by {field}", _page("people", order=field)
        yield f"people by {field}, last page", _page("people", order=f"{field} DESC", page="last: 50")
    yield "people, deep", _page("people", page=f"first: 50, after: {rows.id('per', rows.size.people // 2)}")
    yield "people counted", _page("people", page="first: 1", selected="totalCount")
    yield "people, few hits", _page("people", f"email: {few}")
    yield "people, few hits, by name", _page("people", f"email: {few}", "LAST_NAME")
    yield "people, many hits", _page("people", 'email: "p1"', selected=COUNTED)
    yield "people of a company", _page("people", 'company: "acme"', selected=COUNTED)
    yield "people of a company, last page", _page("people", 'company: "acme"', page="last: 50")
    for direction in ("ASC", "DESC"):
        yield f"people by repliedAt {direction}", _page("people", order=f"REPLIED_AT {direction}")
    for facts in ("unsubscribed", "bounced", "replied"):
        yield f"people, {facts}", _page("people", f"{facts}: true, campaignId: {rows.id('cmp', 1)}", selected=COUNTED)
    of_group, of_import = f"groupId: {rows.id('grp', 1)}", f"importId: {rows.id('imp', 1)}"
    for name, chosen in (("replied", "replied: true"), ("of a group", of_group), ("of an import", of_import)):
        yield f"people {name}", _page("people", chosen, selected=COUNTED)
        yield f"people {name}, last page", _page("people", chosen, page="last: 50")
    yield (
        "people, few hits, with a field",
        _page("people", f'email: {few}, fields: [{{name: "plan", equals: "a"}}]', "LAST_NAME", selected=COUNTED),
    )
    yield (
        "a group and its people",
        f"group(id: {rows.id('grp', 1)}) {{ {_page('members', selected='nodes { addedAt person { id } } totalCount')} }}",
    )
    yield "people of a search", _page("people", f'search: "ada p{rows.size.people - 1}"', "COMPANY", selected=COUNTED)


def _others(rows: _Rows) -> Iterator[tuple[str, str]]:
    for name, chosen in (
        ("all", ""),
        ("ACTIVE", "status: ACTIVE"),
        ("of a campaign", f"campaignId: {rows.id('cmp', 1)}"),
        ("ACTIVE of a campaign", f"status: ACTIVE, campaignId: {rows.id('cmp', 1)}"),
        ("of a person", f"personId: {rows.id('per', rows.size.people)}"),
        ("of a search", f'search: "p{rows.size.people - 1}"'),
    ):
        yield f"enrollments, {name}", _page("enrollments", chosen, selected=COUNTED)
        yield f"enrollments, {name}, last page", _page("enrollments", chosen, "CREATED DESC", "last: 50")
    yield "events", _page("events")
    yield "events, last page", _page("events", page="last: 50")
    yield "events of a campaign, the oldest first", _page("events", f"campaignId: {rows.id('cmp', 1)}", "CREATED")
    for name, chosen in (
        ("a kind", "kinds: [EMAIL_SENT, REPLIED]"),
        ("a rare kind", "kinds: [REPLIED, OTHER]"),
        ("a kind and campaign", f"kinds: [EMAIL_SENT, REPLIED], campaignId: {rows.id('cmp', 1)}"),
        ("a person", f"personId: {rows.id('per', rows.size.people)}"),
        ("an email", f"emailId: {rows.id('snd', rows.size.emails)}"),
        ("a task", f"taskId: {rows.id('tsk', rows.size.tasks)}"),
    ):
        yield f"events of {name}", _page("events", chosen, selected=COUNTED)
    of_sender, of_category = f"senderId: {rows.id('sdr', 1)}", f"categoryId: {rows.id('cat', 1)}"
    of_template, unused = f"templateId: {rows.id('tpl', 2)}", 'archived: false, unusedSince: "2020-01-01"'
    drafts_of_sender = {" DRAFT": "status: DRAFT", " of a sender": f"{of_sender}, status: RUNNING"}
    for of, filters in (
        (
            "campaigns",
            {
                "": "",
                " of a category": of_category,
                " of a template without any": of_template,
                **drafts_of_sender,
            },
        ),
        ("templates", {"": "", " of a category": of_category, " of a search": 'search: "t"', " unused": unused}),
        ("categories", {"": "", " of a search": 'search: "c"'}),
        ("groups", {"": "", " of a search": 'search: "g"'}),
        ("senders", {"": "", " of a search": 'search: "g"'}),
    ):
        for name, chosen in filters.items():
            yield f"{of}{name}, the newest first", _page(of, chosen, "CREATED DESC", selected=COUNTED)
            if "status" not in chosen:
                yield f"{of}{name}, by name", _page(of, chosen, "NAME", selected=COUNTED)
    yield "campaigns by status", _page("campaigns", "", "STATUS DESC", selected=COUNTED)
    yield "campaigns of a search", _page("campaigns", 'search: "campaign 19"', "NAME", selected=COUNTED)
    since = 'since: "2020-01-01T00:00:00Z", before: "2100-01-01T00:00:00Z"'
    for name, chosen in (
        ("", ""),
        (", few", 'email: "s1"'),
        (" of two sources", "source: [API, LINK]"),
        (" between two dates", since),
    ):
        yield f"suppressions{name}", _page("suppressions", chosen, page="last: 50", selected=COUNTED)
    yield "suppressions by date", _page("suppressions", order="UNSUBSCRIBED_AT DESC")
    yield "suppressions by address", _page("suppressions", order="EMAIL")
    yield "bulk actions", _page("bulkActions", "status: [RUNNING]", "CREATED DESC", selected=COUNTED)
    yield "failures of a CRM", _page("crmFailures", "category: INTERMITTENT, kind: TASK", selected=COUNTED)
    yield "launches", _page("launches", "status: RUNNING", selected=COUNTED)
    yield "launches of a campaign", _page("launches", f"campaignId: {rows.id('cmp', 1)}, status: RUNNING")
    yield "incoming events", _page("incomingEvents", selected=COUNTED)
    yield "incoming events of a kind", _page("incomingEvents", 'kind: ["OPENED"], result: APPLIED', selected=COUNTED)

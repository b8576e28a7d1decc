"""The largest size of each text and list in a request. The schema's descriptions repeat it.

``size_check`` checks every value before anything else reads it. A service may allow less; its refusal then says so.
"""

from typing import NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_list_type,
)

from api.codes.refusals.launches import LaunchCode
from api.codes.request_errors.inputs import InputCode
from api.mail.message.signature import MAX_SIGNATURE_CHARACTERS
from api.services.bulk.bulk_actions import MAX_IDS as MAX_BULK_IDS
from api.services.campaigns.draft import MAX_STEPS
from api.services.campaigns.step_content import MAX_NOTES
from api.services.common.inputs.inputs import MAX_TEXT_CHARACTERS
from api.services.crm.connections.access_values import MAX_SECRET_CHARACTERS
from api.services.crm.connections.connection_reads import MAX_USERS
from api.services.crm.people.adding import MAX_IDS as MAX_CRM_IDS
from api.services.crm.people.importing import MAX_REFERENCE_CHARACTERS
from api.services.launches.background.chosen_people import MAX_IDS
from api.services.launches.launch_people import MAX_PEOPLE
from api.services.one_off_emails.attached import MAX_ATTACHMENTS
from api.services.one_off_emails.recipients import MAX_RECIPIENTS
from api.services.people.imports import MAX_SOURCE_CHARACTERS
from api.services.people.person_reads import MAX_FIELD_CONDITIONS
from api.services.people.suppression_files import MAX_SOURCE_CHARACTERS as MAX_SUPPRESSIONS_LENGTH
from api.services.replies.replies import MAX_TEXT_CHARACTERS as MAX_RECORDED_CHARACTERS
from api.services.simulations.simulations import MAX_REPLY_CHARACTERS
from api.services.tasks.call_results import MAX_NOTE_CHARACTERS
from api.services.tasks.manual_tasks import MAX_DETAILS_CHARACTERS
from api.services.tasks.task_reads import MAX_FILTERS
from api.services.workspaces.call_lists import MAX_NAMES
from api.services.workspaces.workspaces import MAX_DOMAINS, MAX_PAGE_TEXT_CHARACTERS, MAX_UNSUBSCRIBE_HTML_CHARACTERS
from strategies.codes import Code, Message

TEXT_LIMIT = 1_000
"""Characters of a text that has no limit of its own."""
ID_LIMIT = 200
"""Characters of an id."""
LIST_LIMIT = 100
"""Elements of a list that has no limit of its own."""
OBJECT_LIMIT = 1_000
"""Input objects in the variables of a request, and in one argument that is written in the document."""
UNKNOWN_FIELD_LIMIT = 50
"""Fields of an input object that its type does not have: each of them is an error of its own."""
JSON_VALUE_LIMIT = 1_000
"""Values in one JSON argument: texts, numbers, lists and objects, nested ones included."""
JSON_TEXT_LIMIT = 10_000
"""Characters of one text in a JSON argument."""
JSON_LIMIT = 200_000
"""Characters of all texts and names in one JSON argument together."""


class Size(NamedTuple):
    """The largest size of a text or a list, and the code of the error when it is larger."""

    most: int
    code: Code = InputCode.TOO_LONG

    def too_many(self, length: int) -> Message:
        """Return the message for a list of this length, which is too long."""
        if self.code is LaunchCode.TOO_MANY_PEOPLE:
            return LaunchCode.TOO_MANY_PEOPLE.message("elements", limit=self.most, length=length)
        return InputCode.TOO_LONG.message("elements", limit=self.most, length=length)


SIZES = {
    "Query.nodes.ids": Size(LIST_LIMIT),
    "Mutation.addCrmPeopleToCampaign.remoteIds": Size(MAX_CRM_IDS),
    "CrmSourceInput.reference": Size(MAX_REFERENCE_CHARACTERS),
    "Mutation.importPeople.csv": Size(MAX_SOURCE_CHARACTERS),
    "Mutation.importSuppressions.csv": Size(MAX_SUPPRESSIONS_LENGTH),
    "Mutation.setBlockedDomains.domains": Size(MAX_DOMAINS),
    **{
        f"Mutation.{name}.ids": Size(MAX_BULK_IDS)
        for name in (
            "completeTasks",
            "skipTasks",
            "assignTasks",
            "snoozeTasks",
            "deleteTasks",
            "archiveEmails",
            "deleteEmails",
            "endEnrollments",
            "retrySends",
            "withdrawEmails",
            "markSuccess",
            "createTasks",
            "addPeopleToGroup",
            "removePeopleFromGroup",
            "retryCrmWrites",
            "dropCrmWrites",
        )
    },
    **{f"Mutation.{name}.note": Size(MAX_NOTE_CHARACTERS) for name in ("completeTasks", "skipTasks")},
    "Query.taskCounts.filters": Size(MAX_FILTERS),
    "Mutation.completeTask.note": Size(MAX_NOTE_CHARACTERS),
    "Mutation.skipTask.note": Size(MAX_NOTE_CHARACTERS),
    "Mutation.sendTask.html": Size(MAX_TEXT_CHARACTERS),
    "Mutation.saveDraft.html": Size(MAX_TEXT_CHARACTERS),
    "Mutation.editEmail.html": Size(MAX_TEXT_CHARACTERS),
    "Mutation.simulateReply.text": Size(MAX_REPLY_CHARACTERS),
    "Mutation.simulateAutoReply.text": Size(MAX_REPLY_CHARACTERS),
    "Mutation.recordReply.text": Size(MAX_RECORDED_CHARACTERS),
    "TemplateInput.html": Size(MAX_TEXT_CHARACTERS),
    "TemplateInput.text": Size(MAX_TEXT_CHARACTERS),
    "TemplateChanges.html": Size(MAX_TEXT_CHARACTERS),
    "TemplateChanges.text": Size(MAX_TEXT_CHARACTERS),
    "CreateTaskInput.details": Size(MAX_DETAILS_CHARACTERS),
    "TaskOfEmailInput.details": Size(MAX_DETAILS_CHARACTERS),
    "TaskChanges.details": Size(MAX_DETAILS_CHARACTERS),
    **{
        f"{kind}.{name}": Size(MAX_TEXT_CHARACTERS)
        for kind in ("StepInput", "StepChanges", "TemplatePreviewInput")
        for name in ("html", "text")
    },
    **{
        f"{kind}.{name}": Size(most)
        for kind in ("CreateEmailInput", "EmailChanges")
        for name, most in (
            ("html", MAX_TEXT_CHARACTERS),
            ("cc", MAX_RECIPIENTS - 1),
            ("bcc", MAX_RECIPIENTS - 1),
            ("attachmentIds", MAX_ATTACHMENTS),
        )
    },
    "SenderInput.signature": Size(MAX_SIGNATURE_CHARACTERS),
    "SenderChanges.signature": Size(MAX_SIGNATURE_CHARACTERS),
    "FirstEmailInput.html": Size(MAX_TEXT_CHARACTERS),
    "PersonLaunchInput.html": Size(MAX_TEXT_CHARACTERS),
    "CrmJwtBearerInput.privateKey": Size(MAX_SECRET_CHARACTERS),
    "CrmClientCredentialsInput.clientSecret": Size(MAX_SECRET_CHARACTERS),
    "CrmUserLoginInput.clientSecret": Size(MAX_SECRET_CHARACTERS),
    "CrmValueInput.value": Size(MAX_SECRET_CHARACTERS),
    "Query.crmUsers.addresses": Size(MAX_USERS),
    "PersonFilter.fields": Size(MAX_FIELD_CONDITIONS),
    "StepInput.notes": Size(MAX_NOTES),
    "StepChanges.notes": Size(MAX_NOTES),
    "WorkspaceChanges.unsubscribeHtml": Size(MAX_UNSUBSCRIBE_HTML_CHARACTERS),
    "WorkspaceChanges.callOutcomes": Size(MAX_NAMES),
    "WorkspaceChanges.callReasons": Size(MAX_NAMES),
    "WorkspaceChanges.unsubscribePageText": Size(MAX_PAGE_TEXT_CHARACTERS),
    "LaunchInput.personIds": Size(MAX_PEOPLE, LaunchCode.TOO_MANY_PEOPLE),
    "LaunchInput.perPerson": Size(OBJECT_LIMIT),
    "StartLaunchInput.perPerson": Size(OBJECT_LIMIT),
    "LaunchInput.times": Size(MAX_STEPS),
    "PersonLaunchInput.times": Size(MAX_STEPS),
    "StartLaunchInput.personIds": Size(MAX_IDS, LaunchCode.TOO_MANY_PEOPLE),
    "StartLaunchInput.times": Size(MAX_STEPS),
}
"""Texts and lists with limits of their own: ``Type.field.argument``, or ``InputType.field``."""


def describe_sizes(schema: GraphQLSchema) -> None:
    """Add the limit to the description of each argument and input field that has one of its own."""
    for coordinate, size in SIZES.items():
        place = _place(schema, coordinate)
        unit = "elements" if is_list_type(get_nullable_type(place.type)) else "characters"
        message = f"Up to {size.most:,} {unit}."
        place.description = f"{place.description} {message}" if place.description else message


def _place(schema: GraphQLSchema, coordinate: str) -> GraphQLArgument | GraphQLInputField:
    """Return the argument or input field at a coordinate."""
    name, field, *argument = coordinate.split(".")
    kind = schema.type_map[name]
    if isinstance(kind, GraphQLInputObjectType):
        return kind.fields[field]
    assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - only these two have arguments or input fields
    return kind.fields[field].args[argument[0]]

"""The standard objects that the plugin reads or writes, with the fields that matter.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm,
…_lead.htm, …_contact.htm, …_emailmessage.htm, …_emailmessagerelation.htm, …_user.htm, …_organization.htm
"""

from tests.salesforce.schema import SYSTEM_FIELDS, Field, SObject

TASK_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
TASK_SUBTYPES = ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn")
EMAIL_STATUSES = ("0", "1", "2", "3", "4", "5")
"""New, Read, Replied, Sent, Forwarded, Draft."""
ACTIVITY_FIELDS = (
    Field("mktosales_call_outcome__c", length=50),
    Field("mktosales_call_reason__c", length=50),
    Field("MSE_Call_Local_Presence_ID__c", length=255),
    Field("MSE_Call_Recording__c", "url", 255),
    Field("MSE_Campaign__c", length=255),
    Field("MSE_Current_Campaign_Step__c", length=255),
    Field("MSE_Campaign_Details_Link__c", "url", 255),
    Field("MSE_Presentation_Viewed__c", "boolean", default=False),
    Field("MSE_Clicked__c", "boolean", default=False),
    Field("MSE_Replied__c", "boolean", default=False),
    Field("MSE_Viewed__c", "boolean", default=False),
    Field("MSE_Email_Status__c", length=50),
    Field("MSE_Template__c", length=255),
    Field("MSE_Template_Details__c", "url", 255),
    Field("MSE_Details__c", "url", 255),
)
"""The custom fields of an org that has the sales package. Others do not have them."""
EXTERNAL_ID = Field("Touchline_Id__c", length=64, external_id=True, unique=True)
MARKER_WITHOUT_INDEX = Field("Touchline_Id__c", length=64)


def standard_objects() -> dict[str, SObject]:
    """Return the objects of a new org."""
    owner = Field("OwnerId", "reference", 18, refers_to=("User",), required=True)
    found = [
        _person("Lead").add(
            Field("Company", length=255, required=True),
            Field("Status", "picklist", 255, values=("Open", "Working", "Converted"), default="Open"),
            Field("IsConverted", "boolean", default=False, createable=False, updateable=False),
            Field("ConvertedContactId", "reference", 18, refers_to=("Contact",), createable=False, updateable=False),
            Field("ConvertedAccountId", "reference", 18, refers_to=("Account",), createable=False, updateable=False),
            owner,
        ),
        _person("Contact").add(
            Field("AccountId", "reference", 18, refers_to=("Account",)),
            owner,
        ),
        _new("Account").add(Field("Name", length=255, required=True), owner),
        _new("Opportunity").add(
            Field("Name", length=120, required=True), Field("IsClosed", "boolean", default=False), owner
        ),
        _new("OpportunityContactRole").add(
            Field("OpportunityId", "reference", 18, refers_to=("Opportunity",), required=True),
            Field("ContactId", "reference", 18, refers_to=("Contact",), required=True),
            Field("IsPrimary", "boolean", default=False),
        ),
        _new("User", createable=False).add(
            Field("Username", length=80, required=True),
            Field("Name", length=121),
            Field("Email", "email", 128, required=True),
            Field("IsActive", "boolean", default=True),
            Field("TimeZoneSidKey", "picklist", 40, default="America/Los_Angeles"),
        ),
        _new("Organization", createable=False).add(
            Field("Name", length=80),
            Field("InstanceName", length=5),
            Field("IsSandbox", "boolean", default=False),
            Field("OrganizationType", "picklist", 40),
        ),
        _new("Report", createable=False).add(Field("Name", length=40), Field("Format", "picklist", 40)),
        _new("ListView", createable=False).add(
            Field("Name", length=40), Field("DeveloperName", length=80), Field("SobjectType", "picklist", 40)
        ),
        _task().add(owner),
    ]
    return {each.name: each for each in found}


def email_objects() -> dict[str, SObject]:
    """Return the objects of an org with Enhanced Email."""
    people = ("Contact", "Lead", "User")
    lists = [Field(name, "JunctionIdList", refers_to=people) for name in ("ToIds", "CcIds", "BccIds")]
    message = _new("EmailMessage").add(
        Field("Subject", length=3_000),
        Field("TextBody", "textarea", 131_072),
        Field("HtmlBody", "textarea", 131_072),
        Field("FromAddress", "email", 1_000),
        Field("FromName", length=1_000),
        Field("ToAddress", length=4_000),
        Field("CcAddress", length=4_000),
        Field("BccAddress", length=4_000),
        *lists,
        Field("Incoming", "boolean", default=False),
        Field("Status", "picklist", 40, values=EMAIL_STATUSES, default="0", required=True, restricted=True),
        Field("MessageDate", "datetime"),
        Field("MessageIdentifier", length=765),
        Field("ThreadIdentifier", length=765),
        Field("RelatedToId", "reference", 18, refers_to=("Account", "Opportunity")),
        Field("ActivityId", "reference", 18, refers_to=("Task",), updateable=False),
        Field("IsExternallyVisible", "boolean", default=False),
    )
    kinds = ("ToAddress", "CcAddress", "BccAddress", "FromAddress")
    relation = _new("EmailMessageRelation").add(
        Field("EmailMessageId", "reference", 18, refers_to=("EmailMessage",), required=True, updateable=False),
        Field("RelationId", "reference", 18, refers_to=people),
        Field("RelationObjectType", length=50, createable=False, updateable=False),
        Field("RelationType", "picklist", 40, values=kinds, required=True, restricted=True, updateable=False),
        Field("RelationAddress", length=255, updateable=False),
    )
    return {each.name: each for each in (message, relation)}


def _new(name: str, createable: bool = True) -> SObject:
    return SObject(name, createable=createable).add(*SYSTEM_FIELDS)


def _person(name: str) -> SObject:
    return _new(name).add(
        Field("FirstName", length=40),
        Field("LastName", length=80, required=True),
        Field("Name", length=121, createable=False, updateable=False),
        Field("Email", "email", 80),
        Field("Title", length=128),
        Field("Phone", "phone", 40),
        Field("HasOptedOutOfEmail", "boolean", default=False),
        Field("MasterRecordId", "reference", 18, refers_to=(name,), createable=False, updateable=False),
    )


def _task() -> SObject:
    return _new("Task").add(
        Field("Subject", "combobox", 255, values=("Call", "Send Letter", "Send Quote", "Other")),
        Field("Status", "picklist", 255, values=TASK_STATUSES, default="Not Started", required=True),
        Field("Priority", "picklist", 255, values=("High", "Normal", "Low"), default="Normal", required=True),
        Field("ActivityDate", "date"),
        Field("Description", "textarea", 32_000),
        Field("WhoId", "reference", 18, refers_to=("Contact", "Lead")),
        Field("WhatId", "reference", 18, refers_to=("Account", "Opportunity")),
        Field("Type", "picklist", 255, values=("Call", "Email", "Meeting", "Other")),
        Field("TaskSubtype", "picklist", 40, values=TASK_SUBTYPES, restricted=True, default="Task", updateable=False),
        Field("CallType", "picklist", 40, values=("Internal", "Inbound", "Outbound")),
        Field("CallDurationInSeconds", "int"),
        Field("CallDisposition", length=255),
        Field("IsClosed", "boolean", default=False, createable=False, updateable=False),
        Field("CompletedDateTime", "datetime", createable=False, updateable=False),
    )

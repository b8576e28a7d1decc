"""The enums of people and activities in a CRM."""

from enum import StrEnum


class CrmMatchedBy(StrEnum):
    """How the record of a person in the CRM was found."""

    REMOTE_ID = "REMOTE_ID"
    ADDRESS = "ADDRESS"
    IMPORT = "IMPORT"
    CREATED = "CREATED"
    CONVERTED = "CONVERTED"
    MANUAL = "MANUAL"


class CrmActivityKind(StrEnum):
    """What the CRM logs."""

    EMAIL = "EMAIL"
    REPLY = "REPLY"
    CALL = "CALL"

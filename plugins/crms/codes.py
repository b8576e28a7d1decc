"""Codes of a CRM: why a write or a read there failed, what kind of failure that is, and what to do.

The names are those of Salesforce, whose diagnostics users know (https://developer.salesforce.com/docs/
atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm, "StatusCode"). A plugin for another CRM maps
its errors to the code with the same meaning. A code that is not listed here is ``OTHER``.
"""

from enum import StrEnum, auto


class CrmCategory(StrEnum):
    """The kind of a failure, which decides what happens next."""

    AUTHENTICATION = "AUTHENTICATION"
    """The connection does not work. Nothing is sent until somebody reconnects."""
    VALIDATION = "VALIDATION"
    """The CRM rejects this record. It stays failed until somebody corrects the CRM or the record, and retries."""
    INTERMITTENT = "INTERMITTENT"
    """The failure is temporary. Touchline tries again later."""
    OTHER = "OTHER"
    """The kind is not known, or the record cannot change any more. Somebody decides whether to retry."""


AUTHENTICATION, VALIDATION = CrmCategory.AUTHENTICATION, CrmCategory.VALIDATION
INTERMITTENT, OTHER_CATEGORY = CrmCategory.INTERMITTENT, CrmCategory.OTHER


class CrmCode(StrEnum):
    """A code for programs, with its category, its sentence for people, and what to do."""

    category: CrmCategory
    sentence: str
    do: str

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Give `auto()` the member's name: StrEnum's own is in lower case."""
        return name

    def __new__(cls, value: str, category: CrmCategory, sentence: str, do: str) -> "CrmCode":
        """Make a member that is its own name."""
        member = str.__new__(cls, value)
        member._value_, member.category, member.sentence, member.do = value, category, sentence, do
        return member

    @classmethod
    def of(cls, name: str) -> "CrmCode":
        """Return the code of this name, or ``OTHER``."""
        return cls.__members__.get(name, cls.OTHER)

    @property
    def is_retried(self) -> bool:
        """Whether Touchline tries again by itself."""
        return self.category is CrmCategory.INTERMITTENT

    # The connection: reconnect.
    AUTHENTICATION_FAILURE = (
        auto(),
        AUTHENTICATION,
        "The CRM does not accept the credentials of the connection.",
        "Check the client ID, the secret, the key and the user name. Then connect again.",
    )
    EXPIRED_ACCESS = auto(), AUTHENTICATION, "The access has expired or was revoked.", "Connect again."
    INACTIVE_ORGANIZATION = (
        auto(),
        AUTHENTICATION,
        "The CRM's organization is locked, closed or suspended.",
        "Ask the administrator of the CRM to activate the organization. Then connect again.",
    )
    INACTIVE_USER = (
        auto(),
        AUTHENTICATION,
        "The CRM's user of this connection is inactive.",
        "Ask the administrator of the CRM to activate the user, or connect as another user.",
    )
    INVALID_GRANT = (
        auto(),
        AUTHENTICATION,
        "The CRM does not allow the connection from this server, at this time, or for this user.",
        "Allow the IP address of the server in the CRM, and approve the app for the user. Then connect again.",
    )
    OWN_LOGIN_LOST = (
        auto(),
        AUTHENTICATION,
        "The sender's own login to the CRM cannot be used. Other senders are not affected.",
        "Let the sender log in again, end the pause, or disconnect the login. Then Touchline sends the changes "
        "automatically.",
    )
    URL_INVALID = (
        auto(),
        AUTHENTICATION,
        "The URL of the CRM is not valid, or this server may not call it.",
        "Correct the URL. Then connect again.",
    )
    # Access and validation: correct it in the CRM.
    API_CURRENTLY_DISABLED = (
        auto(),
        VALIDATION,
        "The API is switched off in the CRM, or for this user.",
        "Switch on the API in the CRM (in Salesforce: the permission API Enabled). Then retry.",
    )
    CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY = (
        auto(),
        VALIDATION,
        "An automation of the CRM rejected the change.",
        "Read the detail and correct the trigger or the flow in the CRM. Then retry.",
    )
    DUPLICATE_VALUE = (
        auto(),
        VALIDATION,
        "Another record in the CRM has the same value of a unique field.",
        "Find that record in the CRM and merge or delete one of the two. Then retry.",
    )
    DUPLICATES_DETECTED = (
        auto(),
        VALIDATION,
        "A duplicate rule of the CRM found a similar record.",
        "Let the duplicate rule allow the connection's user, or merge the records. Then retry.",
    )
    ENTITY_IS_DELETED = (
        auto(),
        VALIDATION,
        "The record was deleted in the CRM.",
        "Nothing, if the deletion is right. Otherwise restore the record in the CRM and retry.",
    )
    ENTITY_IS_LOCKED = (
        auto(),
        VALIDATION,
        "The record is locked in the CRM, for example by an approval.",
        "Unlock the record in the CRM. Then retry.",
    )
    FIELD_CUSTOM_VALIDATION_EXCEPTION = (
        auto(),
        VALIDATION,
        "A validation rule of the CRM rejected the change.",
        "Read the detail and correct the record or the rule. Then retry.",
    )
    FIELD_FILTER_VALIDATION_EXCEPTION = (
        auto(),
        VALIDATION,
        "A lookup filter of the CRM rejected the change.",
        "Correct the record or the filter in the CRM. Then retry.",
    )
    FIELD_INTEGRITY_EXCEPTION = (
        auto(),
        VALIDATION,
        "The CRM rejected the value of a field.",
        "Read the detail and correct the value. Then retry.",
    )
    INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY = (
        auto(),
        VALIDATION,
        "The CRM's user of this connection has no access to a record that the change refers to.",
        "Share that record with the user in the CRM. Then retry.",
    )
    INSUFFICIENT_ACCESS_OR_READONLY = (
        auto(),
        VALIDATION,
        "The CRM's user of this connection cannot change the record.",
        "Give the user access to the record in the CRM. Then retry.",
    )
    INVALID_CROSS_REFERENCE_KEY = (
        auto(),
        VALIDATION,
        "The change refers to a record that the CRM does not have, or does not show to this user.",
        "Check the ids of the person, the owner and the related record. Then retry.",
    )
    INVALID_FIELD = (
        auto(),
        VALIDATION,
        "The CRM has no such field, or does not show it to this user.",
        "Give the user access to the field that the detail names. Then retry.",
    )
    INVALID_FIELD_FOR_INSERT_UPDATE = (
        auto(),
        VALIDATION,
        "A field cannot be written by this user.",
        "Give the user permission to edit the field that the detail names. Then retry.",
    )
    INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST = (
        auto(),
        VALIDATION,
        "The CRM's picklist does not have this value.",
        "Add the value to the picklist in the CRM, or choose another in the settings. Then retry.",
    )
    INVALID_TYPE = (
        auto(),
        VALIDATION,
        "The CRM has no such object, or does not show it to this user.",
        "Give the user access to the object that the detail names. Then retry.",
    )
    NOT_FOUND = (
        auto(),
        VALIDATION,
        "The CRM does not find the requested record.",
        "Check the id. Check that the connection's user has access to it.",
    )
    REQUEST_INVALID = (
        auto(),
        VALIDATION,
        "The CRM cannot read the request.",
        "Check the query or the setting that the detail names. Then retry.",
    )
    REQUIRED_FIELD_MISSING = (
        auto(),
        VALIDATION,
        "The CRM requires a field that Touchline does not fill in.",
        "Give the field a default in the CRM, or make it optional. Then retry.",
    )
    STORAGE_LIMIT_EXCEEDED = (auto(), VALIDATION, "The CRM's storage is full.", "Free storage in the CRM. Then retry.")
    STRING_TOO_LONG = (
        auto(),
        VALIDATION,
        "A text is longer than the CRM's field.",
        "Shorten the text that the detail names. Then retry.",
    )
    TXN_SECURITY_NO_ACCESS = (
        auto(),
        VALIDATION,
        "A security policy of the CRM blocked the change.",
        "Change the policy in the CRM, or exempt the connection's user. Then retry.",
    )
    # Intermittent: wait.
    ANSWER_INVALID = (
        auto(),
        INTERMITTENT,
        "The CRM gave an answer that cannot be read.",
        "Nothing. Touchline tries again. If it continues, check the URL of the CRM and any proxy.",
    )
    ANSWER_LOST = (
        auto(),
        INTERMITTENT,
        "The connection to the CRM broke before its answer was complete.",
        "Nothing. Touchline checks whether the change was made, and tries again.",
    )
    API_SHARE_USED = (
        auto(),
        INTERMITTENT,
        "Touchline has used its share of the CRM's API requests.",
        "Nothing. Touchline tries again when the CRM's limit has requests again. Or raise the share.",
    )
    FAILED_WRITE = (auto(), INTERMITTENT, "The CRM did not complete the change.", "Nothing. Touchline tries again.")
    INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE = (
        auto(),
        INTERMITTENT,
        "The CRM accepts no changes during its maintenance.",
        "Nothing. Touchline tries again.",
    )
    QUERY_TIMEOUT = (auto(), INTERMITTENT, "The CRM's query took too long.", "Nothing. Touchline tries again.")
    REQUEST_LIMIT_EXCEEDED = (
        auto(),
        INTERMITTENT,
        "The CRM's limit of API requests is used up.",
        "Nothing. Touchline tries again. If it happens often, raise the limit in the CRM.",
    )
    SERVER_UNAVAILABLE = (auto(), INTERMITTENT, "The CRM is not available.", "Nothing. Touchline tries again.")
    UNABLE_TO_LOCK_ROW = (
        auto(),
        INTERMITTENT,
        "Another change in the CRM is using the record.",
        "Nothing. Touchline tries again.",
    )
    UNREACHABLE = (
        auto(),
        INTERMITTENT,
        "The CRM cannot be reached.",
        "Nothing. Touchline tries again. If it continues, check the URL of the CRM and the network.",
    )
    # Other.
    CANNOT_UPDATE_CONVERTED_LEAD = (
        auto(),
        OTHER_CATEGORY,
        "The lead was converted, so it cannot change any more.",
        "Nothing. Touchline uses the contact that the lead became.",
    )
    DELETIONS_EXPIRED = (
        auto(),
        OTHER_CATEGORY,
        "The CRM no longer knows what was deleted in that period.",
        "Nothing. Touchline asks the CRM for each task that it knows.",
    )
    PLUGIN_FAILED = (
        auto(),
        OTHER_CATEGORY,
        "The package of the CRM failed.",
        "Correct the package. The server's log names the lines of its code.",
    )
    UNKNOWN_EXCEPTION = (
        auto(),
        OTHER_CATEGORY,
        "The CRM had an unexpected error.",
        "Read the detail. Retry, and ask the support of the CRM if it continues.",
    )
    OTHER = (
        auto(),
        OTHER_CATEGORY,
        "The CRM rejected the change for another reason.",
        "Read the detail. Retry when the reason is gone.",
    )

"""Why a person has no record in the CRM, and refusals about people in a CRM."""

from strategies.codes import Code, code


class CrmPersonCode(Code):
    """Why a person has no record in the CRM, and refusals about people in a CRM."""

    CRM_OPTED_OUT = code(
        "{address} has opted out in the CRM ({ids}). Clear the opt-out there first, and wait for the next sync.",
        when="The address has also opted out in the CRM. Both sides must allow emails.",
        do="Clear the opt-out in the CRM. When Touchline has read it, call `resubscribe` again.",
    )
    CRM_PERSON_AMBIGUOUS = code(
        "{count} records in the CRM have this address: {ids}. Link one of them, or choose a rule for duplicates.",
        when="Several records in the CRM have the person's address, and the workspace's setting chooses none of them.",
        do="Merge the records in the CRM, call `linkCrmPerson`, or change `onDuplicates`. Then retry.",
    )
    CRM_PERSON_DELETED = code(
        "The record {id} was deleted in the CRM.",
        when="The record that was linked to the person was deleted in the CRM.",
        do="Restore the record in the CRM, or link the person with another one.",
    )
    CRM_PERSON_LINKED = code(
        "The record {id} is linked to {email}. Unlink that person first, or merge the two people.",
        when="Another person is linked to this record of the CRM.",
        do="Merge the two people, or unlink the other one.",
    )
    CRM_PERSON_NO_ADDRESS = code(
        "The record {id} has no valid email address in the CRM.",
        when="A record of the CRM has no email address, or one that is not valid.",
        do="Enter the address in the CRM. Then repeat the request.",
    )
    CRM_PERSON_NOT_CREATED = code(
        "The CRM did not create a lead: {reason}",
        when="The CRM refused to create a lead for a person whom it does not have.",
        do="Read the message, correct the CRM, and retry.",
    )
    CRM_PERSON_NOT_CREATED_YET = code(
        "The CRM has not created a lead yet: {reason}",
        when="The CRM could not create a lead at the moment, or its answer was lost.",
        do="Nothing. Touchline searches the CRM again after an hour, and creates the lead if it is not there.",
    )
    CRM_PERSON_UNKNOWN = code(
        "No lead or contact in the CRM has this address.",
        id="The CRM has no lead or contact with the id {id}.",
        when="No record in the CRM has the person's address, or the id that was given.",
        do="Create the record in the CRM, or set `onNoMatch` to CREATE_LEAD. Then retry.",
    )
    CRM_PERSON_UNLINKED = code(
        "A user has unlinked this person from the CRM.",
        when="A user has unlinked the person with `unlinkCrmPerson`, so that nothing is logged for them.",
        do="Link the person with `linkCrmPerson`.",
    )
    CRM_SOURCE_EMPTY = code(
        "The report, list view or query has no leads and contacts that the connection can see.",
        organization="The workspace has been connected with another organization since the import started.",
        when="A source of people in the CRM has no people, or the workspace was connected with another organization.",
        do="Check the source in the CRM, and whether the connection's user can see its records.",
    )

"""The identity of a connection: the user of the token, and its org.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm and
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_organization.htm
"""

from typing import Any

from plugins.crms.access import CrmIdentity
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.queries import all_rows
from plugins.crms.salesforce.rest_api.rest import RestClient, refused
from plugins.crms.salesforce.transport.ids import whole_id
from plugins.crms.salesforce.transport.json_reading import invalid, record, text

USERINFO = "/services/oauth2/userinfo"


async def identify(rest: RestClient) -> CrmIdentity:
    """Return the identity of a connection. Raises CrmError.

    An app without the scope "id" cannot read userinfo. Then the ids come from the token, and the name from the user's
    record.
    """
    try:
        user = record(await rest.get(USERINFO))
    except CrmError as error:
        if not refused(error):
            raise
        user = await _user_of_token(rest)
    organization, user_id = whole_id(user.get("organization_id")), whole_id(user.get("user_id"))
    if organization is None or user_id is None:
        raise invalid("userinfo names no organization and user")
    record_of_org = await _organization(rest, organization)
    return CrmIdentity(
        organization_id=organization,
        organization_name=text(record_of_org.get("Name")),
        user_id=user_id,
        user_name=text(user.get("name")) or text(user.get("preferred_username")),
        user_address=text(user.get("email")),
        url=rest.instance_url,
        is_sandbox=record_of_org.get("IsSandbox") is True,
    )


async def _user_of_token(rest: RestClient) -> dict[str, Any]:
    organization, user_id = rest.identity
    found = {"organization_id": organization, "user_id": user_id}
    whole = whole_id(user_id)
    if whole is None:
        raise invalid("the token endpoint names no user")
    query = soql.select(["Name", "Email"], "User", f"Id = {soql.text(whole)}")
    rows = await all_rows(rest, query)
    return found | {"name": rows[0].get("Name"), "email": rows[0].get("Email")} if rows else found


async def _organization(rest: RestClient, organization: str) -> dict[str, Any]:
    query = soql.select(["Id", "Name", "IsSandbox"], "Organization", f"Id = {soql.text(organization)}")
    try:
        rows = await all_rows(rest, query)
    except CrmError as error:
        if not refused(error):
            raise
        return {}  # the user cannot see the organization's record
    return rows[0] if rows else {}

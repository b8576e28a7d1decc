"""People: found, created, imported, opted out; and what is logged about them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    ActivityField,
    ActivityKind,
    ActivityPush,
    LoggedEmail,
    NewPerson,
    OptOut,
    PersonKind,
    PersonSource,
    RelatedKind,
    SourceKind,
)
from tests.plugins.crms.salesforce.connecting import connected
from tests.salesforce.org import START
from tests.salesforce.rest_sources import ListView, Report
from tests.salesforce.schema import Field
from tests.salesforce.server import SalesforceServer


async def test_people_are_found_created_and_followed(server: SalesforceServer) -> None:
    org = server.org
    lead = org.create("Lead", {"LastName": "O'Hara", "Company": "Acme", "Email": "o'hara@acme.example"})
    twin = org.create("Lead", {"LastName": "Twin", "Company": "Acme", "Email": "O'HARA@acme.example"})
    account = org.create("Account", {"Name": "Acme & Sons"})
    contact = org.create("Contact", {"LastName": "Ada", "Email": "ada@acme.example", "AccountId": account})
    async with connected(server) as (session, _):
        found = await session.find_people(
            remote_ids=[contact[:15], "nonsense", account], addresses=["o'Hara@acme.example"]
        )
        assert {each.remote_id for each in found} == {lead, twin, contact}
        ada = next(each for each in found if each.kind is PersonKind.CONTACT)
        assert (ada.company, ada.account_id, ada.opted_out, ada.created_at) == ("Acme & Sons", account, False, START)
        assert await session.find_people(addresses=["') OR (Id != '", "%@acme.example", ""]) == []
        became = org.convert(lead)
        org.merge(became, contact)
        moved = {each.remote_id: each for each in await session.find_people(remote_ids=[lead, contact])}
        assert (moved[lead].converted_to, moved[contact].merged_into) == (became, became)
        assert moved[contact].is_deleted
        people = [NewPerson("p1", "new@acme.example", "Neo", "New", "Acme"), NewPerson("p2", "anon@acme.example")]
        made = {each.key: each for each in await session.create_people(people)}
        row = org.find(str(made["p2"].remote_id))
        assert row
        assert (row["LastName"], row["Company"]) == ("[not provided]", "[not provided]")
        org.duplicate_rule = True
        (result,) = await session.create_people(people[:1])
        assert result.error
        assert result.error.code is CrmCode.DUPLICATES_DETECTED
        user = org.add_user("sam@acme.example", "Sam", active=False)
        users = await session.find_users(remote_ids=[user], addresses=["Admin@acme.example"])
        assert {(each.name, each.is_active) for each in users} == {("Sam", False), ("Ada Admin", True)}
        deal = org.create("Opportunity", {"Name": "Deal", "IsClosed": True})
        org.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": became})
        related = (await session.related_records([became, twin]))[became]
        assert [(each.kind, each.name, each.is_open) for each in related] == [
            (RelatedKind.ACCOUNT, "Acme", True),
            (RelatedKind.OPPORTUNITY, "Deal", False),
        ]


async def test_people_are_imported(server: SalesforceServer) -> None:
    org = server.org
    leads = [org.create("Lead", {"LastName": str(number), "Company": "x"}) for number in range(600)]
    contact = org.create("Contact", {"LastName": "C", "Email": "c@acme.example"})
    account = org.create("Account", {"Name": "No person"})
    cut = server.sources.add_report(Report("Many 100%", leads * 4))
    view = server.sources.add_list_view(ListView("My leads", "Lead", leads))
    async with connected(server) as (session, _):
        (report,) = await session.person_sources(SourceKind.REPORT, "100%")
        assert (report.reference, report.name) == (cut, "Many 100%")
        assert await session.person_sources(SourceKind.REPORT, "100_") == []
        page = await session.people_of(report, None)
        assert (len(page.people), page.cursor, page.is_cut) == (600, None, True)
        (found,) = await session.person_sources(SourceKind.LIST_VIEW, "")
        assert found == PersonSource(SourceKind.LIST_VIEW, view, "My leads", PersonKind.LEAD)
        first = await session.people_of(PersonSource(SourceKind.LIST_VIEW, view[:15]), None)
        second = await session.people_of(found, first.cursor)
        assert [each.remote_id for each in (*first.people, *second.people)] == leads
        assert second.cursor is None
        led = org.create("Contact", {"LastName": "D"})
        team = server.sources.add_list_view(ListView("Team", "Contact", [led], reports_to=contact))
        page = await session.people_of(PersonSource(SourceKind.LIST_VIEW, team), None)
        assert [each.remote_id for each in page.people] == [led]
        query = PersonSource(SourceKind.QUERY, "SELECT Id FROM Lead ORDER BY Id")
        first = await session.people_of(query, None)
        assert (len(first.people), (await session.people_of(query, first.cursor)).people[0].remote_id) == (
            200,
            leads[200],
        )
        role = org.create(
            "OpportunityContactRole", {"OpportunityId": org.create("Opportunity", {"Name": "D"}), "ContactId": contact}
        )
        page = await session.people_of(
            PersonSource(SourceKind.QUERY, "SELECT Id, ContactId FROM OpportunityContactRole"), None
        )
        assert (role[:3], [each.remote_id for each in page.people]) == ("00K", [contact])
        page = await session.people_of(
            PersonSource(SourceKind.QUERY, f"SELECT Id FROM Account WHERE Id = '{account}'"), None
        )
        assert (page.people, page.skipped) == ([], 1)
        for source in (
            PersonSource(SourceKind.QUERY, "DELETE FROM Lead"),
            PersonSource(SourceKind.REPORT, "../../sobjects"),
            PersonSource(SourceKind.REPORT, contact),
            PersonSource(SourceKind.LIST_VIEW, contact),
        ):
            with pytest.raises(CrmError) as caught:
                await session.people_of(source, None)
            assert caught.value.code in {CrmCode.REQUEST_INVALID, CrmCode.NOT_FOUND}


@pytest.mark.parametrize("field", ["HasOptedOutOfEmail", "No_Emails__c"])
async def test_opt_outs_in_both_directions(server: SalesforceServer, field: str) -> None:
    org = server.org
    for name in ("Lead", "Contact"):
        org.sobject(name).add(Field("No_Emails__c", "boolean", default=False))
    old = org.create("Lead", {"LastName": "A", "Company": "x", "Email": "a@x.example", field: True})
    org.clock.at += timedelta(hours=1)
    since = org.clock.at
    lead = org.create("Lead", {"LastName": "B", "Company": "x"})
    contact = org.create("Contact", {"LastName": "C"})
    async with connected(server, opt_out_field=field) as (session, _):
        given = [OptOut(contact, True, since), OptOut(lead, True, since), OptOut("00Q5g00000zzzzz", True, since)]
        results = {each.key: each for each in await session.set_opt_outs(given)}
        assert results[contact].remote_id == contact
        assert results["00Q5g00000zzzzz"].error
        became = org.convert(lead)
        (failed,) = await session.set_opt_outs([OptOut(lead, False, since)])
        assert failed.error
        assert failed.error.code is CrmCode.CANNOT_UPDATE_CONVERTED_LEAD
        for start, expected in ((since, {lead, contact, became}), (None, {old, lead, contact, became})):
            found: list[OptOut] = []
            cursor = None
            for _ in range(2):
                page = await session.changed_opt_outs(start, cursor)
                cursor, found = page.cursor, [*found, *page.opt_outs]
            assert (cursor, page.server_time) == (None, org.clock.at)
            assert {each.remote_id for each in found} == expected
        leads = {each.remote_id: each for each in found}
        assert (leads[old].address, leads[lead].converted_to) == ("a@x.example", became)
        assert all(each.opted_out for each in found)


async def test_activities_are_logged_once(server: SalesforceServer) -> None:
    org = server.org
    lead = org.create("Lead", {"LastName": "B", "Company": "x"})
    fields: dict[ActivityField, str | bool] = {
        ActivityField.CAMPAIGN: "Spring",
        ActivityField.CLICKED: True,
        ActivityField.CALL_OUTCOME: "o" * 60,
    }
    call = ActivityPush(
        "call_1", None, ActivityKind.CALL, "s" * 300, "We talked", START, None, lead, type="Call", fields=fields
    )
    mail = ActivityPush("snd_1", None, ActivityKind.EMAIL, "Hi", "Hello", START, None, lead, related_id="001x")
    message = LoggedEmail("<1@us.example>", "us@us.example", "b@x.example", cc=("c@x.example",), html="<p>Hello</p>")
    sent = ActivityPush("snd_2", None, ActivityKind.EMAIL, "Hi", "Hello", START, None, lead, email=message)
    unnamed = replace(sent, marker="snd_3", email=replace(message, message_id=""))
    reply = replace(sent, marker="rpl_1", kind=ActivityKind.REPLY, email=replace(message, incoming=True))
    async with connected(server) as (session, _):
        found = await session.describe()
        assert (found.activity_types, len(found.activity_fields), found.email_objects) == (
            frozenset({"Email", "Call"}),
            15,
            True,
        )
        assert found.opt_out_fields == {"LEAD", "CONTACT"}
        made = {each.key: each for each in await session.log_activities([call, mail, sent, unnamed, reply])}
        assert not any(each.error for each in made.values()), made
        row = org.find(str(made["call_1"].remote_id))
        assert row
        assert (row["Status"], row["ActivityDate"], row["TaskSubtype"]) == ("Completed", "2026-03-02", "Call")
        assert (len(row["Subject"]), row["MSE_Campaign__c"], row["MSE_Clicked__c"]) == (255, "Spring", True)
        assert (row["mktosales_call_outcome__c"], row["Touchline_Id__c"]) == ("o" * 50, "call_1")
        email = org.find(str(made["snd_2"].remote_id))
        assert email
        answer = org.find(str(made["rpl_1"].remote_id))
        assert answer
        assert (answer["WhoId"], answer["Touchline_Id__c"], answer["TaskSubtype"]) == (lead, "rpl_1", "Email")
        assert (email["Status"], email["ToIds"], email["MessageIdentifier"]) == ("3", [lead], "<1@us.example>")
        again = await session.log_activities([replace(call, subject="late"), mail])
        assert [each.error and each.error.code for each in again] == [CrmCode.DUPLICATE_VALUE] * 2
        assert org.find(str(made["call_1"].remote_id)) == row
        org.delete(str(made["snd_1"].remote_id))
        pushes = {each.marker: each for each in (call, mail, sent, unnamed, reply)}
        assert await session.find_activities(pushes, START) == {key: each.remote_id for key, each in made.items()}
        changes = [
            ActivityPush(
                key,
                made[key].remote_id,
                ActivityKind.EMAIL,
                "",
                "",
                START,
                None,
                None,
                fields={ActivityField.REPLIED: True},
            )
            for key in ("call_1", "snd_2")
        ]
        changed = {each.key: each for each in await session.log_activities(changes)}
        assert {key: each.remote_id for key, each in changed.items()} == {key: made[key].remote_id for key in changed}
        assert row is not org.find(str(made["call_1"].remote_id))
        (task,) = [each for each in org.records("Task") if each["Id"] == email["ActivityId"]]
        assert (task["MSE_Replied__c"], task["TaskSubtype"]) == (True, "Email")

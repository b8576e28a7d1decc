"""Refusals about connections to CRMs, and about activities and people there.

Imports: strategies.
Imported by: cli, graphql.crm, http, services.crm.activities, services.crm.connections, services.crm.people,
    services.people.
"""

"""People in the CRM: their leads and contacts, imports, and opt-outs.

Imports: codes, mail, models, plugins, services.common, services.crm.connections, services.crm.failures,
    services.enrollments, services.jobs, services.launches, services.people, store, strategies.
Imported by: graphql, services.crm.activities, services.crm.syncing.
"""

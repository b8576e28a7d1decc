"""The background job that syncs with a CRM: one for each connected workspace, in rounds.

``rounds.py`` says what a round does. ``sync_job.py`` opens the session and waits between rounds.

Imports: models, plugins, services.common, services.crm.activities, services.crm.connections, services.crm.people,
    services.crm.tasks, services.jobs, store.
Imported by: nobody.
"""

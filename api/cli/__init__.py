"""The command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Imports: codes, csv_reading, deliverability, graphql, http, mail, models, plugins, server, services.campaigns,
    services.common, services.dispatch, services.jobs, services.launches, services.people, services.replies,
    services.templates, services.workspaces, store, strategies, workers.
Imported by: nobody.
"""

"""The command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Imports: channel_processes, codes, csv_reading, deliverability, graphql, http, mail, models, plugins, server,
    services.campaigns, services.common, services.crm, services.dispatch, services.jobs, services.launches,
    services.people, services.plugin_health, services.replies, services.templates, services.workspaces, store,
    strategies, workers.
Imported by: nobody.
"""

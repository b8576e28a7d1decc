"""Recovery: release the emails of stopped processes, and put emails of a restored backup in doubt.

Imports: codes, models, plugins, services.campaigns.editing, services.common, services.emails,
    services.enrollments, services.jobs, store, strategies.
Imported by: cli.
"""

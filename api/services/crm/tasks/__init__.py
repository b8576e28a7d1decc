"""Tasks that are synced with a CRM, both ways and once only.

Triggers note each change of a synced task. ``push.py`` sends it, ``pull.py`` takes over what has changed in the CRM,
and ``merge.py`` decides field by field which side gets a value.

Imports: codes, models, plugins, services.common, services.crm.failures, services.tasks, store, strategies.
Imported by: services.crm.connections, services.crm.syncing.
"""

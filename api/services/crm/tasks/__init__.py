"""Tasks that are synced with a CRM, both ways and once only.

Triggers store each change of a synced task. ``push.py`` sends it, ``pull.py`` applies the changes of the CRM, and
``merge.py`` decides field by field which side gets a value.

Imports: codes, models, plugins, services.common, services.crm.failures, services.tasks, store, strategies.
Imported by: services.crm.connections, services.crm.syncing.
"""

"""Log sent emails, replies and calls in the CRM, each as one completed activity.

Imports: codes, models, plugins, services.common, services.crm.failures, services.crm.people, store, strategies.
Imported by: services.crm.connections, services.crm.syncing.
"""

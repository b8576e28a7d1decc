"""What the CRM logs: sent emails, replies and calls, each as one completed activity.

Imports: codes, models, plugins, services.common, services.crm.failures, services.crm.people, store, strategies.
Imported by: services.crm.connections, services.crm.syncing.
"""

"""A workspace and its CRM: the connection, and the tasks, people and activities that are synced.

Imports: models, services.common.
Imported by: nobody.
"""

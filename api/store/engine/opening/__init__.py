"""What happens when a database is opened: its URL, its owner, its migrations.

Imports: store.engine.faults.
Imported by: cli, store.engine.sqlite, store.people.
"""

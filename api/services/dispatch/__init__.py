"""Dispatch: claim emails that are due, send them through their accounts, and settle the outcomes.

``dispatcher`` runs it. ``claim`` takes emails from the database, ``send`` gives them to channels, ``settle`` writes
outcomes, and ``recovery`` handles the emails of stopped processes and restored backups. It may import every room of
services that does not import it. The tick loop, the command line and the sandbox clock's mutation import it.

Imports: channel_processes, codes, mail, models, plugins, services.common, services.tasks, services.workspaces, store,
    strategies.
Imported by: cli, graphql, services.test_email_sends.
"""

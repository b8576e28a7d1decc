"""Send: write claimed emails and give them to channels, one worker for each account.

Imports: mail, plugins, services.common, services.dispatch.claim, services.dispatch.settle, services.workspaces,
    store.
Imported by: nobody.
"""

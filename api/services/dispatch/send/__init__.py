"""Send: render claimed emails and give them to channels. Each account has one worker.

Imports: channel_processes, codes, mail, plugins, services.common, services.dispatch.claim, services.dispatch.settle,
    services.workspaces, store.
Imported by: nobody.
"""

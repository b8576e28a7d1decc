"""A sandbox for the tests of packages: a whole server in the process of the test. ``touchline.testing`` has it.

Imports: plugins, services.workspaces, strategies.
Imported by: nobody.
"""

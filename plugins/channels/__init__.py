"""The built-in channels, one file each, registered as partners register theirs.

Imports: strategies.
Imported by: nobody.
"""

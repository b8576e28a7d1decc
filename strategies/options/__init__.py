"""The built-in send options, one file each, registered as partners register theirs.

Imports: nothing.
Imported by: nobody.
"""

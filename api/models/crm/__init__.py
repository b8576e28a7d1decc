"""The tables of connections to CRMs, and of tasks, people and activities there.

Imports: nothing.
Imported by: nobody.
"""

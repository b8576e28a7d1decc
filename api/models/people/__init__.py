"""The tables of people, groups, imports and suppressed addresses.

Imports: nothing.
Imported by: nobody.
"""

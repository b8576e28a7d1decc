"""The rules, in transactions, a room a subject. A service checks everything, then writes or refuses.

Imports: nothing.
Imported by: nobody.
"""

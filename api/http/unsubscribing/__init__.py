"""The unsubscribe page: unsubscribe, undo it, and say why, in the recipient's language.

Imports: services.people.
Imported by: nobody.
"""

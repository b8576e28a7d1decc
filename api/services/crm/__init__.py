"""What a workspace and its CRM know of each other.

Imports: models, services.common.
Imported by: nobody.
"""

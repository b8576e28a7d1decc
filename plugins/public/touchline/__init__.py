"""The import name that no folder of a project can shadow: ``touchline.partners``.

This folder is installed as the top-level package ``touchline``. It imports Touchline's own packages and contains no
rules of its own. Packages of partners import it; nothing in Touchline does.

Imports: nothing.
Imported by: nobody.
"""

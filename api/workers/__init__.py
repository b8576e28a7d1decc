"""Worker processes with limits, for work on hostile input: what may take long never runs in the event loop.

Imports nothing of the project and no third-party package. Any room of api may import it.
A function that runs here is at the top level of a module that is cheap to import and has no database connection.
"""

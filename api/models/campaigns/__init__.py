"""The tables of campaigns, their steps, the people in them, and launches.

Imports: strategies.
Imported by: nobody.
"""

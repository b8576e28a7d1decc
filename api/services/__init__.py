"""The rules, with a package for each subject.

A service checks its whole input, then writes in a transaction or refuses.

Imports: nothing.
Imported by: nobody.
"""

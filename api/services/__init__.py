"""The rules of the house, in transactions. A service takes a Scope, checks everything, then writes, or refuses."""

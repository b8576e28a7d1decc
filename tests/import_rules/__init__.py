"""The contract of rooms: the docstring of each package says what it may import, and who may import it."""

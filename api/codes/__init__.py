"""Every code that the service tells programs, with its sentences and its documentation.

A new code is one entry here. It may import `strategies` alone; every room may import it.
"""

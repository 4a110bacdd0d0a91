"""Versions of a file: added, read, brought back. None is ever changed or replaced."""

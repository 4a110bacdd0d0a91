"""The embedded stack: real servers from PyPI as supervised processes, for development and tests.

``python -m devstack up`` runs it in the foreground; :mod:`devstack.testing` gives parts of it to a
test. The package imports nothing of the project and is not in the production image.
"""

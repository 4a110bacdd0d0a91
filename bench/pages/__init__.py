"""The benchmark of pages: server time, statements, and what a first visit transfers."""

import tests  # noqa: F401 - sets up Django with the environment of the test suite's servers

"""Errors of a stack. Every message is one line with a next step for the reader."""


class StackError(Exception):
    """The stack cannot start or go on; the text says why and what to do."""


class AlreadyRunningError(StackError):
    """Another supervisor holds this AGGIOS_HOME."""


class PortTakenError(StackError):
    """Another process listens on a required port."""


class MissingBinaryError(StackError):
    """A server's package has no binary for this platform, or is not installed."""


class ServiceFailedError(StackError):
    """A service or a set-up step ended before it was ready."""

"""What can go wrong with a stack. Every message is one line that a person can act on."""


class StackError(Exception):
    """The stack cannot start or go on; the text says why and what to do."""


class AlreadyRunningError(StackError):
    """Another supervisor holds this AGGIOS_HOME."""


class PortTakenError(StackError):
    """Somebody else listens on a port that must be ours."""


class MissingBinaryError(StackError):
    """A server's package has no binary for this platform, or is not installed."""


class ServiceFailedError(StackError):
    """A service, or a step between two of them, ended before it was ready."""

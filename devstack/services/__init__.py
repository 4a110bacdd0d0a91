"""The servers of the stack, one file each, beside the protocol that they keep."""

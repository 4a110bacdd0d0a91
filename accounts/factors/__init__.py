"""Second factors, and proving again who one is."""

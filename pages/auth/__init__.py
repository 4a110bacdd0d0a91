"""Pages for log-in, log-out, reauthentication, and the steps around them."""

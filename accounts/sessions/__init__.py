"""Sessions: how they open, live, rotate and end."""

"""A tenant app with one table, and a field that is added to it: what a release brings."""

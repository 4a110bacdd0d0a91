"""A tenant app with one table, to which a release adds a field."""

"""Uploads: through the backend, or from the client directly to the store. Each one has a row."""

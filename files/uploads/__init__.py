"""Uploads: through the backend, or from the client straight to the store; a row for each."""

"""The object store: clients, credentials, bucket setup, and writing and deleting objects."""

"""The object store: its clients and keys, the bucket, and how objects come, go and are counted."""

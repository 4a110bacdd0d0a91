"""What is wrong with the object store, in plain words: ``manage.py storage_doctor``."""

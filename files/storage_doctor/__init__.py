"""Diagnosis of the object store: ``manage.py storage_doctor``."""

"""Layers between gunicorn and Django: request bodies, slow clients, the worker and its log."""

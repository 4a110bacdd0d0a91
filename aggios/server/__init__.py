"""Between gunicorn and Django: bodies, slow clients, threads, gunicorn's own log."""

"""Between gunicorn and Django: request bodies, slow clients, threads, gunicorn's log."""

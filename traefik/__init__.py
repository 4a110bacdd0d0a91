"""The reverse proxy of production: its configuration and its own error responses."""

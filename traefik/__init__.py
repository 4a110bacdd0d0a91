"""The reverse proxy of production: its configuration, and what it says by itself."""

"""One tenant's schema in PostgreSQL: its role, its template and its migrations."""

"""Pictures: their format and size, and a copy that holds the picture alone."""

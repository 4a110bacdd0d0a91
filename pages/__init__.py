"""HTML pages for browsers. They need no JavaScript."""

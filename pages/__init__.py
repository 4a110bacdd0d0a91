"""Pages for people who come with a browser. They need no JavaScript."""

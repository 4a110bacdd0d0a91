"""API of files. A view parses the request, makes one service or query call, and responds."""

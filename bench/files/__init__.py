"""The benchmark of file transfers and of long lists of files."""

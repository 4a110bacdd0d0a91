"""Folders: the parts of file names before a "/". A folder exists while a file is in it."""

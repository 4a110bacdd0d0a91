"""Pages of files: folders, a file, uploads, the trash."""

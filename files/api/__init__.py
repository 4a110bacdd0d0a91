"""HTTP views of files: parse, one service or query call, render."""

"""Views of the staff API: parse, one service or query call, render."""

"""The staff API: parse, one service or query call, render."""

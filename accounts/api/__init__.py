"""HTTP views of accounts: parse, one service or query call, render."""

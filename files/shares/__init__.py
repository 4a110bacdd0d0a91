"""Links that open one file to whoever has them."""

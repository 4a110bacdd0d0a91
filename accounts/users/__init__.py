"""The people of a workspace: reading, managing, removing them."""

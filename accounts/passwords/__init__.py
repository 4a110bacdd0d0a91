"""Passwords: validated, hashed, checked for breaches, changed and reset."""

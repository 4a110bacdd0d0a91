"""Passwords: how they are hashed, judged, tried and changed."""

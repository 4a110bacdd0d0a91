"""Asking people in."""

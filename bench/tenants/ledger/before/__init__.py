"""The migrations before the release."""

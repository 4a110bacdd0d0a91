"""The migrations of the release."""

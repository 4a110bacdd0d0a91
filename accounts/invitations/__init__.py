"""Invitations of users to a tenant."""

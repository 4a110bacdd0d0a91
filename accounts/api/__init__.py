"""The JSON API of accounts: serializers and views.

A view parses the request, calls one service or query, and renders the result.
"""

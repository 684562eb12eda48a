"""Bring bytes in over a route and land them unchanged."""

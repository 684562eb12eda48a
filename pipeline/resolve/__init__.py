"""Versions, the same person, the survivor, two places, the match with the list."""

"""The snapshot, the two databases, the dictionary and disclosure control."""

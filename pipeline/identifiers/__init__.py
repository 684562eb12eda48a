"""IIN, BIN, KATO and names."""

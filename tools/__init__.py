"""Checks that belong to the workshop, not to the pipeline."""

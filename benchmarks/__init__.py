"""Benchmarks: seconds, core-seconds and memory of every step, as ratios to a floor measured in the same run."""

"""The census pipeline: what the field sends in becomes one balanced count."""

"""A simulated field with known truth: registers, lists, a portal, tablets and memory sticks."""

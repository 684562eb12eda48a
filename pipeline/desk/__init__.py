"""The desk: what waits for a person, in quarantine or as a pair that may be one person, what people decided, and why things are as they are.

Of what a record says nothing is shown unless it is asked for by name, and then who asked is written down; an institution of tier S3 is `S3`.
"""

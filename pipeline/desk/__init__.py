"""The desk: what waits for a person, in quarantine or as a pair that may be one person, what people decided, and why things are as they are.

Of what a record says nothing is shown unless it is asked for by name, and then who asked is written down; an institution of tier S3 is `S3`.
"""

from pipeline.desk.desk import Desk
from pipeline.desk.explain import Explain
from pipeline.desk.review import Review

__all__ = ["Desk", "Explain", "Review"]

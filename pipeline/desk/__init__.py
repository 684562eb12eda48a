"""The desk: what waits in quarantine for a person, what people decided about it, and the whole way of a record.

Nothing a record says is shown here, only where it lies and what became of it; an institution of tier S3 is `S3`.
"""

from pipeline.desk.desk import Desk

__all__ = ["Desk"]

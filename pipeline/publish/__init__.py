"""The snapshot, the two databases, the dictionary and disclosure control."""

from pipeline.publish.dictionary import write_dictionary
from pipeline.publish.operations import publish_operations
from pipeline.publish.release import publish_release
from pipeline.publish.snapshot import Publication, current_build, roll_back, standing_folder

__all__ = [
    "Publication",
    "current_build",
    "publish_operations",
    "publish_release",
    "roll_back",
    "standing_folder",
    "write_dictionary",
]

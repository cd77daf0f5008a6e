"""The lake: the only place where tables are read and written; Delta tables below one folder."""

from features.lake.batches import content_digest
from features.lake.erasure import erase_identity
from features.lake.lake import Lake

__all__ = ["Lake", "content_digest", "erase_identity"]

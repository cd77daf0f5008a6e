"""Tags of customers, kept: definitions in force, runs, what is held and why, and what was at any past moment."""

from serving.tags.inputs import inputs_as_of
from serving.tags.records import HeldTag, TagRun
from serving.tags.run import TagSummary, tag_customers
from serving.tags.shipped import load_definitions
from serving.tags.store import TagStore

__all__ = ["HeldTag", "TagRun", "TagStore", "TagSummary", "inputs_as_of", "load_definitions", "tag_customers"]

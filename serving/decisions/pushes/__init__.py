"""Offers of services: to whom, which, by which channel, or why not; pure functions of frames, policy and now."""

from serving.decisions.pushes.catalogue import CHANNELS, Catalogue, Service
from serving.decisions.pushes.codes import CODES, CONTACTS, HELD_OUT, MEANINGS, REFUSALS, SENT
from serving.decisions.pushes.decide import decide
from serving.decisions.pushes.own import own_kw
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import (
    ADDS_VA,
    CONTACT_COLUMNS,
    FORMER_COLUMNS,
    HELD_VA,
    Decided,
    Grid,
    Moment,
    People,
    Scores,
)
from serving.decisions.pushes.settle import settle
from serving.decisions.pushes.weigh import Weighed, weigh

__all__ = [
    "ADDS_VA",
    "CHANNELS",
    "CODES",
    "CONTACTS",
    "CONTACT_COLUMNS",
    "FORMER_COLUMNS",
    "HELD_OUT",
    "HELD_VA",
    "MEANINGS",
    "REFUSALS",
    "SENT",
    "Catalogue",
    "Decided",
    "Grid",
    "Moment",
    "People",
    "PushPolicy",
    "Scores",
    "Service",
    "Weighed",
    "decide",
    "own_kw",
    "settle",
    "weigh",
]

"""What codes mean, in a person's words."""

from serving.decisions.monitoring.codes import NODE_EVENT_KIND

__all__ = ["BLOCK_LABELS", "EVENT_WORDS", "KIND_WORDS", "reason_words"]

BLOCK_LABELS = ("00–04", "04–08", "08–12", "12–16", "16–20", "20–24")
KIND_WORDS = {"substation": "substation", "feeder": "feeder", "area": "area (台区)"}

EVENT_WORDS = {one.code: (one.code.replace("_", " "), one.chinese) for one in NODE_EVENT_KIND.codes}
"""Kinds of events at nodes, in English and Chinese."""

_REASONS = {
    "AREA_THERMAL": "the area's own transformers",
    "FEEDER_THERMAL": "the feeder's thermal limit",
    "FEEDER_N1": "the feeder, which may have to take over a neighbour",
    "SUBSTATION_FIRM": "the substation, with its largest transformer out",
    "VOLTAGE_LOW": "voltage along the feeder",
    "PENDING": "capacity already promised to approved applications",
    "QUEUED": "an earlier application that waits for the same node",
    "UNKNOWN_NODE": "a node nobody knows",
    "BEYOND_FIRM_HORIZON": "the horizon is beyond two years",
    "DATA_POOR": "too little data to say; not published as capacity",
}


def reason_words(code: object) -> str:
    """A sentence part for a reason code; the code itself when it is a new one."""
    return _REASONS.get(str(code), str(code))

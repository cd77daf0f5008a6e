"""Who owns what, and how the supply hangs together: org units, nodes, transformers, lines, ties."""

from features.contracts.codes import NODE_KIND, ORG_UNIT_KIND
from features.contracts.contract import Contract, Field, available, validity

__all__ = ["LINE_SEGMENT", "NODE", "ORG_UNIT", "TIE", "TRANSFORMER"]

ORG_UNIT = Contract(
    name="org_unit",
    meaning="Company, departments and business halls; each sees its own part of the territory.",
    purpose="who may see which nodes, and the sums of halls and departments",
    fields=(
        Field("unit_id", "text", "identifier of the unit"),
        Field("name", "text", "name as people say it"),
        Field("kind", "text", "level of the unit", codes=ORG_UNIT_KIND),
        Field("parent_id", "text", "the unit above; empty for a company", nullable=True),
        *validity(),
        available(),
    ),
    key=("unit_id", "valid_from"),
    event_time="valid_from",
)

NODE = Contract(
    name="node",
    meaning="A place in the supply hierarchy: substation, feeder, or public transformer area (台区).",
    purpose="the hierarchy of forecasts and capacity, and the limit of what has no transformer listed",
    fields=(
        Field("node_id", "text", "identifier of the node"),
        Field("name", "text", "name as people say it"),
        Field("kind", "text", "level of the node", codes=NODE_KIND),
        Field("parent_id", "text", "the node that supplies it; empty at the top", nullable=True),
        Field("hall_id", "text", "the org unit (hall, or department for upper nodes) it belongs to", nullable=True),
        Field("longitude", "float", "east of Greenwich", "deg", nullable=True, ge=-180, le=180),
        Field("latitude", "float", "north of the equator", "deg", nullable=True, ge=-90, le=90),
        Field("power_factor", "float", "kW per kVA at the peak", "1", ge=0.3, le=1.0),
        Field("allowed_utilisation", "float", "share of the rating that may be used", "1", ge=0.05, le=1.5),
        Field("rating_kva", "float", "thermal rating where no transformer is listed", "kVA", nullable=True, ge=0),
        Field("rating_assumed", "bool", "true where the rating is assumed, not from a nameplate"),
        Field("weather_station_id", "text", "its weather station; empty: chosen by fit", nullable=True),
        *validity(),
        available(),
    ),
    key=("node_id", "valid_from"),
    event_time="valid_from",
)

TRANSFORMER = Contract(
    name="transformer",
    meaning="Transformers; a substation or an area may have several.",
    purpose="the thermal limit of areas and the firm capacity of substations",
    fields=(
        Field("transformer_id", "text", "identifier of the transformer"),
        Field("node_id", "text", "the substation or area it feeds"),
        Field("rating_kva", "float", "nameplate rating", "kVA", ge=1, le=2_000_000),
        Field("rating_summer_kva", "float", "may carry June to August; empty: nameplate", "kVA", True, 1, 2_000_000),
        Field(
            "rating_winter_kva", "float", "may carry December to February; empty: nameplate", "kVA", True, 1, 2_000_000
        ),
        Field("phases", "int", "number of phases", "1", ge=1, le=3),
        *validity(),
        available(),
    ),
    key=("transformer_id", "valid_from"),
    event_time="valid_from",
)

LINE_SEGMENT = Contract(
    name="line_segment",
    meaning="A piece of a feeder between two points; the first starts at the substation's bus.",
    purpose="the thermal limit of feeders, and what voltage leaves open along them",
    fields=(
        Field("segment_id", "text", "identifier of the segment"),
        Field("feeder_id", "text", "the feeder it belongs to"),
        Field("from_id", "text", "upstream end: a node, or a joint of the feeder"),
        Field("to_id", "text", "downstream end: a node, or a joint of the feeder"),
        Field("r_ohm", "float", "series resistance", "ohm", ge=0, le=1000),
        Field("x_ohm", "float", "series reactance", "ohm", ge=0, le=1000),
        Field("thermal_limit_kva", "float", "what it may carry continuously", "kVA", ge=0),
        Field("thermal_limit_summer_kva", "float", "the same, June to August; empty: by policy", "kVA", True, 0),
        Field("thermal_limit_winter_kva", "float", "the same, December to February; empty: by policy", "kVA", True, 0),
        Field("nominal_kv", "float", "nominal voltage; empty: the policy's", "kV", nullable=True, ge=0.1, le=1200),
        *validity(),
        available(),
    ),
    key=("segment_id", "valid_from"),
    event_time="valid_from",
)

TIE = Contract(
    name="tie",
    meaning="A switch between two feeders through which one can take over load of the other.",
    purpose="what a feeder must keep free to take over its neighbour's load, and what switching can move there",
    fields=(
        Field("tie_id", "text", "identifier of the tie"),
        Field("feeder_a_id", "text", "one feeder"),
        Field("feeder_b_id", "text", "the other feeder"),
        Field("transfer_limit_kva", "float", "the most that can be taken over, either way", "kVA", ge=0),
        Field("from_id", "text", "the point of one feeder: a node, or a joint; empty: not known", nullable=True),
        Field("to_id", "text", "the point of the other feeder: a node, or a joint; empty: not known", nullable=True),
        Field("r_ohm", "float", "resistance between both; empty: a switch alone", "ohm", True, 0, 1000),
        Field("x_ohm", "float", "reactance between both; empty: a switch alone", "ohm", True, 0, 1000),
        *validity(),
        available(),
    ),
    key=("tie_id", "valid_from"),
    event_time="valid_from",
)

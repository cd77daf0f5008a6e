"""What is told of transfers: ranked plans with their figures, or the reason why there is none."""

from dataclasses import dataclass

__all__ = [
    "NEIGHBOUR_FULL",
    "NO_GAIN",
    "NO_TIE",
    "NO_TIE_POINTS",
    "THERMAL",
    "VOLTAGE",
    "Moved",
    "Plan",
    "Step",
    "Transfers",
]

NO_TIE = "NO_TIE"
"""Nothing open can be closed to feed any of the feeder's points another way."""
NO_TIE_POINTS = "NO_TIE_POINTS"
"""There are ties, but no table says between which points."""
NO_GAIN = "NO_GAIN"
"""What binds now binds just as much after every exchange."""
VOLTAGE = "VOLTAGE"
"""A point would be too low after the exchange that comes nearest."""
THERMAL = "THERMAL"
"""A branch or a tie would carry too much after the exchange that comes nearest."""
NEIGHBOUR_FULL = "NEIGHBOUR_FULL"
"""The feeder that would take over, or its substation, has no room for it after the exchange that comes nearest."""


@dataclass(frozen=True)
class Step:
    """One switching operation pair, in this order: close the tie, then open the branch."""

    close: str
    open: str


@dataclass(frozen=True)
class Moved:
    """A point that another feeder feeds after a plan, and its load."""

    point: str
    from_feeder: str
    to_feeder: str
    load_kva: float


@dataclass(frozen=True)
class Plan:
    """One transfer. Room is the largest extra load, kVA; below zero it is what would have to go before all limits hold.

    `keeps_limits` is false where the feeder is beyond a limit even then, though less; other feeders never are. Losses
    (kW, of the whole network) and lowest voltages (per unit) are of the load as it is; `lowest_at_room_pu`, and how
    much of its limit the fullest branch or head carries (`fullest`, `fullest_share`), of the room used up. Voltages
    and shares are those of the feeders that the plan touches. All of it is found again by a power flow of its own.
    """

    steps: tuple[Step, ...]
    before_kva: float
    after_kva: float
    gain_kva: float
    keeps_limits: bool
    losses_before_kw: float
    losses_after_kw: float
    lowest_before_pu: float
    lowest_after_pu: float
    lowest_at_room_pu: float
    fullest: str | None
    fullest_share: float
    moved: tuple[Moved, ...]
    moved_kva: float


@dataclass(frozen=True)
class Transfers:
    """The transfers that make room at `at`, a node or a feeder; most gain first.

    `binding` is what limits room as it stands (VOLTAGE, THERMAL, HEAD, STATION), `binding_at` the point, branch, feeder
    or station. `reason` says why there is no plan; None where there is one.
    """

    at: str
    feeder: str
    before_kva: float
    binding: str
    binding_at: str
    plans: tuple[Plan, ...]
    reason: str | None

"""Transfers: switchings of ties that make room for load, by branch exchange checked with AC power flow."""

from serving.decisions.transfer.exchange import neighbours, reconfigure, steps_to
from serving.decisions.transfer.flow import Solver, excess_of, flow_as_built
from serving.decisions.transfer.joining import Limits
from serving.decisions.transfer.network import SwitchedNetwork, exchanges, is_radial, owners, require_radial
from serving.decisions.transfer.plan import confirmed, transfer_plan
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.result import Moved, Plan, Step, Transfers
from serving.decisions.transfer.room import Addition, addition_of, largest_room
from serving.decisions.transfer.tables import Tied, tied_network, tied_plan

__all__ = [
    "Addition",
    "Limits",
    "Moved",
    "Plan",
    "Solver",
    "Step",
    "SwitchedNetwork",
    "Tied",
    "TransferPolicy",
    "Transfers",
    "addition_of",
    "confirmed",
    "excess_of",
    "exchanges",
    "flow_as_built",
    "is_radial",
    "largest_room",
    "neighbours",
    "owners",
    "reconfigure",
    "require_radial",
    "steps_to",
    "tied_network",
    "tied_plan",
    "transfer_plan",
]

"""Where one or many applications connect, within every limit on the way up."""

from serving.decisions.allocation.allocate import Allocation, Solved, allocate, solve
from serving.decisions.allocation.answers import REASONS
from serving.decisions.allocation.checks import REQUEST_COLUMNS
from serving.decisions.allocation.greedy import best_greedy, fifo, greedies
from serving.decisions.allocation.ground import Distance, great_circle_km, plane_km
from serving.decisions.allocation.policy import PRIORITIES, AllocationPolicy
from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem, read_problem

__all__ = [
    "NOWHERE",
    "PRIORITIES",
    "REASONS",
    "REQUEST_COLUMNS",
    "Allocation",
    "AllocationPolicy",
    "Assignment",
    "Distance",
    "Problem",
    "Solved",
    "allocate",
    "best_greedy",
    "fifo",
    "great_circle_km",
    "greedies",
    "plane_km",
    "read_problem",
    "solve",
]

"""The integer program, solved by HiGHS: whole, around its relaxation, and once more for cost.

    minimise  Σ worth · (1 − Σ_area x)   subject to   Σ_area x ≤ 1 for each request,
                                                      Σ draw · x ≤ room at each node, in each block of the day

HiGHS stops at a proved gap or at a time limit. Stopped by time, the answer hangs on the machine's speed: `optimal` and
`gap` say so.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_matrix, vstack

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem
from serving.decisions.allocation.program import Program, program_of

__all__ = ["Exact", "cheapest", "dive", "solve_exactly"]

_WHOLE = 0.999
_COST_GAP = 0.002  # estimates of cost are no better
_PROMISING = 0.05  # of a column's own gain: what the relaxation would lose by choosing it


@dataclass(frozen=True)
class Exact:
    """What HiGHS found; `optimal` when proved within the policy's gap. No assignment leaves less than `bound` of worth
    unserved; NaN where there was no time to find one."""

    assignment: Assignment
    optimal: bool
    bound: float


def solve_exactly(program: Program, seconds: float) -> Exact | None:
    """The assignment of most worth; None where time was too short for any."""
    if not len(program.gain):
        return Exact(program.chosen(program.gain), True, float(program.problem.worth.sum()))
    result, bound = _most_worth(program, np.zeros(len(program.gain)), seconds)
    if result.x is None:
        return None
    return Exact(program.chosen(result.x), result.status == 0, bound)


def dive(program: Program, seconds: float) -> Exact | None:
    """Whom the relaxation serves whole at one area goes there; the others that are worth a look are solved exactly.

    A fraction of the whole program, solved in a fraction of the time. `bound` is the relaxation's, of the whole.
    """
    if not len(program.gain):
        return None
    rows, most = _rows(program)
    relaxed = linprog(-program.gain, A_ub=rows, b_ub=most, bounds=(0, 1), method="highs")
    if relaxed.x is None:
        return None
    bound = max(float(program.problem.worth.sum()) + float(relaxed.fun), 0.0)
    whole = relaxed.x > _WHOLE
    settled = np.zeros(len(program.problem.kva), dtype=bool)
    settled[program.request[whole]] = True
    open_still = ~settled[program.request] & (relaxed.lower.marginals <= _PROMISING * program.gain)
    columns = np.flatnonzero(whole | open_still)
    result, _ = _most_worth(program.only(columns), whole[columns].astype(float), seconds)
    if result.x is None:
        return None
    return Exact(program.only(columns).chosen(result.x), False, bound)


def cheapest(problem: Problem, assignment: Assignment, seconds: float) -> Assignment:
    """Whoever is served stays served, at the places that together cost least; `assignment` where time is too short."""
    whole = program_of(problem)
    program = whole.only(np.flatnonzero(assignment[whole.request] != NOWHERE))
    pairs = zip(program.request, program.area, strict=True)
    cost = np.array([problem.cost_cny(int(one), int(area)) for one, area in pairs])
    if not len(cost):
        return assignment
    stay = (assignment != NOWHERE).astype(float)
    result = milp(
        cost / max(cost.max(), 1.0),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(program.once, stay, stay),
            LinearConstraint(program.limits, -np.inf, program.most),
        ],
        options={"time_limit": seconds, "mip_rel_gap": _COST_GAP},
    )
    return assignment if result.x is None else program.chosen(result.x)


def _most_worth(program: Program, least: np.ndarray, seconds: float) -> tuple[OptimizeResult, float]:
    """HiGHS on the program, columns from `least` to one; `x` of the result, and the bound on what stays unserved."""
    total, columns = float(program.problem.worth.sum()), len(program.gain)
    scale = max(float(program.gain.max(initial=0.0)), 1e-9)
    rows, most = _rows(program)
    # One more column, always one, holds the worth of all: the objective is what stays unserved, and so is its gap.
    rows.resize(rows.shape[0], columns + 1)
    result = milp(
        np.append(-program.gain, total) / scale,
        integrality=np.append(np.ones(columns), 0),
        bounds=Bounds(np.append(least, 1), 1),
        constraints=[LinearConstraint(rows, -np.inf, most)],
        options={"time_limit": seconds, "mip_rel_gap": program.problem.policy.gap},
    )
    if result.x is not None:
        result.x = result.x[:-1]
    bound = getattr(result, "mip_dual_bound", None)
    return result, np.nan if bound is None else float(bound) * scale


def _rows(program: Program) -> tuple[csr_matrix, np.ndarray]:
    rows = vstack([program.once, program.limits], format="csr")
    return rows, np.concatenate([np.ones(program.once.shape[0]), program.most])

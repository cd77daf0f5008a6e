"""Applications: which area each is for, which repeats an earlier one, and which match nothing and are set aside."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.frames import each_row
from features.reconcile.policy import Applications
from features.reconcile.ratings import written_kva

__all__ = ["Placed", "place_applications", "repeats"]


@dataclass(frozen=True)
class Placed:
    """Applications by what became of them; all frames are rows of `ledger_application`, every version.

    A request that was handed in several times counts once: by the first, or by the first that is still open where that
    was turned down or taken back. Such a one is in `matched` and in `repeated`.
    `matched` has `node_id` and `kva` (kVA, mended where VA were written); `aside` matches no area; `repeated` has
    `repeats_id`. `in_va` are the identifiers whose capacity was written in VA.
    """

    matched: pd.DataFrame
    aside: pd.DataFrame
    repeated: pd.DataFrame
    in_va: tuple[str, ...]


def place_applications(
    rows: pd.DataFrame, area_of: Mapping[str, str], rating_kva: Mapping[str, float], policy: Applications
) -> Placed:
    """Sort every version of every application; `area_of` brings marketing's area to a node, `rating_kva` is by node.

    What an application is, its latest version says: an earlier one with another area or kVA was mended.
    """
    rows = rows.sort_values(["application_id", "available_at"], kind="stable")
    latest = rows.drop_duplicates("application_id", keep="last").set_index("application_id")
    latest = latest.assign(node_id=latest["area_id"].map(area_of))
    largest = latest["node_id"].map(rating_kva) * policy.beyond_rating
    written = [
        written_kva(float(kva), [], float(most)) if pd.notna(most) else written_kva(float(kva), [])
        for kva, most in zip(latest["requested_kva"], largest, strict=True)
    ]
    latest = latest.assign(kva=[kva for kva, _ in written], in_va=[in_va for _, in_va in written])
    pointer = repeats(latest.reset_index(), policy.repeat_days)
    facts = latest[["node_id", "kva"]].assign(repeats_id=pd.Series(pointer, dtype="object"))
    rows = rows.join(facts, on="application_id")
    closed = latest["closed_at"].notna()
    repeated = rows["repeats_id"].notna()
    counts = ~repeated | rows["application_id"].isin(
        _stand_ins(pointer, {str(name): bool(over) for name, over in closed.items()})
    )
    aside = counts & rows["node_id"].isna()
    return Placed(
        matched=rows[counts & ~aside].drop(columns="repeats_id").reset_index(drop=True),
        aside=rows[aside].drop(columns=["repeats_id", "node_id"]).reset_index(drop=True),
        repeated=rows[repeated].reset_index(drop=True),
        in_va=tuple(latest.index[latest["in_va"]].astype("str")),
    )


def repeats(latest: pd.DataFrame, window_days: int) -> dict[str, str]:
    """The first application that each repeats: the same applicant, place, kind and kVA within the window.

    `latest` is one row an application with `kva`; one without applicant or place repeats nothing, since nothing says
    so. A third within the window of the second points to the first, too.
    """
    known = latest.dropna(subset=["applicant_id", "site_id"]).assign(kva=lambda frame: frame["kva"].round(3))
    known = known.sort_values(["submitted_at", "application_id"], kind="stable")
    found: dict[str, str] = {}
    window = pd.Timedelta(days=window_days)
    for _, part in known.groupby(["applicant_id", "site_id", "kind", "kva"], sort=False):
        first, last = None, None
        for row in each_row(part):
            if last is not None and row.submitted_at - last <= window:
                found[str(row.application_id)] = str(first)
            else:
                first = row.application_id
            last = row.submitted_at
    return found


def _stand_ins(pointer: Mapping[str, str], closed: Mapping[str, bool]) -> set[str]:
    """Repetitions that count, because what they repeat is over: of each group the first that is not closed."""
    found = set()
    for first in dict.fromkeys(pointer.values()):
        if closed[first]:
            open_ones = [name for name, of in pointer.items() if of == first and not closed[name]]
            found |= set(open_ones[:1])
    return found

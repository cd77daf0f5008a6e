"""The report of a campaign: from its contacts and what came of them to figures with intervals.

Everybody counts as drawn, whether the message arrived or not. A person counts from the first contact on: whom a
campaign turns to a second time depends on what came of the first, which is not the same for those held out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from serving.decisions.campaign.balance import balance, sample_ratio
from serving.decisions.campaign.intervals import Arms, Estimate, mean_difference, ratio_difference, share_difference
from serving.decisions.campaign.told import OUTCOME_COLUMNS, CampaignReport, Figure
from serving.decisions.pushes.codes import CONTACTS, SENT

__all__ = ["LEAST_PERSONS", "analysed", "campaign_report"]

LEAST_PERSONS = 20
"""With fewer persons in an arm nothing is told of it."""

SAME = "the same of everybody"
ALIKE = "the same of all who were sent to, and of all who were held out: how sure that is cannot be told"

_OWN = ("propensity", "score_cny", "value_cny", "freed_kw")
_BEFORE, _AFTER = ("counter_before", "payments_before"), ("counter_after", "payments_after")


def analysed(contacts: pd.DataFrame, now: datetime, window_days: int) -> tuple[pd.DataFrame, int, int]:
    """The contacts that count, in order; how many came after a person's first, and how many are too young at `now`.

    All accounts that a person was first turned to with, at one moment, count.
    """
    first = contacts.groupby("person_id")["decided_at"].transform("min") == contacts["decided_at"]
    ripe = contacts["decided_at"] + timedelta(days=window_days) <= pd.Timestamp(now)
    kept = (first & ripe).to_numpy(dtype=bool)
    open_ = int((first & ~ripe).sum())
    return contacts[kept].reset_index(drop=True), int((~first).sum()), open_


def campaign_report(
    campaign: str,
    contacts: pd.DataFrame,
    outcomes: pd.DataFrame,
    held_share: float | pd.Series,
    now: datetime,
    window_days: int,
    covariates: pd.DataFrame | None = None,
) -> CampaignReport:
    """The report of `contacts` (columns of CONTACT_COLUMNS, all of one campaign) and `outcomes` (OUTCOME_COLUMNS).

    `held_share` is the share of persons who should be held out, by design: one, or by push_id where the contacts were
    not all drawn alike; then as many are expected as the persons' own shares are on average. `covariates`, indexed by
    push_id, is what else was known when it was decided.
    """
    rows, later, open_ = analysed(contacts, now, window_days)
    arms = Arms.of((rows["reason"] == SENT).to_numpy(), rows["person_id"].to_numpy())
    came = outcomes.set_index("push_id").reindex(index=rows["push_id"], columns=list(OUTCOME_COLUMNS[1:]))
    numbers = {str(name): came[name].to_numpy(dtype=np.float64) for name in came}
    return CampaignReport(
        campaign=campaign,
        services=tuple(
            sorted({f"{a}@{b}" for a, b in zip(contacts["service"], contacts["service_version"], strict=True)})
        ),
        now=now,
        window_days=window_days,
        contacts=_counted(contacts),
        analysed=_counted(rows),
        persons=arms.counts(),
        later=later,
        open=open_,
        figures=_figures(rows, numbers, arms),
        sample_ratio=sample_ratio(arms, _expected(rows if len(rows) else contacts, held_share)),
        balance=balance(_known_before(rows, covariates), arms),
    )


def _expected(rows: pd.DataFrame, held_share: float | pd.Series) -> float:
    """The mean share over persons. The count of different draws varies less than that of one draw of their mean, so
    that it is flagged no more often than it should be."""
    if not isinstance(held_share, pd.Series):
        return held_share
    shares = held_share.reindex(rows["push_id"]).groupby(rows["person_id"].to_numpy()).first()
    return float(shares.mean())


def _counted(rows: pd.DataFrame) -> dict[str, int]:
    counts = rows["reason"].value_counts()
    return {reason: int(counts.get(reason, 0)) for reason in CONTACTS}


def _known_before(rows: pd.DataFrame, covariates: pd.DataFrame | None) -> dict[str, np.ndarray]:
    """By row: what the decision itself knew, the channel and the draw to explore as 0 or 1, then the covariates."""
    known = {name: rows[name].to_numpy(dtype=np.float64) for name in _OWN}
    known["by_app"] = (rows["channel"] == "app").to_numpy(dtype=np.float64)
    known["explored"] = rows["explored"].to_numpy(dtype=np.float64)
    if covariates is not None:
        placed = covariates.reindex(rows["push_id"])
        known |= {str(name): placed[name].to_numpy(dtype=np.float64) for name in placed}
    return known


def _figures(rows: pd.DataFrame, came: Mapping[str, np.ndarray], arms: Arms) -> tuple[Figure, ...]:
    """Every figure of FIGURES, in order."""
    value = came["success"] * rows["value_cny"].to_numpy(dtype=np.float64)
    freed = _mean("kw_freed", came["kw_before"] - came["kw_after"], arms)
    everything = freed.estimate and freed.estimate.times(float(arms.treated.sum()))
    return (
        _told("success", [came["success"]], arms, lambda known, who: share_difference(known[0], who)),
        _mean("value_cny", value, arms),
        freed,
        Figure("kw_freed_all", everything, freed.persons, freed.why_not),
        _ratio("moved_from_counter", came, arms, _BEFORE, _AFTER),
        _ratio("paid_in_app", came, arms, ("app_after", "payments_after")),
        _ratio("collected_cny", came, arms, ("due_paid_cny", "due_cny")),
        _ratio("collected_bills", came, arms, ("due_paid_bills", "due_bills")),
        _ratio("arrears_paid", came, arms, ("arrears_paid_cny", "arrears_cny")),
    )


def _mean(name: str, values: np.ndarray, arms: Arms) -> Figure:
    return _told(name, [values], arms, lambda known, who: mean_difference(known[0], who))


def _ratio(name: str, came: Mapping[str, np.ndarray], arms: Arms, *pairs: tuple[str, str]) -> Figure:
    """Only those count of whom every whole is above nothing: who has no bill says nothing of bills."""
    wholes = [np.where(came[whole] > 0, came[whole], np.nan) for _, whole in pairs]
    parts = [came[part] for part, _ in pairs]

    def estimated(known: Sequence[np.ndarray], who: Arms) -> Estimate:
        return ratio_difference(list(zip(known[: len(pairs)], known[len(pairs) :], strict=True)), who)

    return _told(name, [*parts, *wholes], arms, estimated)


def _told(
    name: str,
    columns: Sequence[np.ndarray],
    arms: Arms,
    estimated: Callable[[Sequence[np.ndarray], Arms], Estimate],
) -> Figure:
    """A figure of the rows in which every column is known; too few persons in an arm say nothing."""
    known = np.isfinite(np.stack(list(columns))).all(axis=0)
    who = arms.take(known)
    persons = who.counts()
    if not known.any():
        return Figure(name, None, persons, "not known of anybody")
    if min(persons) < LEAST_PERSONS:
        few = (
            f"too few: known of {persons[0]} persons sent to and {persons[1]} held out, {LEAST_PERSONS} each are needed"
        )
        return Figure(name, None, persons, few)
    found = estimated([one[known] for one in columns], who)
    if not found.known:
        return Figure(name, None, persons, SAME if np.isclose(found.sent, found.held_out) else ALIKE)
    return Figure(name, found, persons)

"""One run of watching over a model of customers: its inputs, what it says, and how it did on what has come since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from training.customers.blocks import cell_losses
from training.customers.cases import Cases
from training.customers.family import CustomerModel, Family
from training.customers.holding import data_end
from training.customers.scoring import scored_cases
from training.watch.drift import Sample, judge_drift, mapped, strays
from training.watch.findings import ALARM, WATCH, Finding, as_frame
from training.watch.policy import CustomerWatchPolicy, WatchPolicy
from training.watch.threshold import Judged, Rates
from training.watch.watch import Watched

__all__ = ["CustomerEvidence", "watch_customers"]

_ALL = "all"
_MOST_TRIED, _MOST_FEATURES = 500, 20


@dataclass(frozen=True)
class CustomerEvidence:
    """What a model is watched by.

    `learnt`: the cases it was trained on; `then`: all customers of the moment it was trained, of whom no outcome was
    known; `asked`: all customers of now; `fresh`: cases whose outcome has become known since; `held_out`: its own
    evaluation (see scored_cases), None where it has none.
    """

    learnt: Cases
    then: Cases
    asked: Cases
    fresh: Cases
    held_out: pd.DataFrame | None


def watch_customers(
    family: Family,
    model: CustomerModel,
    evidence: CustomerEvidence,
    policy: WatchPolicy,
    now: pd.Timestamp,
    silent: Sequence[Finding] = (),
) -> Watched:
    """Watch `model` at `now`. The rates of false alarms are shared out over features, scores and units.

    `silent` are findings about the tables all models of customers are made from (see silent_tables).
    """
    fresh = scored_cases(family, model, evidence.fresh)
    compared, notes = _compared(fresh, evidence.held_out, policy.customers)
    tests = evidence.asked.features.shape[1] + len(family.says) + len(compared)
    rates = Rates(policy.alarm_rate, policy.watch_rate, max(tests, 1))
    findings = [*_features(family, model, evidence, policy, rates, now)]
    findings += _scores(family, model, evidence, policy, rates, now)
    table, worse = _performance(family.name, compared, fresh, policy, rates, now)
    until = max(data_end(one) for one in (evidence.learnt, evidence.fresh) if len(one.rows))
    return Watched(now, as_frame([*silent, *findings, *worse]), table, tuple(notes), until)


def _features(
    family: Family,
    model: CustomerModel,
    evidence: CustomerEvidence,
    policy: WatchPolicy,
    rates: Rates,
    now: pd.Timestamp,
) -> Iterator[Finding]:
    """Features that are distributed otherwise than when it learnt, or no longer known."""
    learnt, asked, rule = evidence.learnt.unaltered(), evidence.asked, policy.customers
    alarmed: list[tuple[Finding, np.ndarray]] = []
    for feature in map(str, asked.features.columns):
        if feature not in learnt.features:
            continue
        before = _sample(learnt.features[feature], learnt.rows)
        after = _sample(asked.features[feature], asked.rows)
        gone = _missing(family.name, feature, before, after, rule, now)
        if gone is not None:
            yield gone
        words = f"{family.name}: {feature}"
        found = _drift(words, "FEATURE_DRIFT", feature, before, after, strays(before), policy, rates, now)
        if found is not None and found.severity == ALARM:
            alarmed.append((found, mapped(after.values, before.known)))
        elif found is not None:
            yield found
    yield from _weighed(family, model, asked, alarmed, rule)


def _weighed(
    family: Family,
    model: CustomerModel,
    asked: Cases,
    alarmed: list[tuple[Finding, np.ndarray]],
    rule: CustomerWatchPolicy,
) -> Iterator[Finding]:
    """Drifts with what they move: those that move little are notices. The furthest are tried; after so many alarms
    the rest adds nothing but time."""
    if not alarmed:
        return
    tried = _tried(model, asked)
    ordered = sorted(alarmed, key=lambda one: -one[0].statistic / max(one[0].usual + one[0].threshold, 1e-9))
    for place, (found, values) in enumerate(ordered):
        if place >= _MOST_FEATURES:
            yield replace(found, severity=WATCH, sentence=f"{found.sentence}; what it moves was not tried")
            continue
        effect = _effect(family, model, *tried, found.subject, values)
        told = f"{found.sentence}; it moves what is said by {effect:.0%} of its spread"
        yield replace(found, severity=ALARM if effect >= rule.least_effect else WATCH, sentence=told)


def _tried(model: CustomerModel, asked: Cases) -> tuple[np.ndarray, Cases, pd.DataFrame]:
    """Some of the customers, evenly from the first to the last, on whom drifts are tried: a mask, their cases, and what
    is said of them."""
    count = len(asked.rows)
    mask = np.zeros(count, dtype=bool)
    mask[np.unique(np.linspace(0, count - 1, min(count, _MOST_TRIED)).astype(int))] = True
    some = asked.take(mask)
    return mask, some, model.predict(some)


def _effect(
    family: Family,
    model: CustomerModel,
    mask: np.ndarray,
    some: Cases,
    said: pd.DataFrame,
    feature: str,
    values: np.ndarray,
) -> float:
    """How far a drift moves what the model says: mean change, had the feature its old distribution (`values` of all
    customers), over the spread of what is said; the largest of all columns. A feature the model does not use moves
    nothing, however far it drifts."""
    other = model.predict(replace(some, features=some.features.assign(**{feature: values[mask]})))
    found = [0.0]
    for column in family.says:
        one, two = (frame[column].to_numpy(dtype=float) for frame in (said, other))
        known = np.isfinite(one) & np.isfinite(two)
        spread = float(one[known].std()) if known.any() else 0.0
        if spread > 0:
            found.append(float(np.abs(two - one)[known].mean()) / spread)
    return max(found)


def _scores(
    family: Family,
    model: CustomerModel,
    evidence: CustomerEvidence,
    policy: WatchPolicy,
    rates: Rates,
    now: pd.Timestamp,
) -> Iterator[Finding]:
    """What is said of the customers of now beside what was said of those of the moment it was trained."""
    cases = (evidence.learnt.unaltered(), evidence.then, evidence.asked)
    frames = [model.predict(one) for one in cases]
    for column in family.says:
        learnt, then, asked = (_sample(said[column], one.rows) for said, one in zip(frames, cases, strict=True))
        words = f"{family.name}: {column} as said"
        found = _drift(words, "SCORE_DRIFT", column, then, asked, strays(learnt), policy, rates, now)
        if found is not None:
            yield found


def _sample(values: pd.Series, rows: pd.DataFrame) -> Sample:
    origin = ((rows["origin"] - rows["origin"].min()) / pd.Timedelta(days=1)).to_numpy(dtype=float)
    return Sample(values.to_numpy(dtype=float), origin, int(rows["customer_id"].nunique()))


def _drift(
    words: str,
    kind: str,
    subject: str,
    before: Sample,
    after: Sample,
    past: np.ndarray,
    policy: WatchPolicy,
    rates: Rates,
    now: pd.Timestamp,
) -> Finding | None:
    rule = policy.customers
    judged = judge_drift(before, after, past, rates, (rule.drift_alarm, rule.drift_notice), policy.margin)
    if judged is None or judged.severity is None:
        return None
    middle = [float(np.median(one.known)) for one in (before, after)]
    sentence = (
        f"{words} is distributed otherwise than before, stability index {judged.value:.2f}; usual is "
        f"{judged.usual:.2f}, an alarm from {judged.usual + judged.threshold:.2f} on; its median went from "
        f"{middle[0]:.4g} to {middle[1]:.4g}"
    )
    return _finding(kind, subject, judged, now, "", sentence)


def _missing(
    name: str, feature: str, before: Sample, after: Sample, rule: CustomerWatchPolicy, now: pd.Timestamp
) -> Finding | None:
    """A feature unknown of many more customers than at any origin it was learnt at: a source that stays away."""
    usual = max(before.of(before.origin == one).missing for one in np.unique(before.origin))
    judged = Judged(after.missing, usual, rule.missing_share, rule.missing_share / 2, upward_only=True)
    if judged.severity is None:
        return None
    sentence = f"{name}: {feature} is not known of {after.missing:.0%} of customers; at most {usual:.0%} when it learnt"
    return _finding("FEATURE_MISSING", feature, judged, now, "share", sentence)


def _finding(kind: str, subject: str, judged: Judged, now: pd.Timestamp, unit: str, sentence: str) -> Finding:
    severity = ALARM if judged.severity == "alarm" else WATCH
    return Finding(kind, subject, now, judged.value, judged.usual, judged.threshold, unit, severity, sentence)


def _compared(
    fresh: pd.DataFrame, held: pd.DataFrame | None, rule: CustomerWatchPolicy
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Unit → mean losses by block of customers, `before` and `after`; and why nothing can be compared."""
    if held is None or held["loss"].notna().sum() == 0:
        return {}, ["performance was not judged: the champion keeps no evaluation"]
    customers = fresh.loc[fresh["loss"].notna(), "customer_id"].nunique()
    if customers < rule.least_customers:
        return {}, [
            f"performance was not judged: the outcomes of {customers} customer(s) have become known since it was "
            f"trained, {rule.least_customers} are the least"
        ]
    found: dict[str, pd.DataFrame] = {}
    sides = {"before": held, "after": fresh}
    for whole in (True, False):
        cells = {}
        for side, frame in sides.items():
            one = frame.assign(unit=_ALL) if whole else frame
            cells[side] = cell_losses(one, ["loss"], rule.blocks, rule.unit_customers).set_index(["node_id", "day"])[
                "loss"
            ]
        both = pd.concat(cells, axis=1).dropna()
        found |= {str(unit): part.droplevel(0) for unit, part in both.groupby(level=0) if len(part) >= 3}
    return found, []


def _performance(
    name: str,
    compared: dict[str, pd.DataFrame],
    fresh: pd.DataFrame,
    policy: WatchPolicy,
    rates: Rates,
    now: pd.Timestamp,
) -> tuple[pd.DataFrame, list[Finding]]:
    """Loss of the fresh cases over that of the held-out ones, by unit; worse only beyond chance and what matters.

    Blocks hold the same customers before and after, so the differences of blocks are what chance gives (Student's t).
    """
    rows, findings = {}, []
    since = now if fresh.empty else pd.Timestamp(fresh["origin"].min())
    for unit, cells in compared.items():
        before, after = (float(cells[side].mean()) for side in ("before", "after"))
        if before <= 0:
            continue
        ratio = after / before
        apart = ((cells["after"] - cells["before"]) / before).to_numpy()
        error = float(apart.std(ddof=1) / np.sqrt(len(apart)))
        least = policy.customers.loss_ratio - 1

        def beyond(rate: float, error: float = error, blocks: int = len(apart)) -> float:
            return error * float(student.isf(rate / rates.tests, blocks - 1))

        judged = Judged(ratio, 1.0, max(least, beyond(rates.alarm)), max(least / 2, beyond(rates.watch)), True)
        rows[unit] = {"loss": after, "held_out_loss": before, "ratio": ratio, "blocks": len(cells)}
        if judged.severity is not None:
            whom = "all customers" if unit == _ALL else unit
            sentence = (
                f"{name}: the loss over {whom} is {ratio:.2f} times that of its evaluation ({after:.4g} against "
                f"{before:.4g}); an alarm from {1 + judged.threshold:.2f} on"
            )
            findings.append(_finding("LOSS", unit, judged, since, "ratio", sentence))
    columns = ["loss", "held_out_loss", "ratio", "blocks"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("unit"), findings

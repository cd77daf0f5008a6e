"""Features of what another system says of customers: numbers, their ratios, how common values are, and texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["AttributePlan", "attribute_features", "attribute_table"]

_SMALL = 1e-3


@dataclass(frozen=True)
class AttributePlan:
    """What is made of numbers besides themselves, by their names.

    `ratios` are taken in proportion to each other, two by two, as logs; `shares` are one over the other as they are;
    `gaps` (a, b, times) are a less so many times b; `products` one times the other; `together` are columns, numbers or
    texts, of which it is counted how many customers have all the same.
    """

    ratios: tuple[str, ...] = ()
    shares: tuple[tuple[str, str], ...] = ()
    gaps: tuple[tuple[str, str, float], ...] = ()
    products: tuple[tuple[str, str], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()


def attribute_table(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers and texts by customer [customers × attributes each], sorted by customer, of rows of
    `customer_attribute`; where one was observed more than once, the latest counts.
    """
    rows = rows.sort_values("observed_at", kind="stable").drop_duplicates(["customer_id", "attribute"], keep="last")
    numeric = rows["value_number"].notna()
    numbers = rows[numeric].pivot(index="customer_id", columns="attribute", values="value_number")
    texts = rows[~numeric].pivot(index="customer_id", columns="attribute", values="value_text")
    everyone = pd.Index(sorted(rows["customer_id"].unique()), name="customer_id")
    return numbers.reindex(everyone).astype(np.float64), texts.reindex(everyone)


def attribute_features(numbers: pd.DataFrame, texts: pd.DataFrame, plan: AttributePlan) -> pd.DataFrame:
    """Features by customer: numbers, what `plan` makes of them, how common values are, and texts.

    How common a value is, is counted among all customers given: who shares his price, his margin or his way of sale
    with many is another customer than one who has them to himself. No labels enter.
    """
    both = pd.concat([numbers, texts], axis=1)
    together = {"+".join(names): _as_text(both, names) for names in plan.together}
    parts = [numbers, _logs(numbers), _ratios(numbers, plan), _common(both), _kinds(texts)]
    parts.append(_common(pd.DataFrame(together, index=both.index)))
    frame = pd.concat(parts, axis=1).astype(np.float64)
    return frame.where(np.isfinite(frame))


def _as_text(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """The values of several columns as one text."""
    text = pd.Series("", index=frame.index)
    for name in names:
        text = text + "\0" + frame[name].astype("str").fillna("")
    return text


def _logs(numbers: pd.DataFrame) -> pd.DataFrame:
    wide = [name for name in numbers if numbers[name].max() > 1000]
    found = {f"log_{name}": np.log1p(numbers[name].clip(lower=0)) for name in wide}
    return pd.DataFrame(found, index=numbers.index)


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]


def _ratios(numbers: pd.DataFrame, plan: AttributePlan) -> pd.DataFrame:
    """Logs of ratios with something small added, so that nought over nought is 0; then shares, gaps and products."""
    found: dict[str, pd.Series] = {}
    for a, b in _pairs(plan.ratios):
        above, below = numbers[a].clip(lower=0), numbers[b].clip(lower=0)
        found[f"{a}/{b}"] = pd.Series(np.log((above + _SMALL) / (below + _SMALL)), index=numbers.index)
    for a, b in plan.shares:
        found[f"{a} per {b}"] = numbers[a] / (numbers[b].abs() + 1.0)
    for a, b, times in plan.gaps:
        found[f"{a}-{times:g}*{b}"] = numbers[a] - times * numbers[b]
    for a, b in plan.products:
        found[f"{a}*{b}"] = numbers[a] * numbers[b]
    return pd.DataFrame(found, index=numbers.index)


def _common(values: pd.DataFrame) -> pd.DataFrame:
    """Log of how many customers have the same value."""
    counted = {f"common_{name}": np.log(values[name].map(values[name].value_counts())) for name in values}
    return pd.DataFrame(counted, index=values.index)


def _kinds(texts: pd.DataFrame) -> pd.DataFrame:
    """One column for each text that at least one customer in a hundred has."""
    found = {}
    for name in texts:
        share = texts[name].value_counts(normalize=True)
        for value in sorted(share.index[share >= 0.01]):
            found[f"{name}={value}"] = (texts[name] == value).astype(float)
    return pd.DataFrame(found, index=texts.index)

"""Features of what another system says of customers: numbers, their ratios, how common values are, and texts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["attribute_features", "attribute_table"]

_SMALL = 1e-3


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


def attribute_features(numbers: pd.DataFrame, texts: pd.DataFrame, ratios: Sequence[str]) -> pd.DataFrame:
    """Features by customer. `ratios` names the numbers that are also taken in proportion to each other, two by two.

    How common a value is, is counted among all customers given: who shares his price, his margin or his way of sale
    with many is another customer than one who has them to himself. No labels enter.
    """
    parts = [numbers, _logs(numbers), _ratios(numbers, ratios), _common(numbers, "common_")]
    parts += [_common(texts, "common_"), _kinds(texts)]
    pairs = {f"{a}+{b}": texts[a].fillna("") + "\0" + texts[b].fillna("") for a, b in _pairs(list(texts.columns))}
    if pairs:
        parts.append(_common(pd.DataFrame(pairs), "common_"))
    frame = pd.concat(parts, axis=1).astype(np.float64)
    return frame.where(np.isfinite(frame))


def _logs(numbers: pd.DataFrame) -> pd.DataFrame:
    wide = [name for name in numbers if numbers[name].max() > 1000]
    found = {f"log_{name}": np.log1p(numbers[name].clip(lower=0)) for name in wide}
    return pd.DataFrame(found, index=numbers.index)


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]


def _ratios(numbers: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Logs of ratios with something small added, so that nought over nought is 0, and plain ratios."""
    found: dict[str, pd.Series] = {}
    for a, b in _pairs(names):
        above, below = numbers[a].clip(lower=0), numbers[b].clip(lower=0)
        found[f"{a}/{b}"] = pd.Series(np.log((above + _SMALL) / (below + _SMALL)), index=numbers.index)
        found[f"{a}//{b}"] = numbers[a] / (below + 1.0)
    return pd.DataFrame(found, index=numbers.index)


def _common(values: pd.DataFrame, prefix: str) -> pd.DataFrame:
    counted = {f"{prefix}{name}": np.log(values[name].map(values[name].value_counts())) for name in values}
    return pd.DataFrame(counted, index=values.index)


def _kinds(texts: pd.DataFrame) -> pd.DataFrame:
    """One column for each text that at least one customer in a hundred has."""
    found = {}
    for name in texts:
        share = texts[name].value_counts(normalize=True)
        for value in sorted(share.index[share >= 0.01]):
            found[f"{name}={value}"] = (texts[name] == value).astype(float)
    return pd.DataFrame(found, index=texts.index)

"""From what a source wrote to the dtype and unit of a contract: text, numbers and truth values."""

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.contracts import Field
from features.ingest.layouts import blank
from features.ingest.mapping import ColumnMapping
from features.ingest.units import conversion

__all__ = ["Converted", "to_number", "to_text", "to_truth", "translated", "without_junk"]

_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "是", "有"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "否", "无"), False),
}


@dataclass(frozen=True)
class Converted:
    """A column in its contract's dtype, null where blank or bad; and where it is bad, by reason code."""

    values: pd.Series
    bad: dict[str, np.ndarray] = field(default_factory=dict)


def without_junk(
    raw: pd.Series, spec: ColumnMapping, missing: tuple[str, ...]
) -> tuple[pd.Series, dict[str, np.ndarray]]:
    """Blank cells as null, or as the default; junk as null too, and where it was; of others what `match` finds."""
    empty = blank(raw, missing)
    junk = blank(raw, spec.junk) & ~raw.isna().to_numpy(dtype=bool) if spec.junk else None
    raw = _part(raw, spec.match) if spec.match else raw
    if not empty.any() and (junk is None or not junk.any()):
        return raw, {}
    clean = raw.mask(empty)
    if spec.default is not None:
        clean = clean.astype("object").where(~empty, spec.default)
    if junk is None:
        return clean, {}
    return clean.mask(junk), {"JUNK_VALUE": junk}


def _part(raw: pd.Series, pattern: str) -> pd.Series:
    """Of each cell what the pattern finds; a cell in which it finds nothing stays whole, to be refused by its kind."""
    codes, kinds = pd.factorize(raw)
    texts = [_text(value) for value in kinds]
    found = [re.search(pattern, text) for text in texts]
    parts = [text if hit is None else hit[1 if hit.re.groups else 0] for text, hit in zip(texts, found, strict=True)]
    return pd.Series([*parts, None], dtype="str").take(codes).reset_index(drop=True)


def to_text(raw: pd.Series, spec: ColumnMapping) -> Converted:
    """Text, trimmed (or made plain), with codes translated and the prefix put before it."""
    return Converted(translated(raw, spec))


def translated(raw: pd.Series, spec: ColumnMapping) -> pd.Series:
    """The texts of cells, codes translated, the prefix before them; equal cells are converted once."""
    codes, kinds = pd.factorize(raw)
    read = _plain if spec.plain else _text
    texts = [spec.prefix + spec.codes.get(text, text) for text in map(read, kinds)]
    return pd.Series([*texts, None], dtype="str").take(codes).reset_index(drop=True)


def _text(value: object) -> str:
    # A column of integers with gaps arrives as floats: 17.0 is the identifier 17.
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole and isinstance(value, float) else str(value).strip()


def _plain(value: object) -> str:
    """An identifier without the accidents of typing: compatibility forms made plain, spaces left out."""
    return "".join(unicodedata.normalize("NFKC", _text(value)).split())


def to_truth(raw: pd.Series, spec: ColumnMapping) -> Converted:
    """True, false or null; the mapping's codes come first, then the usual words."""
    known = {text: _TRUTH.get(meaning.lower()) for text, meaning in spec.codes.items()}
    codes, kinds = pd.factorize(raw)
    truths = [known.get(text, _TRUTH.get(text.lower())) for text in map(_text, kinds)]
    values = pd.Series(pd.array([*truths, None], dtype="boolean")).take(codes).reset_index(drop=True)
    return _judged(values, raw, "BAD_TRUTH_VALUE")


def to_number(raw: pd.Series, target: Field, spec: ColumnMapping) -> Converted:
    """A finite number in the contract's unit; an integer where the contract has one."""
    numbers = _parse(raw, spec).to_numpy(dtype=np.float64, na_value=np.nan)
    scale, shift = conversion(spec.unit, target.unit, target.name) if spec.unit else (1.0, 0.0)
    # A number stays as it is unless a conversion is asked for, so that no last digit changes.
    if (scale, shift, spec.factor) != (1.0, 0.0, 1.0):
        numbers = numbers * (scale * spec.factor) + shift
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if spec.digits is not None:
        numbers = np.round(numbers, spec.digits)
    if target.kind == "int":
        numbers = np.where(numbers == np.round(numbers), numbers, np.nan)
    values = pd.Series(numbers).astype("Int64") if target.kind == "int" else pd.Series(numbers)
    found = _judged(values, raw, "BAD_NUMBER")
    return Converted(found.values, found.bad | _outside(numbers, spec))


def _outside(numbers: np.ndarray, spec: ColumnMapping) -> dict[str, np.ndarray]:
    """Where a number is beyond what the mapping says this source can hold."""
    low, high = spec.at_least, spec.at_most
    beyond = {
        "BELOW_BOUND": numbers < (-np.inf if low is None else low),
        "ABOVE_BOUND": numbers > (np.inf if high is None else high),
    }
    return {code: where for code, where in beyond.items() if where.any()}


def _judged(values: pd.Series, raw: pd.Series, code: str) -> Converted:
    bad = values.isna().to_numpy(dtype=bool) & ~raw.isna().to_numpy(dtype=bool)
    return Converted(values, {code: bad} if bad.any() else {})


def _parse(raw: pd.Series, spec: ColumnMapping) -> pd.Series:
    if pd.api.types.is_numeric_dtype(raw.dtype):
        return raw.astype("float64")
    if isinstance(raw.dtype, pd.CategoricalDtype):
        kinds = _parse(pd.Series(raw.cat.categories.astype("str")), spec).to_numpy(dtype=np.float64)
        return pd.Series(np.append(kinds, np.nan)[raw.cat.codes])
    texts = raw.astype("str").str.strip()
    foreign = ~texts.str.isascii().fillna(True).to_numpy(dtype=bool)
    if foreign.any():
        # Full-width digits, signs and points are compatibility forms of the plain ones.
        texts = texts.mask(foreign, texts.map(lambda text: unicodedata.normalize("NFKC", text), na_action="ignore"))
    return pd.to_numeric(_plain_notation(texts, spec), errors="coerce")


def _plain_notation(texts: pd.Series, spec: ColumnMapping) -> pd.Series:
    """Grouping signs out, decimal sign to a point; null where the notation is broken (3,5 is no three thousands)."""
    point = re.escape(spec.decimal)
    whole = r"\d+"
    if spec.thousands:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(spec.thousands)}\d{{3}})+|\d+)"
    pattern = rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
    texts = texts.where(texts.str.fullmatch(pattern).fillna(False))
    if spec.thousands:
        texts = texts.str.replace(spec.thousands, "", regex=False)
    return texts if spec.decimal == "." else texts.str.replace(spec.decimal, ".", regex=False)

"""Broken rows planted in the files, each with the reason for which the gate must refuse it."""

import numpy as np
import pandas as pd

__all__ = ["Junk", "plant_junk"]

Change = tuple[str, object, str]
_SENTINEL = 9999.99
_LONG_AGO = pd.Timestamp("2000-01-01")

_PLANS: dict[str, tuple[Change, ...]] = {
    # file (without the year): column, value put there, reason of the refusal
    "load_areas": (
        ("有功(kW)", _SENTINEL, "JUNK_VALUE"),
        ("测点", "A9999X", "ORPHAN_LINK"),
        ("有功(kW)", np.nan, "MISSING_VALUE"),
        ("最低电压(V)", -1.0, "BELOW_BOUND"),
        ("有功(kW)", 9.9e9, "ABOVE_BOUND"),
    ),
    "load_scada": (("有功(MW)", _SENTINEL, "JUNK_VALUE"), ("测点", "F99X", "ORPHAN_LINK")),
    "consumption": (
        ("日用电量(kWh)", _SENTINEL, "JUNK_VALUE"),
        ("表号", "M9999999X", "ORPHAN_LINK"),
        ("日用电量(kWh)", 5e8, "ABOVE_BOUND"),
    ),
    "weather_observed": (("气温", 99.9, "ABOVE_BOUND"),),
    "customers": (
        ("合同容量(kVA)", "-8", "BELOW_BOUND"),
        ("用电类别", "其他", "UNKNOWN_CODE"),
        ("台区编码", "A9999X", "ORPHAN_LINK"),
    ),
    "meters": (("户号", "K9999999X", "ORPHAN_LINK"), ("相别", "D", "UNKNOWN_CODE")),
    "applications": (
        ("受理时间", "2024-02-30 09:15", "BAD_TIME"),
        ("申请容量(kVA)", "1,25", "BAD_NUMBER"),
        ("申请容量(kVA)", "-40", "BELOW_BOUND"),
    ),
    "area_transformers": (("额定容量(kVA)", "-400", "BELOW_BOUND"), ("额定容量(kVA)", "四百", "BAD_NUMBER")),
    "nodes": (("功率因数", "0.095", "BELOW_BOUND"), ("设备名称", "", "MISSING_VALUE")),
    "bills": (("户号", "K9999999X", "ORPHAN_LINK"), ("计费止", _LONG_AGO, "PERIOD_REVERSED")),
    "payments": (("实收金额(元)", np.nan, "MISSING_VALUE"), ("实收金额(元)", 9.9e10, "ABOVE_BOUND")),
    "app_activity": (("入库时间", _LONG_AGO, "KNOWN_TOO_EARLY"), ("户号", "K9999999X", "ORPHAN_LINK")),
    "work_orders": (
        ("受理时间", "2024-02-30 09:15", "BAD_TIME"),
        ("业务类型", "不明", "UNKNOWN_CODE"),
        ("受理内容", "", "MISSING_VALUE"),
    ),
    "satisfaction": (("满意度", "99", "ABOVE_BOUND"), ("满意度", "四百", "BAD_NUMBER")),
    "inspections": (("追补电量(kWh)", "-40", "BELOW_BOUND"), ("检查结果", "不明", "UNKNOWN_CODE")),
    "identities": (("户号", "K9999999X", "ORPHAN_LINK"), ("证件类型", "不明", "UNKNOWN_CODE")),
}
_KEYS = {"customers": "户号", "meters": "表号", "applications": "申请编号", "nodes": "设备编码"}
_KEYS |= {"area_transformers": "变压器编码", "work_orders": "工单编号", "satisfaction": "评价编号"}
_KEYS |= {"inspections": "检查编号"}
_ONE_IN = 40_000

Junk = pd.DataFrame
"""Columns `file`, `line` (the header of a CSV is line 1, the first row of a Parquet file is 1), `reason`."""


def plant_junk(name: str, frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, Junk]:
    """The file's rows with broken copies of some among them, and where those stand.

    Broken rows are extra rows: what was read is still there, so counts and balances of good rows do not change.
    """
    stem = name.split(".")[0].rstrip("0123456789").rstrip("_")
    plan = _PLANS.get(stem, ())
    if not plan or frame.empty:
        return frame, Junk({"file": [], "line": [], "reason": []})
    times = 1 + len(frame) // _ONE_IN // len(plan)
    broken = [_broken(frame, stem, change, rng) for change in plan for _ in range(times)]
    reasons = [reason for _, _, reason in plan for _ in range(times)]
    return _mixed(name, frame, pd.concat(broken), reasons, rng)


def _broken(frame: pd.DataFrame, stem: str, change: Change, rng: np.random.Generator) -> pd.DataFrame:
    column, value, _ = change
    row = frame.iloc[[int(rng.integers(0, len(frame)))]].copy()
    as_text = isinstance(value, str) or not pd.api.types.is_numeric_dtype(row[column].dtype)
    row[column] = pd.Series([value], index=row.index, dtype="object" if as_text else row[column].dtype)
    if stem in _KEYS and _KEYS[stem] != column:
        # A number of its own, so that it is broken in one way only.
        row[_KEYS[stem]] = f"X{int(rng.integers(10**6, 10**7))}"
    return row


def _mixed(
    name: str, frame: pd.DataFrame, broken: pd.DataFrame, reasons: list[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, Junk]:
    """Broken rows among the good ones: anywhere in a small file, at the end of a large one."""
    large = name.endswith(".parquet")
    if large:
        for column in frame.columns:
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                values = pd.Index(broken[column].dropna().unique(), dtype="str")
                known = frame[column].cat.categories.union(values, sort=False)
                frame = frame.assign(**{column: frame[column].cat.set_categories(known)})
                broken = broken.assign(**{column: pd.Categorical(broken[column], categories=known)})
            else:
                broken = broken.astype({column: frame[column].dtype})
        place = len(frame) + np.arange(len(broken))
        mixed = pd.concat([frame, broken], ignore_index=True)
    else:
        order = rng.permutation(len(frame) + len(broken))
        place = np.sort(order[: len(broken)])
        good = np.setdiff1d(np.arange(len(order)), place)
        texts = pd.concat([frame.astype("object"), broken.astype("object")])
        mixed = texts.iloc[np.argsort(np.concatenate([good, place]), kind="stable")]
    lines = place + (1 if large else 2)
    return mixed, Junk({"file": name, "line": lines, "reason": reasons})

"""A crowd of made-up customers as they are known at one moment, for measuring how long much of it takes."""

import numpy as np
import pandas as pd

from features.behaviour import DailyUse, Known
from features.clock import Calendar
from features.contracts import CUSTOMER_CLASSES

__all__ = ["AT", "crowd"]

AT = pd.Timestamp("2025-11-30 20:00", tz="UTC")
_PER_AREA, _AREAS_PER_FEEDER = 200, 20
_DAY = pd.Timedelta(days=1)
_CHANNELS = np.array(["hall", "app", "wallet", "bank"])
_KINDS = np.array(["enquiry", "fault", "complaint", "request"])


def crowd(count: int, days: int = 730, seed: int = 0, at: pd.Timestamp = AT) -> Known:
    """`count` customers with `days` of daily use, monthly bills and their payments, contacts and applications.

    Use has weather, weeks and gaps; some homes are empty, some customers moved to another level.
    """
    rng = np.random.default_rng(seed)
    calendar = Calendar("Asia/Shanghai", "CN")
    today = pd.Timestamp(calendar.local(pd.DatetimeIndex([at]))[0]).normalize()
    span = pd.date_range(end=today - _DAY, periods=days, freq="D")
    temperature = 16 - 12 * np.cos(2 * np.pi * (span.day_of_year.to_numpy() - 20) / 365) + rng.normal(0, 3, days)
    ids = pd.Index([f"K{place:07d}" for place in range(count)], name="customer_id")
    off = calendar.days(span)["off"].to_numpy(dtype=float)
    kwh = _use(count, temperature, off, rng)
    customers = _customers(ids, at, rng)
    issued = pd.DatetimeIndex([at - 30 * _DAY * month - 2 * _DAY for month in range(24)])
    bills = _bills(ids, issued, np.nanmean(kwh, axis=1), rng)
    return Known(
        at=at,
        calendar=calendar,
        customers=customers,
        use=DailyUse(tuple(ids), pd.Timestamp(span[0]), kwh),
        temperature_c=pd.Series(temperature, index=span),
        areas=_areas(customers, rng),
        bills=bills,
        payments=_payments(bills, at, rng),
        work_orders=_orders(ids, customers, at, rng),
        satisfaction=_answers(ids, at, rng),
        app_activity=_visits(ids, at, rng),
        applications=_applications(ids, at, rng),
        events=_events(at),
    )


def _use(count: int, temperature: np.ndarray, off: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    days = len(off)
    kwh = rng.standard_normal((count, days), dtype=np.float32)
    kwh *= np.float32(0.2)
    cooling, heating = (rng.gamma(2, size, count).astype(np.float32)[:, None] for size in (0.02, 0.01))
    for outside, slope in ((temperature - 22, cooling), (16 - temperature, heating)):
        kwh += slope * np.maximum(outside, 0).astype(np.float32)[None, :]
    kwh += rng.normal(0, 0.15, (count, 1)).astype(np.float32) * off[None, :].astype(np.float32)
    np.exp(kwh, out=kwh)
    kwh *= (9 * np.exp(0.8 * rng.standard_normal((count, 1)))).astype(np.float32)
    for place in np.flatnonzero(rng.random(count) < 0.1):
        begin = int(rng.integers(0, days))
        # Some are away for a while, some use more or less from then on.
        end, size = (begin + int(rng.integers(10, 120)), 0.02) if rng.random() < 0.5 else (days, rng.uniform(0.3, 1.8))
        kwh[place, begin:end] *= np.float32(size)
    kwh[rng.random((count, days), dtype=np.float32) < 0.002] = np.nan
    return kwh


def _customers(ids: pd.Index, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    count = len(ids)
    area = np.arange(count) // _PER_AREA
    contract = rng.choice([4.0, 8.0, 16.0, 50.0, 160.0], count, p=[0.3, 0.4, 0.2, 0.08, 0.02])
    columns = {
        "area_id": [f"A{one:05d}" for one in area],
        "customer_class": rng.choice(CUSTOMER_CLASSES, count, p=[0.8, 0.11, 0.02, 0.03, 0.02, 0.02]),
        "contract_kva": contract,
        "earlier_kva": np.where(rng.random(count) < 0.98, contract, contract / 2),
        "since": at - pd.to_timedelta(rng.integers(30, 4000, count), unit="D"),
        "hall_id": [f"H{one // 50:02d}" for one in area],
    }
    return pd.DataFrame(columns, index=ids)


def _areas(customers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    halls = customers.drop_duplicates("area_id").set_index("area_id")["hall_id"]
    rating = rng.choice([200.0, 315.0, 400.0, 630.0], len(halls))
    feeders = [f"F{place // _AREAS_PER_FEEDER:03d}" for place in range(len(halls))]
    columns = {"hall_id": halls, "feeder_id": feeders, "rating_kva": rating, "power_factor": 0.92}
    frame = pd.DataFrame(columns, index=halls.index)
    above = [(feeder, hall, "C1") for feeder, hall in zip(feeders, halls, strict=True)]
    frame["above"] = pd.Series(above, index=frame.index, dtype=object)
    return frame.assign(peak_kw=rating * rng.uniform(0.3, 1.0, len(halls)), mean_kw_90d=rating * 0.3)


def _bills(ids: pd.Index, issued: pd.DatetimeIndex, use: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    months, count = len(issued), len(ids)
    kwh = np.repeat(use, months) * 30 * rng.uniform(0.7, 1.3, count * months)
    when = pd.Series(np.tile(issued, count)).dt.as_unit("us")
    split = rng.random(count * months) < 0.3
    return pd.DataFrame(
        {
            "bill_id": pd.Series([f"B{place:08d}" for place in range(count * months)], dtype="str"),
            "customer_id": pd.Categorical.from_codes(np.repeat(np.arange(count), months), categories=ids),
            "tariff_id": "T1",
            "start_utc": when - 32 * _DAY,
            "end_utc": when - 2 * _DAY,
            "kwh": kwh,
            "sharp_kwh": np.nan,
            "peak_kwh": np.where(split, 0.4 * kwh, np.nan),
            "flat_kwh": np.where(split, 0.3 * kwh, np.nan),
            "valley_kwh": np.where(split, 0.3 * kwh, np.nan),
            "demand_kw": np.nan,
            "amount_cny": np.round(0.55 * kwh, 2),
            "issued_at": when,
            "due_at": when + 16 * _DAY,
        }
    )


def _payments(bills: pd.DataFrame, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    paid = bills["issued_at"] + pd.to_timedelta(rng.gamma(2.0, 4.0, len(bills)), unit="D").as_unit("us")
    chosen = ((paid <= at) & (rng.random(len(bills)) < 0.97)).to_numpy(dtype=bool)
    frame = bills.loc[chosen, ["customer_id", "bill_id", "amount_cny"]].reset_index(drop=True)
    frame["paid_at"] = paid[chosen].to_numpy()
    frame["paid_at"] = pd.to_datetime(frame["paid_at"], utc=True)
    frame["channel"] = pd.Categorical(rng.choice(_CHANNELS, len(frame)))
    frame["autopay"] = pd.array(rng.random(len(frame)) < 0.2, dtype="boolean")
    return frame


def _moments(at: pd.Timestamp, rows: int, days: int, rng: np.random.Generator) -> pd.Series:
    return pd.Series(at - pd.to_timedelta(rng.uniform(0, days, rows), unit="D")).dt.as_unit("us")


def _orders(ids: pd.Index, customers: pd.DataFrame, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    rows = 2 * len(ids)
    who = rng.integers(0, len(ids), rows)
    kind = rng.choice(_KINDS, rows, p=[0.5, 0.3, 0.1, 0.1])
    area = customers["area_id"].to_numpy(dtype=object)[who]
    return pd.DataFrame(
        {
            "work_order_id": [f"G{place:07d}" for place in range(rows)],
            "customer_id": ids[who],
            "node_id": np.where(rng.random(rows) < 0.02, area, None),
            "kind": kind,
            "opened_at": _moments(at, rows, 730, rng),
            "repeats_id": pd.Series([None] * rows, dtype=object),
        }
    )


def _answers(ids: pd.Index, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    rows = max(len(ids) // 3, 1)
    score = pd.array(rng.integers(1, 6, rows), dtype="Int64")
    who = ids[rng.integers(0, len(ids), rows)]
    return pd.DataFrame({"customer_id": who, "score": score, "answered_at": _moments(at, rows, 730, rng)})


def _visits(ids: pd.Index, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    rows = 5 * len(ids)
    who = ids[rng.integers(0, max(len(ids) // 3, 1), rows)]
    minutes = rng.gamma(1.5, 1.1, rows)
    return pd.DataFrame({"customer_id": who, "start_utc": _moments(at, rows, 180, rng), "active_minutes": minutes})


def _applications(ids: pd.Index, at: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    rows = max(len(ids) // 20, 1)
    begun = _moments(at, rows, 1400, rng)
    supplied = begun + pd.to_timedelta(rng.integers(3, 60, rows), unit="D")
    done = (supplied <= at) & (rng.random(rows) < 0.9)
    empty = pd.Series(pd.NaT, index=range(rows), dtype="datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "application_id": [f"Y{place:06d}" for place in range(rows)],
            "customer_id": ids[rng.integers(0, len(ids), rows)],
            "kind": rng.choice(["new", "increase"], rows),
            "customer_class": rng.choice(CUSTOMER_CLASSES[:2], rows),
            "requested_kva": rng.choice([8.0, 16.0, 200.0], rows),
            "status": np.where(done, "energised", "approved"),
            "submitted_at": begun,
            "approved_at": empty,
            "energised_at": supplied.where(done),
            "closed_at": empty,
            "source_constrained": pd.array(rng.random(rows) < 0.1, dtype="boolean"),
        }
    )


def _events(at: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": ["E1"],
            "kind": ["economic"],
            "scope_kind": ["customer_class"],
            "scope_id": ["commercial"],
            "start_utc": [at - 100 * _DAY],
            "end_utc": [at - 70 * _DAY],
        }
    )

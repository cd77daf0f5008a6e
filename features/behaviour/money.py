"""Features of money: what is billed, how it is paid, and what is owed for how long."""

import numpy as np
import pandas as pd

from features.behaviour.figures import counted, covers, ratio, reaches_back, summed
from features.behaviour.known import Known
from features.behaviour.settling import settle

__all__ = ["money_features"]

_YEAR = 365
_DAY_NS = 86_400e9


def money_features(known: Known) -> pd.DataFrame:
    """Index customer_id; every feature of the group "money". Without bills, or without payments, NaN."""
    columns: dict[str, np.ndarray] = {}
    if len(known.bills):
        columns |= _billed(known)
    if len(known.payments):
        columns |= _ways(known)
        if len(known.bills):
            columns |= _paying(known)
    return pd.DataFrame(columns, index=known.customers.index)


def _billed(known: Known) -> dict[str, np.ndarray]:
    if not reaches_back(known.bills["issued_at"], known.at, _YEAR):
        return {}
    recent = known.bills[covers(known.bills["issued_at"], known.at, _YEAR)]
    place = known.place(recent["customer_id"])
    money = summed(place, recent["amount_cny"].to_numpy(dtype=float), known.count)
    energy = summed(place, recent["kwh"].to_numpy(dtype=float), known.count)
    return {"bill_12m_cny": money, "billed_12m_kwh": energy, "average_price_cny_per_kwh": ratio(money, energy)}


def _paying(known: Known) -> dict[str, np.ndarray]:
    bills, count = settle(known), known.count
    now = known.at.value
    since = now - _YEAR * _DAY_NS
    owing = bills.amount_cny > 0
    settled = owing & (bills.paid > since) & (bills.paid <= now)
    waited = np.maximum(bills.paid - bills.issued, 0.0) / _DAY_NS
    paid_ahead = owing & (bills.paid <= since) & (bills.issued > since)
    both = settled | paid_ahead
    due = owing & (bills.due > since) & (bills.due <= now)
    late = due & ~(bills.paid <= bills.due)
    overdue = (bills.open_cny > 0) & (bills.due <= now)
    oldest = np.full(count, np.inf)
    np.minimum.at(oldest, bills.place[overdue], bills.due[overdue])
    owed = summed(bills.place[overdue], bills.open_cny[overdue], count)
    return {
        "days_to_pay": ratio(summed(bills.place[both], waited[both], count), counted(bills.place[both], count)),
        "late_share": ratio(counted(bills.place[late], count), counted(bills.place[due], count)),
        "arrears_cny": owed,
        "arrears_age_days": np.where(np.isfinite(oldest), (now - oldest) / _DAY_NS, 0.0),
    }


def _ways(known: Known) -> dict[str, np.ndarray]:
    """Channels of the last 12 months' payments, money given back not among them."""
    amount = known.payments["amount_cny"].to_numpy(dtype=float)
    chosen = covers(known.payments["paid_at"], known.at, _YEAR) & (amount > 0)
    recent = known.payments[chosen].assign(place=known.place(known.payments["customer_id"])[chosen])
    recent = recent[recent["place"].to_numpy() >= 0]
    code, names = pd.factorize(recent["channel"].astype("str"), sort=True)
    place, count, kinds = recent["place"].to_numpy(), known.count, max(len(names), 1)
    table = np.bincount(place * kinds + code, minlength=count * kinds).reshape(count, kinds).astype(float)
    paid = table.sum(axis=1)
    share = ratio(table, np.repeat(paid[:, None], kinds, axis=1))
    log = np.log(share, out=np.zeros_like(share), where=share > 0)
    of = {str(name): share[:, place] for place, name in enumerate(names)}
    none = np.where(paid > 0, 0.0, np.nan)
    drawn = recent.dropna(subset="autopay").sort_values("paid_at", kind="stable")
    last = drawn.drop_duplicates("place", keep="last")
    autopay = np.full(count, np.nan)
    autopay[last["place"].to_numpy()] = last["autopay"].astype(float).to_numpy()
    return {
        "payment_channels": np.where(paid > 0, np.abs((np.where(share > 0, share, 0.0) * log).sum(axis=1)), np.nan),
        "counter_share": of.get("hall", none),
        "app_payment_share": of.get("app", none),
        "autopay": autopay,
    }

"""Cases of the anomaly family: customers at earlier moments, found honest or not on site, or attacked by ourselves."""

import numpy as np
import pandas as pd

from features.behaviour.metering import read_use
from features.behaviour.use import DailyUse
from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings
from training.anomaly.attacks import attacked
from training.anomaly.settings import AnomalyConfig
from training.anomaly.windows import filled, window_terms
from training.customers.cases import Cases

__all__ = ["asked_at", "asked_of", "cases_at", "joined", "labelled", "origins", "trimmed"]

_ABNORMAL = ("theft", "meter_fault", "wiring_fault")
_FINE = "in_order"


def asked_of(use: DailyUse, units: np.ndarray, at: pd.Timestamp, config: AnomalyConfig) -> Cases:
    """All customers of `use`, whose days end before `at`, without an outcome; `units` [n] are their classes.

    What is looked at ends with the last day known of half of them: at midnight the day before has not come in yet, at
    noon it has, and a day that is filled in looks like a meter that stands still.

    `context["kwh"]` [n × history_days] is what their meters showed, NaN where unknown or not reached; the column
    `end_day` of the rows is the local day after its last one.
    """
    width, told = config.windows.history_days, _days_told(use.kwh)
    kwh = use.kwh[:, :told][:, -width:].astype(np.float32)
    kwh = np.pad(kwh, ((0, 0), (width - kwh.shape[1], 0)), constant_values=np.nan)
    rows = pd.DataFrame({"customer_id": pd.Series(list(use.customer_ids), dtype="str")})
    rows.insert(0, "origin", pd.Series(at, rows.index, dtype="datetime64[us, UTC]"))
    rows.insert(1, "known_at", pd.Series(pd.NaT, rows.index, dtype="datetime64[us, UTC]"))
    rows["end_day"] = use.first_day + pd.Timedelta(days=told)
    rows["unit"] = np.asarray(units, dtype=str)
    rows["stolen"] = np.nan
    rows["inspected"] = False
    rows["altered"] = False
    read = filled(trimmed(kwh))
    known = np.isfinite(kwh).sum(axis=1) >= config.least_known_days
    terms = window_terms(read, read, config.windows).astype(float)
    terms[~known] = np.nan
    return Cases(rows, terms, {"kwh": kwh, "known": known})


def labelled(asked: Cases, inspections: pd.DataFrame, config: AnomalyConfig) -> Cases:
    """The customers of one origin with what is held of them: what an inspection found within the horizon, else honest,
    or, for a random half of those nobody looked at, an attack of our own (in the features; the context stays as read).
    """
    chosen = np.flatnonzero(asked.context["known"])
    rng = np.random.default_rng([config.seed, int(asked.rows["origin"].iloc[0].timestamp()) // 86_400])
    found = _found(asked.rows.iloc[chosen], inspections, config.horizon_days)
    looked = np.isfinite(found["stolen"].to_numpy())
    order = np.lexsort((rng.random(len(chosen)), ~looked))[: config.max_customers]
    keep = np.zeros(len(asked.rows), dtype=bool)
    keep[chosen[np.sort(order)]] = True
    cases, found = asked.take(keep), found.iloc[np.sort(order)].reset_index(drop=True)
    looked = np.isfinite(found["stolen"].to_numpy())
    planted = ~looked & (rng.random(len(looked)) < 0.5)
    read = filled(trimmed(asked.context["kwh"]))
    places = np.flatnonzero(keep)[planted]
    if len(places):
        forged, _, _ = attacked(read[places], config.attacks, rng)
        terms = window_terms(forged, read, config.windows, places).astype(float)
        cases.features.iloc[np.flatnonzero(planted)] = terms.to_numpy()
    rows = cases.rows
    later = rows["origin"] + pd.Timedelta(days=config.horizon_days)
    rows["stolen"] = np.where(looked, found["stolen"].to_numpy(), planted.astype(float))
    rows["inspected"] = looked
    # Whoever compares these cases with customers of another day leaves the altered ones out.
    rows["altered"] = planted
    rows["known_at"] = found["known_at"].where(pd.Series(looked), later).astype("datetime64[us, UTC]")
    cases.context["planted"] = planted
    return cases


def _found(rows: pd.DataFrame, inspections: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """`stolen` (1, 0, NaN) and `known_at` in the order of `rows`, from the first telling look within the horizon."""
    origin = rows["origin"].iloc[0] if len(rows) else pd.NaT
    never = pd.Series(pd.NaT, range(len(rows)), dtype="datetime64[us, UTC]")
    out = pd.DataFrame({"stolen": np.full(len(rows), np.nan), "known_at": never})
    if inspections.empty or rows.empty:
        return out
    end = origin + pd.Timedelta(days=horizon_days)
    looks = inspections[(inspections["inspected_at"] > origin) & (inspections["inspected_at"] <= end)]
    looks = looks.dropna(subset="customer_id")
    abnormal = looks["outcome"].astype("str").isin(_ABNORMAL).to_numpy()
    # What began after the origin could not be seen at it.
    late = (looks["fault_since"] > origin).to_numpy(dtype=bool)
    told = (abnormal & ~late) | (looks["outcome"].astype("str") == _FINE).to_numpy()
    looks = looks.assign(stolen=abnormal.astype(float))[told].sort_values(["inspected_at", "customer_id"])
    looks = looks.assign(customer_id=looks["customer_id"].astype("str")).drop_duplicates("customer_id")
    looks = looks.set_index("customer_id").reindex(rows["customer_id"])
    out["stolen"], out["known_at"] = looks["stolen"].to_numpy(), pd.Series(looks["available_at"].array)
    return out


def trimmed(kwh: np.ndarray) -> np.ndarray:
    """`kwh` without the first days on which less than half of the customers are known."""
    enough = np.isfinite(kwh).mean(axis=0) >= 0.5
    return kwh[:, int(enough.argmax()) :] if enough.any() else kwh[:, :0]


def _days_told(kwh: np.ndarray) -> int:
    """Days up to the last one that is known of half of the customers; all of them where there is none."""
    enough = np.flatnonzero(np.isfinite(kwh).mean(axis=0) >= 0.5) if len(kwh) else np.zeros(0, dtype=int)
    return int(enough[-1]) + 1 if len(enough) else kwh.shape[1]


def asked_at(
    lake: Lake, territory: TerritorySettings, config: AnomalyConfig, at: pd.Timestamp, as_of: pd.Timestamp | None = None
) -> Cases:
    """`asked_of` the customers valid at `at`, as the lake knew them then.

    Raises NotFoundError where it knew nobody, or where the days known are too few for a single term.
    """
    told = at if as_of is None else min(at, as_of)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    customers = lake.valid("customer", at=at, as_of=told)[["customer_id", "customer_class"]]
    customers = customers.set_index("customer_id").sort_index()
    if customers.empty:
        raise NotFoundError(f"the lake holds no customer that is known and valid at {at.isoformat()}")
    today = pd.Timestamp(calendar.local(pd.DatetimeIndex([at]))[0]).normalize()
    use, _ = read_use(lake, calendar, customers.index, today, config.windows.history_days, told)
    days = trimmed(use.kwh).shape[1]
    if days < config.least_days:
        raise NotFoundError(f"{days} days of use are known at {at.isoformat()}, of at least {config.least_days}")
    return asked_of(use, customers["customer_class"].to_numpy(), at, config)


def origins(
    lake: Lake, territory: TerritorySettings, config: AnomalyConfig, as_of: pd.Timestamp | None
) -> list[pd.Timestamp]:
    """First local days of months whose outcome was known at `as_of`, the newest `max_origins`, oldest first."""
    read = lake.read("consumption", as_of=as_of, columns=["start_utc"])["start_utc"]
    if read.empty:
        return []
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    first, last = calendar.local(pd.DatetimeIndex([read.min(), read.max()]))
    last = last.normalize() + pd.Timedelta(days=1 - config.horizon_days)
    first = first.normalize() + pd.Timedelta(days=config.least_days)
    days = pd.date_range(first, last, freq="MS")[-config.max_origins :]
    return [pd.Timestamp(one) for one in days.tz_localize(territory.time_zone).tz_convert("UTC")]


def cases_at(
    lake: Lake, territory: TerritorySettings, config: AnomalyConfig, at: pd.Timestamp, as_of: pd.Timestamp | None
) -> Cases:
    """The customers of an origin with what is held of them by inspections available at `as_of`."""
    inspections = lake.read("inspection", as_of=as_of)
    return labelled(asked_at(lake, territory, config, at), inspections, config)


def joined(parts: list[Cases]) -> Cases:
    """Cases of several origins as one."""
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    features = pd.concat([part.features for part in parts], ignore_index=True)
    context = {name: np.concatenate([part.context[name] for part in parts]) for name in parts[0].context}
    return Cases(rows, features, context)

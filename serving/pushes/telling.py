"""Offers, services and decisions as plain values, in the shape `serving.messages.pushes` declares."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from serving.decisions.pushes.catalogue import Catalogue, Service
from serving.pushes.records import Push, PushRun
from serving.rows import instant, plain

__all__ = [
    "CAUSAL",
    "NOT_CAUSAL",
    "moment",
    "ndjson",
    "offer_of",
    "push_entry",
    "score_kind",
    "service_entry",
    "standing_offer",
    "versions_of",
]

NOT_CAUSAL = "propensity, not causal"
CAUSAL = "uplift, from outcomes drawn by lot"

_SAME = ("push_id", "channel", "variant", "campaign", "explored", "relief_node_id")
_NUMBERS = ("propensity", "uplift", "value_cny", "cost_cny", "score_cny", "freed_kw")
_WHOSE = ("run_id", "customer_id", "hall_id", "area_id", "service", "service_version", "reason")


def score_kind(uplift: float | None) -> str:
    """What a score stands on: a propensity, unless outcomes said what the offer changes."""
    return NOT_CAUSAL if plain(uplift) is None else CAUSAL


def offer_of(made: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an offer that a decision and a list tell alike; `made` holds the fields of a `Push`."""
    return {
        **{name: plain(made[name]) for name in _SAME},
        **{name: plain(made[name]) for name in _NUMBERS},
        "score_kind": score_kind(made["uplift"]),
        "adds_kva": _kva(made["adds_va"]),
        "most_kva": max(_kva(made["adds_va"])),
        "held_kva": _kva(made["held_va"]),
        "offered_at": moment(made["decided_at"]),
        "expires_at": moment(made["expires_at"]),
    }


def push_entry(push: Push, run: PushRun, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """An offer as it is listed, and as a publication tells a CRM of it; nothing personal. Words of a service that is
    offered no more are not known."""
    service = catalogue.service(push.service)
    words: dict[str, Any] = {
        "english": None if service is None else service.name.english,
        "chinese": None if service is None else service.name.chinese,
        "says_english": None if service is None else service.says.english,
        "says_chinese": None if service is None else service.says.chinese,
    }
    return {
        **offer_of(vars(push)),
        **{name: getattr(push, name) for name in _WHOSE},
        **words,
        "state": push.state(now),
        "answered_at": moment(push.answered_at),
        "outcome": push.answer,
        "versions": versions_of(run),
    }


def ndjson(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One JSON object a line."""
    for one in entries:
        yield json.dumps(one, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def service_entry(one: Service) -> dict[str, Any]:
    """A service as the catalogue has it."""
    return {
        "service": one.code,
        "version": one.version,
        "campaign": one.campaign,
        "english": one.name.english,
        "chinese": one.name.chinese,
        "says_english": one.says.english,
        "says_chinese": one.says.chinese,
        "classes": list(one.classes),
        "eligible": one.eligible,
        "kw": list(one.load.kw),
        "own_share": list(one.load.own_share),
        "flexible": one.flexible is not None,
        "adds_load": one.load.adds,
        "frees_load": one.load.frees,
        "acceptance": one.acceptance.base,
        "value_cny": one.value.cny,
        "cost_cny": dict(one.cost_cny),
        "purpose": one.purpose,
        "valid_days": one.valid_days,
        "outcome": one.outcome,
    }


def standing_offer(push: Push, service: Service) -> dict[str, Any]:
    """An offer as the counter is told of it beside the portrait."""
    words = {"english": service.name.english, "chinese": service.name.chinese}
    says = {"english": service.says.english, "chinese": service.says.chinese}
    what = {"push_id": push.push_id, "service": push.service, "channel": push.channel}
    return {**what, **words, "says": says, "expires_at": moment(push.expires_at)}


def versions_of(run: PushRun) -> dict[str, Any]:
    """What a run was made from."""
    return {
        "snapshot_id": run.snapshot_id,
        "capacity_id": run.base_id,
        "capacity_known_at": moment(run.base_known_at),
        "catalogue_hash": run.catalogue_hash,
        "policy_hash": run.policy_hash,
        "data_fingerprint": run.data_fingerprint,
        "models": [dict(one) for one in run.models],
    }


def moment(at: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC."""
    return None if at is None else instant(pd.Timestamp(at))


def _kva(va: Sequence[int]) -> list[float]:
    return [round(amount / 1000, 3) for amount in va]

"""Examples for the published interface; a test validates each against the message it stands for."""

from typing import Any

from fastapi.openapi.models import Example

__all__ = [
    "ALLOCATE_REQUESTS",
    "CAPACITY_ANSWER",
    "CAPACITY_REQUESTS",
    "CHECK_ANSWER",
    "CHECK_REQUESTS",
    "DECIDE_REQUESTS",
    "FORECAST_REQUESTS",
    "INGEST_ANSWER",
    "INGEST_REQUESTS",
    "INSPECTION_REQUESTS",
    "OUTCOME_REQUESTS",
    "TAGS_EXPORT_REQUESTS",
    "TAGS_QUERY_REQUESTS",
]

FORECAST_REQUESTS: dict[str, Example] = {
    "nodes": {
        "summary": "Two nodes, one day ahead",
        "value": {"node_ids": ["A0001", "A0002"], "horizon_hours": 24},
    },
    "explained": {
        "summary": "One node, and what its median is made of",
        "value": {"node_ids": ["A0001"], "horizon_hours": 24, "explain": True},
    },
    "unit": {
        "summary": "Every feeder of a department, a week ahead, three quantiles, as of a past moment",
        "value": {
            "org_unit": "D1",
            "kinds": ["feeder"],
            "horizon_hours": 168,
            "quantiles": [0.05, 0.5, 0.95],
            "issue_time": "2025-12-31T16:00:00Z",
        },
    },
}

CAPACITY_REQUESTS: dict[str, Example] = {
    "published": {"summary": "One node, from the latest publication", "value": {"node_ids": ["A0001"]}},
    "unit": {
        "summary": "Areas and feeders of a hall",
        "value": {"org_unit": "H01", "kinds": ["area", "feeder"], "publication": "latest"},
    },
    "live": {
        "summary": "Computed now, not published",
        "value": {"node_ids": ["A0001"], "publication": "live"},
    },
}

CAPACITY_ANSWER: dict[str, Any] = {
    "live": False,
    "publication_id": "20251231T1600Z-0123456789",
    "created_at": "2026-01-01T00:05:00Z",
    "issued_at": "2025-12-31T16:00:00Z",
    "horizon_days": 365,
    "model": {"name": "peak", "version": 1, "sha256": "9f86d081884c7d65"},
    "data_fingerprint": "5f2b7c9d01ae",
    "config_hash": "77aa10c3e94b",
    "nodes": [
        {
            "node_id": "A0001",
            "name": "城东一号台区",
            "kind": "area",
            "hall_id": "H01",
            "open_kva": 45.0,
            "own_kva": 45.0,
            "block_kva": [120.0, 110.0, 60.0, 45.0, 45.0, 70.0],
            "pool_kva": None,
            "peak_p50_kw": 231.5,
            "peak_p90_kw": 252.0,
            "peak_p95_kw": 259.8,
            "pending_kw": 12.5,
            "limit_kw": 302.4,
            "limit_season": None,
            "voltage_kva": 310.0,
            "voltage_node_id": "A0007",
            "voltage_at": "2025-12-30T11:00:00Z",
            "binding_level": "area",
            "binding_node_id": "A0001",
            "reason": "AREA_THERMAL",
            "note": None,
            "confidence": "HIGH",
            "standing": "firm",
            "standing_reason": None,
            "rating_assumed": False,
            "kappa": 1.12,
            "kappa_source": "own origins",
            "valid_until": "2026-04-01T00:00:00Z",
        }
    ],
    "absent_node_ids": [],
}

INGEST_REQUESTS: dict[str, str] = {
    "application/x-ndjson": (
        '{"node_id": "A0001", "start_utc": "2026-01-01T00:00:00Z", "load_kw": 231.5}\n'
        '{"node_id": "A0001", "start_utc": "2026-01-01T01:00:00Z", "load_kw": null}\n'
    ),
    "text/csv": "node_id,start_utc,load_kw\nA0001,2026-01-01T08:00:00+08:00,231.5\nA0001,2026-01-01T09:00:00+08:00,\n",
}

INGEST_ANSWER: dict[str, Any] = {
    "table": "node_load",
    "batch": "increment:5f2b7c9d01ae77aa10c3e94b",
    "rows_in": 2,
    "accepted": 1,
    "superseded": 0,
    "quarantined": {"MISSING_VALUE": 1},
    "refused": [{"line": 2, "reason": "MISSING_VALUE", "column": "load_kw"}],
    "balanced": True,
    "repeated": False,
}

CHECK_REQUESTS: dict[str, Example] = {
    "application": {
        "summary": "An application: it is queued where it does not fit",
        "value": {
            "application_id": "YK2026-000123",
            "node_id": "A0001",
            "kva": 160,
            "customer_class": "commercial",
            "wanted_on": "2026-06-01",
        },
    },
    "question": {
        "summary": "Only a question: chargers that draw at night",
        "value": {
            "node_id": "A0001",
            "kva": 120,
            "customer_class": "ev_charging",
            "block_share": [1, 1, 0.2, 0.2, 0.2, 0.5],
        },
    },
}

CHECK_ANSWER: dict[str, Any] = {
    "application_id": "YK2026-000123",
    "node_id": "A0001",
    "outcome": "constrained",
    "state": "waiting",
    "place": 2,
    "binding_node_id": "F01",
    "binding_level": "feeder",
    "reason": "FEEDER_N1",
    "block": 4,
    "fits_kva": 85.0,
    "fits_block_kva": [260.0, 240.0, 120.0, 110.0, 85.0, 140.0],
    "reservation_id": None,
    "beyond_horizon": False,
    "base_id": "20260101T0000Z-0123456789",
    "known_at": "2026-01-01T00:00:00Z",
    "until": "2027-01-01T00:00:00Z",
}

ALLOCATE_REQUESTS: dict[str, Example] = {
    "one": {
        "summary": "One application, in the area it stands in or near it",
        "value": {"requests": [{"kva": 160, "node_id": "A0001"}]},
    },
    "many": {
        "summary": "Several at once, held when they fit",
        "value": {
            "requests": [
                {"request_id": "YK2026-000123", "kva": 160, "node_id": "A0001", "priority": 1},
                {"request_id": "YK2026-000124", "kva": 80, "longitude": 120.1, "latitude": 30.2},
            ],
            "commit": True,
        },
    },
}

TAGS_QUERY_REQUESTS: dict[str, Example] = {
    "campaign": {
        "summary": "Valuable businesses that stay, the most valuable first",
        "value": {
            "expression": 'value_p50_cny > 1000 and p_leave < 0.3 and customer_class in ("commercial", "industrial")',
            "sort_by": "value_p50_cny",
            "columns": ["value_p50_cny", "p_leave", "use_90d_kwh_day"],
            "limit": 50,
        },
    },
    "count": {
        "summary": "How many customers of a department use much in the evening",
        "value": {"expression": "evening_share > 0.4", "org_unit": "D1", "count_only": True},
    },
}

TAGS_EXPORT_REQUESTS: dict[str, Example] = {
    "csv": {
        "summary": "Everything known of those who may leave, as CSV",
        "value": {"expression": "p_leave > 0.5", "format": "csv"},
    },
}

INSPECTION_REQUESTS: dict[str, Example] = {
    "theft": {
        "summary": "Energy taken past the meter, found after an alarm",
        "value": {
            "inspection_id": "JC2026-0001",
            "customer_id": "C000001",
            "kind": "alarm",
            "outcome": "theft",
            "inspected_at": "2026-01-05T02:30:00Z",
            "recovered_kwh": 1840.5,
        },
    },
}

DECIDE_REQUESTS: dict[str, Example] = {
    "question": {
        "summary": "What may be offered to one who stands at the counter",
        "value": {"customer_ids": ["C000001"]},
    },
    "commit": {
        "summary": "Two services to a list of customers; needs the header Idempotency-Key",
        "value": {
            "customer_ids": ["C000001", "C000002"],
            "services": ["ev_charging", "time_of_use"],
            "commit": True,
        },
    },
}

OUTCOME_REQUESTS: dict[str, Example] = {
    "accepted": {
        "summary": "An offer was accepted: what it adds to the load is held for good",
        "value": {"push_id": "0123456789abcdef0123", "outcome": "accepted", "at": "2026-01-05T02:30:00Z"},
    },
    "fulfilled": {
        "summary": "What was accepted is done, with the peak load it took away",
        "value": {
            "push_id": "0123456789abcdef0123",
            "outcome": "fulfilled",
            "at": "2026-02-01T02:30:00Z",
            "kw_freed": 1.4,
        },
    },
}

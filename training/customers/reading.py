"""Cases of a family from the lake, made once a process: judging, fitting anew and watching ask for the same ones."""

from collections import OrderedDict

import pandas as pd

from features.lake import Lake
from features.settings import Settings, config_hash
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.customers.family import Family

__all__ = ["policy_hash", "read_cases"]

_MOST = 2
"""A champion and a challenger of other settings."""
_kept: OrderedDict[tuple[str, ...], Cases] = OrderedDict()


def read_cases(
    family: Family,
    lake: Lake,
    territory: TerritorySettings,
    config: Settings,
    as_of: pd.Timestamp | None = None,
) -> Cases:
    """As `family.cases`; the last ones made are given again while the lake holds the same, for nobody changes cases.

    Making them reads what was known at every origin, which takes longer than all fits and forecasts of a promotion.
    """
    made_from = (lake.fingerprint(), config_hash(territory), config_hash(config), policy_hash(family, config))
    key = (family.name, *made_from, str(as_of))
    if key not in _kept:
        _kept[key] = family.cases(lake, territory, config, as_of)
        if len(_kept) > _MOST:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def policy_hash(family: Family, config: Settings) -> str:
    """Hash of the policy by which outcomes are told, empty where the family has none.

    A family whose outcomes depend on rules outside of its settings (what energy costs) offers `policy(config)`.
    """
    policy = getattr(family, "policy", None)
    return config_hash(policy(config)) if callable(policy) else ""

"""The catalogue and policy that ship, and catalogues that ask for what nobody knows."""

from pathlib import Path

import pytest

from features.configs import config_path
from features.errors import ConfigError
from serving.pushes.configs import load_catalogue, load_push_policy


def changed(folder: Path, old: str, new: str) -> Path:
    text = config_path("services.yaml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "services.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_what_ships_can_be_judged() -> None:
    assert len(load_catalogue().services) == 12
    assert load_push_policy().quiet["app"].silent(23)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('tag("arrears") and not tag("vacant") and use_90d', 'tag("areas") and use_90d', ["ev_charging", "arrears"]),
        ("use_rank_in_class > 0.3", "use_rank_in_clas > 0.3", ["ev_charging", "use_rank_in_class"]),
        ('customer_class == "commercial"', 'customer_class == "comercial"', ["electric_kitchen", "commercial"]),
        ('customer_class == "commercial"', "customer_class == 3", ["electric_kitchen", "quotes"]),
        ("column: value_p50_cny", "column: value_p55_cny", ["capacity_increase", "value_p55_cny"]),
        ("column: value_p50_cny", "column: hall_id", ["capacity_increase", "hall_id"]),
        ("use_365d_kwh > 1200", "use_365d_kwh >> 1200", ["use_365d_kwh >> 1200"]),
        ("purpose: service", "purpose: fun", ["fun"]),
        ("cost_cny: {app: 0.3, hall: 6}", "cost_cny: {app: .nan, hall: 6}", ["services.0.cost_cny.app", "finite"]),
        ("cost_cny: {app: 0.3, hall: 6}", "cost_cny: {app: -0.3, hall: 6}", ["ev_charging", "costs something"]),
        ("value: {cny: 480}", "value: {cny: .inf}", ["services.0.value.cny", "finite"]),
        ("base: 0.03", "base: 0.7", ["services.0.acceptance", "`base` 0.7 is above `most` 0.6"]),
        ("kw: [3.0, 1.0,", "kw: [.nan, 1.0,", ["services.0.load.kw.0", "finite"]),
    ],
)
def test_what_nobody_knows_is_refused_by_name(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        load_catalogue(changed(tmp_path, old, new))
    assert all(word in str(refused.value) for word in words)

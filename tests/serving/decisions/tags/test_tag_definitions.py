"""A definition that makes no sense is refused with the reason; one that does says who may see it."""

from typing import Any

import pytest

from features.errors import ConfigError
from features.settings import parse_settings
from serving.decisions.tags import Definitions, TagFile
from tests.serving.decisions.tags.tagging import INPUTS, WORDS, above, below, tag, tags_of

CLUSTER = {
    "columns": ["a", "b"],
    "count": 2,
    "names": [{"code": "one", "name": WORDS, "centre": {"a": 1.0, "b": 2.0}}],
}


def parse(**overrides: Any) -> TagFile:
    values = tag().model_dump(mode="json") | overrides
    return parse_settings(TagFile, {"theme": WORDS, "tags": [values]}, "tags.yaml")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"conditions": [above(enter=10, leave=11)]}, "exit 11 is stricter than enter 10"),
        ({"conditions": [below(enter=3, leave=2)]}, "exit 2 is stricter than enter 3"),
        ({"conditions": [above(enter=float("nan"))]}, "finite"),
        ({"conditions": []}, "needs conditions"),
        ({"name": {"english": "vacant", "chinese": "vacant"}}, "no Chinese"),
        ({"name": {"english": "", "chinese": "空置"}}, "english"),
        ({"name": {"english": "vacant"}}, "chinese"),
        ({"purpose": "fun"}, "no purpose of consent is called fun"),
        ({"classes": ["residential", "giants"]}, "no customer class is called giants"),
        ({"audience": ["everybody"]}, "audience"),
        ({"kind": "model"}, "names its model"),
        ({"model": "value"}, "no other does"),
        ({"kind": "cluster"}, "cluster"),
        ({"cluster": CLUSTER}, "no other may have it"),
        ({"kind": "cluster", "cluster": CLUSTER}, "has none"),
        ({"kind": "cluster", "cluster": CLUSTER, "conditions": [], "group": "band"}, "group of their own"),
        ({"kind": "cluster", "cluster": CLUSTER | {"columns": ["a"]}, "conditions": []}, "centre of one"),
        ({"time_to_live_days": 0}, "time_to_live_days"),
        ({"enters": 3}, "enters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(overrides: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(**overrides)


def test_an_input_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match="tag tag: there is no feature or score 'z'"):
        tags_of(tag(conditions=[above(), above("z")]))


def test_a_code_stands_once_and_a_cluster_s_tags_count() -> None:
    with pytest.raises(ConfigError, match="two of the tag 'tag'"):
        tags_of(tag(), tag())
    pattern = tag("pattern", kind="cluster", conditions=[], cluster=CLUSTER)
    with pytest.raises(ConfigError, match="'pattern_one'"):
        Definitions.of([pattern, tag("pattern_one")], INPUTS)


def test_whom_a_tag_is_for() -> None:
    suspicion = tag(audience=["inspection"])
    assert [suspicion.visible_to(role) for role in ("inspection", "admin", "marketing", "planner")] == [True] * 2 + [
        False
    ] * 2


def test_any_change_is_another_digest() -> None:
    assert tags_of(tag()).digest == tags_of(tag()).digest
    assert len({tags_of(tag(**one)).digest for one in ({}, {"version": 2}, {"owner": "x"}, {"combine": "any"})}) == 4

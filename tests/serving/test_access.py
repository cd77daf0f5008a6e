"""Roles, scopes and keys, without a database."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.access import ROLES, Permission, Principal, Scope, hash_key, key_id_of, matches, new_key, subtree
from serving.refusals import ForbiddenError, OutOfScopeError

UNITS = st.sampled_from(list(string.ascii_uppercase[:12]))


@st.composite
def organisations(draw: st.DrawFn) -> dict[str, str | None]:
    """Forests, and also the broken ones real tables hold: missing parents, cycles."""
    units = draw(st.lists(UNITS, min_size=1, max_size=12, unique=True))
    return {unit: draw(st.one_of(st.none(), UNITS)) for unit in units}


def climbs_to(parents: dict[str, str | None], unit: str, root: str) -> bool:
    """The slow, obvious rule: going up from `unit` passes `root`."""
    seen: set[str] = set()
    current: str | None = unit
    while current is not None and current not in seen:
        if current == root:
            return True
        seen.add(current)
        current = parents.get(current)
    return False


@given(organisations(), UNITS)
def test_a_subtree_is_exactly_what_climbs_to_its_root(parents: dict[str, str | None], root: str) -> None:
    expected = {unit for unit in parents if root in parents and climbs_to(parents, unit, root)}
    assert subtree(parents, root) == expected


@given(organisations(), UNITS, UNITS)
def test_a_key_sees_no_more_than_the_key_of_a_unit_above(
    parents: dict[str, str | None], lower: str, upper: str
) -> None:
    if lower in parents and upper in parents and climbs_to(parents, lower, upper):
        assert subtree(parents, lower) <= subtree(parents, upper)


@given(organisations(), st.one_of(st.none(), UNITS), st.one_of(st.none(), UNITS))
def test_only_a_whole_territory_key_sees_what_belongs_to_no_unit(
    parents: dict[str, str | None], key_unit: str | None, node_unit: str | None
) -> None:
    scope = Scope.of(Principal("k", "planner", key_unit), parents)
    if key_unit is None:
        assert scope.covers(node_unit)
    elif node_unit is None:
        assert not scope.covers(node_unit)
    else:
        assert scope.covers(node_unit) == (
            key_unit in parents and node_unit in parents and climbs_to(parents, node_unit, key_unit)
        )


@given(organisations(), UNITS, UNITS)
def test_requiring_a_unit_refuses_exactly_what_is_not_covered(
    parents: dict[str, str | None], key_unit: str, node_unit: str
) -> None:
    scope = Scope.of(Principal("k", "planner", key_unit), parents)
    if scope.covers(node_unit):
        scope.require(node_unit, "node N1")
    else:
        with pytest.raises(OutOfScopeError, match="node N1"):
            scope.require(node_unit, "node N1")


@given(st.sampled_from(sorted(ROLES)), st.sampled_from(list(Permission)))
def test_a_role_may_do_what_it_lists_and_nothing_else(role: str, permission: Permission) -> None:
    who = Principal("k", role, None)
    if permission in ROLES[role]:
        who.require(permission)
    else:
        with pytest.raises(ForbiddenError, match=role):
            who.require(permission)


def test_an_unknown_role_may_do_nothing() -> None:
    for permission in Permission:
        with pytest.raises(ForbiddenError):
            Principal("k", "intern", None).require(permission)


def test_marketing_does_not_get_figures_nobody_published() -> None:
    assert Permission.CAPACITY in ROLES["marketing"]
    assert Permission.CAPACITY_LIVE not in ROLES["marketing"]


def test_keys_are_long_different_and_carry_their_id() -> None:
    made = [new_key() for _ in range(200)]
    assert len({key for _, key in made}) == 200
    for key_id, key in made:
        assert key_id_of(key) == key_id
        assert len(key.split("_", 2)[2]) >= 43  # 256 bits in base 64


@given(st.text())
def test_only_the_key_itself_matches_its_hash(other: str) -> None:
    _, key = new_key()
    stored = hash_key(key)
    assert key not in stored
    assert matches(key, stored)
    assert matches(other, stored) == (other == key)


@given(st.text())
def test_any_text_has_an_id_or_none(text: str) -> None:
    found = key_id_of(text)
    assert found is None or text.startswith(f"hr_{found}_")

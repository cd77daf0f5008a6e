"""Tags, pins and refusals of `headroom build`; the bento itself is served in `served/test_bento.py`."""

from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from features.errors import ConfigError, HeadroomError
from features.workspace import Workspace
from serving.bento.build import build_bento
from serving.bento.pins import NOT_SERVED, closure, pinned_requirements
from serving.cli import group


@pytest.mark.parametrize("tag", ["Headroom", "a:b:c", ":1", "x:UPPER", "sp ace", "../up", "-x"])
def test_a_tag_that_bentoml_would_refuse_is_refused_first(tag: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tag"):
        build_bento(Workspace(tmp_path), tag)


def test_out_is_never_overwritten_and_its_folder_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "there.bento").write_text("precious")
    with pytest.raises(ConfigError, match=r"there\.bento is there already"):
        build_bento(Workspace(tmp_path), out=tmp_path / "there.bento")
    with pytest.raises(ConfigError, match="nowhere is not there"):
        build_bento(Workspace(tmp_path), out=tmp_path / "nowhere" / "a.bento")


def test_an_empty_workspace_is_refused_in_words(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["build", "--workspace", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "is not ready to be packed" in done.output
    assert "headroom train peak" in done.output


def test_every_pin_is_what_is_installed_and_nothing_points_to_a_place() -> None:
    pins = [Requirement(line) for line in pinned_requirements()]
    names = [pin.name for pin in pins]
    assert names == sorted(set(names))
    for pin in pins:
        assert str(pin.specifier) == f"=={metadata.version(pin.name)}"
        assert pin.url is None
    assert {"bentoml", "lightgbm", "pandas", "deltalake", "sqlalchemy", "psycopg", "fastapi"} <= set(names)
    assert not NOT_SERVED & set(names)


def test_the_pins_need_nothing_but_each_other() -> None:
    pins = {Requirement(line).name for line in pinned_requirements()}
    for name in pins:
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in pins, (name, text)


def test_what_is_left_out_is_a_dependency_of_the_product() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in metadata.requires("headroom") or []}
    assert declared >= NOT_SERVED


def test_extras_count_and_other_platforms_do_not() -> None:
    found = closure([Requirement("psycopg[binary]"), Requirement("nothing-of-this-name; sys_platform == 'plan9'")])
    assert {"psycopg", "psycopg-binary"} <= set(found)
    assert "psycopg-pool" not in found
    with pytest.raises(HeadroomError, match="nothing-of-this-name is needed"):
        closure([Requirement("nothing-of-this-name")])

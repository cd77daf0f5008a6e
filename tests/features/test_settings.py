"""Configuration files: what is wrong in one is said with its name, never passed over."""

from pathlib import Path

import pytest
from pydantic import Field

from features.errors import ConfigError
from features.settings import Settings, load_settings


class Sample(Settings):
    size: int = 1
    words: dict[str, str] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size: 1\nsize: 2\n", "'size' stands twice"),
        ("words:\n  a: x\n  a: y\n", "'a' stands twice"),
        ("sise: 1\n", "sise"),
        ("- 1\n", "found list"),
        ("size: [\n", "not valid YAML"),
        ("size: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sample\.yaml") as caught:
        load_settings(Sample, path)
    assert words in str(caught.value)


def test_an_empty_file_is_all_defaults_and_anchors_work(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text("", encoding="utf-8")
    assert load_settings(Sample, path) == Sample()
    path.write_text("words: {a: &x one, b: *x}\n", encoding="utf-8")
    assert load_settings(Sample, path).words == {"a": "one", "b": "one"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("name: 2024-13-45\n", "month"), (f"name: {'9' * 5000}\n", "digits"), (f"name: {'[' * 5000}\n", "too deep")],
)
def test_values_that_are_not_what_they_look_like_are_no_traceback(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_settings(Settings, path)

"""`headroom quality`: a table, a document and a page of the same figures, by org unit, source and table."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.configs import config_path
from features.demo import Territory, write_territory
from features.ingest import ingest
from features.workspace import Workspace
from serving.cli import group

pytestmark = pytest.mark.slow


def run(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(group, ["quality", *words, "--workspace", str(workspace)])


@pytest.fixture(scope="module")
def demo(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("quality")
    write_territory(small_territory, folder / "data")
    ingest(config_path("sources/demo.yaml"), folder / "data", Workspace(folder / "ws"))
    return folder / "ws", (small_territory.end).strftime("%Y-%m-%dT12:00:00")


def told(demo: tuple[Path, str], *words: str) -> dict:
    result = run(demo[0], "report", "--as-of", demo[1], "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_document_has_scores_for_every_cut(demo: tuple[Path, str]) -> None:
    document = told(demo)
    assert 0.8 < document["score"] <= 1
    assert {unit["kind"] for unit in document["org_units"]} == {"company", "department", "hall"}
    assert [source["id"] for source in document["sources"]] == ["(all)", "demo"] or document["sources"][0][
        "id"
    ] == "demo"
    company = next(unit for unit in document["org_units"] if unit["kind"] == "company")
    halls = [unit for unit in document["org_units"] if unit["kind"] == "hall"]
    # The department owns the substation, which is of no hall.
    assert company["checked"] >= sum(hall["checked"] for hall in halls) > 0
    unknown = [rule for rule in document["rules"] if rule["checked"] == 0]
    assert all(rule["score"] is None and rule["level"] == "unknown" for rule in unknown)


def test_it_can_be_narrowed(demo: tuple[Path, str]) -> None:
    whole, hall = told(demo), told(demo, "--org", "H01")
    load = {
        name: next(r for r in d["rules"] if r["id"] == "load_unbroken") for name, d in (("all", whole), ("hall", hall))
    }
    assert 0 < load["hall"]["checked"] <= load["all"]["checked"]
    assert {rule["table"] for rule in told(demo, "--table", "meter")["rules"]} == {"meter"}
    assert told(demo, "--source", "nobody")["score"] is None
    assert run(demo[0], "report", "--org", "H99").exit_code == 2
    assert run(demo[0], "report", "--table", "nonsense").exit_code == 2


def test_a_trend_reaches_back_as_it_was_known_then(demo: tuple[Path, str]) -> None:
    trend = told(demo, "--trend-months", "3")["trend"]
    assert len(trend) == 4
    assert [point["as_of"] for point in trend] == sorted(point["as_of"] for point in trend)


def test_the_page_needs_no_network(demo: tuple[Path, str], tmp_path: Path) -> None:
    page = tmp_path / "sub" / "quality.html"
    assert run(demo[0], "report", "--as-of", demo[1], "--html", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)\s*=|https?:|<script", text)
    assert "江州" in text
    assert "负荷数据完整率" in text


def test_personal_values_stand_nowhere(demo: tuple[Path, str], small_territory: Territory, tmp_path: Path) -> None:
    page = tmp_path / "quality.html"
    run(demo[0], "report", "--as-of", demo[1], "--html", str(page))
    text = page.read_text(encoding="utf-8") + json.dumps(told(demo), ensure_ascii=False)
    people = small_territory.frame("identity")
    assert len(people)
    for column in ("name", "phone", "document_id"):
        assert not [value for value in people[column].dropna() if str(value) in text]


def test_the_rules_are_shown(demo: tuple[Path, str]) -> None:
    shown = CliRunner().invoke(group, ["quality", "rules"])
    assert shown.exit_code == 0
    assert "load_unbroken" in shown.output
    document = json.loads(CliRunner().invoke(group, ["quality", "rules", "--json"]).output)
    assert len(document["rules"]) >= 20


def test_an_unknown_key_in_the_rules_is_refused_by_name(demo: tuple[Path, str], tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rules: []\nexample: 3\n")
    result = run(demo[0], "report", "--rules", str(path))
    assert result.exit_code == 2
    assert "example" in result.output

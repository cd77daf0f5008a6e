"""Personal fields pass the gate into their table, and a row that does not pass leaves no copy of them in quarantine."""

from pathlib import Path
from typing import Any

from features.ingest import read_quarantine
from features.lake import erase_identity

IDENTITY = {
    "table": "identity",
    "files": "customers.csv",
    "columns": {
        "customer_id": "户号",
        "name": "户名",
        "phone": "电话",
        "document_kind": {"from": "证件", "codes": {"身份证": "identity_card"}},
        "valid_from": "启用日期",
        "available_at": {"after": "valid_from"},
    },
}
CUSTOMER = {
    "table": "customer",
    "files": "customers.csv",
    "columns": {
        "customer_id": "户号",
        "area_id": "台区",
        "customer_class": "类别",
        "valid_from": "启用日期",
        "available_at": {"after": "valid_from"},
    },
}
# One sound row, one broken for `customer`, one for `identity`, and a line with too many cells.
TEXT = """\
户号,户名,电话,证件,台区,类别,启用日期
C1,张三丰,13800138000,身份证,A1,residential,2024-01-01
C2,李四光,13900139000,身份证,A1,居民,2024-01-01
C3,王五一,13700137000,驾驶证,A1,residential,2024-01-01
C4,赵六六,13600136000,身份证,A1,residential,2024-01-01,多
"""
TOLD = ("张三丰", "李四光", "王五一", "赵六六", "13800138000", "13900139000", "13700137000", "13600136000")


def files_that_tell(root: Path) -> set[str]:
    """Folders below `root` with a file in which a name or number of the source stands."""
    found = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if any(word.encode() in content for word in TOLD):
            found.add(path.relative_to(root).parts[0])
    return found


def test_refused_rows_of_a_file_with_personal_fields_are_kept_without_their_text(source: Any) -> None:
    source.write("customers.csv", TEXT)
    report = source.ingest(IDENTITY, CUSTOMER)
    assert dict(report.tables["customer"].quarantined) == {"MALFORMED_LINE": 1, "UNKNOWN_CODE": 1}
    assert dict(report.tables["identity"].quarantined) == {"MALFORMED_LINE": 1, "UNKNOWN_CODE": 1, "ORPHAN_LINK": 1}
    refused = read_quarantine(source.workspace.root / "quarantine")
    # The line still says where to look.
    assert set(refused["source_line"]) == {3, 4, 5}
    assert not refused["raw"].str.contains("|".join(TOLD)).any()
    assert files_that_tell(source.workspace.root) == {"lake"}


def test_other_files_keep_the_text_of_what_was_refused(source: Any) -> None:
    source.write("customers.csv", TEXT)
    source.write("more.csv", "户号,台区,类别,启用日期\nC9,A1,居民,2024-01-01\n")
    source.ingest(IDENTITY, {**CUSTOMER, "files": "more.csv"})
    refused = read_quarantine(source.workspace.root / "quarantine", "customer")
    assert refused["raw"].str.contains("居民").all()


def test_a_person_who_was_erased_is_nowhere_in_the_workspace_and_a_second_run_does_not_bring_him_back(
    source: Any,
) -> None:
    source.write("customers.csv", TEXT)
    source.ingest(IDENTITY, CUSTOMER)
    assert erase_identity(source.lake, "C1") == 1
    assert files_that_tell(source.workspace.root) == set()
    assert not source.ingest(IDENTITY, CUSTOMER).changed
    assert source.lake.read("identity").empty
    # The account itself stays, by its surrogate.
    assert source.lake.read("customer")["customer_id"].tolist() == ["C1", "C3"]

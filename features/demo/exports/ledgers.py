"""The ledgers of the four systems, still sound: every system's rows under its own identifiers and headers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.config import TIME_ZONE
from features.demo.exports.naming import Naming
from features.demo.sources import CODES
from features.demo.territory import Territory

__all__ = ["Sheets", "local_date", "local_time", "sound_ledgers"]

_NEAR_DEG = 0.0004
"""About forty metres: how well places are known."""


@dataclass(frozen=True)
class Sheets:
    """A territory and what its systems call things; `transformer_ids` by transformer, one column a system."""

    territory: Territory
    naming: Naming
    transformer_ids: pd.DataFrame
    rng: np.random.Generator


def local_date(times: pd.Series) -> pd.Series:
    """Local days as text, empty where there is none."""
    return times.dt.tz_convert(TIME_ZONE).dt.strftime("%Y-%m-%d").fillna("")


def local_time(times: pd.Series) -> pd.Series:
    """Local minutes as text, empty where there is none."""
    return times.dt.tz_convert(TIME_ZONE).dt.strftime("%Y-%m-%d %H:%M").fillna("")


def _dates(frame: pd.DataFrame, begin: str = "启用日期", end: str = "停用日期") -> dict[str, pd.Series]:
    return {
        begin: local_date(frame["valid_from"]),
        end: local_date(frame["valid_to"]),
        "更新时间": local_time(frame["available_at"]),
    }


def sound_ledgers(sheets: Sheets) -> dict[str, pd.DataFrame]:
    """Every ledger by file name; of the asset ledger's workbook the sheets, named file#sheet."""
    made = _marketing(sheets) | _assets(sheets) | _topology(sheets) | _collection(sheets)
    return {name: frame.reset_index(drop=True) for name, frame in made.items()}


def _nodes(sheets: Sheets, *kinds: str) -> pd.DataFrame:
    """Versions of nodes with `capacity_kva`: the sum of an area's transformers now."""
    frame = sheets.territory.frame("node")
    rows = frame[frame["kind"].isin(kinds)].copy()
    banks = sheets.territory.frame("transformer")
    # The row that closes a period is a later version of the one that opened it.
    standing = banks.sort_values("available_at").drop_duplicates(["transformer_id", "valid_from"], keep="last")
    now = standing[standing["valid_to"].isna()]
    rows["capacity_kva"] = rows["node_id"].map(now.groupby("node_id")["rating_kva"].sum())
    return rows


def _marketing(sheets: Sheets) -> dict[str, pd.DataFrame]:
    ids, called = sheets.naming.ids["marketing"], sheets.naming.names["marketing"]
    units = sheets.territory.frame("org_unit")
    upper, areas = _nodes(sheets, "substation", "feeder"), _nodes(sheets, "area")
    return {
        "sg186_org_units.csv": pd.DataFrame(
            {
                "单位编码": units["unit_id"],
                "单位名称": units["name"],
                "单位级别": units["kind"].map(CODES),
                "上级单位": units["parent_id"].fillna(""),
                **_dates(units),
            }
        ),
        "sg186_lines.csv": pd.DataFrame(
            {
                "设备编号": upper["node_id"].map(ids),
                "设备名称": upper["node_id"].map(called),
                "设备类别": upper["kind"].map({"substation": "变电站", "feeder": "线路"}),
                "上级编号": upper["parent_id"].map(ids).fillna(""),
                "管理单位": upper["hall_id"],
                **_dates(upper),
            }
        ),
        "sg186_areas.csv": pd.DataFrame(
            {
                "台区编号": areas["node_id"].map(ids),
                "台区名称": areas["node_id"].map(called),
                "线路编号": areas["parent_id"].map(ids),
                "台区容量(kVA)": areas["capacity_kva"].map("{:.0f}".format),
                "管理单位": areas["hall_id"],
                "台区地址": [sheets.naming.location(node, "marketing") for node in areas["node_id"]],
                **_dates(areas),
            }
        ),
        **_accounts(sheets),
    }


def _accounts(sheets: Sheets) -> dict[str, pd.DataFrame]:
    """Customers, meters and applications of marketing."""
    territory, ids = sheets.territory, sheets.naming.ids["marketing"]
    nodes = territory.frame("node").drop_duplicates("node_id", keep="last").set_index("node_id")
    customers, meters = territory.frame("customer"), territory.frame("meter")
    applications = territory.frame("application")
    sites = {name: f"DZ{number:06d}" for number, name in enumerate(sorted(applications["application_id"].unique()))}
    owner = applications.groupby("application_id")["customer_id"].last()
    applicant = {name: f"SQ{number:06d}" for number, name in enumerate(sites)} | owner.dropna().to_dict()
    stages = {
        "受理时间": "submitted_at",
        "勘查时间": "surveyed_at",
        "批复时间": "approved_at",
        "送电时间": "energised_at",
        "终止时间": "closed_at",
    }
    return {
        "sg186_customers.csv": pd.DataFrame(
            {
                "户号": customers["customer_id"],
                "用电类别": customers["customer_class"].map(CODES),
                "合同容量(kVA)": customers["contract_kva"].map("{:g}".format),
                "管理单位": customers["area_id"].map(nodes["hall_id"]),
                "台区编号": customers["area_id"].map(ids),
                **_dates(customers),
            }
        ),
        "sg186_meters.csv": pd.DataFrame(
            {"表号": meters["meter_id"], "户号": meters["customer_id"], "相别": meters["phase"], **_dates(meters)}
        ),
        "sg186_applications.csv": pd.DataFrame(
            {
                "申请编号": applications["application_id"],
                "申请人编号": applications["application_id"].map(applicant),
                "户号": applications["customer_id"].fillna(""),
                "地址编码": applications["application_id"].map(sites),
                "台区编号": applications["node_id"].map(ids),
                "管理单位": applications["node_id"].map(nodes["hall_id"]),
                "业务类型": applications["kind"].map(CODES),
                "用电类别": applications["customer_class"].map(CODES),
                "申请容量(kVA)": applications["requested_kva"].map("{:,.0f}".format),
                "状态": applications["status"].map(CODES),
                **{header: local_time(applications[name]) for header, name in stages.items()},
                "计划送电日期": local_date(applications["expected_energised_at"]),
                "受限标志": applications["source_constrained"].map({True: "是", False: "否"}),
                "变更时间": local_time(applications["available_at"]),
            }
        ),
    }


def _assets(sheets: Sheets) -> dict[str, pd.DataFrame]:
    ids, called = sheets.naming.ids["assets"], sheets.naming.names["assets"]
    upper = _nodes(sheets, "substation", "feeder")
    banks, parent = _banks(sheets), _parents(sheets)
    main = banks["node_id"].isin(sheets.territory.network.substation_ids)
    large, small = banks[main], banks[~main]
    ordinal = small["transformer_id"].str[-2:].where(small["twin"], "").str.replace(r"[TN](\d)", r"#\1配变", regex=True)
    return {
        "pms.xlsx#站线": pd.DataFrame(
            {
                "设备编码": upper["node_id"].map(ids),
                "设备名称": upper["node_id"].map(called),
                "设备类型": upper["kind"].map({"substation": "变电站", "feeder": "线路"}),
                "所属设备": upper["parent_id"].map(ids).fillna(""),
                "限流容量(MVA)": (upper["rating_kva"] / 1000).map("{:g}".format).replace("nan", ""),
                **_dates(upper, "投运日期", "退运日期"),
            }
        ),
        "pms.xlsx#主变": pd.DataFrame(
            {
                "设备编码": large["assets"],
                "设备名称": large["node_id"].map(called) + "#" + large["transformer_id"].str[-1] + "主变",
                "所属变电站": large["node_id"].map(ids),
                "额定容量(MVA)": (large["rating_kva"] / 1000).map("{:g}".format),
                **_dates(large, "投运日期", "退运日期"),
            }
        ),
        "pms.xlsx#配变": pd.DataFrame(
            {
                "设备编码": small["assets"],
                "设备名称": small["node_id"].map(called) + ordinal,
                "所属线路": small["node_id"].map(parent).map(ids),
                "额定容量(kVA)": small["rating_kva"].map("{:g}".format),
                "安装位置": [sheets.naming.location(node, "assets") for node in small["node_id"]],
                **_dates(small, "投运日期", "退运日期"),
            }
        ),
    }


def _banks(sheets: Sheets) -> pd.DataFrame:
    """Versions of transformers with their identifiers, and whether another stands beside them."""
    banks = sheets.territory.frame("transformer").copy()
    for system in sheets.transformer_ids:
        banks[system] = banks["transformer_id"].map(sheets.transformer_ids[system])
    count = banks[banks["transformer_id"].str.contains("-T")].groupby("node_id")["transformer_id"].nunique()
    return banks.assign(twin=banks["node_id"].map(count).gt(1))


def _parents(sheets: Sheets) -> pd.Series:
    nodes = sheets.territory.frame("node")
    return nodes.drop_duplicates("node_id", keep="last").set_index("node_id")["parent_id"]


def _near(sheets: Sheets, nodes: pd.Series, column: str) -> list[str]:
    place = sheets.territory.frame("node").drop_duplicates("node_id").set_index("node_id")[column]
    return [f"{value:.5f}" for value in nodes.map(place) + sheets.rng.normal(0, _NEAR_DEG, len(nodes))]


def _topology(sheets: Sheets) -> dict[str, pd.DataFrame]:
    ids, called, parent = sheets.naming.ids["topology"], sheets.naming.names["topology"], _parents(sheets)
    upper, banks = _nodes(sheets, "substation", "feeder"), _banks(sheets)
    small = banks[~banks["node_id"].isin(sheets.territory.network.substation_ids)]
    customers = sheets.territory.frame("customer")
    known = customers[sheets.rng.random(len(customers)) < 0.95]
    now = small[small["valid_to"].isna()].sort_values("available_at").drop_duplicates("transformer_id", keep="last")
    now = now[~now["transformer_id"].isin(small.loc[small["valid_to"].notna(), "transformer_id"])]
    # Of two transformers each feeds half of the street.
    feeds = now.groupby("node_id")["topology"].agg(list)
    fed_by = [feeds[area][i % len(feeds[area])] for i, area in enumerate(known["area_id"])]
    return {
        "gis_lines.csv": pd.DataFrame(
            {
                "OBJECTID": upper["node_id"].map(ids),
                "名称": upper["node_id"].map(called),
                "类型": upper["kind"].map({"substation": "站房", "feeder": "馈线"}),
                "上级ID": upper["parent_id"].map(ids).fillna(""),
                "经度": _near(sheets, upper["node_id"], "longitude"),
                "纬度": _near(sheets, upper["node_id"], "latitude"),
                **_dates(upper),
            }
        ),
        "gis_transformers.csv": pd.DataFrame(
            {
                "OBJECTID": small["topology"],
                "名称": small["node_id"].map(called),
                "PMS编码": small["assets"],
                "馈线ID": small["node_id"].map(parent).map(ids),
                "经度": _near(sheets, small["node_id"], "longitude"),
                "纬度": _near(sheets, small["node_id"], "latitude"),
                **_dates(small),
            }
        ),
        "gis_supply.csv": pd.DataFrame({"户号": known["customer_id"], "变压器ID": fed_by, **_dates(known)}),
    }


def _collection(sheets: Sheets) -> dict[str, pd.DataFrame]:
    nodes = _nodes(sheets, "substation", "feeder", "area").drop_duplicates("node_id")
    area = nodes["kind"] == "area"
    located = area & (sheets.rng.random(len(nodes)) < 0.8)
    meters = sheets.territory.frame("meter")
    place = sheets.territory.frame("customer").set_index("customer_id")["area_id"]
    kinds = {"substation": "变电站", "feeder": "线路", "area": "台区"}
    return {
        "col_points.csv": pd.DataFrame(
            {
                "测点号": nodes["node_id"],
                "测点名称": nodes["node_id"].map(sheets.naming.names["collection"]),
                "类型": nodes["kind"].map(kinds),
                "营销编号": nodes["node_id"].map(sheets.naming.ids["marketing"]).where(area, ""),
                "经度": np.where(located, _near(sheets, nodes["node_id"], "longitude"), ""),
                "纬度": np.where(located, _near(sheets, nodes["node_id"], "latitude"), ""),
                **_dates(nodes),
            }
        ),
        "col_meters.csv": pd.DataFrame(
            {"表号": meters["meter_id"], "测点号": meters["customer_id"].map(place), **_dates(meters)}
        ),
    }

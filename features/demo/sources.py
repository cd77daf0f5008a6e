"""The territory as its utility's files: Chinese headers and codes, local times, MW and MVA where those are usual."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.demo.config import TIME_ZONE
from features.demo.dealing_sources import dealing_files
from features.demo.territory import Territory

__all__ = ["CODES", "source_files", "weather_files"]

CODES: dict[str, str] = {
    "company": "公司",
    "department": "部门",
    "hall": "营业厅",
    "substation": "变电站",
    "feeder": "馈线",
    "area": "台区",
    "residential": "居民",
    "commercial": "商业",
    "industrial": "工业",
    "agricultural": "农业",
    "public": "公共",
    "ev_charging": "充电桩",
    "submitted": "已受理",
    "surveyed": "已勘查",
    "approved": "已批复",
    "energised": "已送电",
    "rejected": "已驳回",
    "withdrawn": "已撤销",
    "new": "新装",
    "increase": "增容",
    "decrease": "减容",
    "epidemic": "疫情",
    "tariff_change": "电价调整",
    "economic": "经济事件",
    "all": "全部",
    "customer_class": "用户类别",
}
"""What the files call our codes."""

_VALIDITY = {"valid_from": "启用日期", "valid_to": "停用日期", "available_at": "更新时间"}
_HEADERS: dict[str, dict[str, str]] = {
    "org_unit": {"unit_id": "单位编码", "name": "单位名称", "kind": "单位级别", "parent_id": "上级单位"} | _VALIDITY,
    "node": {
        "node_id": "设备编码",
        "name": "设备名称",
        "kind": "设备类型",
        "parent_id": "上级设备",
        "hall_id": "管理单位",
        "longitude": "经度",
        "latitude": "纬度",
        "power_factor": "功率因数",
        "allowed_utilisation": "允许负载率(%)",
        "rating_kva": "限流容量(kVA)",
        "weather_station_id": "气象站",
    }
    | _VALIDITY,
    "transformer": {
        "transformer_id": "变压器编码",
        "node_id": "所属设备",
        "rating_kva": "额定容量",
        "rating_summer_kva": "夏季允许容量",
        "rating_winter_kva": "冬季允许容量",
        "phases": "相数",
    }
    | _VALIDITY,
    "line_segment": {
        "segment_id": "线段编码",
        "feeder_id": "所属馈线",
        "from_id": "首端",
        "to_id": "末端",
        "r_ohm": "电阻(Ω)",
        "x_ohm": "电抗(Ω)",
        "thermal_limit_kva": "热稳定容量(kVA)",
    }
    | _VALIDITY,
    "tie": {
        "tie_id": "开关编码",
        "feeder_a_id": "馈线甲",
        "feeder_b_id": "馈线乙",
        "transfer_limit_kva": "可转供容量(kVA)",
        "from_id": "甲侧接入点",
        "to_id": "乙侧接入点",
        "r_ohm": "电阻(Ω)",
        "x_ohm": "电抗(Ω)",
    }
    | _VALIDITY,
    "event": {
        "event_id": "事件编号",
        "kind": "事件类型",
        "name": "事件名称",
        "scope_kind": "范围类型",
        "scope_id": "范围",
        "start_utc": "开始时间",
        "end_utc": "结束时间",
        "available_at": "登记时间",
    },
    "customer": {
        "customer_id": "户号",
        "area_id": "台区编码",
        "customer_class": "用电类别",
        "contract_kva": "合同容量(kVA)",
    }
    | _VALIDITY,
    "meter": {"meter_id": "表号", "customer_id": "户号", "phase": "相别"} | _VALIDITY,
    "application": {
        "application_id": "申请编号",
        "customer_id": "户号",
        "node_id": "台区编码",
        "kind": "业务类型",
        "customer_class": "用电类别",
        "requested_kva": "申请容量(kVA)",
        "status": "状态",
        "submitted_at": "受理时间",
        "surveyed_at": "勘查时间",
        "approved_at": "批复时间",
        "energised_at": "送电时间",
        "closed_at": "终止时间",
        "expected_energised_at": "计划送电日期",
        "source_constrained": "受限标志",
        "available_at": "变更时间",
    },
}
_CODED = ("kind", "customer_class", "status", "scope_kind")
_DATES = ("valid_from", "valid_to", "expected_energised_at")


def source_files(territory: Territory) -> Iterator[tuple[str, pd.DataFrame]]:
    """Files of the territory, one at a time: name below the folder, and its content under the source's headers."""
    for name, table in (
        ("org_units.csv", "org_unit"),
        ("nodes.csv", "node"),
        ("line_segments.csv", "line_segment"),
        ("ties.csv", "tie"),
        ("events.csv", "event"),
        ("customers.csv", "customer"),
        ("meters.csv", "meter"),
        ("applications.csv", "application"),
    ):
        yield name, _ledger(table, territory.frame(table))
    yield from _transformers(territory)
    yield from weather_files(territory)
    yield "consumption.parquet", _consumption(territory)
    yield from _loads(territory)
    # Last, because broken rows are drawn file by file: those of the files before stay where they are.
    yield from dealing_files(territory)


def _ledger(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A small table as text: local times, the utility's words, thousands separators in capacities asked for."""
    out = pd.DataFrame(index=frame.index)
    for column, header in _HEADERS[table].items():
        values = frame[column]
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            form = "%Y-%m-%d" if column in _DATES else "%Y-%m-%d %H:%M"
            out[header] = values.dt.tz_convert(TIME_ZONE).dt.strftime(form)
        elif column in _CODED:
            out[header] = values.map(CODES)
        elif column == "scope_id":
            out[header] = values.map(lambda code: CODES.get(code, code), na_action="ignore")
        elif column == "source_constrained":
            out[header] = values.map({True: "是", False: "否"})
        elif column == "allowed_utilisation":
            out[header] = (values * 100).round(1)
        elif column == "requested_kva":
            out[header] = values.map("{:,.0f}".format)
        else:
            out[header] = values
    return out


def _transformers(territory: Territory) -> Iterator[tuple[str, pd.DataFrame]]:
    """The substations' transformers in MVA, the areas' in kVA, as two departments keep them."""
    frame = territory.frame("transformer")
    main = frame["node_id"].isin(territory.network.substation_ids)
    large, small = _ledger("transformer", frame[main]), _ledger("transformer", frame[~main])
    seasonal = ["夏季允许容量", "冬季允许容量"]
    in_mva = ["额定容量", *seasonal]
    large[in_mva] = large[in_mva] / 1000
    yield "main_transformers.csv", large.rename(columns={name: f"{name}(MVA)" for name in in_mva})
    yield "area_transformers.csv", small.drop(columns=seasonal).rename(columns={"额定容量": "额定容量(kVA)"})


def _local(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert(TIME_ZONE).dt.tz_localize(None)


def weather_files(territory: Territory) -> Iterator[tuple[str, pd.DataFrame]]:
    """The weather files, as every source of the demo has them."""
    headers = {
        "station_id": "站号",
        "issued_at": "起报时间_utc",
        "start_utc": "时次_utc",
        "temperature_c": "气温",
        "humidity_pct": "相对湿度",
        "wind_speed_ms": "风速",
        "radiation_wm2": "总辐射",
        "rain_mm": "降水量",
        "cloud_pct": "总云量",
        "available_at": "入库时间_utc",
    }
    for table in ("weather_observed", "weather_forecast"):
        frame = territory.frame(table)
        yield f"{table}.parquet", frame[[name for name in headers if name in frame]].rename(columns=headers)


def _consumption(territory: Territory) -> pd.DataFrame:
    frame = territory.frame("consumption")
    return pd.DataFrame(
        {
            "表号": frame["meter_id"],
            "数据日期": _local(frame["start_utc"]),
            "日用电量(kWh)": frame["kwh"],
            "入库时间": _local(frame["available_at"]),
        }
    )


def _loads(territory: Territory) -> Iterator[tuple[str, pd.DataFrame]]:
    """Upper nodes from SCADA in MW; areas from the collection system in kW with voltages, a file for each year."""
    frame = territory.frame("node_load")
    codes = frame["node_id"].cat.codes.to_numpy()
    area = codes >= len(territory.node_ids) - len(territory.area_ids)
    shared = {
        "测点": frame["node_id"],
        "数据时间": _local(frame["start_utc"]),
        "入库时间": _local(frame["available_at"]),
    }
    both = pd.DataFrame(shared)
    yield "load_scada.parquet", both[~area].assign(**{"有功(MW)": np.round(frame["load_kw"][~area] / 1000, 6)})
    both["有功(kW)"] = frame["load_kw"]
    both["最低电压(V)"], both["最高电压(V)"] = frame["voltage_v_min"], frame["voltage_v_max"]
    year = both["数据时间"].dt.year.to_numpy()
    for one in np.unique(year):
        yield f"load_areas_{one}.parquet", both[area & (year == one)]

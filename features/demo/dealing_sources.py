"""Bills, contacts and visits as their utility's files: small ledgers as CSV, the long ones as Parquet."""

from collections.abc import Iterator

import pandas as pd

from features.contracts import CONTRACTS
from features.demo.config import TIME_ZONE
from features.demo.territory import Territory

__all__ = ["dealing_files"]

_VALIDITY = {"valid_from": "启用日期", "valid_to": "停用日期", "available_at": "更新时间"}
_FILES = {
    "tariffs.csv": "tariff",
    "bills.parquet": "bill",
    "payments.parquet": "payment",
    "service_costs.parquet": "cost_to_serve",
    "consents.csv": "consent",
    "app_activity.parquet": "app_activity",
    "work_orders.csv": "work_order",
    "satisfaction.csv": "satisfaction",
    "inspections.csv": "inspection",
    # Nothing else may stand in this file: of a file with personal fields the refused rows are withheld.
    "identities.csv": "identity",
}
_HEADERS: dict[str, dict[str, str]] = {
    "tariff": {
        "tariff_id": "电价编码",
        "name": "电价名称",
        "category": "电价类别",
        "period": "时段",
        "tier": "阶梯",
        "tier_from_kwh": "阶梯起始电量(kWh)",
        "tier_months": "阶梯周期(月)",
        "local_hours": "时段范围",
        "energy_price_cny_per_kwh": "电度电价(元/kWh)",
        "capacity_price_cny_per_kva_month": "基本电价(元/kVA·月)",
    }
    | _VALIDITY,
    "bill": {
        "bill_id": "账单编号",
        "customer_id": "户号",
        "kind": "账单类型",
        "tariff_id": "电价编码",
        "start_utc": "计费起",
        "end_utc": "计费止",
        "kwh": "结算电量(kWh)",
        "sharp_kwh": "尖峰电量(kWh)",
        "peak_kwh": "高峰电量(kWh)",
        "flat_kwh": "平段电量(kWh)",
        "valley_kwh": "低谷电量(kWh)",
        "capacity_kva": "计费容量(kVA)",
        "energy_amount_cny": "电度电费(元)",
        "demand_amount_cny": "基本电费(元)",
        "adjustment_amount_cny": "调整电费(元)",
        "amount_cny": "应收金额(元)",
        "issued_at": "出账时间",
        "due_at": "违约起算时间",
        "available_at": "入库时间",
    },
    "payment": {
        "payment_id": "收费编号",
        "customer_id": "户号",
        "bill_id": "账单编号",
        "paid_at": "交费时间",
        "amount_cny": "实收金额(元)",
        "channel": "交费渠道",
        "autopay": "代扣标志",
        "available_at": "入库时间",
    },
    "cost_to_serve": {
        "customer_id": "户号",
        "start_utc": "期间起",
        "end_utc": "期间止",
        "activity": "成本项目",
        "basis": "归集方式",
        "cost_cny": "成本(元)",
        "available_at": "入库时间",
    },
    "consent": {"customer_id": "户号", "purpose": "授权用途", "channel": "授权渠道", "granted": "是否同意"} | _VALIDITY,
    "app_activity": {
        "customer_id": "户号",
        "start_utc": "日期",
        "action": "功能",
        "count": "次数",
        "active_minutes": "停留时长(分钟)",
        "available_at": "入库时间",
    },
    "work_order": {
        "work_order_id": "工单编号",
        "customer_id": "户号",
        "node_id": "台区编码",
        "hall_id": "受理单位",
        "kind": "业务类型",
        "channel": "受理渠道",
        "text": "受理内容",
        "opened_at": "受理时间",
        "due_at": "办结时限",
        "closed_at": "办结时间",
        "repeats_id": "关联工单",
        "available_at": "更新时间",
    },
    "satisfaction": {
        "answer_id": "评价编号",
        "customer_id": "户号",
        "work_order_id": "工单编号",
        "application_id": "申请编号",
        "channel": "回访渠道",
        "score": "满意度",
        "answered_at": "评价时间",
        "text": "评价内容",
        "available_at": "入库时间",
    },
    "inspection": {
        "inspection_id": "检查编号",
        "customer_id": "户号",
        "meter_id": "表号",
        "node_id": "台区编码",
        "kind": "检查类型",
        "outcome": "检查结果",
        "inspected_at": "检查时间",
        "fault_since": "异常起始时间",
        "recovered_kwh": "追补电量(kWh)",
        "recovered_amount_cny": "追补金额(元)",
        "available_at": "登记时间",
    },
    "identity": {
        "customer_id": "户号",
        "name": "户名",
        "phone": "联系电话",
        "address": "用电地址",
        "document_kind": "证件类型",
        "document_id": "证件号码",
    }
    | _VALIDITY,
}
_DATES = ("valid_from", "valid_to")


def dealing_files(territory: Territory) -> Iterator[tuple[str, pd.DataFrame]]:
    """Files of what customers and the utility dealt with, one at a time: name, and content under their headers."""
    for name, table in _FILES.items():
        yield name, _under_headers(table, territory.frame(table), as_text=name.endswith(".csv"))


def _under_headers(table: str, frame: pd.DataFrame, as_text: bool) -> pd.DataFrame:
    """The utility's words for codes and truths, and local times: as text in a ledger, else without a zone."""
    contract = CONTRACTS[table]
    out = {}
    for column, header in _HEADERS[table].items():
        field, values = contract.field(column), frame[column]
        if field.kind == "utc":
            local = values.dt.tz_convert(TIME_ZONE)
            form = "%Y-%m-%d" if column in _DATES else "%Y-%m-%d %H:%M"
            out[header] = local.dt.strftime(form) if as_text else local.dt.tz_localize(None)
        elif field.codes is not None:
            words = {code.code: code.chinese for code in field.codes.codes}
            out[header] = values.astype("category").cat.rename_categories(words)
        elif field.kind == "bool":
            out[header] = values.map({True: "是", False: "否"}).astype("category")
        else:
            out[header] = values
    return pd.DataFrame(out)

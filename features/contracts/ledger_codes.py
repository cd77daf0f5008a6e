"""Code lists of ledgers and of what reconciliation makes of them."""

from features.contracts.code import code_list

__all__ = ["LEDGER_KIND", "LINK_METHOD", "LINK_RELATION", "SOURCE_SYSTEM", "WORK_ITEM_KIND", "WORK_ITEM_STATE"]

SOURCE_SYSTEM = code_list(
    "source_system",
    "The system a record comes from.",
    ("marketing", "marketing system (SG186): customers, applications, bills", "营销系统"),
    ("assets", "asset ledger (PMS): equipment and its nameplates", "设备台账"),
    ("topology", "topology (GIS): where things stand and what they hang on", "地理信息系统"),
    ("collection", "meter collection: meters, areas and their readings", "采集系统"),
)

LEDGER_KIND = code_list(
    "ledger_kind",
    "What a record of a ledger is of.",
    ("substation", "substation", "变电站"),
    ("feeder", "medium-voltage feeder", "馈线"),
    ("area", "public transformer area", "台区"),
    ("transformer", "transformer of an area", "配电变压器"),
    ("customer", "account", "用户"),
    ("meter", "meter", "电能表"),
)

LINK_RELATION = code_list(
    "link_relation",
    "What a link between records or things says.",
    ("node", "a record of a system stands for this node", "同一设备"),
    ("transformer", "a transformer of a system belongs to this area", "变压器所属台区"),
    ("parent", "a node is supplied by this node", "上级设备"),
    ("area", "a customer hangs on this area", "用户所属台区"),
    ("application", "an application is for this area", "申请所属台区"),
    ("repeats", "an application repeats this earlier one", "重复申请"),
)

LINK_METHOD = code_list(
    "link_method",
    "What decided a link.",
    ("key", "the identifiers are the same, or one system keeps the other's", "标识一致"),
    ("agreed", "all systems that say anything say the same", "多系统一致"),
    ("likeness", "names, addresses, places and ratings together", "综合相似"),
    ("majority", "most systems say so", "多数一致"),
    ("voltage", "voltages move together", "电压联动"),
    ("load", "loads move together, or add up", "负荷联动"),
    ("ledger", "one system's word, where nothing else speaks", "单一来源"),
)

WORK_ITEM_KIND = code_list(
    "work_item_kind",
    "What is wrong in the ledgers.",
    ("unmatched_record", "a record has no counterpart in the systems that should have one", "无对应记录"),
    ("doubtful_match", "more than one counterpart is about as likely", "匹配存疑"),
    ("reference_disagrees", "an identifier kept of another system points elsewhere than all else", "关联编码不符"),
    ("capacity_disagrees", "systems give different ratings", "容量不一致"),
    ("unit_suspected", "a rating seems to be in another unit, VA for kVA", "单位疑误"),
    ("parent_disagrees", "systems hang a node on different ones", "上级设备不一致"),
    ("area_disagrees", "systems hang a customer on different areas", "户变关系不一致"),
    ("meter_on_two_areas", "one system has a meter on two areas at once", "一表多台区"),
    ("orphan_record", "a record points to something its own system does not have", "孤立记录"),
    ("unmatched_application", "an application matches no area and is set aside", "申请未匹配台区"),
)

WORK_ITEM_STATE = code_list(
    "work_item_state",
    "Whether a work item still stands.",
    ("open", "to be looked at", "待处理"),
    ("resolved", "the ledgers agree now", "已消除"),
    ("settled", "a person has settled it, though ledgers still differ", "人工确认"),
)

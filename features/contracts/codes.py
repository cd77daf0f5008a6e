"""Code lists: the words a coded column may hold, each with its meaning in English and in Chinese."""

from dataclasses import dataclass

__all__ = [
    "APPLICATION_KIND",
    "APPLICATION_STAGE",
    "APP_ACTION",
    "BILL_KIND",
    "CHANNEL",
    "CODE_LISTS",
    "CONSENT_PURPOSE",
    "COST_ACTIVITY",
    "COST_BASIS",
    "CUSTOMER_CLASS",
    "DOCUMENT_KIND",
    "EVENT_KIND",
    "EVENT_SCOPE",
    "INSPECTION_KIND",
    "INSPECTION_OUTCOME",
    "LEDGER_KIND",
    "LINK_METHOD",
    "LINK_RELATION",
    "METER_PHASE",
    "NODE_KIND",
    "ORG_UNIT_KIND",
    "SOURCE_SYSTEM",
    "TARIFF_CATEGORY",
    "TARIFF_PERIOD",
    "WORK_ITEM_KIND",
    "WORK_ITEM_STATE",
    "WORK_ORDER_KIND",
    "Code",
    "CodeList",
]


@dataclass(frozen=True)
class Code:
    """One code as it stands in the tables, and what it means."""

    code: str
    english: str
    chinese: str


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes; a contract's column that refers to it may hold no other word."""

    name: str
    meaning: str
    codes: tuple[Code, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The codes themselves, in the declared order."""
        return tuple(one.code for one in self.codes)


def _codes(name: str, meaning: str, *codes: tuple[str, str, str]) -> CodeList:
    return CodeList(name, meaning, tuple(Code(*one) for one in codes))


ORG_UNIT_KIND = _codes(
    "org_unit_kind",
    "Level of an org unit.",
    ("company", "the utility", "公司"),
    ("department", "a part of the company with halls below it", "部门"),
    ("hall", "business hall", "营业厅"),
)

NODE_KIND = _codes(
    "node_kind",
    "Level of a place in the supply hierarchy, from above to below.",
    ("substation", "substation", "变电站"),
    ("feeder", "medium-voltage feeder", "馈线"),
    ("area", "public transformer area", "台区"),
)

CUSTOMER_CLASS = _codes(
    "customer_class",
    "What a customer uses electricity for.",
    ("residential", "households", "居民"),
    ("commercial", "shops, offices, hotels", "商业"),
    ("industrial", "factories and workshops", "工业"),
    ("agricultural", "farms and irrigation", "农业"),
    ("public", "schools, hospitals, street lights, offices of the state", "公共"),
    ("ev_charging", "charging of electric vehicles", "充电桩"),
)

METER_PHASE = _codes(
    "meter_phase",
    "Phase a meter hangs on.",
    ("A", "phase A", "A 相"),
    ("B", "phase B", "B 相"),
    ("C", "phase C", "C 相"),
    ("ABC", "all three phases", "三相"),
)

APPLICATION_KIND = _codes(
    "application_kind",
    "What an application asks for.",
    ("new", "a new connection", "新装"),
    ("increase", "more agreed capacity", "增容"),
    ("decrease", "less agreed capacity", "减容"),
)

APPLICATION_STAGE = _codes(
    "application_stage",
    "How far an application has come.",
    ("submitted", "handed in", "已受理"),
    ("surveyed", "the site was surveyed", "已勘查"),
    ("approved", "the supply plan was approved", "已批复"),
    ("energised", "supply began", "已送电"),
    ("rejected", "refused by the utility", "已驳回"),
    ("withdrawn", "taken back by the applicant", "已撤销"),
)

EVENT_KIND = _codes(
    "event_kind",
    "What sort of event changes use.",
    ("epidemic", "epidemic", "疫情"),
    ("tariff_change", "change of tariffs", "电价调整"),
    ("economic", "economic event", "经济事件"),
    ("other", "anything else", "其他"),
)

EVENT_SCOPE = _codes(
    "event_scope",
    "What the scope of an event names.",
    ("all", "the whole territory", "全部"),
    ("org_unit", "an org unit and what is below it", "管理单位"),
    ("node", "a node and what is below it", "设备"),
    ("customer_class", "customers of one class", "用户类别"),
)

TARIFF_CATEGORY = _codes(
    "tariff_category",
    "Category of a tariff in the catalogue of prices.",
    ("residential", "households, by steps of use", "居民生活"),
    ("residential_tou", "households, by time of use", "居民生活峰谷"),
    ("single_part", "commerce and industry, energy alone is priced", "工商业单一制"),
    ("two_part", "commerce and industry, energy and capacity or demand are priced", "工商业两部制"),
    ("agricultural", "farming", "农业生产"),
    ("ev_charging", "charging of electric vehicles", "电动汽车充换电"),
)

CHANNEL = _codes(
    "channel",
    "The way a customer and the utility meet.",
    ("hall", "counter of a business hall", "营业厅"),
    ("app", "mobile application", "手机应用"),
    ("website", "web site", "网站"),
    ("hotline", "telephone hotline", "服务热线"),
    ("text_message", "text message", "短信"),
    ("visit", "visit on site", "上门"),
    ("bank", "bank, by counter or standing order", "银行"),
    ("wallet", "payment service of a third party", "第三方支付"),
)

TARIFF_PERIOD = _codes(
    "tariff_period",
    "The part of the day a price holds for.",
    ("all", "any hour", "全时段"),
    ("sharp", "the dearest hours", "尖峰"),
    ("peak", "dear hours", "高峰"),
    ("flat", "hours between", "平段"),
    ("valley", "cheap hours", "低谷"),
    ("deep_valley", "the cheapest hours", "深谷"),
)

BILL_KIND = _codes(
    "bill_kind",
    "Why a bill was made out.",
    ("regular", "for a period that is over", "正常"),
    ("correction", "puts an earlier bill right: adds to it, or takes from it", "退补"),
    ("final", "the account is closed", "销户清算"),
)

COST_ACTIVITY = _codes(
    "cost_activity",
    "What is done for a customer and costs money.",
    ("metering", "reading, checking and replacing meters", "计量"),
    ("billing", "making out and delivering bills", "核算"),
    ("collection", "collecting and reminding", "收费催费"),
    ("contact", "answering at counter, hotline and on line", "客服"),
    ("field_service", "visits on site", "现场服务"),
    ("other", "anything else", "其他"),
)

COST_BASIS = _codes(
    "cost_basis",
    "How a cost came to stand beside a customer.",
    ("booked", "booked for this very customer", "直接计入"),
    ("allocated", "a share of what many cost together", "分摊"),
)

CONSENT_PURPOSE = _codes(
    "consent_purpose",
    "What a customer allows or forbids.",
    ("service", "word about the supply itself: outages, bills, applications", "服务通知"),
    ("marketing", "offers", "营销推广"),
    ("profiling", "tags and scores from own use and contacts", "画像分析"),
    ("third_party", "handing data to others", "向第三方提供"),
)

APP_ACTION = _codes(
    "app_action",
    "What is done in the mobile application.",
    ("login", "opened it", "登录"),
    ("usage", "looked at own use", "用电查询"),
    ("bill", "looked at a bill", "账单查询"),
    ("payment", "paid", "交费"),
    ("application", "worked on an application", "业务办理"),
    ("outage", "looked for an outage, or reported one", "停电查询报修"),
    ("offer", "looked at an offer", "查看推荐"),
    ("points", "looked at points, or used them", "积分"),
    ("other", "anything else", "其他"),
)

WORK_ORDER_KIND = _codes(
    "work_order_kind",
    "What a customer turned to the utility with.",
    ("enquiry", "a question", "咨询"),
    ("fault", "report of a fault", "故障报修"),
    ("complaint", "complaint", "投诉"),
    ("report", "report of a breach by others, such as theft", "举报"),
    ("suggestion", "suggestion", "建议"),
    ("opinion", "remark on the service", "意见"),
    ("request", "request for a service", "服务申请"),
    ("praise", "praise", "表扬"),
)

INSPECTION_KIND = _codes(
    "inspection_kind",
    "Why an inspection was made.",
    ("periodic", "its turn had come", "周期检查"),
    ("special", "a campaign, or a season", "专项检查"),
    ("alarm", "the data gave cause", "异常核查"),
    ("reported", "somebody reported it", "举报核查"),
)

INSPECTION_OUTCOME = _codes(
    "inspection_outcome",
    "What an inspection found.",
    ("in_order", "nothing wrong", "正常"),
    ("theft", "energy taken past the meter", "窃电"),
    ("breach", "use against the contract, such as more than the agreed capacity", "违约用电"),
    ("meter_fault", "faulty meter or instrument transformer", "计量故障"),
    ("wiring_fault", "wrong wiring", "接线错误"),
    ("hazard", "a danger on the customer's side", "安全隐患"),
    ("no_access", "could not be looked at", "无法检查"),
)

DOCUMENT_KIND = _codes(
    "document_kind",
    "The document that proves who someone is.",
    ("identity_card", "identity card of a person", "居民身份证"),
    ("passport", "passport", "护照"),
    ("business_licence", "licence of a business, by its social credit code", "营业执照"),
    ("other", "anything else", "其他"),
)

SOURCE_SYSTEM = _codes(
    "source_system",
    "The system a record comes from.",
    ("marketing", "marketing system (SG186): customers, applications, bills", "营销系统"),
    ("assets", "asset ledger (PMS): equipment and its nameplates", "设备台账"),
    ("topology", "topology (GIS): where things stand and what they hang on", "地理信息系统"),
    ("collection", "meter collection: meters, areas and their readings", "采集系统"),
)

LEDGER_KIND = _codes(
    "ledger_kind",
    "What a record of a ledger is of.",
    ("substation", "substation", "变电站"),
    ("feeder", "medium-voltage feeder", "馈线"),
    ("area", "public transformer area", "台区"),
    ("transformer", "transformer of an area", "配电变压器"),
    ("customer", "account", "用户"),
    ("meter", "meter", "电能表"),
)

LINK_RELATION = _codes(
    "link_relation",
    "What a link between records or things says.",
    ("node", "a record of a system stands for this node", "同一设备"),
    ("transformer", "a transformer of a system belongs to this area", "变压器所属台区"),
    ("parent", "a node is supplied by this node", "上级设备"),
    ("area", "a customer hangs on this area", "用户所属台区"),
    ("application", "an application is for this area", "申请所属台区"),
    ("repeats", "an application repeats this earlier one", "重复申请"),
)

LINK_METHOD = _codes(
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

WORK_ITEM_KIND = _codes(
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

WORK_ITEM_STATE = _codes(
    "work_item_state",
    "Whether a work item still stands.",
    ("open", "to be looked at", "待处理"),
    ("resolved", "the ledgers agree now", "已消除"),
    ("settled", "a person has settled it, though ledgers still differ", "人工确认"),
)

CODE_LISTS: dict[str, CodeList] = {
    one.name: one
    for one in (
        ORG_UNIT_KIND,
        NODE_KIND,
        CUSTOMER_CLASS,
        METER_PHASE,
        APPLICATION_KIND,
        APPLICATION_STAGE,
        EVENT_KIND,
        EVENT_SCOPE,
        TARIFF_CATEGORY,
        CHANNEL,
        TARIFF_PERIOD,
        BILL_KIND,
        COST_ACTIVITY,
        COST_BASIS,
        CONSENT_PURPOSE,
        APP_ACTION,
        WORK_ORDER_KIND,
        INSPECTION_KIND,
        INSPECTION_OUTCOME,
        DOCUMENT_KIND,
        SOURCE_SYSTEM,
        LEDGER_KIND,
        LINK_RELATION,
        LINK_METHOD,
        WORK_ITEM_KIND,
        WORK_ITEM_STATE,
    )
}

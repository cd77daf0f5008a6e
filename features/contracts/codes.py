"""Code lists: the words a coded column may hold, each with its meaning in English and in Chinese."""

from features.contracts.code import CodeList, code_list
from features.contracts.ledger_codes import (
    LEDGER_KIND,
    LINK_METHOD,
    LINK_RELATION,
    SOURCE_SYSTEM,
    WORK_ITEM_KIND,
    WORK_ITEM_STATE,
)

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
    "METER_PHASE",
    "NODE_KIND",
    "ORG_UNIT_KIND",
    "TARIFF_CATEGORY",
    "TARIFF_PERIOD",
    "WORK_ORDER_KIND",
]


ORG_UNIT_KIND = code_list(
    "org_unit_kind",
    "Level of an org unit.",
    ("company", "the utility", "公司"),
    ("department", "a part of the company with halls below it", "部门"),
    ("hall", "business hall", "营业厅"),
)

NODE_KIND = code_list(
    "node_kind",
    "Level of a place in the supply hierarchy, from above to below.",
    ("substation", "substation", "变电站"),
    ("feeder", "medium-voltage feeder", "馈线"),
    ("area", "public transformer area", "台区"),
)

CUSTOMER_CLASS = code_list(
    "customer_class",
    "What a customer uses electricity for.",
    ("residential", "households", "居民"),
    ("commercial", "shops, offices, hotels", "商业"),
    ("industrial", "factories and workshops", "工业"),
    ("agricultural", "farms and irrigation", "农业"),
    ("public", "schools, hospitals, street lights, offices of the state", "公共"),
    ("ev_charging", "charging of electric vehicles", "充电桩"),
)

METER_PHASE = code_list(
    "meter_phase",
    "Phase a meter hangs on.",
    ("A", "phase A", "A 相"),
    ("B", "phase B", "B 相"),
    ("C", "phase C", "C 相"),
    ("ABC", "all three phases", "三相"),
)

APPLICATION_KIND = code_list(
    "application_kind",
    "What an application asks for.",
    ("new", "a new connection", "新装"),
    ("increase", "more agreed capacity", "增容"),
    ("decrease", "less agreed capacity", "减容"),
)

APPLICATION_STAGE = code_list(
    "application_stage",
    "How far an application has come.",
    ("submitted", "handed in", "已受理"),
    ("surveyed", "the site was surveyed", "已勘查"),
    ("approved", "the supply plan was approved", "已批复"),
    ("energised", "supply began", "已送电"),
    ("rejected", "refused by the utility", "已驳回"),
    ("withdrawn", "taken back by the applicant", "已撤销"),
)

EVENT_KIND = code_list(
    "event_kind",
    "What sort of event changes use.",
    ("epidemic", "epidemic", "疫情"),
    ("tariff_change", "change of tariffs", "电价调整"),
    ("economic", "economic event", "经济事件"),
    ("other", "anything else", "其他"),
)

EVENT_SCOPE = code_list(
    "event_scope",
    "What the scope of an event names.",
    ("all", "the whole territory", "全部"),
    ("org_unit", "an org unit and what is below it", "管理单位"),
    ("node", "a node and what is below it", "设备"),
    ("customer_class", "customers of one class", "用户类别"),
)

TARIFF_CATEGORY = code_list(
    "tariff_category",
    "Category of a tariff in the catalogue of prices.",
    ("residential", "households, by steps of use", "居民生活"),
    ("residential_tou", "households, by time of use", "居民生活峰谷"),
    ("single_part", "commerce and industry, energy alone is priced", "工商业单一制"),
    ("two_part", "commerce and industry, energy and capacity or demand are priced", "工商业两部制"),
    ("agricultural", "farming", "农业生产"),
    ("ev_charging", "charging of electric vehicles", "电动汽车充换电"),
)

CHANNEL = code_list(
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

TARIFF_PERIOD = code_list(
    "tariff_period",
    "The part of the day a price holds for.",
    ("all", "any hour", "全时段"),
    ("sharp", "the dearest hours", "尖峰"),
    ("peak", "dear hours", "高峰"),
    ("flat", "hours between", "平段"),
    ("valley", "cheap hours", "低谷"),
    ("deep_valley", "the cheapest hours", "深谷"),
)

BILL_KIND = code_list(
    "bill_kind",
    "Why a bill was made out.",
    ("regular", "for a period that is over", "正常"),
    ("correction", "puts an earlier bill right: adds to it, or takes from it", "退补"),
    ("final", "the account is closed", "销户清算"),
)

COST_ACTIVITY = code_list(
    "cost_activity",
    "What is done for a customer and costs money.",
    ("metering", "reading, checking and replacing meters", "计量"),
    ("billing", "making out and delivering bills", "核算"),
    ("collection", "collecting and reminding", "收费催费"),
    ("contact", "answering at counter, hotline and on line", "客服"),
    ("field_service", "visits on site", "现场服务"),
    ("other", "anything else", "其他"),
)

COST_BASIS = code_list(
    "cost_basis",
    "How a cost came to stand beside a customer.",
    ("booked", "booked for this very customer", "直接计入"),
    ("allocated", "a share of what many cost together", "分摊"),
)

CONSENT_PURPOSE = code_list(
    "consent_purpose",
    "What a customer allows or forbids.",
    ("service", "word about the supply itself: outages, bills, applications", "服务通知"),
    ("marketing", "offers", "营销推广"),
    ("profiling", "tags and scores from own use and contacts", "画像分析"),
    ("third_party", "handing data to others", "向第三方提供"),
)

APP_ACTION = code_list(
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

WORK_ORDER_KIND = code_list(
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

INSPECTION_KIND = code_list(
    "inspection_kind",
    "Why an inspection was made.",
    ("periodic", "its turn had come", "周期检查"),
    ("special", "a campaign, or a season", "专项检查"),
    ("alarm", "the data gave cause", "异常核查"),
    ("reported", "somebody reported it", "举报核查"),
)

INSPECTION_OUTCOME = code_list(
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

DOCUMENT_KIND = code_list(
    "document_kind",
    "The document that proves who someone is.",
    ("identity_card", "identity card of a person", "居民身份证"),
    ("passport", "passport", "护照"),
    ("business_licence", "licence of a business, by its social credit code", "营业执照"),
    ("other", "anything else", "其他"),
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

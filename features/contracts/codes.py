"""Code lists: the words a coded column may hold, each with its meaning in English and in Chinese."""

from dataclasses import dataclass

__all__ = [
    "APPLICATION_KIND",
    "APPLICATION_STAGE",
    "CHANNEL",
    "CODE_LISTS",
    "CUSTOMER_CLASS",
    "EVENT_KIND",
    "EVENT_SCOPE",
    "METER_PHASE",
    "NODE_KIND",
    "ORG_UNIT_KIND",
    "TARIFF_CATEGORY",
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
    )
}

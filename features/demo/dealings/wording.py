"""What customers say, in Chinese: fragments of work orders by topic, put together with places of the territory."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ANSWERS", "BURSTS", "TOPICS", "Topic", "write"]


@dataclass(frozen=True)
class Topic:
    """What work orders of one topic are like.

    `kind` is a code of the contract; `weight` how usual it is among others, `summer` and `winter` how much more in
    those seasons; `due_hours` the time allowed. `facts` and `wishes` are fragments with {place}, {street}, {when},
    {since}, {span} (hours) and {long} (days). `online` says what the application is used for in it.
    """

    kind: str
    weight: float
    due_hours: int
    facts: tuple[str, ...]
    wishes: tuple[str, ...]
    summer: float = 1.0
    winter: float = 1.0
    online: str = "other"


_OPENINGS = ("客户反映，", "用户表示，", "客户诉求：", "客户称，", "工单内容：", "居民反映，", "据用户描述，", "")
_AGAIN = ("再次反映，", "第二次反映，", "此前已报过，仍未解决，", "催办：")
_WHEN = ("今天早上", "昨天晚上", "刚才", "今天下午", "前天夜里", "今天中午", "昨天傍晚")
_SINCE = ("最近几天", "本周以来", "这半个月", "连日来", "近期")
_SPAN = ("半小时", "一个多小时", "两个小时", "一下午", "大半天", "一晚上")
_LONG = ("两三天", "四五天", "一周左右", "十来天", "半个月", "将近一个月")

TOPICS: dict[str, Topic] = {
    "outage": Topic(
        "fault",
        1.5,
        6,
        (
            "{place}{when}突然停电，邻居家也没有电",
            "{street}附近{place}整栋楼停电，已经{span}没来电",
            "{when}家中停电，{place}其他住户正常，总开关没有跳",
            "{place}{when}跳闸停电，合闸后又跳",
            "{when}雷雨后{place}停电至今",
        ),
        ("，请尽快派人抢修。", "，家里有老人，请尽快恢复供电。", "，询问何时来电。", "，请安排抢修人员查看。"),
        summer=1.9,
        winter=1.2,
        online="outage",
    ),
    "low_voltage": Topic(
        "complaint",
        0.35,
        120,
        (
            "{place}{since}电压低，空调无法启动",
            "{place}电压不稳，灯光忽明忽暗，已有{long}",
            "{since}用电高峰时{place}电压偏低，水泵带不动",
            "{street}{place}末端电压低，电饭煲煮不熟饭",
        ),
        ("，请安排人员测量电压。", "，要求尽快改造线路。", "，请核实变压器是否过载。", "，希望尽快解决电压问题。"),
        summer=2.2,
        winter=1.5,
    ),
    "meter": Topic(
        "request",
        0.7,
        120,
        (
            "怀疑{place}家中电表走得快，断开总闸表还在转",
            "{place}电表屏幕不显示，已有{long}",
            "{since}发现电表指示灯异常闪烁",
            "电表箱门损坏，{place}表箱里有响声",
        ),
        ("，申请校验电表。", "，请派人检查表计。", "，要求更换电表。", "，请核实表计是否故障。"),
    ),
    "high_bill": Topic(
        "enquiry",
        0.9,
        72,
        (
            "本月电费比上月高出很多，{place}家中用电习惯没有变化",
            "对电费金额有疑问，{when}收到账单觉得偏高",
            "{place}家中{long}无人居住，电费仍然很高",
            "电量突增，怀疑抄表有误",
        ),
        ("，请核实电量电费。", "，请解释阶梯电价如何计算。", "，要求核查抄表读数。", "，请回复用电明细。"),
        summer=1.6,
        winter=1.5,
        online="other",
    ),
    "tariff": Topic(
        "enquiry",
        1.0,
        48,
        (
            "咨询居民峰谷电价如何办理",
            "询问阶梯电价各档标准和分档电量",
            "咨询{place}商铺执行什么电价",
            "询问峰谷时段怎么划分，是否合适自己家",
        ),
        ("，请告知办理方式。", "，已解释，客户希望短信回复。", "，请客户经理联系。", "，想比较两种电价。"),
    ),
    "payment": Topic(
        "enquiry",
        0.8,
        48,
        (
            "{when}通过手机交费，余额没有更新",
            "交费后仍收到催费短信",
            "银行代扣没有成功，询问原因",
            "交错户号，{when}把电费交到别人户上",
        ),
        ("，请核实是否到账。", "，请协助处理退费。", "，询问如何办理代扣。", "，请尽快查询。"),
    ),
    "invoice": Topic(
        "enquiry",
        0.5,
        48,
        ("询问如何开具电子发票", "企业需要增值税专用发票，{when}在网上开不出来", "发票抬头有误，需要重开"),
        ("，请告知流程。", "，请协助办理。", "，请发送到客户邮箱。"),
    ),
    "charger": Topic(
        "request",
        0.7,
        360,
        (
            "{place}业主申请安装充电桩，车位在地下车库",
            "咨询新能源汽车充电桩报装需要哪些材料",
            "{place}物业不同意装充电桩，询问怎么办理报装",
            "充电桩报装后{long}没有人联系现场勘查",
        ),
        ("，请安排勘查。", "，请告知所需资料。", "，请尽快装表接电。", "，询问办理进度。"),
        online="application",
    ),
    "capacity": Topic(
        "request",
        0.5,
        360,
        (
            "{place}商铺申请增容",
            "企业扩建，需要增加用电容量",
            "{place}家中改造，单相电改三相电",
            "厂房新装用电，询问办理时限",
        ),
        ("，请安排现场勘查。", "，请告知费用和时限。", "，请客户经理联系。"),
        online="application",
    ),
    "transfer": Topic(
        "request",
        0.5,
        120,
        ("房屋买卖，{place}房产需要办理过户", "户名有误，申请更名", "租户退租，{place}房东要求结清电费并销户"),
        ("，请告知所需材料。", "，询问能否网上办理。", "，请协助办理。"),
        online="application",
    ),
    "noise": Topic(
        "complaint",
        0.25,
        168,
        (
            "{street}电力施工夜间噪音大，影响{place}居民休息",
            "{place}变压器嗡嗡响，{when}无法入睡",
            "{street}挖沟敷设电缆，施工噪音持续{long}",
        ),
        ("，要求夜间停止作业、减少噪音。", "，请尽快处理噪音。", "，要求给出答复。"),
    ),
    "service": Topic(
        "complaint",
        0.2,
        168,
        (
            "营业厅排队{span}，窗口只开一个",
            "{when}抢修人员态度不好",
            "工作人员答复前后不一致",
            "预约{when}上门，没有人来",
        ),
        ("，要求给出说法。", "，请核实处理。", "，希望改进服务。"),
    ),
    "hazard": Topic(
        "opinion",
        0.35,
        72,
        (
            "{street}树枝碰到电线，有火花",
            "{place}门口电线杆倾斜，担心倒下",
            "{street}电缆井盖缺失，行人容易踩空",
            "{place}电线下垂，大车经过会刮到",
        ),
        ("，请尽快消除隐患。", "，请派人查看。", "，存在安全隐患。"),
        summer=1.4,
    ),
    "theft": Topic(
        "report",
        0.06,
        168,
        (
            "举报{place}有人私拉乱接，绕过电表用电",
            "反映{place}一户疑似窃电，空调全天开着电表却不走",
            "举报{street}一商铺私自改动电表接线",
        ),
        ("，请核查。", "，要求保密。", "，请派人现场检查。"),
    ),
    "suggestion": Topic(
        "suggestion",
        0.2,
        168,
        ("建议账单里增加每日电量", "建议{place}增设自助交费终端", "建议停电通知提前两天发送", "建议手机应用字体放大"),
        ("。", "，方便老年人。", "，希望采纳。"),
    ),
    "praise": Topic(
        "praise",
        0.2,
        168,
        (
            "表扬抢修人员{when}冒雨恢复{place}供电",
            "感谢营业厅工作人员耐心解答",
            "{place}报修后{span}内就修好了，特来表扬",
        ),
        ("。", "，服务很好。", "，请转达谢意。"),
    ),
}
"""What people turn to the utility with all the time, by its name in the planted truth."""

BURSTS: dict[str, Topic] = {
    "subway_works": Topic(
        "complaint",
        0.01,
        168,
        (
            "地铁施工挖断电缆，{place}{when}停电",
            "{street}地铁施工夜间噪音大，{since}一直不停",
            "地铁工地临时用电影响{place}供电",
        ),
        ("，要求协调地铁施工单位。", "，请督促工地整改。", "，请尽快处理。"),
    ),
    "meter_swap": Topic(
        "enquiry",
        0.01,
        72,
        ("{place}统一换表后电费翻倍", "换表时没有通知，不知道旧表底数", "新换的智能电表走得快，换表后电量增加"),
        ("，请核对旧表底数。", "，要求校验新表。", "，请解释换表原因。"),
    ),
    "double_charge": Topic(
        "complaint",
        0.01,
        48,
        ("{when}代扣电费被重复扣款两次", "手机交费重复扣款，只到账一笔", "银行重复扣款，{long}没有退回"),
        ("，要求退回重复扣款。", "，请尽快退款。", "，请核实扣款记录。"),
    ),
    "tripping": Topic(
        "fault",
        0.01,
        12,
        ("{place}{since}频繁跳闸", "{street}线路频繁跳闸，{when}又停电", "空气开关正常，{place}仍频繁跳闸"),
        ("，要求彻底检修线路。", "，请查明频繁跳闸原因。", "，影响正常营业。"),
        online="outage",
    ),
    "app_login": Topic(
        "enquiry",
        0.01,
        48,
        ("手机应用升级后登录不了", "收不到登录验证码，{when}试了很多次", "升级后绑定的户号不见了，验证码收不到"),
        ("，请尽快修复登录问题。", "，请协助重新绑定户号。", "，询问何时恢复。"),
    ),
    "levee_works": Topic(
        "fault",
        0.01,
        24,
        ("{place}防汛排涝泵站电源不足", "{street}积水，配电箱进水", "{place}内涝，担心配电房被淹停电"),
        ("，请立即派人处置。", "，请保障排涝泵站用电。", "，请采取防汛措施。"),
        online="outage",
    ),
}
"""Topics that hardly anybody speaks of, until one day many do."""

ANSWERS: dict[int, tuple[str, ...]] = {
    1: ("拖了太久，一直没人管", "问题根本没有解决", "打了好几次电话都没人处理"),
    2: ("处理太慢", "答复不清楚，等了很久", "态度一般，效率低"),
    3: ("还可以", "一般", "解决了，但时间有点长"),
    4: ("处理及时", "比较满意", "师傅态度好"),
    5: ("非常满意，速度快", "服务热情，点赞", "很快就解决了，谢谢"),
}
"""What people add to a score from 1 to 5."""


def write(topic: str, place: str, street: str, again: bool, rng: np.random.Generator) -> str:
    """The text of one work order, put together anew each time."""
    what = TOPICS.get(topic) or BURSTS[topic]
    pick = rng.integers(0, 1 << 30, 4)
    opening = (_AGAIN if again else _OPENINGS)[pick[0] % (len(_AGAIN) if again else len(_OPENINGS))]
    fact, wish = what.facts[pick[1] % len(what.facts)], what.wishes[pick[2] % len(what.wishes)]
    words = {"place": place, "street": street}
    for name, choice in (("when", _WHEN), ("since", _SINCE), ("span", _SPAN), ("long", _LONG)):
        words[name] = choice[pick[3] % len(choice)]
    return opening + fact.format(**words) + wish

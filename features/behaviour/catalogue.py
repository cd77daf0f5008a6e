"""The features of customers, each declared once: what the frame holds, what the reference page tells."""

from features.behaviour.declare import Feature, Group

__all__ = ["FEATURES", "FEATURE_NAMES"]

_USE, _WEATHER = ("consumption", "meter"), ("consumption", "meter", "weather_observed")
_YEAR, _QUARTER, _MONTHS, _THREE = "last 365 days", "last 90 days", "last 365 days", "last 36 months"
_INTERVALS = "last 91 days"
_BILLS, _PAID = ("bill",), ("bill", "payment")


def _group(group: Group, *rows: tuple[str, str, str, tuple[str, ...], str, str]) -> tuple[Feature, ...]:
    return tuple(Feature(name, group, unit, window, source, says, zh) for name, unit, window, source, says, zh in rows)


_DAILY = _group(
    "daily use",
    ("use_28d_kwh_day", "kWh/day", "last 28 days", _USE, "mean use of a day; half of the days known", "近28日日均电量"),
    ("use_90d_kwh_day", "kWh/day", _QUARTER, _USE, "mean use of a day; half of the days known", "近90日日均电量"),
    (
        "use_365d_kwh",
        "kWh",
        _YEAR,
        _USE,
        "a year's use at the mean of the known days; half of them known",
        "近一年用电量",
    ),
    (
        "trend_share_year",
        "1/year",
        "last 730 days",
        _WEATHER,
        "yearly growth relative to mean use, beside weather, days off and the Spring Festival; 300 days known",
        "剔除气温后的年增长率",
    ),
    (
        "year_on_year_share",
        "1",
        "last 90 days and the same weekdays 364 days before",
        _USE,
        "change of use against a year ago, over days known in both",
        "同比变化率",
    ),
    (
        "volatility",
        "1",
        _QUARTER,
        _USE,
        "mean distance from the same weekday a week before, over mean use",
        "用电波动度",
    ),
    (
        "summer_ratio",
        "1",
        _YEAR,
        _USE,
        "use of a day June to August over that of April, May, October, November",
        "夏季比",
    ),
    (
        "winter_ratio",
        "1",
        _YEAR,
        _USE,
        "use of a day December to February, a week around the Spring Festival left out, over that of April, May, "
        "October, November",
        "冬季比",
    ),
    ("weekend_ratio", "1", _YEAR, _USE, "use on weekend days off over use on working days, moved ones too", "周末比"),
    (
        "holiday_ratio",
        "1",
        _YEAR,
        _USE,
        "use on days of public holidays, the Spring Festival left out, over use on all other days",
        "节假日比",
    ),
    (
        "cooling_slope_share_c",
        "1/degC",
        "last 730 days",
        _WEATHER,
        "share of mean use added per degree above 22",
        "降温斜率",
    ),
    (
        "heating_slope_share_c",
        "1/degC",
        "last 730 days",
        _WEATHER,
        "share of mean use added per degree below 16",
        "采暖斜率",
    ),
    ("zero_day_share", "1", _YEAR, _USE, "share of the known days on which nothing was used", "零电量天数占比"),
    (
        "vacancy_days",
        "day",
        _YEAR,
        _USE,
        "near-zero days (at most a tenth of the mean day) on end, up to now; days not known neither count nor end it",
        "当前空置天数",
    ),
    ("longest_vacancy_days", "day", _YEAR, _USE, "the longest run of near-zero days", "最长空置天数"),
    (
        "spring_festival_ratio",
        "1",
        "last 400 days",
        _USE,
        "use from the eve to the sixth day of the Spring Festival over that of the weeks around",
        "春节用电比",
    ),
    (
        "level_shift_days",
        "day",
        "last 52 weeks",
        _WEATHER,
        "days since the level moved for good, beside weather and calendar; not known where it did not",
        "水平突变距今天数",
    ),
    (
        "level_shift_share",
        "1",
        "last 52 weeks",
        _WEATHER,
        "how far it moved, relative to the use before; 0: it did not",
        "水平突变幅度",
    ),
    ("use_known_share", "1", _YEAR, _USE, "share of the days since the account began that are known", "电量数据完整率"),
)

_INTERVAL = _group(
    "interval use",
    ("peak_kw", "kW", _INTERVALS, _USE, "highest mean power of an interval", "最大负荷"),
    ("base_kw", "kW", _INTERVALS, _USE, "power exceeded 95 % of the time", "基础负荷"),
    ("load_factor", "1", _INTERVALS, _USE, "mean power over the highest", "负荷率"),
    ("night_share", "1", _INTERVALS, _USE, "share of use from 22 to 6 o'clock", "夜间用电占比"),
    ("morning_share", "1", _INTERVALS, _USE, "share of use from 6 to 10 o'clock", "早间用电占比"),
    ("evening_share", "1", _INTERVALS, _USE, "share of use from 18 to 22 o'clock", "晚间用电占比"),
    ("peak_hour", "h", _INTERVALS, _USE, "local hour in which most is used on the mean day", "用电高峰时刻"),
    (
        "shape_cluster",
        "1",
        _INTERVALS,
        _USE,
        "number of the standard daily shape nearest to the mean one",
        "负荷曲线类别",
    ),
    (
        "shape_entropy",
        "1",
        _INTERVALS,
        _USE,
        "how evenly the mean day is spread; 1: the same at every hour",
        "负荷曲线熵",
    ),
    (
        "sharp_share",
        "1",
        _MONTHS,
        ("bill", "tariff", *_USE),
        "share of use billed in the dearest hours",
        "尖峰电量占比",
    ),
    ("peak_period_share", "1", _MONTHS, ("bill", "tariff", *_USE), "share of use billed in dear hours", "高峰电量占比"),
    ("valley_share", "1", _MONTHS, ("bill", "tariff", *_USE), "share of use billed in cheap hours", "低谷电量占比"),
    (
        "feeder_coincidence",
        "1",
        _INTERVALS,
        (*_USE, "node", "node_load"),
        "mean power in the feeder's ten highest hours, over the customer's own highest",
        "与馈线高峰同时率",
    ),
    (
        "contract_use_share",
        "1",
        _INTERVALS,
        ("customer", "bill", *_USE),
        "highest power (else the highest demand billed in a year) over agreed capacity",
        "合同容量利用率",
    ),
    ("export_share", "1", _INTERVALS, _USE, "energy given back over energy both ways", "上网电量占比"),
)

_MONEY = _group(
    "money",
    ("bill_12m_cny", "CNY", _MONTHS, _BILLS, "sum of all bills made out, corrections too", "近12月电费"),
    ("billed_12m_kwh", "kWh", _MONTHS, _BILLS, "energy of those bills", "近12月结算电量"),
    ("average_price_cny_per_kwh", "CNY/kWh", _MONTHS, _BILLS, "the one over the other", "平均电价"),
    (
        "days_to_pay",
        "day",
        _MONTHS,
        _PAID,
        "mean days from bill to full payment, of bills paid; ahead is 0",
        "平均缴费天数",
    ),
    (
        "late_share",
        "1",
        _MONTHS,
        _PAID,
        "share of the bills due in the window not paid in full when due",
        "逾期缴费占比",
    ),
    ("arrears_cny", "CNY", "all", _PAID, "what is open of bills that are due", "欠费金额"),
    ("arrears_age_days", "day", "all", _PAID, "days since the oldest of them was due; 0: none is", "欠费账龄"),
    (
        "payment_channels",
        "1",
        _MONTHS,
        ("payment",),
        "entropy of the ways payments came, nats; 0: one way",
        "缴费渠道分散度",
    ),
    ("counter_share", "1", _MONTHS, ("payment",), "share of payments made at a counter", "柜台缴费占比"),
    ("app_payment_share", "1", _MONTHS, ("payment",), "share of payments made in the application", "手机应用缴费占比"),
    ("autopay", "1", _MONTHS, ("payment",), "1: the latest payment came by standing order; 0: it did not", "是否代扣"),
)

_CONTACTS = _group(
    "contacts",
    ("contacts_12m", "1", _MONTHS, ("work_order",), "work orders opened", "近12月诉求数"),
    ("complaints_12m", "1", _MONTHS, ("work_order",), "complaints among them", "近12月投诉数"),
    ("faults_12m", "1", _MONTHS, ("work_order",), "reports of faults among them", "近12月报修数"),
    ("enquiries_12m", "1", _MONTHS, ("work_order",), "questions among them", "近12月咨询数"),
    ("requests_12m", "1", _MONTHS, ("work_order",), "requests for a service among them", "近12月服务申请数"),
    (
        "repeats_7d_12m",
        "1",
        _MONTHS,
        ("work_order",),
        "those of one kind opened within 7 days of the one before",
        "近12月7日内重复诉求数",
    ),
    (
        "days_since_contact",
        "day",
        "all",
        ("work_order",),
        "days since the latest; not known: none yet",
        "距上次诉求天数",
    ),
    (
        "outage_days_12m",
        "day",
        _MONTHS,
        ("work_order",),
        "local days on which the customer, or anybody of the area about it, reported a fault",
        "近12月故障天数",
    ),
    (
        "app_active_days_90d",
        "day",
        _QUARTER,
        ("app_activity",),
        "local days on which the app was used",
        "近90日应用活跃天数",
    ),
    ("app_minutes_90d", "min", _QUARTER, ("app_activity",), "how long it was open", "近90日应用使用时长"),
    (
        "satisfaction_12m",
        "1",
        _MONTHS,
        ("satisfaction",),
        "mean answer from 1 to 5; not known: never answered",
        "满意度",
    ),
)

_LEDGER = ("application", "customer")
_APPLICATIONS = _group(
    "applications",
    ("applications_36m", "1", _THREE, ("application",), "applications handed in", "近36月业扩申请数"),
    ("requested_kva_36m", "kVA", _THREE, ("application",), "capacity asked for, new and more", "近36月申请容量"),
    ("kva_growth_share", "1", _THREE, _LEDGER, "growth of agreed capacity, relative to the earlier", "合同容量增长率"),
    (
        "application_cycle_ratio",
        "1",
        _THREE,
        ("application",),
        "working days the latest application took, or is open, over the limit (configs/policy/application_limits.yaml)",
        "业扩时限比",
    ),
    ("withdrawn_36m", "1", _THREE, ("application",), "applications taken back", "近36月撤销申请数"),
    ("constrained_36m", "1", _THREE, ("application",), "applications the source calls constrained", "近36月受限申请数"),
    ("application_open", "1", _THREE, ("application",), "1: one is under way; 0: none is", "有无在途申请"),
)

_AROUND = (
    *_group(
        "events",
        (
            "event_days_365d",
            "day",
            _YEAR,
            ("event",),
            "days with an epidemic, economic or other event that touched the customer; tariff changes do not count",
            "近一年受事件影响天数",
        ),
    ),
    *_group(
        "area",
        (
            "area_peak_utilisation",
            "1",
            _YEAR,
            ("node", "node_load", "transformer"),
            "the area's highest load over its rating times power factor",
            "台区最高负载率",
        ),
        ("area_rating_kva", "kVA", "now", ("node", "transformer"), "the area's rating", "台区额定容量"),
        ("area_customers", "1", "now", ("customer",), "customers of the area", "台区用户数"),
        ("share_of_area", "1", _QUARTER, ("node_load", *_USE), "use over the energy of the area", "占台区电量比"),
        (
            "use_rank_in_class",
            "1",
            _QUARTER,
            ("customer", *_USE),
            "share of the class that uses less, ties by half",
            "同类用户用电排名",
        ),
    ),
    *_group(
        "attributes",
        ("tenure_days", "day", "now", ("customer",), "days since the account began", "户龄"),
        ("contract_kva", "kVA", "now", ("customer",), "agreed capacity", "合同容量"),
    ),
)

FEATURES: tuple[Feature, ...] = (*_DAILY, *_INTERVAL, *_MONEY, *_CONTACTS, *_APPLICATIONS, *_AROUND)
"""Every feature, in the order of the frame's columns."""

FEATURE_NAMES: tuple[str, ...] = tuple(one.name for one in FEATURES)

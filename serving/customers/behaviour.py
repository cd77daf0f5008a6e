"""How a customer behaves, in words: use and its change, season, week and day, payment, contacts."""

from collections.abc import Iterator

from serving.customers.policy import PortraitPolicy
from serving.customers.words import Row, Said, amount, change, days, known, percent

__all__ = ["behaviour"]

# Feature → name of the part of the day, and how many of its 24 hours it has.
_PARTS = {
    "night_share": ("at night (22 to 6 o'clock)", "夜间（22 时至 6 时）", 8),
    "morning_share": ("in the morning (6 to 10 o'clock)", "早间（6 时至 10 时）", 4),
    "evening_share": ("in the evening (18 to 22 o'clock)", "晚间（18 时至 22 时）", 4),
}


def behaviour(row: Row, policy: PortraitPolicy) -> list[Said]:
    """Everything that can be said; what is not known is not said, but that use is not known is."""
    return [*_use(row, policy), *_time(row, policy), *_lasting(row, policy), *_dealings(row, policy)]


def _use(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    use, year = known(row, "use_90d_kwh_day"), known(row, "year_on_year_share")
    names: tuple[str, ...] = ("use_90d_kwh_day", "year_on_year_share")
    if use is None:
        yield Said.of("use_unknown", row, names, "How much is used is not known.", "用电量未知。")
    elif year is None:
        english, chinese = f"Uses {amount(use)} kWh a day.", f"日均用电 {amount(use)} 千瓦时。"
        yield Said.of("use", row, names, english, chinese)
    else:
        more, mehr = change(year, policy.noticeable_share)
        english = f"Uses {amount(use)} kWh a day, {more} a year ago."
        yield Said.of("use", row, names, english, f"日均用电 {amount(use)} 千瓦时，同比{mehr}。")
    for season, english, chinese in (("summer", "in summer", "夏季"), ("winter", "in winter", "冬季")):
        ratio = known(row, f"{season}_ratio")
        if ratio is not None and ratio - 1 >= policy.season_share:
            much = percent(ratio - 1)
            told = f"Uses {much} more {english} than in spring and autumn."
            spoken = f"{chinese}用电比春秋季高 {much.replace(' ', '')}。"
            yield Said.of(f"{season}_heavy", row, (f"{season}_ratio",), told, spoken)


def _time(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    weekend = known(row, "weekend_ratio")
    if weekend is not None and abs(weekend - 1) >= policy.weekend_share:
        much = percent(weekend - 1)
        english = f"Uses {much} {'more' if weekend > 1 else 'less'} at weekends than on working days."
        chinese = f"周末用电比工作日{'高' if weekend > 1 else '低'} {much.replace(' ', '')}。"
        yield Said.of("weekend", row, ("weekend_ratio",), english, chinese)
    shares = {name: share for name in _PARTS if (share := known(row, name)) is not None}
    heavy = {name: share * 24 / _PARTS[name][2] for name, share in shares.items()}
    name = max(heavy, key=lambda one: heavy[one], default=None)
    if name is not None and heavy[name] >= policy.part_of_day_factor:
        when, wann, _ = _PARTS[name]
        much = percent(shares[name])
        told = f"Most is used {when}: {much} of the day."
        yield Said.of("part_of_day", row, (name,), told, f"用电集中在{wann}，占全天 {much.replace(' ', '')}。")
    for name, english, chinese in (
        ("cooling_slope_share_c", "Each degree above 22 °C adds", "气温高于 22℃ 时每升高 1℃，用电增加"),
        ("heating_slope_share_c", "Each degree below 16 °C adds", "气温低于 16℃ 时每降低 1℃，用电增加"),
    ):
        slope = known(row, name)
        if slope is not None and slope >= policy.slope_share_c:
            much = f"{slope * 100:.1f}"
            yield Said.of(name.split("_")[0], row, (name,), f"{english} {much} % of use.", f"{chinese} {much}%。")


def _lasting(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    vacant = known(row, "vacancy_days")
    if vacant is not None and vacant >= policy.vacancy_days:
        told, spoken = f"Nearly nothing used for {days(vacant)}.", f"已连续 {vacant:.0f} 天几乎不用电。"
        yield Said.of("vacant", row, ("vacancy_days",), told, spoken)
    since, share = known(row, "level_shift_days"), known(row, "level_shift_share")
    if since is not None and share is not None and since <= policy.shift_days and abs(share) >= policy.noticeable_share:
        more, mehr = change(share, 0)
        told = f"For {days(since)} now, {more} before."
        names = ("level_shift_days", "level_shift_share")
        yield Said.of("level_shift", row, names, told, f"近 {since:.0f} 天用电水平较此前{mehr}。")
    reached = known(row, "contract_use_share")
    if reached is not None:
        told = f"The highest load was {percent(reached)} of the agreed capacity."
        spoken = f"最大负荷达合同容量的 {reached * 100:.0f}%。"
        yield Said.of("contract_use", row, ("contract_use_share", "contract_kva"), told, spoken)


def _dealings(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    bill, late = known(row, "bill_12m_cny"), known(row, "late_share")
    if bill is not None:
        told, spoken = f"Bills of the last 12 months: {amount(bill)} CNY", f"近 12 个月电费 {amount(bill)} 元"
        wait = known(row, "days_to_pay")
        if wait is not None:
            told += f"; paid after {days(wait)} on average"
            spoken += f"，平均 {wait:.0f} 天缴清"
        if late:
            told, spoken = f"{told}, {percent(late)} of them late", f"{spoken}，逾期 {late * 100:.0f}%"
        yield Said.of("bills", row, ("bill_12m_cny", "days_to_pay", "late_share"), told + ".", spoken + "。")
    way = _way_of_paying(row, policy)
    if way is not None:
        yield way
    contacts, complaints = known(row, "contacts_12m"), known(row, "complaints_12m")
    if contacts:
        told, spoken = f"Turned to us {_times(contacts)} in the last 12 months", f"近 12 个月诉求 {contacts:.0f} 次"
        if complaints:
            told, spoken = f"{told}, {_times(complaints)} to complain", f"{spoken}，其中投诉 {complaints:.0f} 次"
        yield Said.of("contacts", row, ("contacts_12m", "complaints_12m"), told + ".", spoken + "。")


def _way_of_paying(row: Row, policy: PortraitPolicy) -> Said | None:
    names = ("autopay", "app_payment_share", "counter_share")
    auto, app, counter = (known(row, name) for name in names)
    if auto:
        return Said.of("pays_standing", row, names, "Pays by standing order.", "以代扣方式缴费。")
    if app is not None and app >= policy.counter_share:
        return Said.of("pays_app", row, names, "Pays mostly in the application.", "主要通过手机应用缴费。")
    if counter is not None and counter >= policy.counter_share:
        return Said.of("pays_counter", row, names, "Pays mostly at the counter.", "主要在营业厅柜台缴费。")
    return None


def _times(count: float) -> str:
    return {1: "once", 2: "twice"}.get(round(count), f"{count:.0f} times")

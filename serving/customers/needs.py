"""What a customer is likely to need, and what has to be looked out for, in words."""

from collections.abc import Iterator

from serving.customers.policy import PortraitPolicy
from serving.customers.words import Row, Said, amount, days, known, percent

__all__ = ["needs", "risks"]


def needs(row: Row, policy: PortraitPolicy) -> list[Said]:
    """What could be offered or looked into, the most pressing first."""
    return [*_capacity(row, policy), *_services(row, policy)]


def risks(row: Row, policy: PortraitPolicy) -> list[Said]:
    """What may go wrong. What speaks for theft is said only where the row holds it: it is taken out for most roles."""
    return [*_money(row, policy), *_leaving(row, policy), *_suspicion(row, policy)]


def _capacity(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    chance, reached, more = (known(row, name) for name in ("p_more_capacity", "contract_use_share", "increase_kva"))
    names = ("p_more_capacity", "contract_use_share", "increase_kva")
    if (chance is not None and chance >= policy.more_capacity) or (
        reached is not None and reached >= policy.contract_use_share
    ):
        told, spoken = "May need more capacity", "可能需要增容"
        if chance is not None:
            told, spoken = (
                f"{told}: probability {percent(chance)} within 12 months",
                f"{spoken}：12 个月内概率 {_p(chance)}",
            )
        if more is not None and more >= 1:
            told, spoken = f"{told}, {amount(more)} kVA expected", f"{spoken}，期望增容 {amount(more)} 千伏安"
        yield Said.of("more_capacity", row, names, told + ".", spoken + "。")
    constrained = known(row, "constrained_36m")
    if constrained:
        told = "An application of the last three years was held up for want of capacity."
        yield Said.of("held_up", row, ("constrained_36m",), told, "近三年有报装因容量受限。")


def _services(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    valley, sharp = known(row, "valley_share"), known(row, "peak_period_share")
    if valley is not None and valley >= policy.valley_share:
        told = f"{percent(valley)} of use falls into the cheap hours: prices by the hour suit it."
        spoken = f"低谷用电占 {_p(valley)}，适合分时电价。"
        yield Said.of("time_of_use", row, ("valley_share",), told, spoken)
    elif sharp is not None and sharp >= policy.valley_share:
        told = f"{percent(sharp)} of use falls into the dear hours: moving some of it would save money."
        yield Said.of("load_shift", row, ("peak_period_share",), told, f"高峰用电占 {_p(sharp)}，移峰可节省电费。")
    electric = known(row, "p_electrify")
    if electric is not None and electric >= policy.electrify:
        told = f"May electrify (charging, heating): probability {percent(electric)} within 12 months."
        yield Said.of(
            "electrify", row, ("p_electrify",), told, f"可能进行电能替代（充电、采暖）：12 个月内概率 {_p(electric)}。"
        )
    counter, auto = known(row, "counter_share"), known(row, "autopay")
    if counter is not None and counter >= policy.counter_share and not auto:
        told = "Could pay by application or standing order instead of queueing."
        yield Said.of("pay_online", row, ("counter_share", "autopay"), told, "可引导线上缴费或办理代扣。")
    faults = known(row, "outage_days_12m")
    if faults is not None and faults >= policy.outage_days:
        told = f"Faults on {days(faults)} of the last 12 months: the supply should be looked at."
        yield Said.of("supply", row, ("outage_days_12m",), told, f"近 12 个月有 {faults:.0f} 天报修，应检查供电质量。")


def _money(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    open_cny, age, loss = (known(row, name) for name in ("arrears_cny", "arrears_age_days", "arrears_loss_cny"))
    if open_cny is not None and open_cny >= policy.arrears_cny:
        told, spoken = f"{amount(open_cny)} CNY are due", f"欠费 {amount(open_cny)} 元"
        if age:
            told, spoken = f"{told}, the oldest for {days(age)}", f"{spoken}，最长 {age:.0f} 天"
        if loss is not None and loss >= 1:
            told, spoken = f"{told}; {amount(loss)} CNY of loss expected", f"{spoken}，预计坏账 {amount(loss)} 元"
        yield Said.of(
            "arrears", row, ("arrears_cny", "arrears_age_days", "arrears_loss_cny"), told + ".", spoken + "。"
        )
    late = known(row, "late_share")
    if late is not None and late >= policy.late_share:
        told = f"{percent(late)} of the bills of the last 12 months were paid late."
        yield Said.of("late", row, ("late_share",), told, f"近 12 个月 {_p(late)} 的账单逾期缴纳。")


def _leaving(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    leave = known(row, "p_leave")
    if leave is not None and leave >= policy.leave:
        told = f"May leave: probability {percent(leave)} within 12 months."
        yield Said.of("may_leave", row, ("p_leave",), told, f"可能流失：12 个月内概率 {_p(leave)}。")
    repeats, complaints = known(row, "repeats_7d_12m"), known(row, "complaints_12m")
    if (repeats is not None and repeats >= policy.repeats) or (complaints is not None and complaints >= policy.repeats):
        told = "Raised the same again and again, or complained: deal with it with care."
        yield Said.of("discontent", row, ("repeats_7d_12m", "complaints_12m"), told, "重复诉求或投诉较多，请妥善处理。")


def _suspicion(row: Row, policy: PortraitPolicy) -> Iterator[Said]:
    score, alarm = known(row, "theft_score"), known(row, "alarm")
    if not alarm and (score is None or score < policy.theft_score):
        return
    names = ("theft_score", "alarm", "alarm_days", "lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90")
    told, spoken = "Use looks abnormal: a reason to look, no finding", "用电异常：仅作核查线索，不作认定"
    if score is not None:
        told, spoken = f"{told}; score {score:.2f}", f"{spoken}；评分 {score:.2f}"
    since = known(row, "alarm_days")
    if alarm and since is not None:
        told, spoken = f"{told}, alarm for {days(since)}", f"{spoken}，已告警 {since:.0f} 天"
    low, high = known(row, "lost_kwh_p10"), known(row, "lost_kwh_p90")
    if low is not None and high is not None:
        told = f"{told}; {amount(low)} to {amount(high)} kWh may be lost"
        spoken = f"{spoken}；可能损失电量 {amount(low)} 至 {amount(high)} 千瓦时"
    yield Said.of("abnormal", row, names, told + ".", spoken + "。")


def _p(share: float) -> str:
    return f"{share * 100:.0f}%"

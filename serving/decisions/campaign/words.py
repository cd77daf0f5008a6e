"""A report of a campaign in sentences: what was found, and what its interval means."""

from serving.decisions.campaign.intervals import LEVEL, Estimate
from serving.decisions.campaign.told import FIGURES, CampaignReport, Figure

__all__ = ["amount", "difference", "finding", "found_in_words", "summary"]


def amount(value: float, unit: str) -> str:
    """A figure as people write it: 12.3 %, 4.56 kW, 1,240 CNY."""
    if unit == "share":
        return f"{value * 100:.1f} %"
    digits = 2 if abs(value) < 100 else 0
    return f"{value:,.{digits}f} {unit}"


def difference(value: float, unit: str) -> str:
    """A difference of two figures; of two shares in points of a hundred."""
    return f"{value * 100:.1f} points" if unit == "share" else amount(value, unit)


def finding(estimate: Estimate) -> str:
    """What the interval says of the direction: `more`, `less`, or `not known`, where nothing is within it."""
    if estimate.low > 0:
        return "more"
    return "less" if estimate.high < 0 else "not known"


def found_in_words(figure: Figure) -> str:
    """One sentence: the difference, the interval, and whether it could be nothing."""
    if figure.estimate is None:
        return figure.why_not or "not known"
    one, unit = figure.estimate, FIGURES[figure.name].unit
    low, high = difference(one.low, unit), difference(one.high, unit)
    between = f"between {low} and {high} ({LEVEL:.0%} interval)"
    if finding(one) == "not known" and difference(abs(one.difference), unit) == difference(0.0, unit):
        return f"no difference found, {between}"
    sure = {
        "more": f"more among those sent to, {between}",
        "less": f"less among those sent to, {between}",
        "not known": f"more or less, {between}: it may be nothing",
    }[finding(one)]
    return f"{difference(one.difference, unit)} {sure}"


def summary(report: CampaignReport) -> str:
    """What can be said of the campaign as a whole, in one or two sentences."""
    if report.warnings:
        return f"Not to be relied on: {'; '.join(report.warnings)}."
    success = next(one for one in report.figures if one.name == "success")
    if success.estimate is None:
        return f"Nothing can be said yet: {success.why_not}."
    more = {
        "more": "The campaign makes customers take it who would not have",
        "less": "Fewer took it who were sent to than who were held out",
        "not known": "Whether the campaign does anything is not known yet",
    }[finding(success.estimate)]
    return f"{more}: {found_in_words(success)}."

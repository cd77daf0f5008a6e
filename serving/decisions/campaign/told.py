"""What a report of a campaign tells, and the columns it is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from serving.decisions.campaign.balance import Balanced, SampleRatio
from serving.decisions.campaign.intervals import Estimate

__all__ = ["FIGURES", "OUTCOME_COLUMNS", "CampaignReport", "Figure", "Naming"]

OUTCOME_COLUMNS = (
    "push_id",
    "success",  # 1 or 0 within the window
    "kw_before",  # mean draw in the block that binds, days before the decision
    "kw_after",  # the same, days of the window
    "payments_before",  # payments made, before and within the window
    "counter_before",  # of them at a counter
    "payments_after",
    "counter_after",
    "app_after",  # in the application
    "due_cny",  # of bills made out after the decision that fell due within the window
    "due_paid_cny",  # of it paid by the day it was due
    "due_bills",
    "due_paid_bills",
    "arrears_cny",  # overdue when it was decided
    "arrears_paid_cny",  # of it paid within the window
)
"""One row a contact; NaN where not known."""


@dataclass(frozen=True)
class Naming:
    """What a figure is called, and how it is told: `unit` is "share" or a unit."""

    english: str
    chinese: str
    unit: str


FIGURES: Mapping[str, Naming] = {
    "success": Naming("took it", "成功率", "share"),
    "value_cny": Naming("brought by those who took it, a contact", "单次触达价值", "CNY"),
    "kw_freed": Naming("kW freed in the binding block, a contact", "单次触达削减负荷", "kW"),
    "kw_freed_all": Naming("kW freed in the binding block, all sent", "全部触达削减负荷", "kW"),
    "moved_from_counter": Naming("payments moved away from the counter", "柜台缴费转移比例", "share"),
    "paid_in_app": Naming("payments made in the app", "线上缴费比例", "share"),
    "collected_cny": Naming("collected on time, by amount", "按期回收率（金额）", "share"),
    "collected_bills": Naming("collected on time, by bills", "按期回收率（账单）", "share"),
    "arrears_paid": Naming("of arrears paid", "欠费回收率", "share"),
}
"""Name → how it is told, in the order of a report."""


@dataclass(frozen=True)
class Figure:
    """One figure of a campaign. `estimate` is None where `why_not` says so; `persons` who count in it, sent and held
    out."""

    name: str
    estimate: Estimate | None
    persons: tuple[int, int]
    why_not: str | None = None


@dataclass(frozen=True)
class CampaignReport:
    """`contacts` by reason, of all; `analysed` of them count: the first of each person, and old enough to be judged at
    `now`; `later` came after a person's first, `open` are too young. `services` as service@version.
    """

    campaign: str
    services: tuple[str, ...]
    now: datetime
    window_days: int
    contacts: Mapping[str, int]
    analysed: Mapping[str, int]
    persons: tuple[int, int]
    later: int
    open: int
    figures: tuple[Figure, ...]
    sample_ratio: SampleRatio
    balance: tuple[Balanced, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why its figures may not be believed, in words; empty where nothing speaks against them."""
        said = []
        ratio = self.sample_ratio
        if ratio.flagged:
            said.append(
                f"{ratio.held_out} of {ratio.persons} persons are held out where {ratio.expected_share:.1%} should be: "
                "by chance that comes less than once in a thousand campaigns, so something removed some of them"
            )
        unlike = [one.name for one in self.balance if one.verdict == "unbalanced"]
        if unlike:
            said.append(f"those held out were unlike those sent to before anything was offered: {', '.join(unlike)}")
        return tuple(said)

"""What a challenger must show before it serves; `configs/policy/promotion.yaml` holds the values in force."""

from typing import Self

from pydantic import Field, model_validator

from features.settings import Settings

__all__ = ["CoverageRule", "CustomerWindow", "LatencyRule", "PeakWindow", "PromotionPolicy"]

FEWEST_BLOCKS = 5
"""Below this many blocks of days an interval says next to nothing."""


class CoverageRule(Settings):
    """Whether forecasts hold as often as they claim to."""

    target: float = Field(0.9, gt=0, lt=1, description="share of outcomes within what is judged (P5 to P95; peak: P90)")
    tolerance: float = Field(0.02, ge=0, lt=1, description="how much further from the target than the champion's")
    least: float = Field(0.70, ge=0, le=1, description="no lower in any case")
    most: float = Field(0.99, ge=0, le=1, description="no higher in any case: such quantiles say too little")


class LatencyRule(Settings):
    """How long a forecast may take: medians over forecasts of both, taken in turns on the same machine."""

    limit_seconds: float = Field(30.0, gt=0, description="a forecast of all nodes takes no longer")
    one_node_limit_seconds: float = Field(2.0, gt=0, description="a forecast of one node takes no longer")
    ratio: float = Field(1.5, ge=1, description="nor so many times as long as the champion's")
    negligible_seconds: float = Field(0.1, ge=0, description="what is faster than this is not held against the ratio")
    repeats: int = Field(5, ge=1, description="single-node forecasts of each that are timed")


class PeakWindow(Settings):
    """Origins at which both peak configurations are fitted anew and judged on the peak of the days after."""

    origins: int = Field(11, ge=FEWEST_BLOCKS, description="judged origins, at most; each is a block of its own")
    min_origins: int = Field(6, ge=FEWEST_BLOCKS, description="fewer are too few to judge by")
    horizon_days: int = Field(31, ge=1, description="days whose peak is forecast; origins lie as far apart")
    coverage: CoverageRule = Field(
        CoverageRule(tolerance=0.04, least=0.7, most=1.0),
        description="share of peaks within P90; all nodes of an origin share its weather, so few origins say little",
    )


class CustomerWindow(Settings):
    """How models of customers are judged: on the same customers at origins neither has trained or tuned on."""

    blocks: int = Field(20, ge=FEWEST_BLOCKS, description="hash-stable groups of customers, each an observation")
    min_customers: int = Field(100, ge=1, description="fewer with a known outcome are too few to judge by")
    unit_customers: int = Field(60, ge=1, description="units with fewer customers are judged together, as others")
    margin: float = Field(0.02, ge=0, lt=1, description="non-inferior: the interval ends below this difference")
    fresher_days: int = Field(28, ge=1, description="so many more days of outcomes make a non-inferior one worth it")
    coverage: CoverageRule = Field(
        CoverageRule(target=0.8, tolerance=0.03, least=0.6, most=0.95),
        description="share of outcomes within P10 to P90, of families that say so",
    )


class PromotionPolicy(Settings):
    """Frozen rules of the gate.

    Differences are relative, (challenger − champion) over the mean of both losses, and every node and day counts
    alike. An equal challenger promoted by chance costs nothing, a better one refused costs its gain, and a worse one
    must not pass: hence an interval of moderate confidence and a small margin.
    """

    window_days: int = Field(28, ge=1, description="judged days, at most: the last ones of known load")
    min_window_days: int = Field(21, ge=1, description="with fewer that neither has trained or tuned on: refused")
    issue_hour: int = Field(6, ge=0, le=23, description="local hour at which the day-ahead forecasts are issued")
    block_days: int = Field(3, ge=1, description="neighbouring days that stand together as one observation")
    confidence: float = Field(0.8, gt=0.5, lt=1, description="of the two-sided interval: 0.8 errs by 10 % at each end")
    margin: float = Field(0.01, ge=0, lt=1, description="non-inferior: the interval ends below this difference")
    node_guard: float = Field(0.10, gt=0, le=2, description="no node may be significantly worse by more than this")
    min_node_share: float = Field(0.5, gt=0, le=1, description="share of the blocks a node needs to be compared")
    fresher_days: int = Field(7, ge=1, description="so many more days of data make a non-inferior one worth serving")
    coverage: CoverageRule = CoverageRule()
    latency: LatencyRule = LatencyRule()
    peak: PeakWindow = PeakWindow()
    customers: CustomerWindow = CustomerWindow()

    def of_customers(self) -> "PromotionPolicy":
        """The same rules with the margin and freshness of models of customers, whose blocks stand for themselves."""
        own = {"margin": self.customers.margin, "fresher_days": self.customers.fresher_days, "block_days": 1}
        return self.model_copy(update=own)

    @model_validator(mode="after")
    def _enough_blocks(self) -> Self:
        if self.min_window_days > self.window_days:
            raise ValueError(f"min_window_days {self.min_window_days} is beyond window_days {self.window_days}")
        if self.min_window_days // self.block_days < FEWEST_BLOCKS:
            raise ValueError(
                f"min_window_days {self.min_window_days} holds {self.min_window_days // self.block_days} block(s) of "
                f"{self.block_days} day(s); {FEWEST_BLOCKS} are the least an interval can stand on"
            )
        return self

"""What counts as unusual: windows, rates of false alarms, and the least that matters in practice."""

from pydantic import Field

from features.settings import Settings

__all__ = ["CustomerWatchPolicy", "FloorPolicy", "LevelPolicy", "PerformancePolicy", "StalePolicy", "WatchPolicy"]


class FloorPolicy(Settings):
    """Deviations below these do not matter in practice, however unusual they are."""

    temperature_c: float = Field(1.0, ge=0, description="degC, station or forecast against what it is compared with")
    radiation_wm2: float = Field(25.0, ge=0, description="W/m2, daily means")
    wind_speed_ms: float = Field(0.8, ge=0, description="m/s, daily means")
    spread_log: float = Field(2.0, ge=0, description="log ratio of the swing within days; a stuck sensor has none")
    missing_share: float = Field(0.08, ge=0, le=1, description="share of readings that did not come")
    delay_hours: float = Field(2.0, ge=0, description="hours until a reading is known")
    load_log: float = Field(0.06, ge=0, description="log ratio of all nodes' load to the linear stage")


class LevelPolicy(Settings):
    """Level shifts: the last judged days against the weeks before."""

    days: int = Field(3, ge=2, le=7, description="judged days that must all lie beyond")
    base_days: int = Field(28, ge=7, description="judged days before, whose median is the level")
    gap_days: int = Field(7, ge=1, description="judged days between the end of the base and now")
    floor_log: float = Field(0.15, ge=0, description="a shift smaller than this (log ratio) is no shift")
    persistence: float = Field(0.5, gt=0, le=1, description="share of the threshold every single day must exceed")
    common_nodes: int = Field(5, ge=2, description="from this many nodes on, what all share is taken out first")


class PerformancePolicy(Settings):
    """Rolling pinball and coverage against the champion's own backtest."""

    window_days: int = Field(7, ge=3, description="days that are judged")
    least_days: int = Field(4, ge=2, description="fewer judged days in the window, or in the backtest, say nothing")
    node_pinball_ratio: float = Field(1.6, gt=1, description="least ratio to the backtest that matters at a node")
    kind_pinball_ratio: float = Field(1.35, gt=1, description="the same for the mean over the nodes of a kind")
    node_coverage_drop: float = Field(0.35, gt=0, lt=1, description="least loss of coverage that matters at a node")
    kind_coverage_drop: float = Field(0.15, gt=0, lt=1, description="the same over the nodes of a kind")
    node_slack_log: float = Field(0.25, ge=0, description="how far seasons alone move a node's log pinball (sd)")
    kind_slack_log: float = Field(0.18, ge=0, description="the same for the mean over the nodes of a kind")
    node_slack_coverage: float = Field(0.09, ge=0, description="how far seasons alone move a node's coverage (sd)")
    kind_slack_coverage: float = Field(0.04, ge=0, description="the same over the nodes of a kind")


class StalePolicy(Settings):
    """No reading for longer than usual for that node."""

    floor_hours: float = Field(48.0, gt=0, description="a silence shorter than this is never stale")
    cap_hours: float = Field(168.0, gt=0, description="a silence longer than this always is")
    margin: float = Field(1.5, ge=1, description="times the longest silence of the reference")
    feed_share: float = Field(0.5, gt=0, le=1, description="from this share of silent nodes on, it is the whole feed")


class CustomerWatchPolicy(Settings):
    """Models of customers: distributions of inputs and scores, losses on what came since, sources that stay away."""

    drift_alarm: float = Field(0.25, gt=0, description="population stability index below which nothing is an alarm")
    drift_notice: float = Field(0.1, gt=0, description="nor a notice")
    least_effect: float = Field(0.1, ge=0, description="share of the scores' spread by which a drift must move them")
    missing_share: float = Field(0.15, gt=0, le=1, description="share of customers more of whom a feature is unknown")
    loss_ratio: float = Field(1.25, gt=1, description="least ratio to the loss of its own evaluation that matters")
    least_customers: int = Field(100, ge=1, description="fewer with a newly known outcome say nothing")
    blocks: int = Field(20, ge=5, description="hash-stable groups of customers by which chance is told")
    unit_customers: int = Field(60, ge=1, description="units with fewer customers are judged together, as others")
    silence_margin: float = Field(1.5, ge=1, description="times the longest gap of a table's own past")
    silence_floor_days: float = Field(7.0, gt=0, description="a silence shorter than this is never stale")
    silence_cap_days: float = Field(62.0, gt=0, description="a silence longer than this always is")
    silence_past_days: int = Field(180, ge=30, description="how far back a table's own past reaches")


class WatchPolicy(Settings):
    """How models are watched. Rates are of false alarms per run, over everything that is looked at."""

    alarm_rate: float = Field(0.02, gt=0, lt=0.5, description="chance of any false alarm in one run")
    watch_rate: float = Field(0.30, gt=0, lt=1, description="chance of any false notice in one run")
    margin: float = Field(1.2, ge=1, description="an alarm lies beyond this times the largest deviation of the past")
    windows_days: tuple[int, ...] = Field((3, 7), min_length=1, description="lengths of the judged windows")
    least_share: float = Field(0.6, gt=0, le=1, description="known share below which a day or window says nothing")
    reference_days: int = Field(730, ge=60, description="how far back the past reaches that is compared with")
    gap_days: int = Field(14, ge=7, description="days before now that are kept out of the past")
    season_days: int = Field(45, ge=10, le=183, description="days of the year, either way, that are the same season")
    least_windows: float = Field(4.0, ge=2, description="fewer whole windows in the past: not judged")
    festival_days: tuple[int, int] = Field((-12, 16), description="days around Spring Festival that are not judged")
    floors: FloorPolicy = FloorPolicy()
    level: LevelPolicy = LevelPolicy()
    performance: PerformancePolicy = PerformancePolicy()
    stale: StalePolicy = StalePolicy()
    customers: CustomerWatchPolicy = CustomerWatchPolicy()

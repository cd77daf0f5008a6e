"""From two registered versions to the gate's word: artifacts fetched, days chosen, forecasts compared."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.configs import config_path
from features.errors import ModelError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from training.customers.families import NAMES, family, is_family
from training.customers.family import Family
from training.customers.holding import data_end
from training.customers.kept import load_version
from training.customers.reading import read_cases
from training.demand import DemandModel
from training.jobs import DEMAND, PEAK
from training.peak import ConnectionPolicy, PeakModel
from training.peak.inputs import PeakInputs
from training.promotion.customer_losses import CustomerSide, judge_customers, judged_origins
from training.promotion.demand_losses import judge_demand
from training.promotion.gate import decide
from training.promotion.peak_losses import PeakSide, judge_peak, peak_origins
from training.promotion.policy import PromotionPolicy
from training.promotion.verdict import Judgement, Reason
from training.promotion.window import fresher_days, opponents, tuned_until
from training.registry import ModelVersion, fetch

__all__ = ["Judged", "judge_versions"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """The gate's word, the artifact that stood for the champion, and what was judged, in words."""

    judgement: Judgement
    champion: int
    window: str


def judge_versions(
    workspace: Workspace,
    challenger: ModelVersion,
    champion: Sequence[ModelVersion],
    policy: PromotionPolicy,
    say: Say = lambda _text: None,
) -> Judged:
    """Compare `challenger` with the serving champion, given by its lineage (the serving version first).

    Too short a window is a refusal with its reason. Raises ModelError for a model that the gate cannot judge.
    """
    if is_family(challenger.name):
        with tempfile.TemporaryDirectory() as folder:
            return _customers(workspace, family(challenger.name), challenger, champion, policy, Path(folder), say)
    if challenger.name not in (DEMAND, PEAK):
        raise ModelError(f"model {challenger.name} cannot be judged: known are {', '.join((DEMAND, PEAK, *NAMES))}")
    say("reading the lake")
    lake = Lake(workspace.lake)
    history = load_history(lake, workspace.territory())
    fresher = fresher_days(challenger, champion, history.loads.end)
    with tempfile.TemporaryDirectory() as folder:
        if challenger.name == DEMAND:
            return _demand(workspace, challenger, champion, history, policy, fresher, Path(folder), say)
        applications = lake.versions("application", as_of=history.as_of)
        return _peak(workspace, challenger, champion[0], history, applications, policy, fresher, Path(folder), say)


def _demand(
    workspace: Workspace,
    challenger: ModelVersion,
    champion: Sequence[ModelVersion],
    history: History,
    policy: PromotionPolicy,
    fresher: float,
    folder: Path,
    say: Say,
) -> Judged:
    pair = opponents(challenger, champion, history.loads.end, history.calendar, policy.window_days, policy.issue_hour)
    window = pair.window
    if window.days < policy.min_window_days:
        reason = _short("day(s)", window.days, policy.min_window_days, "hold out more days when training")
        return Judged(_refused(reason), pair.champion.version, "")
    models = [
        DemandModel.load(fetch(workspace, one, folder / str(one.version))) for one in (pair.challenger, pair.champion)
    ]
    compared = judge_demand(models[0], models[1], history, window, policy, fresher, say)
    told = f"{window.days} local days, {window.first:%Y-%m-%d} to {window.last:%Y-%m-%d}, day ahead"
    return Judged(decide(compared, policy), pair.champion.version, told)


def _peak(
    workspace: Workspace,
    challenger: ModelVersion,
    champion: ModelVersion,
    history: History,
    applications: pd.DataFrame,
    policy: PromotionPolicy,
    fresher: float,
    folder: Path,
    say: Say,
) -> Judged:
    # The artifacts hold what was learnt about connections from all data; each origin learns anew from the policy.
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    sides = []
    for version in (challenger, champion):
        config = PeakModel.load(fetch(workspace, version, folder / str(version.version))).config
        inputs = PeakInputs.from_history(history, applications, config.enough_of_block)
        sides.append(PeakSide(config, connections, inputs))
    if sides[0].config == sides[1].config:
        sides[1] = sides[0]
    least = max(side.config.min_history_days for side in sides)
    tuned = max((at for one in (challenger, champion) if (at := tuned_until(one)) is not None), default=None)
    origins = peak_origins(sides[0].inputs, least, tuned, policy.peak)
    if len(origins) < policy.peak.min_origins:
        return Judged(_refused(_short("origin(s)", len(origins), policy.peak.min_origins, "")), champion.version, "")
    compared = judge_peak(sides[0], sides[1], origins, policy.peak, fresher, say)
    days = [sides[0].inputs.days[0] + pd.Timedelta(days=day) for day in (origins[0], origins[-1])]
    told = (
        f"{len(origins)} origins, {days[0]:%Y-%m-%d} to {days[1]:%Y-%m-%d}, "
        f"the highest load of the {policy.peak.horizon_days} days after each"
    )
    return Judged(decide(compared, policy, policy.peak.coverage, block_days=1), champion.version, told)


def _customers(
    workspace: Workspace,
    one: Family,
    challenger: ModelVersion,
    champion: Sequence[ModelVersion],
    policy: PromotionPolicy,
    folder: Path,
    say: Say,
) -> Judged:
    say("making cases from the lake")
    lake, rule = Lake(workspace.lake), policy.customers
    model, config = load_version(one, fetch(workspace, challenger, folder / "challenger"))
    cases = read_cases(one, lake, workspace.territory(), config)
    opponent, origins = judged_origins(cases.origins(), challenger, champion)
    if not origins:
        reason = _short("origin(s)", 0, 1, "hold out more origins when training", "outcomes")
        return Judged(_refused(reason), opponent.version, "")
    older, settings = load_version(one, fetch(workspace, opponent, folder / "champion"))
    same = settings == config
    sides = [
        CustomerSide(older, cases if same else read_cases(one, lake, workspace.territory(), settings)).of(origins),
        CustomerSide(model, cases).of(origins),
    ]
    customers = sides[1].cases.rows["customer_id"].nunique()
    if customers < rule.min_customers:
        reason = _short("customer(s)", customers, rule.min_customers, "", "outcomes")
        return Judged(_refused(reason), opponent.version, "")
    say(f"judging {len(sides[1].cases.rows)} cases")
    fresher = fresher_days(challenger, champion, data_end(cases))
    compared = judge_customers(one, sides[0], sides[1], policy, fresher)
    told = f"{customers} customers at {len(origins)} origin(s), {origins[0]:%Y-%m-%d} to {origins[-1]:%Y-%m-%d}"
    return Judged(decide(compared, policy, rule.coverage, block_days=1), opponent.version, told)


def _refused(reason: Reason) -> Judgement:
    return Judgement(False, reason, (), pd.DataFrame(), {})


def _short(unit: str, found: int, least: int, advice: str, known: str = "load") -> Reason:
    hint = f"; {advice}, or wait for more data" if advice else "; tune on less of the data, or wait for more"
    return Reason(
        "WINDOW",
        f"Only {found} {unit} of known {known} come after all that either version has trained or tuned on, {least} are "
        f"the least to judge by{hint}.",
    )

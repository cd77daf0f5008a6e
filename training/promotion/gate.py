"""The gate: from the losses of both models on the same days to accepted or refused. Pure."""

import numpy as np
import pandas as pd

from training.promotion.paired import Interval, Paired, interval, pair_up
from training.promotion.policy import FEWEST_BLOCKS, CoverageRule, LatencyRule, PromotionPolicy
from training.promotion.verdict import Check, Compared, Judgement, Pair, Reason, Words

__all__ = ["decide"]


def decide(
    compared: Compared, policy: PromotionPolicy, coverage: CoverageRule | None = None, block_days: int | None = None
) -> Judgement:
    """Accept only a non-inferior challenger that is better or fresher, and breaks nothing.

    `coverage` and `block_days` replace those of the policy, for models judged otherwise. Swapping the models turns
    every difference around, so of two models at most one is ever better than the other.
    """
    words, block = compared.words, block_days or policy.block_days
    paired = pair_up(compared.losses, block, policy.min_node_share, compared.over_node)
    overall = interval(paired.means(), policy.confidence)
    table = _by_node(paired, policy.confidence)
    figures = _figures(compared, paired, overall)
    if overall.observations < FEWEST_BLOCKS:
        return Judgement(False, _no_truth(paired, overall, words), (), table, figures)
    checks = (
        _non_inferior(overall, policy),
        # Where differences are over the node's mean, bad days count in full already.
        *(() if compared.over_node else (_bad_days(figures["difference_whole"], policy),)),
        _better(overall),
        _fresher(compared.fresher_days, policy),
        _nodes(table, policy, words),
        *(_coverage(compared.coverage, coverage or policy.coverage) if compared.coverage else ()),
        *_latency(compared, policy.latency),
    )
    reason = _reason(checks, overall, len(table), policy, words)
    return Judgement(reason.code in ("BETTER", "FRESHER"), reason, checks, table, figures)


def _by_node(paired: Paired, confidence: float) -> pd.DataFrame:
    """The table of Judgement, the worst node first."""
    nodes = len(paired.blocks)
    # Bonferroni: over all nodes together no more often wrong than one interval.
    shared = 1 - (1 - confidence) / max(nodes, 1)
    own = [interval(row, confidence) for row in paired.blocks.to_numpy(dtype=float)]
    strict = [interval(row, shared) for row in paired.blocks.to_numpy(dtype=float)]
    table = pd.DataFrame(
        {
            "champion": paired.champion,
            "challenger": paired.challenger,
            "difference": [one.mean for one in own],
            "low": [one.low for one in own],
            "high": [one.high for one in own],
            "worse_by": [one.low for one in strict],
            "blocks": [one.observations for one in own],
        },
        index=paired.blocks.index.rename("node_id"),
    )
    return table.sort_values("difference", ascending=False, kind="stable")


def _figures(compared: Compared, paired: Paired, overall: Interval) -> dict[str, float]:
    figures = {
        "difference": overall.mean,
        "difference_low": overall.low,
        "difference_high": overall.high,
        "difference_whole": float(paired.whole().mean()),
        "blocks": float(overall.observations),
        "nodes": float(len(paired.blocks)),
        "nodes_left_out": float(len(paired.left_out)),
        "fresher_days": compared.fresher_days,
    }
    if compared.coverage is not None:
        figures["coverage_champion"] = compared.coverage.champion
        figures["coverage_challenger"] = compared.coverage.challenger
    for asked, pair in compared.latency.items():
        figures[f"seconds_{asked}_champion"], figures[f"seconds_{asked}_challenger"] = pair.champion, pair.challenger
    return figures


def _no_truth(paired: Paired, overall: Interval, words: Words) -> Reason:
    return Reason(
        "NO_TRUTH",
        f"Only {overall.observations} {words.block} and {len(paired.blocks)} {words.node}(s) have {words.known} and "
        f"forecasts of both ({len(paired.left_out)} {words.node}(s) left out); {FEWEST_BLOCKS} blocks are the least to "
        "judge by.",
    )


def _non_inferior(overall: Interval, policy: PromotionPolicy) -> Check:
    passed = overall.high < policy.margin
    sentence = f"the loss is at most {overall.high:+.1%} different, the margin is {policy.margin:+.1%}"
    return Check("non_inferior", overall.high, f"< {policy.margin:g}", passed, sentence)


def _bad_days(whole: float, policy: PromotionPolicy) -> Check:
    sentence = f"over the window as a whole, bad days at their full cost, the loss differs by {whole:+.1%}"
    return Check("bad_days", whole, f"< {policy.margin:g}", whole < policy.margin, sentence)


def _better(overall: Interval) -> Check:
    passed = overall.high < 0
    sentence = f"the whole interval, {overall.low:+.1%} to {overall.high:+.1%}, {'is' if passed else 'is not'} below 0"
    return Check("better", overall.high, "< 0", passed, sentence)


def _fresher(days: float, policy: PromotionPolicy) -> Check:
    sentence = f"it knows {days:.0f} more day(s) of data, {policy.fresher_days} count as fresher"
    return Check("fresher", days, f">= {policy.fresher_days}", days >= policy.fresher_days, sentence)


def _nodes(table: pd.DataFrame, policy: PromotionPolicy, words: Words) -> Check:
    surely = table["worse_by"].fillna(-np.inf)
    worst = float(surely.max())
    hit = list(table.index[surely > policy.node_guard])
    named = f"{len(hit)} {words.node}(s) surely lose more than {policy.node_guard:.0%}"
    if hit:
        named += f", first {hit[0]} with {table.loc[hit[0], 'difference']:+.0%}"
    return Check("nodes", worst, f"<= {policy.node_guard:g}", not hit, named)


def _coverage(coverage: Pair, rule: CoverageRule) -> tuple[Check, Check]:
    further = abs(coverage.challenger - rule.target) - abs(coverage.champion - rule.target)
    towards = (
        f"{coverage.challenger:.1%} of outcomes lie within, {rule.target:.0%} is claimed; "
        f"the champion's {coverage.champion:.1%}"
    )
    # A figure on the edge of a tolerance passes, whatever its last binary digit says.
    near = bool(further <= rule.tolerance + 1e-9)
    inside = bool(rule.least <= coverage.challenger <= rule.most)
    bounds = f"{coverage.challenger:.1%} of outcomes lie within, {rule.least:.0%} to {rule.most:.0%} are asked"
    return (
        Check("coverage", further, f"<= {rule.tolerance:g} further from {rule.target:g}", near, towards),
        Check("coverage_bounds", coverage.challenger, f"{rule.least:g} to {rule.most:g}", inside, bounds),
    )


def _latency(compared: Compared, rule: LatencyRule) -> tuple[Check, ...]:
    checks = []
    for asked, pair in sorted(compared.latency.items()):
        limit = rule.one_node_limit_seconds if asked == "one" else rule.limit_seconds
        allowed = min(limit, max(rule.ratio * pair.champion, rule.negligible_seconds))
        whom = compared.words.one_node if asked == "one" else compared.words.all_nodes
        sentence = (
            f"a forecast of {whom} takes {pair.challenger:.2f} s, {allowed:.2f} s are allowed "
            f"(the champion's takes {pair.champion:.2f} s)"
        )
        name = f"latency_{asked}"
        checks.append(Check(name, pair.challenger, f"<= {allowed:.3g} s", pair.challenger <= allowed, sentence))
    return tuple(checks)


def _reason(checks: tuple[Check, ...], overall: Interval, nodes: int, policy: PromotionPolicy, words: Words) -> Reason:
    held = {check.name: check.passed for check in checks}
    seen = (
        f"Over {nodes} {words.node}(s) and {overall.observations} {words.block} its loss is {overall.mean:+.1%} "
        f"against the champion's ({policy.confidence:.0%} interval {overall.low:+.1%} to {overall.high:+.1%})"
    )
    broken = [check.sentence for check in checks if not check.passed and check.name not in ("better", "fresher")]
    if broken:
        return Reason(_first_broken(held, overall), f"{seen}: {'; '.join(broken)}.")
    if held["better"]:
        return Reason("BETTER", f"{seen}: it is better.")
    told = next(check.sentence for check in checks if check.name == "fresher")
    if held["fresher"]:
        return Reason("FRESHER", f"{seen}: it is no worse, and {told}.")
    return Reason("NO_GAIN", f"{seen}: it is no worse, but not surely better, and {told}.")


def _first_broken(held: dict[str, bool], overall: Interval) -> str:
    broken = {name for name, passed in held.items() if not passed}
    if "non_inferior" in broken:
        return "WORSE" if overall.low > 0 else "UNSURE"
    if "bad_days" in broken:
        return "BAD_DAYS"
    if "nodes" in broken:
        return "NODE_WORSE"
    return "COVERAGE" if broken & {"coverage", "coverage_bounds"} else "LATENCY"

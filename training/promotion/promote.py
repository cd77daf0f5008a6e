"""A challenger's way to serving: judged, logged, fitted anew on all data, made champion; or refused with the reason."""

from collections.abc import Callable
from dataclasses import replace

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace
from training.customers.families import is_family
from training.jobs import refit
from training.promotion.comparison import judge_versions
from training.promotion.policy import PromotionPolicy
from training.promotion.record import log_verdict
from training.promotion.verdict import Force, Reason, Verdict
from training.promotion.window import judged_root, lineage
from training.registry import Champion, ModelVersion, champion, list_versions, promote

__all__ = ["promote_challenger"]

Say = Callable[[str], None]


def promote_challenger(
    workspace: Workspace,
    name: str,
    policy: PromotionPolicy,
    version: int | None = None,
    force: Force | None = None,
    say: Say = lambda _text: None,
) -> Verdict:
    """Let `version` (default: the challenger) serve if the gate accepts it; the verdict says what came of it and why.

    The first version of a model has nobody to beat. Any later one is compared with the champion on days neither has
    trained or tuned on, and the comparison is logged. What is accepted is fitted again on all data with the same
    parameters, and that refit serves. `force` promotes against the gate and is recorded; the comparison is made and
    shown all the same. The record of what serves is replaced last, in one step: whatever is interrupted before leaves
    the champion serving.
    Raises NotFoundError without such a version and ModelError when the champion changed meanwhile.
    """
    policy = policy.of_customers() if is_family(name) else policy
    versions = list_versions(workspace, name)
    challenger = _asked(versions, name, version)
    serving = champion(workspace, name)
    if serving is None:
        return _first(workspace, challenger, force, say)
    line = lineage(versions, _known(versions, name, serving.version))
    if line[-1].version == challenger.version:
        said = f"Version {serving.version} serves already" + ("." if len(line) == 1 else ", its refit.")
        return Verdict(
            name, challenger.version, True, Reason("SERVES", said), serving.version, serving.version, line[-1].version
        )
    judged = judge_versions(workspace, challenger, line, policy, say)
    verdict = Verdict(
        name,
        challenger.version,
        False,
        judged.judgement.reason,
        serving_version=serving.version,
        champion=serving.version,
        judged_champion=judged.champion,
        window=judged.window,
    ).with_judgement(judged.judgement)
    verdict = _forced(verdict, force) if force is not None else verdict
    say("logging the comparison")
    verdict = replace(verdict, run_id=log_verdict(workspace, verdict, policy))
    return _made_champion(workspace, challenger, serving, verdict, say) if verdict.promoted else verdict


def _asked(versions: list[ModelVersion], name: str, number: int | None) -> ModelVersion:
    """The version that is judged: a refit is never asked for itself, it is what its parameters' promotion left."""
    if number is not None:
        return judged_root(versions, _known(versions, name, number))
    waiting = [one for one in versions if "challenger" in one.aliases]
    if not waiting:
        raise NotFoundError(f"no challenger of {name} waits: train one, or name a version")
    return judged_root(versions, waiting[0])


def _known(versions: list[ModelVersion], name: str, number: int) -> ModelVersion:
    found = [one for one in versions if one.version == number]
    if not found:
        raise NotFoundError(
            f"model {name} has no version {number}; registered: {[one.version for one in versions] or 'none'}"
        )
    return found[0]


def _first(workspace: Workspace, challenger: ModelVersion, force: Force | None, say: Say) -> Verdict:
    reason = Reason("FIRST", "Nothing served before: there is nothing to compare with.")
    final = refit(workspace, challenger, say)
    made = promote(workspace, challenger.name, final.version, _record(reason, challenger, None, force))
    return Verdict(challenger.name, challenger.version, True, reason, made.version, forced=force)


def _forced(verdict: Verdict, force: Force) -> Verdict:
    """Promoted whatever the gate said; an accepted one keeps the gate's reason."""
    if verdict.promoted:
        return replace(verdict, forced=force)
    said = f"{force.by} decided so ({force.why}). The gate: {verdict.reason.code}. {verdict.reason.sentence}"
    return replace(verdict, promoted=True, reason=Reason("FORCED", said), forced=force)


def _made_champion(
    workspace: Workspace, challenger: ModelVersion, serving: Champion, verdict: Verdict, say: Say
) -> Verdict:
    final = refit(workspace, challenger, say)
    now = champion(workspace, challenger.name)
    if now is None or now.promoted_at != serving.promoted_at:
        raise ModelError(f"the champion of {challenger.name} was changed while version {challenger.version} was judged")
    say("promoting")
    promote(workspace, challenger.name, final.version, _record(verdict.reason, challenger, verdict, verdict.forced))
    return replace(verdict, serving_version=final.version)


def _record(reason: Reason, challenger: ModelVersion, verdict: Verdict | None, force: Force | None) -> dict[str, str]:
    """What is kept with the promotion: the judged version, on what grounds, and by whom against the gate."""
    record = {"reason": reason.code, "sentence": reason.sentence, "judged_version": str(challenger.version)}
    if verdict is not None:
        record |= {"judged_champion": str(verdict.judged_champion), "window": verdict.window, "run": verdict.run_id}
        record |= {key: f"{value:.6g}" for key, value in verdict.figures.items() if key.startswith("difference")}
    if force is not None:
        record |= {"forced": "true", "by": force.by, "why": force.why}
    return record

"""Customers in clusters that keep their names: k-means on scaled columns, new centres matched to named ones."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.tags.definitions import Cluster

__all__ = ["Centre", "Centres", "distance_ratios", "fit_centres"]

_ROWS_AT_MOST = 20_000
_ROWS_PER_CLUSTER = 10
_CLIP = 4.0
"""Quartile ranges from the median beyond which a value is as far as it can be: k-means follows outliers otherwise."""
_WORTH_MOVING = 0.95
"""A fresh start replaces the centres of the last run only where it leaves this share of their inertia or less."""
_IMPOSSIBLE = 1e6


@dataclass(frozen=True)
class Centre:
    """A named cluster: where its centre lies, in the units of the columns; `retired` while nobody is near it."""

    code: str
    english: str
    chinese: str
    at: tuple[float, ...]
    retired: bool = False


@dataclass(frozen=True)
class Centres:
    """The clusters of one tag, those retired included, and the scale that distances are measured on."""

    middle: tuple[float, ...]
    scale: tuple[float, ...]
    centres: tuple[Centre, ...]

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Values [n × columns] in quartile ranges from the median, outliers drawn in."""
        return np.clip((values - np.array(self.middle)) / np.array(self.scale), -_CLIP, _CLIP)


def fit_centres(cluster: Cluster, values: np.ndarray, previous: Centres | None) -> Centres:
    """Centres of finite `values` [n × columns], named after those of the last run, or as the definition expects them.

    The assignment of names makes the sum of distances smallest among those not farther apart than `far`; a centre
    near no name gets a new one, and a name without a centre is retired until one comes back. Too few rows to tell
    leave everything as it was.
    """
    named = previous or Centres((0.0,) * len(cluster.columns), (1.0,) * len(cluster.columns), _expected(cluster))
    if len(values) < _ROWS_PER_CLUSTER * cluster.count:
        return named
    middle = np.median(values, axis=0)
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    scale = np.where(high > low, high - low, np.maximum(values.std(axis=0), 1e-9))
    new = Centres(tuple(middle.tolist()), tuple(scale.tolist()), named.centres)
    active = np.array([one.at for one in named.centres if not one.retired]).reshape(-1, len(cluster.columns))
    at = middle + scale * _centres(cluster, new.scaled(values), new.scaled(active), warm=previous is not None)
    return Centres(new.middle, new.scale, _named(cluster, at, new))


def distance_ratios(centres: Centres, values: np.ndarray) -> np.ndarray:
    """Distance to each centre over the distance to the nearest other [n × centres]; infinite for retired ones."""
    points = centres.scaled(values)
    far = np.full((len(values), len(centres.centres)), np.inf)
    for place, one in enumerate(centres.centres):
        if not one.retired:
            far[:, place] = np.sqrt(((points - centres.scaled(np.array([one.at]))) ** 2).sum(axis=1))
    order = np.sort(far, axis=1)
    others = np.where(far == order[:, :1], order[:, 1:2], order[:, :1])
    ratios = np.full_like(far, np.inf)
    # Two centres at one place, and a customer on them: as near to the one as to the other.
    np.divide(far, others, out=ratios, where=np.isfinite(far) & (others > 0))
    ratios[(far == 0) & (others == 0)] = 1.0
    return ratios


def _expected(cluster: Cluster) -> tuple[Centre, ...]:
    return tuple(
        Centre(one.code, one.name.english, one.name.chinese, tuple(one.centre[name] for name in cluster.columns))
        for one in cluster.names
    )


def _centres(cluster: Cluster, points: np.ndarray, last: np.ndarray, warm: bool) -> np.ndarray:
    from sklearn.cluster import KMeans

    some = points[np.linspace(0, len(points) - 1, min(len(points), _ROWS_AT_MOST)).astype(int)]
    count = min(cluster.count, len(np.unique(some, axis=0)))
    fresh = KMeans(count, n_init=5, random_state=0).fit(some)
    if warm and len(last) == count:
        kept = KMeans(count, init=last, n_init=1, random_state=0).fit(some)
        if fresh.inertia_ > _WORTH_MOVING * kept.inertia_:
            return np.asarray(kept.cluster_centers_)
    return np.asarray(fresh.cluster_centers_)


def _named(cluster: Cluster, at: np.ndarray, before: Centres) -> tuple[Centre, ...]:
    from scipy.optimize import linear_sum_assignment

    known = before.centres
    new, old = before.scaled(at), before.scaled(np.array([one.at for one in known]).reshape(-1, at.shape[1]))
    apart = np.sqrt(((new[:, None, :] - old[None, :, :]) ** 2).sum(axis=2))
    pairs = linear_sum_assignment(np.where(apart <= cluster.far, apart, _IMPOSSIBLE))
    place_of = {int(name): int(place) for place, name in zip(*pairs, strict=True) if apart[place, name] <= cluster.far}
    found = [
        Centre(one.code, one.english, one.chinese, tuple(at[place_of[name]].tolist()))
        if name in place_of
        else Centre(one.code, one.english, one.chinese, one.at, retired=True)
        for name, one in enumerate(known)
    ]
    number = len(known) - len(cluster.names)
    for place in sorted(set(range(len(at))) - set(place_of.values())):
        number += 1
        words = (f"new_{number}", f"new pattern {number}", f"新模式{number}")
        found.append(Centre(*words, tuple(at[place].tolist())))
    return tuple(found)

"""What a customer keeps to: its tariff, the way it pays, how punctual it is, and whether it uses the application."""

from dataclasses import dataclass

import numpy as np

from features.demo.dealings.ground import Ground
from features.demo.dealings.tariffs import choose_tariffs

__all__ = ["PUNCTUALITY", "Habits", "draw_habits"]

PUNCTUALITY = ("prompt", "late", "parts", "stopped", "ahead")
_SHARES = (0.78, 0.105, 0.03, 0.035, 0.05)
_CHANNELS = ("app", "wallet", "bank", "hall")
_HOME_ODDS, _BUSINESS_ODDS = (0.34, 0.36, 0.18, 0.12), (0.16, 0.10, 0.58, 0.16)


@dataclass(frozen=True)
class Habits:
    """One entry per customer; planted truth, of which the tables show the traces.

    `tariff` is an index into `TARIFFS`. `punctuality` is one of `PUNCTUALITY`: those who pay in time, often late, in
    parts, not at all from span day `stopped` on, or ahead. `app_since` is the span day from which the application is
    used, beyond the span where it never is. `calls` is how often a customer turns to the utility, relative to others.
    """

    tariff: np.ndarray
    punctuality: np.ndarray
    channel: np.ndarray
    autopay: np.ndarray
    stopped: np.ndarray
    app_since: np.ndarray
    calls: np.ndarray


def draw_habits(ground: Ground) -> Habits:
    """Draw the habits of every customer."""
    rng, n = ground.rng(0), ground.count
    tariff = choose_tariffs(ground, rng)
    home = ground.customers.customer_class == "residential"
    channel = np.where(home, rng.choice(_CHANNELS, n, p=_HOME_ODDS), rng.choice(_CHANNELS, n, p=_BUSINESS_ODDS))
    punctuality = rng.choice(PUNCTUALITY, n, p=_SHARES).astype(object)
    # Businesses are billed afterwards.
    punctuality[(punctuality == "ahead") & ~home] = "prompt"
    steady = punctuality == "prompt"
    autopay = steady & np.isin(channel, ("bank", "wallet")) & (rng.random(n) < 0.55)
    late_user = ground.since + rng.integers(0, ground.span, n)
    never = ground.span + 1
    app_since = np.where(rng.random(n) < 0.22, late_user, never)
    return Habits(
        tariff=tariff,
        punctuality=punctuality,
        channel=channel.astype(object),
        autopay=autopay,
        stopped=(ground.span * rng.uniform(0.35, 0.97, n)).astype(int),
        app_since=np.where(channel == "app", ground.since, app_since),
        calls=rng.gamma(1.2, 1 / 1.2, n),
    )

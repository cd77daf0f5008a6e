"""Which days may be judged, what stands for a champion that has seen them, and what counts as fresher."""

import pandas as pd
import pytest

from features.clock import Calendar
from features.errors import ModelError
from training.promotion.window import fresher_days, judged_root, lineage, opponents, seen_until, trained_until
from training.registry import ModelVersion

SHANGHAI = Calendar("Asia/Shanghai", "CN")
END = pd.Timestamp("2025-12-31T16:00Z")  # local midnight


def version(
    number: int, days_before_end: float, tuned: float | None = None, refit_of: int | None = None
) -> ModelVersion:
    tags = {"trained_until": (END - pd.Timedelta(days=days_before_end)).isoformat(), "tuned_until": ""}
    if tuned is not None:
        tags["tuned_until"] = (END - pd.Timedelta(days=tuned)).isoformat()
    if refit_of is not None:
        tags["refit_of"] = str(refit_of)
    return ModelVersion("demand", number, "run", END, "", (), {}, {}, tags)


def window(challenger: ModelVersion, *champion: ModelVersion, days: int = 28, hour: int = 6):
    return opponents(challenger, champion, END, SHANGHAI, days, hour)


def test_the_window_is_the_last_days_issued_after_all_that_either_has_seen() -> None:
    found = window(version(2, 28), version(1, 60))
    assert found.champion.version == 1
    # Issued at six the day before: the first target day begins eighteen hours after the end of training at least.
    assert (found.window.first, found.window.last) == (pd.Timestamp("2025-12-05"), pd.Timestamp("2025-12-31"))
    assert found.window.days == 27
    assert window(version(2, 29), version(1, 60)).window.days == 28
    assert window(version(2, 28), version(1, 60), days=10).window.first == pd.Timestamp("2025-12-22")


def test_a_part_of_a_day_at_the_end_is_not_judged() -> None:
    found = opponents(version(2, 60), [version(1, 60)], END - pd.Timedelta(hours=5), SHANGHAI, 28, 6).window
    assert (found.last, found.days) == (pd.Timestamp("2025-12-30"), 28)


@pytest.mark.parametrize("seen", [version(2, 40, tuned=10), version(2, 10)])
def test_days_that_tuning_has_seen_are_not_judged(seen: ModelVersion) -> None:
    assert seen_until(seen) == END - pd.Timedelta(days=10)
    assert window(seen, version(1, 60)).window.days == 9
    assert window(version(2, 60), seen).window.days == 9


def test_no_day_is_left_when_all_was_trained_on() -> None:
    assert window(version(2, 0), version(1, 60)).window.days == 0


def test_a_refit_that_has_seen_the_window_is_judged_by_its_ancestor() -> None:
    champion = [version(3, 7, refit_of=1), version(1, 35)]
    assert window(version(4, 28), *champion).champion.version == 1
    assert window(version(4, 28), *champion).window.days == 27


def test_a_refit_that_has_not_seen_it_is_judged_itself() -> None:
    champion = [version(3, 31, refit_of=1), version(1, 59)]
    assert window(version(4, 28), *champion).champion.version == 3


def test_lineage_follows_refits_to_the_first_training() -> None:
    versions = [version(1, 60), version(2, 40, refit_of=1), version(3, 9, refit_of=2)]
    assert [one.version for one in lineage(versions, versions[2])] == [3, 2, 1]
    assert judged_root(versions, versions[2]).version == 1
    with pytest.raises(ModelError, match="refit of 2, which is not kept"):
        lineage(versions[2:], versions[2])


def test_what_does_not_say_has_seen_all_until_it_was_made() -> None:
    bare = ModelVersion("demand", 1, "run", END, "", (), {}, {}, {})
    assert trained_until(bare) == seen_until(bare) == END


@pytest.mark.parametrize(
    ("challenger", "champion", "days"),
    [
        # Trained anew a month later, both with four weeks held out; the champion serves as a refit of its time.
        (version(3, 28), [version(2, 31, refit_of=1), version(1, 59)], 31),
        # Other parameters on the same data.
        (version(3, 28), [version(2, 0, refit_of=1), version(1, 28)], 0),
        (version(2, 28), [version(1, 28)], 0),
        # A shorter hold-out on the same data is no fresher: the refit would know no more.
        (version(3, 7), [version(2, 0, refit_of=1), version(1, 28)], 0),
        (version(3, 60), [version(1, 30)], -30),
    ],
)
def test_fresher_is_what_was_trained_later_and_will_know_more(
    challenger: ModelVersion, champion: list[ModelVersion], days: float
) -> None:
    assert fresher_days(challenger, champion, END) == pytest.approx(days)

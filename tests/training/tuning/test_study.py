"""Studies: what is tried depends on what is finished alone, whoever died in between."""

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import BaseStorage
from optuna.trial import TrialState, create_trial

from features.errors import ConfigError, ModelError
from training.tuning.finals import final_round, ranked
from training.tuning.storage import open_storage
from training.tuning.study import SLOT, Plan, Runner, finished_trials, free_slot, open_study

TRIALS = 14


class Killed(BaseException):
    """Stands for the end of the process: nothing below it may run."""


def a_dead_worker() -> dict[str, Any]:
    """Attributes of a process that was here and is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return {"worker_host": socket.gethostname(), "worker_pid": gone.pid, "worker_started": 1.0, "begun": time.time()}


def leave_open(storage: BaseStorage, name: str, worker: dict[str, Any]) -> int:
    """An open trial of `worker`, in the study of this name; its id."""
    study_id = storage.get_study_id_from_name(name)
    return storage.create_new_trial(study_id, create_trial(state=TrialState.RUNNING, user_attrs=worker))


class TestSequence:
    def test_the_settings_as_they_were_come_first_and_the_study_gets_better(
        self, journal: Path, bowl: Any, open_runner: Any, tried: Any
    ) -> None:
        runner = open_runner(journal)
        runner.run(bowl(), TRIALS)
        rows = tried(runner)
        assert [row[0] for row in rows] == list(range(TRIALS))
        assert dict(rows[0][3]) == {"width": 20, "rate": 0.3, "shape": "flat"}
        assert min(row[2] for row in rows) < rows[0][2] / 2
        assert {row[1] for row in rows} == {"COMPLETE", "PRUNED"}

    def test_a_study_broken_off_anywhere_tries_the_same_as_one_that_was_not(
        self, tmp_path: Path, bowl: Any, open_runner: Any, tried: Any
    ) -> None:
        whole = open_runner(tmp_path / "whole.journal")
        whole.run(bowl(), TRIALS)
        broken = tmp_path / "broken.journal"
        runner = open_runner(broken)
        for part in range(1, TRIALS + 1, 3):
            runner = open_runner(broken)
            runner.run(bowl(), part)
            # A process begins a trial, is killed in the middle of a line, and the next takes over.
            storage = open_storage(broken)
            worker = a_dead_worker()
            trial_id = leave_open(storage, "bowl", worker)
            storage.set_trial_user_attr(trial_id, SLOT, part)
            with broken.open("ab") as file:
                file.write(b'{"op_code": 5, "worker_id": "gone", "trial_id": ')
        runner = open_runner(broken)
        runner.run(bowl(), TRIALS)
        assert tried(runner) == tried(whole)
        assert all(line.startswith(b"{") and line.endswith(b"}") for line in broken.read_bytes().splitlines())

    def test_trials_are_counted_over_all_runs(self, journal: Path, bowl: Any, open_runner: Any) -> None:
        open_runner(journal).run(bowl(), 3)
        again = bowl()
        open_runner(journal).run(again, 3)
        assert again.scored == []

    def test_no_trial_is_begun_after_the_time_is_up(self, journal: Path, bowl: Any, open_runner: Any) -> None:
        runner = open_runner(journal)
        runner.run(bowl(lambda _count: time.sleep(0.1)), 50, seconds=0.25)
        assert len(finished_trials(runner.study)) == 1

    def test_an_error_ends_the_run_and_frees_the_slot(
        self, tmp_path: Path, bowl: Any, open_runner: Any, tried: Any
    ) -> None:
        def at_seven(count: int) -> None:
            if count == 7:
                raise ModelError("out of rows")

        runner = open_runner(tmp_path / "one.journal")
        with pytest.raises(ModelError, match="out of rows"):
            runner.run(bowl(at_seven), TRIALS)
        runner.run(bowl(), TRIALS)
        whole = open_runner(tmp_path / "two.journal")
        whole.run(bowl(), TRIALS)
        assert tried(runner) == tried(whole)

    def test_a_score_that_is_no_number_is_an_error(self, journal: Path, open_runner: Any, bowl: Any) -> None:
        class Nothing(bowl):
            def score(self, *_args: Any, **_more: Any) -> float:
                return float("nan")

        with pytest.raises(ModelError, match="fold 0"):
            open_runner(journal).run(Nothing(), 2)


class TestTheDead:
    @pytest.mark.parametrize(
        ("worker", "dead"),
        [
            ({}, True),
            ({"worker_host": "elsewhere", "worker_pid": 1, "worker_started": 1.0, "begun": time.time()}, False),
            ({"worker_host": "elsewhere", "worker_pid": 1, "worker_started": 1.0, "begun": 0.0}, True),
            ({"worker_host": socket.gethostname(), "worker_pid": os.getpid(), "worker_started": 1.0}, True),
            ({"worker_host": socket.gethostname(), "worker_pid": os.getppid(), "worker_started": 1.0}, True),
        ],
        ids=["nobody", "elsewhere", "elsewhere-long-ago", "own-id-of-another-life", "id-used-again"],
    )
    def test_open_trials_of_the_dead_are_failed(
        self, journal: Path, open_runner: Any, worker: dict[str, Any], dead: bool
    ) -> None:
        runner = open_runner(journal)
        leave_open(open_storage(journal), "bowl", worker)
        assert runner.bury_the_dead() == int(dead)
        assert runner.bury_the_dead() == 0

    def test_the_living_are_left_alone(self, journal: Path, open_runner: Any, bowl: Any) -> None:
        runner = open_runner(journal)
        other = open_runner(journal)
        buried: list[int] = []
        runner.run(bowl(lambda _count: buried.append(other.bury_the_dead())), 2)
        assert set(buried) == {0}

    def test_a_trial_taken_away_is_dropped_not_counted(self, journal: Path, open_runner: Any, bowl: Any) -> None:
        runner = open_runner(journal)
        other = open_storage(journal)

        def take_away(count: int) -> None:
            if count == 1:
                other.set_trial_state_values(0, TrialState.FAIL)

        runner.run(bowl(take_away), 2)
        found = finished_trials(runner.study)
        assert [trial.user_attrs[SLOT] for trial in found] == [0, 1]
        assert [trial.number for trial in found] == [1, 2]


class TestSlots:
    def trials(self, *slots: Any) -> Any:
        made = []
        for slot in slots:
            state = TrialState.FAIL if slot == "dead" else TrialState.RUNNING
            made.append(create_trial(state=state, user_attrs={SLOT: slot} if isinstance(slot, int) else {}))
        return made

    @pytest.mark.parametrize(
        ("before", "expected"),
        [((), 0), ((0, 1), 2), ((0, 2), 1), (("dead", 0), 1), ((None,), 1), ((0, None, None), 3), ((1, None), 2)],
    )
    def test_the_lowest_that_none_has_or_is_about_to_take(self, before: tuple[Any, ...], expected: int) -> None:
        assert free_slot(self.trials(*before)) == expected


class TestSharing:
    def test_a_study_of_something_else_is_not_continued(self, journal: Path, plan: Plan[Any], open_runner: Any) -> None:
        open_runner(journal)
        with pytest.raises(ConfigError, match="another data"):
            open_study(open_storage(journal), plan.name, {**plan.identity, "data": "2"})

    def test_runners_share_a_journal(self, journal: Path, bowl: Any, open_runner: Any, tried: Any) -> None:
        objectives = [bowl(lambda _count: time.sleep(0.005)) for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            for done in [pool.submit(open_runner(journal).run, one, TRIALS) for one in objectives]:
                done.result(60)
        check_shared(tried(open_runner(journal)))
        assert all(one.scored for one in objectives)

    @pytest.mark.slow
    def test_processes_share_a_journal(self, journal: Path, open_runner: Any, tried: Any) -> None:
        together(str(journal))
        check_shared(tried(open_runner(journal)))

    @pytest.mark.slow
    def test_processes_share_a_postgresql_server(self, postgres_url: str, open_runner: Any, tried: Any) -> None:
        together(postgres_url)
        check_shared(tried(open_runner(postgres_url)))

    @pytest.mark.slow
    def test_a_server_gives_the_same_trials_as_a_journal(
        self, postgres_url: str, journal: Path, bowl: Any, open_runner: Any, tried: Any
    ) -> None:
        for where in (postgres_url, journal):
            open_runner(where).run(bowl(), 5)
            leave_open(open_storage(where), "bowl", a_dead_worker())
            open_runner(where).run(bowl(), TRIALS)
        assert tried(open_runner(postgres_url)) == tried(open_runner(journal))

    def test_a_server_that_is_not_there_is_named_without_its_password(self) -> None:
        with pytest.raises(ConfigError, match=r"postgresql://me:\*\*\*@127\.0\.0\.1:1/db") as told:
            open_storage("postgresql://me:secret@127.0.0.1:1/db")
        assert "secret" not in str(told.value)


def together(where: str) -> None:
    """Three processes work on one study at once."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(where,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]


def work(where: str) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import SETTINGS, SPACE, Bowl, Knobs

    plan = Plan("bowl", {"model": "bowl", "data": "1"}, Knobs(), SPACE, SETTINGS)
    Runner(open_storage(where), plan).run(Bowl(lambda _count: time.sleep(0.02)), TRIALS)


def check_shared(rows: list[tuple[Any, ...]]) -> None:
    """Every slot once, the settings as they were once, and no two trials alike."""
    assert [row[0] for row in rows] == list(range(TRIALS))
    assert len({row[3] for row in rows}) == TRIALS
    assert sum(dict(row[3]) == {"width": 20, "rate": 0.3, "shape": "flat"} for row in rows) == 1


class TestFinals:
    def test_without_finalists_the_trials_decide(self, journal: Path, bowl: Any, plan: Any, open_runner: Any) -> None:
        runner = open_runner(journal)
        objective = bowl()
        runner.run(objective, 6)
        assert final_round(runner.study, plan, objective) == ranked(finished_trials(runner.study))

    def test_finalists_are_scored_in_full_and_may_lose_to_the_settings_as_they_were(
        self, journal: Path, bowl: Any, plan: Any, open_runner: Any
    ) -> None:
        class Fickle(bowl):
            finalists = 2

            def score(self, config: Any, fold: int, full: bool = False) -> float:
                value = super().score(config, fold, full)
                return -value if full else value

        runner, objective = open_runner(journal), Fickle()
        runner.run(objective, 8)
        final = final_round(runner.study, plan, objective)
        assert sorted(one.slot for one in final) == sorted(
            {0, *[one.slot for one in ranked(finished_trials(runner.study))[:2]]}
        )
        assert final[0].slot == 0
        assert final[0].value == min(one.value for one in final)

    def test_a_round_broken_off_goes_on_where_it_was(
        self, journal: Path, bowl: Any, plan: Any, open_runner: Any
    ) -> None:
        bowl = type("Wanting", (bowl,), {"finalists": 2})
        open_runner(journal).run(bowl(), 5)

        def at_five(count: int) -> None:
            if count == 5:
                raise Killed

        first, second = bowl(at_five), bowl()
        with pytest.raises(Killed):
            final_round(open_runner(journal).study, plan, first)
        final_round(open_runner(journal).study, plan, second)
        full = first.scored + second.scored
        assert len(full) == len({(config, fold) for config, fold, _ in full}) == 9

    def test_a_study_without_a_complete_trial_has_no_best(
        self, journal: Path, plan: Any, open_runner: Any, bowl: Any
    ) -> None:
        with pytest.raises(ModelError, match="no complete trial"):
            final_round(open_runner(journal).study, plan, bowl())

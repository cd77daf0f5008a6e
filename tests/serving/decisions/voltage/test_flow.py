"""The power flow against published figures, and capacity by bisection against a power flow of our own."""

import numpy as np
import pytest

from serving.decisions.voltage import Line, Loads, confirm_room, power_flow, screen_room, voltage_linear


def sweep(line: Line, p_kw: np.ndarray, q_kvar: np.ndarray, source_pu: float) -> np.ndarray:
    """Voltages by backward and forward sweep with complex currents: an oracle that shares nothing with the solver."""
    voltage = np.full(len(p_kw), source_pu, dtype=complex)
    z = line.r + 1j * line.x
    for _ in range(200):
        current = np.conj((p_kw + 1j * q_kvar) / voltage)
        through = line.feeds @ current
        voltage = source_pu - line.feeds.T @ (z * through)
    return np.abs(voltage)


@pytest.mark.parametrize(("buses", "losses", "lowest", "where"), [(33, 202.7, 0.9131, "18"), (69, 225.0, 0.9092, "65")])
def test_published_feeders(published_feeder, buses: int, losses: float, lowest: float, where: str) -> None:
    feeder = published_feeder(buses)
    voltage, lost = power_flow(feeder.line, feeder.p_kw[:, None], feeder.q_kvar[:, None], 1.0)
    assert lost[0] == pytest.approx(losses, abs=0.1)
    assert voltage.min() == pytest.approx(lowest, abs=1e-4)
    assert feeder.line.points[int(voltage.argmin())] == where
    np.testing.assert_allclose(voltage[:, 0], sweep(feeder.line, feeder.p_kw, feeder.q_kvar, 1.0), atol=1e-6)
    linear = voltage_linear(feeder.line, feeder.p_kw, feeder.q_kvar, 1.0)
    assert ((linear - voltage[:, 0] > 0) & (linear - voltage[:, 0] < 0.006)).all()


def test_a_case_without_solution_is_below_every_limit(drawn_feeder) -> None:
    feeder = drawn_feeder(1)
    p = np.stack([feeder.p_kw, feeder.p_kw * 1e4], axis=1)
    voltage, losses = power_flow(feeder.line, p, p * 0.3, 1.0)
    assert voltage[:, 0].min() > 0.5
    assert voltage[:, 1].max() == 0
    assert np.isinf(losses[1])


@pytest.mark.parametrize("seed", range(6))
def test_confirmed_room_is_what_the_power_flow_of_our_own_allows(drawn_feeder, seed: int) -> None:
    feeder = drawn_feeder(seed)
    loads = feeder.loads(np.array([0.2, 0.6]))
    low_pu = 0.93
    room = screen_room(feeder.line, loads, 1.0, low_pu)
    found = confirm_room(feeder.line, loads, room, np.ones(room.low.shape, bool), 1.0, low_pu, 1.0)

    def lowest(added: int, hour: int, kva: float) -> float:
        p = loads.p_kw[:, hour] + loads.add_kw[added] * kva
        q = loads.q_kvar[:, hour] + loads.add_kvar[added] * kva
        return float(sweep(feeder.line, p, q, 1.0).min())

    for added in range(len(feeder.p_kw)):
        for hour in range(2):
            kva = found[added, hour]
            if kva > 0:
                assert lowest(added, hour, kva) >= low_pu - 1e-7
            assert lowest(added, hour, 1.003 * kva + 2.0) < low_pu


@pytest.mark.parametrize("buses", [33, 69])
@pytest.mark.parametrize("low_pu", [0.93, 0.90])
def test_screening_bounds_what_is_confirmed(published_feeder, buses: int, low_pu: float) -> None:
    feeder = published_feeder(buses)
    loads = feeder.loads(np.linspace(0.3, 0.9, 6))
    room = screen_room(feeder.line, loads, 1.0, low_pu)
    found = confirm_room(feeder.line, loads, room, np.ones(room.low.shape, bool), 1.0, low_pu, 0.5)
    assert (room.low <= 1.002 * found + 1.0).all()
    assert (found <= 1.001 * room.high + 1.0).all()
    told = found > 50
    assert np.median(room.low[told] / found[told]) > 0.99


def test_more_load_leaves_less_room(drawn_feeder) -> None:
    feeder = drawn_feeder(3)
    loads = feeder.loads(np.linspace(0.1, 1.5, 8))
    room = screen_room(feeder.line, loads, 1.0, 0.93)
    found = confirm_room(feeder.line, loads, room, np.ones(room.low.shape, bool), 1.0, 0.93, 0.5)
    assert (np.diff(room.low, axis=1) <= 1e-6).all()
    assert (np.diff(found, axis=1) <= 1.0 + 1e-3 * found[:, :-1]).all()


def test_a_line_too_low_already_has_no_room_and_one_without_impedance_all(drawn_feeder) -> None:
    feeder = drawn_feeder(2)
    loads = feeder.loads(np.array([60.0]))
    room = screen_room(feeder.line, loads, 1.0, 0.93)
    assert (room.low == 0).all()
    assert (room.high == 0).all()
    bare = Line(("P0",), np.array([-1]), np.zeros(1), np.zeros(1), 10.0)
    one = np.ones((1, 1))
    free = screen_room(bare, Loads(one, one, one, one), 1.0, 0.93)
    assert np.isinf(free.low).all()
    kept = confirm_room(bare, Loads(one, one, one, one), free, np.ones((1, 1), bool), 1.0, 0.93, 1.0)
    assert np.isinf(kept).all()

"""Every model of the library against an integrator of SciPy's and against its own physics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hiera.safety.dynamics import (
    ControlAffine,
    DhLink,
    DiscreteTime,
    bicycle,
    cart_pole,
    discretise,
    double_integrator,
    forward_kinematics,
    n_joint_arm,
    planar_arm,
    planar_quadrotor,
    quadrotor,
    single_integrator,
    unicycle,
    unicycle_accelerated,
)
from hiera.safety.tape import Graph, compile_program, record

MODELS = {
    "single_integrator": single_integrator(3, speed=(1.0, 2.0, 0.5)),
    "double_integrator": double_integrator(2, acceleration=2.0, drag=0.3),
    "unicycle": unicycle(),
    "unicycle_accelerated": unicycle_accelerated(),
    "bicycle": bicycle(wheelbase=0.4),
    "planar_quadrotor": planar_quadrotor(),
    "quadrotor": quadrotor(drag=0.1),
    "planar_arm": planar_arm(
        lengths=(0.4, 0.3), masses=(2.0, 1.0), torques=(4.0, 1.0), damping=0.1
    ),
    "n_joint_arm": n_joint_arm(7),
    "n_joint_arm_accelerated": n_joint_arm(3, control="acceleration"),
    "cart_pole": cart_pole(),
}


def integrated(system: ControlAffine, x: Any, u: Any, seconds: float) -> np.ndarray:
    def rate(_: float, at: Any) -> Any:
        return np.asarray(system.f(at)) + np.asarray(system.g(at)) @ u

    return np.asarray(solve_ivp(rate, (0.0, seconds), x, rtol=1e-11, atol=1e-12).y[:, -1])


@pytest.fixture(params=MODELS, ids=str)
def system(request: pytest.FixtureRequest) -> ControlAffine:
    return MODELS[request.param]


def samples(system: ControlAffine, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [
        (rng.normal(size=system.n) * 0.5, rng.uniform(system.u_min, system.u_max))
        for _ in range(count)
    ]


def test_a_step_ends_where_the_differential_equation_does(system: ControlAffine) -> None:
    for x, u in samples(system, 3):
        wanted = integrated(system, x, u, 0.05)
        np.testing.assert_allclose(system.step(x, u, 0.05, substeps=20), wanted, atol=1e-7)
        discrete = discretise(system, 0.05, 20)
        assert discrete.recorded
        np.testing.assert_allclose(discrete.step(x, u), wanted, atol=1e-7)


def test_the_recorded_model_is_the_function_that_was_written(system: ControlAffine) -> None:
    assert system.recorded
    graph = Graph()
    f, g = system.record(graph, graph.inputs(0, system.n))
    program = compile_program([*f, *g.reshape(-1)], system.n)
    for x, u in samples(system, 20):
        values = program(x)
        np.testing.assert_allclose(values[: system.n], system.f(x), rtol=1e-12, atol=1e-13)
        matrix = values[system.n :].reshape(system.n, system.m)
        np.testing.assert_allclose(matrix, system.g(x), rtol=1e-12, atol=1e-13)
        by_hand = np.asarray(system.f(x)) + np.asarray(system.g(x)) @ u
        np.testing.assert_allclose(system.rate(x, u), by_hand, rtol=1e-12, atol=1e-12)


def test_states_and_inputs_have_names_and_limits(system: ControlAffine) -> None:
    assert len(set(system.names)) == system.n
    assert len(set(system.inputs)) == system.m
    assert not set(system.names) & set(system.inputs)
    assert np.all(np.asarray(system.u_min) < np.asarray(system.u_max))


def test_the_disturbance_adds_to_the_rate(system: ControlAffine) -> None:
    x, u = samples(system, 1)[0]
    w = np.linspace(-1.0, 1.0, system.n)
    np.testing.assert_allclose(system.rate(x, u, w) - system.rate(x, u), w, atol=1e-12)


def test_runge_kutta_converges_with_the_fourth_power_of_the_step() -> None:
    system = MODELS["bicycle"]
    x, u = np.array([0.0, 0.0, 0.3, 1.0, 0.4]), np.array([0.5, 0.6])
    wanted = integrated(system, x, u, 0.5)
    errors = [np.abs(discretise(system, 0.5, k).step(x, u) - wanted).max() for k in (1, 2, 4)]
    assert errors[0] / errors[1] > 10.0
    assert errors[1] / errors[2] > 10.0


def cart_pole_energy(x: np.ndarray) -> float:
    _, v, theta, w = x
    swing = 0.1 * 0.5 * v * w * np.cos(theta)
    kinetic = 0.5 * 1.1 * v**2 + swing + 0.5 * (4.0 / 3.0) * 0.1 * 0.25 * w**2
    return float(kinetic + 0.1 * 9.81 * 0.5 * np.cos(theta))


def arm_energy(x: np.ndarray) -> float:
    """From the motion of the two centres of mass, not from the mass matrix."""
    q1, q2, w1, w2 = x
    l1, r1, r2, turn = 0.4, 0.2, 0.15, w1 + w2
    v1 = r1 * w1 * np.array([-np.sin(q1), np.cos(q1)])
    v2 = l1 * w1 * np.array([-np.sin(q1), np.cos(q1)])
    v2 = v2 + r2 * turn * np.array([-np.sin(q1 + q2), np.cos(q1 + q2)])
    spin = 0.5 * (2.0 * 0.4**2 / 12.0) * w1**2 + 0.5 * (0.3**2 / 12.0) * turn**2
    height = 2.0 * r1 * np.sin(q1) + l1 * np.sin(q1) + r2 * np.sin(q1 + q2)
    return float(0.5 * 2.0 * v1 @ v1 + 0.5 * v2 @ v2 + spin + 9.81 * height)


@pytest.mark.parametrize(
    ("model", "energy"),
    [
        (cart_pole(), cart_pole_energy),
        (planar_arm(lengths=(0.4, 0.3), masses=(2.0, 1.0), gravity=9.81), arm_energy),
    ],
    ids=["cart_pole", "planar_arm"],
)
def test_without_input_and_friction_energy_stays(model: ControlAffine, energy: Any) -> None:
    x = np.array([0.2, 0.5, 0.4, -0.3])
    start = energy(x)
    for _ in range(20):
        x = model.step(x, np.zeros(model.m), 0.05, substeps=50)
        assert energy(x) == pytest.approx(start, abs=1e-7)


def test_the_power_of_an_input_is_the_rate_of_the_energy() -> None:
    rng = np.random.default_rng(1)
    arm = planar_arm(lengths=(0.4, 0.3), masses=(2.0, 1.0), gravity=9.81)
    for model, energy, speeds in ((cart_pole(), cart_pole_energy, [1]), (arm, arm_energy, [2, 3])):
        x, u = rng.normal(size=4), rng.normal(size=model.m)
        rate, step = model.rate(x, u), 1e-5
        slope = (energy(x + step * rate) - energy(x - step * rate)) / (2.0 * step)
        assert slope == pytest.approx(float(u @ x[speeds]), abs=1e-6)


def test_quadrotors_hover_and_fall() -> None:
    flat, space = planar_quadrotor(mass=1.2), quadrotor(mass=1.2)
    weight = 1.2 * 9.81
    np.testing.assert_allclose(flat.rate(np.zeros(6), np.full(2, weight / 2.0)), 0.0, atol=1e-12)
    still = np.zeros(9)
    still[8] = 0.7
    np.testing.assert_allclose(space.rate(still, np.array([weight, 0, 0, 0])), 0.0, atol=1e-12)
    assert flat.rate(np.zeros(6), np.zeros(2))[4] == pytest.approx(-9.81)
    assert space.rate(still, np.zeros(4))[5] == pytest.approx(-9.81)


def test_the_quadrotor_in_a_plane_is_the_planar_one() -> None:
    flat, space = planar_quadrotor(), quadrotor()
    # Pitch turns z towards x, the planar angle turns it away.
    x = np.array([0.1, 0.0, 0.2, 0.3, 0.0, -0.4, 0.0, -0.5, 0.0])
    of_flat = flat.rate(np.array([0.1, 0.2, 0.5, 0.3, -0.4, 0.0]), np.array([4.0, 4.0]))
    of_space = space.rate(x, np.array([8.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(of_space[[0, 2, 3, 5]], of_flat[[0, 1, 3, 4]], atol=1e-12)


def test_body_rates_turn_the_quadrotor_as_a_rotation_matrix_turns() -> None:
    def rotation(roll: float, pitch: float, yaw: float) -> np.ndarray:
        cr, sr, cp, sp = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)
        about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
        about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        about_z = np.array(
            [[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]]
        )
        return np.asarray(about_z @ about_y @ about_x)

    system, x, step = quadrotor(mass=1.0), np.zeros(9), 1e-6
    x[6:] = 0.3, -0.4, 0.9
    u = np.array([9.0, 0.5, -0.7, 0.2])
    rate = system.rate(x, u)
    ahead, behind = (rotation(*(x[6:] + s * rate[6:])) for s in (step, -step))
    spin = rotation(*x[6:]).T @ (ahead - behind) / (2.0 * step)
    np.testing.assert_allclose([spin[2, 1], spin[0, 2], spin[1, 0]], u[1:], atol=1e-8)
    push = rotation(*x[6:])[:, 2] * u[0] - np.array([0.0, 0.0, 9.81])
    np.testing.assert_allclose(rate[3:6], push, atol=1e-12)


def test_a_driving_bicycle_turns_on_a_circle_of_its_wheelbase_over_the_tangent() -> None:
    system = bicycle(wheelbase=0.5)
    radius = 0.5 / np.tan(0.3)
    x = np.array([0.0, 0.0, 0.0, 1.0, 0.3])
    for _ in range(20):
        x = system.step(x, np.zeros(2), 0.1)
        assert np.hypot(x[0], x[1] - radius) == pytest.approx(radius, abs=1e-7)


def test_the_tip_of_a_planar_arm_is_where_trigonometry_puts_it() -> None:
    links, q = [DhLink(a=0.4), DhLink(a=0.3)], np.array([0.3, 0.9])
    poses = forward_kinematics(links, q)
    assert poses.shape == (3, 4, 4)
    elbow = 0.4 * np.array([np.cos(0.3), np.sin(0.3)])
    tip = elbow + 0.3 * np.array([np.cos(1.2), np.sin(1.2)])
    np.testing.assert_allclose(poses[1, :2, 3], elbow, atol=1e-15)
    np.testing.assert_allclose(poses[2, :2, 3], tip, atol=1e-15)


def test_poses_are_rigid_and_recorded_as_they_are_computed() -> None:
    half = 0.5 * np.pi
    links = [
        DhLink(d=0.33, alpha=-half),
        DhLink(alpha=half, offset=0.2),
        DhLink(d=0.32, a=0.08, alpha=half),
        DhLink(a=-0.08, alpha=-half),
        DhLink(d=0.38, alpha=0.4),
    ]
    q = np.random.default_rng(0).normal(size=5)
    poses = forward_kinematics(links, q)
    for pose in poses:
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    graph = Graph()
    tip = record(lambda x: forward_kinematics(links, x)[-1, :3, 3], graph, [graph.inputs(0, 5)])
    np.testing.assert_allclose(tip.program(5)(q), poses[-1, :3, 3], atol=1e-14)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: single_integrator(0), "d must be at least 1, not 0"),
        (lambda: single_integrator(2, speed=(1.0, -1.0)), "speed must be positive"),
        (
            lambda: double_integrator(2, acceleration=(1.0, 2.0, 3.0)),
            "acceleration must have shape",
        ),
        (lambda: double_integrator(2, drag=-0.5), "drag must not be negative, not -0.5"),
        (lambda: unicycle(v_max=-1.0), "v_max must be positive, not -1.0"),
        (lambda: unicycle(v_min=2.0), r"u_min\[0\] = 2.0 lies above u_max\[0\] = 1.0"),
        (lambda: bicycle(wheelbase=0.0), "wheelbase must be positive, not 0.0"),
        (lambda: planar_quadrotor(mass=float("nan")), "mass must be positive, not nan"),
        (lambda: quadrotor(rates=(1.0, 2.0)), r"rates must have shape \(3,\)"),
        (lambda: planar_arm(masses=(1.0,)), r"masses must have shape \(2,\)"),
        (lambda: n_joint_arm(2, control="torque"), "velocity or acceleration, not 'torque'"),  # type: ignore[arg-type]
        (lambda: cart_pole(disturbance=(0, 0, 0, -1)), "must not be negative"),
        (lambda: discretise(unicycle(), 0.0), "tick_s must be positive, not 0.0"),
        (lambda: discretise(unicycle(), 0.1, 0), "substeps must be at least 1, not 0"),
    ],
)
def test_a_wrong_number_is_quoted(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_limits_given_as_an_array_stay_the_callers() -> None:
    limit = np.array([1.0, 2.0])
    system = ControlAffine(lambda x: 0.0 * x, lambda x: np.eye(2), 2, u_min=-limit, u_max=limit)
    limit[0] = 3.0
    np.testing.assert_array_equal(system.u_max, (1.0, 2.0))


def test_a_discrete_system_checks_what_its_function_returns() -> None:
    limits = {"u_min": [-1.0], "u_max": [1.0], "tick_s": 0.1}
    system = DiscreteTime(F=lambda x, u: x + 0.1 * u * np.cos(x), n=1, disturbance=[0.1], **limits)
    assert system.recorded
    assert system.m == 1
    following = system.step(np.array([0.2]), np.array([0.5]), w=np.array([0.01]))
    assert following[0] == pytest.approx(0.2 + 0.05 * np.cos(0.2) + 0.01)
    with pytest.raises(ValueError, match=r"F must return shape \(2,\), not \(1,\)"):
        DiscreteTime(F=lambda x, u: u, n=2, **limits)
    with pytest.raises(ValueError, match=r"F returns \[inf\]"):
        DiscreteTime(F=lambda x, u: np.array([np.inf]), n=1, **limits)


def test_a_function_that_branches_is_called_instead_of_recorded() -> None:
    def hop(x: Any, u: Any) -> Any:
        return x + u if x[0] > 0.0 else x - u

    system = DiscreteTime(F=hop, n=1, u_min=[-1.0], u_max=[1.0], tick_s=0.1)
    assert not system.recorded
    assert system.step(np.array([-1.0]), np.array([0.5]))[0] == -1.5


def test_a_discretised_system_carries_limits_names_and_a_tick_of_disturbance() -> None:
    system = discretise(unicycle(disturbance=(0.1, 0.2, 0.0)), 0.5)
    assert system.names == ("x", "y", "theta")
    np.testing.assert_allclose(system.disturbance, (0.05, 0.1, 0.0))
    np.testing.assert_allclose(system.u_max, (1.0, 1.5))

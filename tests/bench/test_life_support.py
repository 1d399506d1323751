"""What the endurance study says of rows is what the definitions say; its bounds bound."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hiera.bench.life_support.asked import Asked, cases, check, tasks
from hiera.bench.life_support.episode import Case, Episode
from hiera.bench.life_support.faults import finding
from hiera.bench.life_support.foresight import foreseen
from hiera.bench.life_support.methods import BASE, FORESIGHT, METHODS, chosen
from hiera.bench.life_support.relaxed import relaxed
from hiera.bench.life_support.study import Study
from hiera.bench.life_support.summary import interval, line
from hiera.bench.life_support.table import LINES, cells, markdown
from hiera.bench.life_support.tasks import Foresight, Rows, Task, perform, perform_all
from hiera.bench.life_support.way_out import last_way_out, minute, states
from hiera.config.load import resolve
from hiera.controllers.life_support.pid_law import Gains
from hiera.envs.life_support.laid import laid
from hiera.envs.life_support.scenarios import Event, Fault, Scenario, steady
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.errors import ConfigError
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.training.life_support_pid.episode import live

MODEL, LIMITS = LifeSupportModel(), Limits()
PLAIN = Episode(
    method=BASE, mission="m0", seed=0, endurance_s=1000.0, ended_by="dioxide", violation_s=30.0,
    violation_energy_s=0.1, first_violation="dioxide", first_violation_s=970.0, way_out_s=120.0,
    oxygen_low=0.2, oxygen_high=0.24, dioxide_pa=1020.0, gauge_low_pa=40.0, alarm_s=100.0,
    enriched_s=10.0,
    cylinder_left=0.5, lime_used=0.6, actions=1000, certificates=0, interventions=0,
    gate_status={}, controller={}, cpu_s=1.0,
)  # fmt: skip


def episode(method: str, mission: int, endurance_s: float, ended_by: str = "dioxide") -> Episode:
    return replace(
        PLAIN, method=method, mission=f"m{mission}", seed=mission, endurance_s=endurance_s,
        ended_by=ended_by,
    )  # fmt: skip


def asked(**given: object) -> Asked:
    usual = Asked(2, 1000, 1, (), 0, False, 600.0, 1, None, None)
    return replace(usual, **given)  # type: ignore[arg-type]


def test_a_ratio_is_geometric_paired_and_says_what_was_cut_off() -> None:
    rows = [
        episode(BASE, 0, 1000.0), episode("mine", 0, 2000.0),
        episode(BASE, 1, 4000.0), episode("mine", 1, 2000.0),
        episode(BASE, 2, 1000.0), episode("mine", 2, 4000.0, "time_limit"),
        episode("mine", 3, 9999.0),
    ]  # fmt: skip
    found = line("mine", rows, {})
    assert found.ratio == pytest.approx((2.0 * 0.5 * 4.0) ** (1 / 3))
    assert found.ratio_uncut == pytest.approx(1.0)
    assert (found.wins, found.losses, found.censored) == (2, 1, 0.25)
    assert found.hard == 0.75
    assert found.ended == {"dioxide": 3, "time_limit": 1}
    assert found.ratio_low is not None
    assert found.ratio_high is not None
    assert 0.5 <= found.ratio_low < found.ratio < found.ratio_high <= 4.0


def test_sets_on_one_mission_are_drawn_together() -> None:
    """A hundred sets on one mission say no more about missions than one does."""
    low, high = interval({"a": [0.1] * 100, "b": [-0.1] * 100})
    assert (low, high) == pytest.approx((math.exp(-0.1), math.exp(0.1)))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for k in range(60):
        logs = {str(i): [float(v)] for i, v in enumerate(random.normal(0.2, 0.3, 40))}
        low, high = interval(logs, seed=k)
        covered += low <= math.exp(0.2) <= high
    assert 50 <= covered <= 60


def test_a_method_that_is_not_there_offers_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'nmpc_gate'"):
        chosen(("nmpc_gat",))
    assert list(chosen(("rule_gate", FORESIGHT))) == [BASE, "rule_gate"]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_a_valid_config(name: str) -> None:
    resolved = resolve({"family": "life_support"}, METHODS[name].settings)
    assert resolved.data["controller"]["kind"]


def test_cases_are_held_out_and_worlds_differ_from_one_another() -> None:
    made = cases(asked(missions=3, sets=2))
    assert [c.mission for c in made[:3]] == ["mission:1000", "mission:1001", "mission:1002"]
    assert len({c.seed for c in made}) == 6
    assert len(cases(asked(faults=True))) == 27
    kinds = [task.name for task in tasks(asked(foresight=1), chosen(("pid",)))]
    assert kinds == [FORESIGHT, "pid", "pid"]
    with pytest.raises(ConfigError, match="--max-time-s"):
        check(asked(max_time_s=math.nan))


def test_rows_that_are_there_are_not_computed_again(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    wanted = [
        Task(Case("low", 3, 60.0), "pid", METHODS["pid"]),
        Task(Case("low", 3, 60.0), FORESIGHT, None),
    ]
    first = list(perform_all(wanted, 1, Rows(rows)))
    kept = rows.read_bytes()
    assert list(perform_all(wanted, 1, Rows(rows))) == first
    assert rows.read_bytes() == kept
    # A kill in the middle of a line costs that line and no other.
    rows.write_bytes(kept[:-20])
    assert len(Rows(rows).found) == 1
    rows.write_text(kept.decode().replace('"code":"', '"code":"other'))
    assert not Rows(rows).found


def test_the_study_sums_up_what_it_was_given(tmp_path: Path) -> None:
    study = Study(asked(foresight=1), [BASE, "mine"])
    for row in (episode("mine", 0, 1500.0), episode(BASE, 0, 1000.0)):
        study.take(row)
    study.take(Foresight("m0", 0, 2000.0, "dioxide", 4000.0, "lime"))
    told = {made["method"]: made for made in study.summary()["methods"]}
    assert told["mine"]["ratio"] == 1.5
    assert told["mine"]["over_feasible"] == 0.75
    assert told["foresight, not exceeded"]["ratio"] == 4.0
    study.write(tmp_path / "study.json")
    rows = cells(LINES, [line("mine", [episode("mine", 0, 60.0)], {})])
    assert markdown(rows).splitlines()[2].startswith("| mine | 1 | 1.0 |")


@pytest.mark.parametrize(
    ("at_s", "verdict", "avoidable_s"),
    [(None, "none", 0.0), (500.0, "avoidable", 30.0), (1950.0, "open", 0.0),
     (3950.0, "unavoidable", 0.0)],
)  # fmt: skip
def test_a_violation_is_judged_by_what_could_be_done(
    at_s: float | None, verdict: str, avoidable_s: float
) -> None:
    bounds = Foresight("m0", 0, 2000.0, "dioxide", 4000.0, "lime")
    found = finding(replace(PLAIN, first_violation_s=at_s), bounds)
    assert (found.verdict, found.avoidable_s) == (verdict, avoidable_s)


SHORT = Scenario("short", steady((2.4, 30)), cylinder=0.2, conversion=0.55)
STUCK = Scenario("stuck", steady((1.0, 30)), (Event(Fault.VALVE_STUCK, 60.0, 5.0),), cylinder=0.2)


@pytest.mark.parametrize("scenario", [SHORT, STUCK], ids=lambda s: s.name)
def test_foresight_lies_between_the_pid_and_what_nobody_exceeds(scenario: Scenario) -> None:
    mission = laid(scenario, 4, 5400)
    reached = foreseen(mission, MODEL, LIMITS, seed=1, rounds=4, size=16)
    bound = relaxed(mission, MODEL, LIMITS)
    pid = live(mission, Gains(), MODEL, LIMITS)
    assert 0 < reached.seconds <= bound.seconds
    assert pid.seconds <= bound.seconds
    if scenario is SHORT:
        assert reached.seconds >= pid.seconds
        assert bound.cause in ("oxygen", "dioxide", "lime")
    else:
        assert bound.cause == "valve"
    again = foreseen(mission, MODEL, LIMITS, seed=1, rounds=4, size=16)
    assert again.seconds == reached.seconds


def test_commands_lead_to_the_states_of_the_run() -> None:
    env = LifeSupportEnv(STUCK)
    env.reset(seed=4)
    mission = laid(STUCK, 4, 90)
    random = np.random.default_rng(0)
    commands = np.array([0.5e-3, 0.5e-3, 0.0]) + random.random((80, 3)) * [1e-3, 2e-3, 1.0]
    for command in commands:
        env.step(command)
    X = states(mission.start, mission.constants, mission.acts, commands)
    np.testing.assert_allclose(X[-1], env.state, rtol=1e-12)
    ring = minute(X, 80, mission.constants)
    np.testing.assert_allclose(ring[80 % 60], [env.truth.oxygen, env.truth.dioxide_pa], rtol=1e-9)
    assert len(np.unique(ring[:, 1])) == 60


def test_a_life_that_a_fan_would_save_has_a_way_out_and_one_without_lime_has_none() -> None:
    """Hard work with the fan at its lowest: full flow saves it for a while, and not for ever."""

    def ended(scenario: Scenario) -> tuple[int | None, int]:
        mission = laid(scenario, 4, 3600)
        commands = np.tile([2.4 * 0.745e-3, 0.5e-3, 0.0], (3600, 1))
        env = LifeSupportEnv(scenario)
        env.reset(seed=4)
        lived = next(k for k, command in enumerate(commands) if env.step(command)[2]) + 1
        assert env.statistics.ended_by == "dioxide"
        return last_way_out(mission, commands[:lived], MODEL, LIMITS), lived

    back, _ = ended(Scenario("lazy", steady((2.4, 30))))
    assert back is not None
    assert 0 < back <= 120
    spent, lived = ended(Scenario("spent", steady((3.0, 30)), conversion=0.55))
    assert spent is None or spent >= min(lived, 120)


def test_a_row_of_the_study_is_the_run_of_its_config() -> None:
    row = perform(Task(Case("low", 3, 60.0), "pid", METHODS["pid"]))
    assert isinstance(row, Episode)
    assert (row.endurance_s, row.ended_by, row.actions) == (60.0, "time_limit", 60)

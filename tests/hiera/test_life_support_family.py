"""The breathing set as a family: configs, runs, records, pages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hiera import registry
from hiera.config.load import load_config, resolve
from hiera.errors import ConfigError
from hiera.families.life_support.family import FAMILY
from hiera.families.life_support.judging import Violations
from hiera.families.life_support.outlook import Looker
from hiera.record import Record
from hiera.report import write_report
from hiera.report.page import report_data
from hiera.run import RunOptions, build, execute, replay
from hiera.safety import Context, Status
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings, endurance
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.removal import UNSURE
from hiera.safety.life_support.state import LOW
from hiera.safety.life_support.stocks import best_flow

SHORT = (
    "controller.kind=pid", "planner.kind=none", "clock.max_time_s=150", "outlook.every_s=60",
)  # fmt: skip


def config(*said: str, **data: Any) -> Any:
    return resolve({"family": "life_support", "seed": 2} | data, [*SHORT, *said])


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Two minutes of a mission in which a sensor is lost and a leak opens."""
    phases = {
        "kind": "phases", "name": "two faults", "phases": [{"minutes": 5, "uptake_l_min": 2.5}],
        "faults": [
            {"fault": "leak", "at_s": 30, "value": 8},
            {"fault": "sensor_lost", "at_s": 60, "channel": "cell_1"},
        ],
    }  # fmt: skip
    finished = execute(config(world=phases), RunOptions(out=tmp_path_factory.mktemp("runs")))
    return Record.open(finished.path)


def test_the_shipped_config_is_valid_and_names_its_parts() -> None:
    settings: Any = load_config("life_support").settings
    assert (settings.controller.kind, settings.planner.kind) == ("nmpc", "advisor")


@pytest.mark.parametrize(
    ("family", "said", "says"),
    [
        ("life_support", "controller.kind=local_tour", "which is for scenarios of the family exp"),
        ("exploration", "controller.kind=pid", "which is for scenarios of the family life_support"),
        ("exploration", "gate.kind=life_support_cbf", "for scenarios of the family life_support"),
        ("life_support", "controller.kind=pidd", r"which is not known \(did you mean 'pid'\?\)"),
        ("life_support", "gate.without=[humid]", r"no barrier 'humid' \(did you mean 'humidity'"),
        ("life_support", "controller.forward=1", "controller.forward"),
        ("life_support", "clock.tick_s=2", "clock.tick_s"),
        ("life_support", "clock.act_period_s=0.5", "must not be below clock.tick_s"),
    ],
)
def test_a_mistake_is_one_sentence(family: str, said: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        resolve({"family": family}, [said])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ({"kind": "catalogue", "name": "serch"}, "did you mean 'search'"),
        (
            {
                "kind": "phases",
                "phases": [{"minutes": 1, "uptake_l_min": 1}],
                "faults": [{"fault": "sensor_lost", "channel": "cell_4"}],
            },
            "there is no sensor 'cell_4'",
        ),
    ],
)
def test_a_mission_that_is_not_there_is_one_sentence(world: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        build(config(world=world))


def test_a_fault_of_a_sensor_needs_its_channel() -> None:
    phases = [{"minutes": 1, "uptake_l_min": 1}]
    for fault, says in (
        ({"fault": "sensor_lost"}, "needs a channel"),
        ({"fault": "leak", "channel": "cell_0"}, "has no channel"),
    ):
        with pytest.raises(ConfigError, match=says):
            config(world={"kind": "phases", "phases": phases, "faults": [fault]})


def test_a_mission_without_a_number_is_the_seed_s() -> None:
    scenario: Any = build(config(world={"kind": "mission"}))
    scenario.reset()
    assert scenario.env.scenario.name == "mission:2"


def test_every_command_has_a_certificate_and_the_record_says_what_broke(record: Record) -> None:
    metrics = record.metrics
    assert metrics is not None
    assert metrics["actions"] == metrics["certificates"] == 150
    assert metrics["ended_by"] == "time_limit"
    assert metrics["endurance_s"] == 150.0
    assert metrics["violation_s"] == 0.0
    broken = [(e["fault"], e["channel"], e["time_s"]) for e in record.events("fault")]
    assert broken == [("leak", "", 30.0), ("sensor_lost", "cell_1", 60.0)]


def test_a_frozen_instrument_is_counted() -> None:
    world = {
        "kind": "phases", "name": "frozen", "phases": [{"minutes": 5, "uptake_l_min": 1.0}],
        "faults": [{"fault": "sensor_frozen", "at_s": 20, "channel": "gauge"}],
    }  # fmt: skip
    metrics = execute(config("clock.max_time_s=60", world=world), RunOptions(keep=False)).metrics
    assert list(metrics["frozen"]) == ["gauge"]
    assert 25 < metrics["frozen"]["gauge"] < 40


def test_two_cells_that_drift_away_from_the_third_are_counted() -> None:
    def counted(*faults: dict[str, object]) -> int:
        world = {
            "kind": "phases", "phases": [{"minutes": 20, "uptake_l_min": 1.0}], "faults": faults,
        }  # fmt: skip
        made = config("clock.max_time_s=900", world=world)
        return int(execute(made, RunOptions(keep=False)).metrics["cells_drifting"])

    drift = {"fault": "sensor_drift", "at_s": 0, "value": 0.08}
    assert counted() == 0
    assert 150 < counted(drift | {"channel": "cell_0"}, drift | {"channel": "cell_1"}) < 700


def test_a_replay_has_the_same_bytes(record: Record, tmp_path: Path) -> None:
    _, same = replay(record, RunOptions(out=tmp_path))
    assert same


def test_the_page_has_gases_limits_and_moments_and_needs_no_map(record: Record) -> None:
    data = report_data(record)
    curves = {curve["title"]: curve for curve in data["curves"]}
    assert data["scene"] is None
    oxygen = curves["Oxygen in the gas that is breathed"]
    assert [limit["hard"] for limit in oxygen["limits"]] == [True, False, True]
    assert [what for _, what in oxygen["moments"]] == ["leak", "sensor lost cell_1"]
    assert np.isfinite(curves["How long it will last"]["bands"]["expected"]).all()
    fan = curves["Flow through the lime"]["series"]
    assert set(fan) == {"controller asked for", "gate let through"}
    assert "two faults" in FAMILY.headline(record)
    assert "</html>" in write_report(record).read_text(encoding="utf-8")


def test_the_advisor_is_asked_and_the_optimiser_counts_what_it_used() -> None:
    said = ("controller.kind=nmpc", "planner.kind=advisor", "clock.max_time_s=70")
    metrics = execute(config(*said), RunOptions(keep=False)).metrics
    assert metrics["plans"] == {"numeric": 2}
    assert metrics["advised"] == 2
    counted = metrics["controller"]
    assert counted["solves"] == sum(counted["sources"].values()) > 0


def test_the_outlook_is_the_stocks_and_shrinks_with_work() -> None:
    model, limits = LifeSupportModel(), Limits()
    looker = Looker(model, limits)
    calm, hard = litres_per_minute(1.0), litres_per_minute(2.4)
    for k in range(1200):
        looker.see(hard if k // 60 % 2 else calm, 1.0)
    x = model.start()
    found = looker.look(x, 303.15)
    assert found.short_s < found.mean_s < found.long_s
    by_lime = endurance(model, x, Surroundings(0.5 * (calm + hard)), limits).lime_s
    assert found.mean_s == pytest.approx(by_lime, rel=0.1)


def test_the_gate_answers_too_much_dioxide_with_the_best_flow_and_keeps_the_other_rows() -> None:
    """Old lime, hard work: no flow is enough, and the slope of the instant runs to an end."""
    model, limits = LifeSupportModel(), Limits()
    work = Surroundings(litres_per_minute(2.8))
    x = model.start(work, conversion=0.6, dioxide=0.0095, oxygen=0.205)
    x[6], x[16] = 335.0, 1.3e-3
    nominal, near = np.array([6e-4, 0.6e-3, 0.0]), np.array([6e-4, 1.15e-3, 0.0])
    answers = {}
    for fan, asked in (("row", nominal), ("best_flow", nominal), ("near", near)):
        part = registry.component("filters", "life_support_cbf")
        settings = part.settings.model_validate(
            {"kind": "life_support_cbf", "fan": fan.replace("near", "best_flow")}
        )
        gate = part.build(settings, model=model, limits=limits, tick_s=1.0)
        # The flow is asked for now and then only; that is no gap in the states that arrive.
        for k in range(20):
            gate.filter(model.start(), nominal, Context(-20.0 + k))
        answers[fan] = gate.filter(x, asked, Context(0.0))
        assert answers[fan].status is not Status.STOP
    at = float(model.readings(x).dioxide_pa)
    best, _ = best_flow(model, x, float(x[12]), at, float(x[names.CONVERSION]), UNSURE)
    assert answers["best_flow"].u[1] == pytest.approx(best, rel=0.02)
    assert answers["row"].u[1] == pytest.approx(LOW[1])
    assert answers["near"].u[1] == pytest.approx(near[1])
    assert answers["best_flow"].u[0] == pytest.approx(answers["row"].u[0], rel=0.05)
    assert answers["best_flow"].u[0] > nominal[0]
    assert answers["best_flow"].intervened
    assert "best_flow" in answers["best_flow"].active


def test_violations_count_every_tick_and_their_energy() -> None:
    model, limits = LifeSupportModel(), Limits()
    seen = Violations(limits, 2.0)
    fine = model.readings(model.start())
    seen.take(fine)
    assert seen.metrics()["violation_s"] == 0.0
    seen.take(fine._replace(oxygen=0.9 * limits.oxygen_low))
    seen.take(fine._replace(dioxide_pa=1.5 * limits.dioxide_hard_pa, gauge_pa=-5.0))
    told = seen.metrics()
    assert told["violations_s"] == {
        "oxygen_low": 2.0, "oxygen_hard": 0.0, "dioxide": 2.0, "pressure": 2.0,
    }  # fmt: skip
    low = (5.0 / limits.gauge_low_pa) ** 2
    assert math.isclose(told["violation_energy_s"], 2.0 * (0.01 + 0.25 + low))
    assert (told["first_violation"], told["first_violation_s"]) == ("oxygen_low", 4.0)

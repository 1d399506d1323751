"""The search for the worst case finds what was planted, and is decided by its seed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hiera.config import load_config
from hiera.errors import ConfigError
from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.expansion import Expansion
from hiera.sweeps.falsify import WORST, Hunt, falsify
from hiera.sweeps.load import Words, load_sweep
from hiera.sweeps.plan import Plan
from hiera.sweeps.search import Search
from hiera.sweeps.sweep import EngineKind, engine_for
from hiera.sweeps.task import SweepError
from tests.sweeps.row_functions import Ledger, Valley

RANGES = ("robot.v_max=0.2:3", "people.count=0:40:int")
KINDS = ("controller.kind=nearest,utility,local_tour",)


def expansion(**words: object) -> Expansion:
    """A search over a range, a whole number and a choice for the least depth."""
    first: dict[str, object] = {
        "ranges": RANGES,
        "grid": KINDS,
        "falsify": "depth",
        "worst": "min",
        "budget": 400,
    }
    return load_sweep("people", Words(**(first | words)))  # type: ignore[arg-type]


def hunted(
    folder: Path, asked: Expansion, jobs: int = 2, ledger: Ledger | None = None
) -> tuple[Hunt, SweepDirectory]:
    """A search from its beginning."""
    made = SweepDirectory.create(folder, "hunt", Plan([], asked.seeds))
    return resumed(made, asked, jobs, ledger), made


def resumed(
    made: SweepDirectory, asked: Expansion, jobs: int = 2, ledger: Ledger | None = None
) -> Hunt:
    with engine_for(EngineKind.LOCAL, Valley(ledger), jobs=jobs) as engine:
        return falsify(asked, made, engine)


def test_the_planted_minimum_is_found(tmp_path: Path) -> None:
    for seed in range(3):
        found, folder = hunted(tmp_path / str(seed), expansion(design_seed=seed))
        config = folder.store.config_of(found.key)
        assert found.value < 0.01
        assert config["controller"]["kind"] == "utility"
        assert config["people"]["count"] == 7
        assert config["robot"]["v_max"] == pytest.approx(1.234, abs=0.1)
        assert found.rows <= 400
        folder.store.close()


def test_it_finds_worse_than_as_many_random_rows() -> None:
    def depth(place: np.ndarray) -> float:
        return float(((place - np.array([0.31, 0.77, 0.12, 0.9])) ** 2).sum())

    wins = 0
    for seed in range(10):
        search, best = Search(4, 1, seed), math.inf
        for _ in range(10):
            told = [(c, -depth(c.place)) for c in search.ask()]
            search.tell(told)
            best = min(best, -max(bad for _, bad in told))
        random = np.random.default_rng(seed).random((200, 4))
        wins += best < 0.2 * min(map(depth, random))
    assert wins >= 9


def test_much_can_be_bad_too(tmp_path: Path) -> None:
    found, folder = hunted(tmp_path, expansion(worst="max", budget=200))
    config = folder.store.config_of(found.key)
    assert found.value > 100.0
    assert config["people"]["count"] == 40
    assert config["controller"]["kind"] != "utility"
    folder.store.close()


def test_the_seed_alone_decides_not_the_number_of_processes(tmp_path: Path) -> None:
    def looked(name: str, jobs: int, seed: int) -> list[object]:
        asked = expansion(budget=100, design_seed=seed)
        _, folder = hunted(tmp_path / name, asked, jobs)
        rows = [(row.key, row.metrics["depth"]) for row in folder.store.rows()]
        folder.store.close()
        return [*rows]

    one, two, other = looked("a", 1, 5), looked("b", 2, 5), looked("c", 2, 6)
    assert one == two
    assert len(one) == 100
    assert one != other


def test_a_search_that_was_stopped_goes_on_without_repeating(
    tmp_path: Path, ledger: Ledger
) -> None:
    asked = expansion(budget=120)
    whole, other = hunted(tmp_path / "whole", asked)
    made = SweepDirectory.create(tmp_path, "hunt", Plan([], asked.seeds))
    with engine_for(EngineKind.LOCAL, Valley(ledger), jobs=1) as engine:
        falsify(asked, made, engine, should_stop=lambda: len(ledger.entries()) >= 50)
    assert 50 <= len(ledger.entries()) < 120
    again = resumed(made, asked, ledger=ledger)
    assert (again.value, again.key, again.rows) == (whole.value, whole.key, whole.rows)
    assert len(ledger.entries()) == len(set(ledger.entries())) == 120
    assert (made.path / WORST).read_bytes() == (other.path / WORST).read_bytes()
    made.store.close()
    other.store.close()


def test_the_first_violation_ends_the_search_if_asked(tmp_path: Path) -> None:
    found, folder = hunted(tmp_path, expansion(stop_at=2.0), jobs=1)
    assert found.violation
    assert found.value <= 2.0
    assert found.rows < 100
    folder.store.close()
    never, folder = hunted(tmp_path, expansion(stop_at=-1.0, budget=60), jobs=1)
    assert not never.violation
    assert never.rows == 60
    folder.store.close()


def test_the_worst_of_several_seeds_counts_and_the_budget_counts_them_all(tmp_path: Path) -> None:
    found, folder = hunted(tmp_path, expansion(budget=100, seeds="0:3"))
    assert found.rows == 99
    assert {row.seed for row in folder.store.rows()} == {0, 1, 2}
    folder.store.close()


def test_when_nothing_is_new_the_search_ends(tmp_path: Path) -> None:
    found, folder = hunted(tmp_path, expansion(ranges=("people.count=6:8:int",)))
    assert found.exhausted
    assert found.rows == 9
    folder.store.close()


def test_candidates_that_the_family_refuses_are_counted_not_computed(tmp_path: Path) -> None:
    grid = ("motion=kinematic,hop",)
    found, folder = hunted(tmp_path, expansion(grid=grid, budget=60))
    assert found.refused > 0
    assert {row.settings["motion"] for row in folder.store.rows()} == {"kinematic"}
    folder.store.close()
    with pytest.raises(ConfigError, match=r"there is no setting 'gate\.alhpa'"):
        hunted(tmp_path, expansion(ranges=("gate.alhpa=1:2",)))


def test_a_metric_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"no row has a metric 'dept' \(did you mean 'depth'\?\)"):
        hunted(tmp_path, expansion(falsify="dept"))
    with pytest.raises(SweepError, match="metric 'name' is no number in every row"):
        hunted(tmp_path, expansion(falsify="name"))


def test_the_worst_case_is_a_config_that_can_be_run(tmp_path: Path) -> None:
    found, folder = hunted(tmp_path, expansion(budget=40))
    text = (folder.path / WORST).read_text()
    assert text.startswith(f"# The worst case that was found: depth is {found.value:.9g}.\n")
    config = load_config(folder.path / WORST)
    assert Valley()(config.data)["depth"] == pytest.approx(found.value, rel=1e-8)
    folder.store.close()

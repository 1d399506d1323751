"""The pages about what is learned say what runs, and figures that were recorded."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def run_blocks(text: str, name: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(block, name, "exec"), {})
    return printed.getvalue()


def test_the_code_about_the_learned_parts_runs() -> None:
    printed = run_blocks((DOCS / "life_support/learned.md").read_text(encoding="utf-8"), "learned")
    assert "(30, 3) 10.0" in printed


def test_the_code_about_dsac_t_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("stable_baselines3", reason="DSAC-T needs the extra 'learn'")
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "dsac.md").read_text(encoding="utf-8")
    assert "model.learn(5_000)" in text
    run_blocks(text.replace("model.learn(5_000)", "model.learn(20)"), "dsac")
    assert (tmp_path / "pendulum.zip").is_file()


@pytest.mark.parametrize("figure", ["rmse", "nll"])
def test_the_forecasts_figures_are_those_of_the_recorded_training(figure: str) -> None:
    recorded = json.loads(
        (DOCS / "trainings/life_support_metabolism/metrics.json").read_text(encoding="utf-8")
    )
    page = (DOCS / "life_support/learned.md").read_text(encoding="utf-8")
    name = {"rmse": "RMSE [L/min]", "nll": "NLL [nats]"}[figure]
    row = " | ".join(f"{v:.2f}" for v in recorded["scores"]["learned"][figure])
    assert f"| {name}: learned | {row} |" in page


def test_the_packaged_forecasts_are_those_that_were_recorded() -> None:
    from hiera.controllers.life_support.metabolism.weights import FORMAT, SHIPPED
    from hiera.controllers.weights import load_arrays

    recorded = json.loads(
        (DOCS / "trainings/life_support_metabolism/metrics.json").read_text(encoding="utf-8")
    )
    _, notes = load_arrays(SHIPPED, FORMAT, "metabolism")
    assert notes["sha256"] == recorded["sha256"]


def test_the_packaged_advisor_is_the_one_that_was_recorded() -> None:
    from hiera.controllers.rl.advisor import load_policy

    recorded = json.loads(
        (DOCS / "trainings/life_support_advisor/metrics.json").read_text(encoding="utf-8")
    )
    assert load_policy().notes["sha256"] == recorded["sha256"]

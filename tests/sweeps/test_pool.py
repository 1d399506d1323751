"""Worker processes: every row is answered once, whatever happens to the process under it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hiera.sweeps.pool import LocalPool
from hiera.sweeps.task import Done, RowStatus, SweepError, Target, Task
from tests.sweeps import row_functions as rows


def computed(
    target: Target, count: int, jobs: int = 2, timeout_s: float | None = None
) -> dict[int, Done]:
    """Rows ``0 … count-1``, each of which must be answered exactly once."""
    found: dict[int, Done] = {}
    with LocalPool(target, jobs, timeout_s=timeout_s) as pool:
        for arrived in pool.as_completed(Task(i, i) for i in range(count)):
            for done in arrived:
                assert done.index not in found
                found[done.index] = done
    assert found.keys() == set(range(count))
    return found


def gone(pid: int) -> bool:
    """Waits until a process is no more; a zombie is none."""
    for _ in range(2000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_ten_thousand_rows_are_all_answered_and_right() -> None:
    found = computed(rows.double, 10_000)
    assert all(done.value == 2 * index for index, done in found.items())
    assert {done.status for done in found.values()} == {RowStatus.OK}


def test_a_large_payload_goes_through_both_ways() -> None:
    payload = os.urandom(5_000_000)
    with LocalPool(rows.identity, 1) as pool:
        ((done,),) = pool.as_completed([Task(0, payload)])
    assert done.value == payload


def test_one_pool_computes_again_and_again_in_the_same_processes() -> None:
    with LocalPool(rows.process_id, 1) as pool:
        values = [
            done.value
            for _ in range(3)
            for arrived in pool.as_completed([Task(0, 0), Task(1, 1)])
            for done in arrived
        ]
    assert len(values) == 6
    assert len(set(values)) == 1


def test_what_a_row_raises_is_an_answer_with_its_traceback() -> None:
    found = computed(rows.raises, 8)
    assert found[3].status is RowStatus.ERROR
    assert found[3].error == "ValueError: three is no good"
    assert 'raise ValueError("three is\\nno good")' in found[3].traceback
    assert found[4].status is RowStatus.ERROR
    assert found[4].error == "SystemExit: gone"
    assert [found[i].value for i in (0, 1, 2, 5, 6, 7)] == [0, 1, 2, 5, 6, 7]


def test_a_worker_that_is_killed_costs_only_its_row(ledger: rows.Ledger) -> None:
    found = computed(rows.Deadly(ledger, victim=500), 1000)
    died = found.pop(500)
    assert died.status is RowStatus.DIED
    assert died.error == "its process died 2 times, last killed by SIGKILL"
    assert died.deaths == 2
    assert {done.status for done in found.values()} == {RowStatus.OK}
    assert ledger.entries().count("500") == 2
    assert sorted(int(e) for e in ledger.entries() if e != "500") == sorted(found)


def test_a_row_whose_worker_dies_once_is_tried_again(ledger: rows.Ledger) -> None:
    found = computed(rows.Deadly(ledger, victim=5, once=True), 20)
    assert found[5].status is RowStatus.OK
    assert found[5].value == 5
    assert found[5].deaths == 1
    assert all(done.deaths == 0 for index, done in found.items() if index != 5)


def test_how_a_process_ended_is_said(ledger: rows.Ledger) -> None:
    found = computed(rows.Deadly(ledger, victim=0, code=7), 2, jobs=1)
    assert found[0].error == "its process died 2 times, last left with exit code 7"


def test_a_worker_killed_from_outside_costs_nothing() -> None:
    with LocalPool(rows.process_id, 2) as pool:
        first = [d for some in pool.as_completed([Task(0, 0)]) for d in some]
        os.kill(first[0].value, signal.SIGKILL)
        again = [d for some in pool.as_completed(Task(i, i) for i in range(50)) for d in some]
    assert sorted(done.index for done in again) == list(range(50))
    assert {done.status for done in again} == {RowStatus.OK}
    assert first[0].value not in {done.value for done in again}


def test_a_row_that_hangs_is_ended_with_all_it_started_and_says_where_it_was(
    ledger: rows.Ledger,
) -> None:
    found = computed(rows.Hangs(ledger, victim=3), 6, timeout_s=1.0)
    hung = found.pop(3)
    assert hung.status is RowStatus.TIMEOUT
    assert hung.error == "took longer than 1 s"
    assert "in a_place_to_hang_in" in hung.traceback
    assert {done.status for done in found.values()} == {RowStatus.OK}
    (child,) = ledger.entries()
    assert gone(int(child))


def test_what_a_row_prints_does_not_disturb_the_answers() -> None:
    found = computed(rows.chatty, 300)
    assert all(done.value == index for index, done in found.items())


def test_a_value_that_cannot_be_sent_is_an_error_of_its_row() -> None:
    found = computed(rows.unsendable, 2)
    assert {done.status for done in found.values()} == {RowStatus.ERROR}
    assert found[0].error.startswith("what the row returned cannot be sent back: ")


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"])
def test_a_worker_computes_with_one_thread(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    with LocalPool(rows.threads, 1) as pool:
        ((done,),) = pool.as_completed([Task(0, name)])
    assert done.value == "1"


def test_no_further_row_is_begun_once_a_stop_is_asked_for() -> None:
    taken: list[int] = []
    found: list[Done] = []

    def tasks() -> Iterator[Task]:
        for i in range(100_000):
            taken.append(i)
            yield Task(i, i)

    def enough() -> bool:
        return len(found) >= 10

    with LocalPool(rows.double, 2) as pool:
        for arrived in pool.as_completed(tasks(), should_stop=enough):
            found.extend(arrived)
    assert 10 <= len(found) < 2000
    assert len(taken) < 2000
    assert {done.status for done in found} == {RowStatus.OK}


def test_leaving_the_pool_ends_its_workers() -> None:
    with LocalPool(rows.process_id, 2) as pool:
        found = [d for some in pool.as_completed(Task(i, i) for i in range(40)) for d in some]
        assert pool.processes >= 1
    assert all(gone(pid) for pid in {done.value for done in found})


def test_workers_and_what_they_started_end_when_the_pool_is_killed(ledger: rows.Ledger) -> None:
    program = (
        "from pathlib import Path\n"
        "from hiera.sweeps.pool import LocalPool\n"
        "from hiera.sweeps.task import Task\n"
        "from tests.sweeps import row_functions as rows\n"
        f"target = rows.Hangs(rows.Ledger(Path({str(ledger.path)!r})), victim=0)\n"
        "with LocalPool(target, 1) as pool:\n"
        "    list(pool.as_completed([Task(0, 0)]))\n"
    )
    pool = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    while not ledger.entries():
        assert pool.poll() is None
        time.sleep(0.01)
    (child,) = map(int, ledger.entries())
    pool.kill()
    pool.wait()
    assert gone(child)


def test_a_function_that_other_processes_cannot_load_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SweepError, match="define it at the top of a module"):
        LocalPool(lambda payload: payload, 1)
    monkeypatch.setattr(rows.double, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "double", rows.double, raising=False)
    with pytest.raises(SweepError, match="move it to a module beside the script"):
        LocalPool(rows.double, 1)


def test_a_module_that_breaks_in_the_worker_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "fragile_rows.py"
    module.write_text("def row(payload):\n    return payload\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import fragile_rows  # type: ignore[import-not-found]

    module.write_text("raise RuntimeError('not today')\n")
    with (
        LocalPool(fragile_rows.row, 1) as pool,
        pytest.raises(SweepError, match="no worker can load the row function: RuntimeError: not"),
    ):
        list(pool.as_completed([Task(0, 0)]))


def test_workers_that_cannot_start_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    with (
        LocalPool(rows.double, 1) as pool,
        pytest.raises(SweepError, match="no worker can be started"),
    ):
        list(pool.as_completed([Task(0, 0)]))

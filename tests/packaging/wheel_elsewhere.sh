#!/bin/sh
# Builds source distribution and wheel, installs the wheel into an empty environment far from the
# checkout and runs from there. BUILDER: interpreter with `build`; PYTHON: for the new environment.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $BUILDER in /*) ;; *) BUILDER=$top/$BUILDER ;; esac

"$BUILDER" -m build --outdir "$work/dist" "$top" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$PYTHON" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$work"/dist/*.whl
mkdir "$work/elsewhere"
cd "$work/elsewhere"
"$work/venv/bin/python" - <<'PY'
import hiera, hiera.safety, hiera.envs, hiera.planners, hiera.controllers, pathlib
place = pathlib.Path(hiera.__file__).parent
for room in ("safety", "envs", "planners", "controllers", "configs"):
    assert (place / room).is_dir() and not (place / room).is_symlink(), room
assert (place / "py.typed").is_file()
PY
"$work/venv/bin/hiera" --version
"$work/venv/bin/hiera" doctor
"$work/venv/bin/hiera" run fare_building 'world.size_m=[40,30]' --out runs --quiet
for file in config.yaml manifest.json events.jsonl trajectory.parquet metrics.json report.html run.gif; do
    test -s "$(echo runs/fare_building/*/"$file")" || { echo "the wheel's run left no $file"; exit 1; }
done
"$work/venv/bin/hiera" verify gates/braking_wall --episodes 32 --ticks 30 --rounds 1 --boxes 200 --out hunt --quiet
"$work/venv/bin/hiera" export gates/braking_wall --out c --name wall --quiet
if command -v cc >/dev/null; then
    cc -std=c99 -O2 -Wall -Wextra -pedantic -Werror -ffp-contract=off c/wall.c c/wall_demo.c -o wall -lm
    ./wall
fi
echo "the wheel installs and runs elsewhere"

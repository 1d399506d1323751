# make run    explore the example building: environment, install, run, report
# make test   environment, install, every check and test, and the built wheel elsewhere
#             (EXTRAS=dev,llm,mpc,learn also tests training, and installs PyTorch)
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev,llm,mpc
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1

.PHONY: run test lint types imports unit wheel docs clean

run: $(VENV)/.run
	$(BIN)/hiera run configs/fare_building.yaml

test: lint types imports unit wheel

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy -p hiera

imports: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest

wheel: $(VENV)/.dev
	PYTHON=$(PYTHON) BUILDER=$(BIN)/python sh tests/packaging/wheel_elsewhere.sh

docs: $(VENV)/.dev
	$(BIN)/pip install --quiet '.[docs]'
	$(BIN)/mkdocs build --strict

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@echo "compiling the kernels once"
	$(BIN)/hiera run fare_building 'world.size_m=[24,18]' --quiet --out $(VENV)/first
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

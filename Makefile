# Everything a newcomer needs: `make demo` and `make test` set up what they use.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SEED   ?=
DATA   ?= ../shared/data
WORKSPACE ?= workspace
export BENTOML_DO_NOT_TRACK := true
# Some shells switch byte code off, which makes every import three times slower.
export PYTHONDONTWRITEBYTECODE :=
# Threads that spin while they wait make training ten times slower where other work runs beside it.
export OMP_WAIT_POLICY := passive

# OpenSTEF asks for Python 3.12 or later; the peers have an environment of their own.
BENCH_PYTHON ?= python3.12
PEERS  := .venv-peers

.PHONY: help install demo test test-slow lint types contracts check lock clean bench-env results

help:
	@echo "make demo        the main job on the embedded demo territory, with an HTML report"
	@echo "make test        the fast tests (under 5 minutes on 2 cores)"
	@echo "make test-slow   served bentos, PostgreSQL, notebooks, fuzzing"
	@echo "make check       lint, types, import contracts"
	@echo "make bench-ID    one measured bar, e.g. make bench-b2 [SEED=1] [DATA=../shared/data]"
	@echo "make bench-env   the peers' own environment (OpenSTEF, mlforecast; 0.8 GB, Python 3.12 or later)"
	@echo "make results     benchmarks/RESULTS.md from what the bars left in benchmarks/results/"
	@echo "make lock        resolve the dependencies anew"

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) (one to two minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/headroom demo --workspace $(WORKSPACE)

test: $(STAMP)
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

check: lint types contracts

bench-env: $(PEERS)/.installed

$(PEERS)/.installed: benchmarks/peers.lock
	@$(BENCH_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 12))' || \
		{ echo "Python 3.12 or later is needed; name one: make bench-env BENCH_PYTHON=python3.13" >&2; exit 1; }
	@$(PEERS)/bin/python -m pip --version >/dev/null 2>&1 || $(BENCH_PYTHON) -m venv $(PEERS)
	@echo "Installing the peers into $(PEERS) (two to three minutes) ..."
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/peers.lock
	@touch $@

results: $(STAMP)
	@$(BIN)/python -m benchmarks.report

bench-%: $(STAMP)
	@DATA="$(DATA)" SEED="$(SEED)" $(BIN)/python -m benchmarks.$*

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock
	uv pip compile benchmarks/peers.in --universal --python-version 3.12 --generate-hashes --no-header -o benchmarks/peers.lock

clean:
	rm -rf $(VENV) $(PEERS) workspace .pytest_cache .ruff_cache .mypy_cache .import_linter_cache

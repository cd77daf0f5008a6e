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

.PHONY: help install demo test test-slow lint types contracts check lock clean

help:
	@echo "make demo        the main job on the embedded demo territory, with an HTML report"
	@echo "make test        the fast tests (under 5 minutes on 2 cores)"
	@echo "make test-slow   served bentos, PostgreSQL, notebooks, fuzzing"
	@echo "make check       lint, types, import contracts"
	@echo "make bench-ID    one measured bar, e.g. make bench-b2 [SEED=1] [DATA=../shared/data]"
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

bench-%: $(STAMP)
	@DATA="$(DATA)" SEED="$(SEED)" $(BIN)/python -m benchmarks.$*

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock

clean:
	rm -rf $(VENV) workspace .pytest_cache .ruff_cache .mypy_cache .import_linter_cache

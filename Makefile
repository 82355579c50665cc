# `make help` lists the targets. Settings that may be given behind the target:
PYTHON ?= python3#    builds the environment (3.10 to 3.12)
VENV ?= .venv#        where it lies
PY ?= $(VENV)/bin/python# an interpreter that has everything already: nothing is set up
WORKERS ?= 2#         parallel test processes
ARGS ?=#              more arguments for pytest or the demo
SEED ?=#              of test-faults; without it, a new one, which is printed
KILLS ?=#             of test-faults: kills of each tool
OPS ?=#               OPS=1 compiles mmcv's operators into the environment
.DEFAULT_GOAL := help
.PHONY: help env demo docs test test-browser test-configs test-faults test-gpu test-operators test-release test-official lock lint format clean clean-env

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15

env: ## build or update .venv (every target below does it by itself)
ifeq ($(origin PY),file)
	@command -v $(PYTHON) > /dev/null || { echo "No $(PYTHON) here: install Python 3.10 to 3.13, or add PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) tools/dev/setup_env.py --venv $(VENV) $(if $(OPS),--operators)
endif

demo: env ## train SLT-Net on the embedded data and write a report (about 3 minutes)
	$(PY) tools/demo.py $(ARGS)

# One thread a process: the processes share the cores.
test: env ## run the tests and the examples in the docstrings (about 15 minutes)
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) $(ARGS)

test-configs: env ## run every config for a few iterations
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) -m slow_configs tests $(ARGS)

test-faults: env ## kill tools at random moments and compare the restarted runs (SEED=, KILLS= a tool)
	OMP_NUM_THREADS=1 SEED=$(SEED) KILLS=$(KILLS) $(PY) -m pytest -n $(WORKERS) -m faults tests $(ARGS)

test-gpu: env ## run what needs a GPU
	$(PY) -m pytest -m gpu tests $(ARGS)

test-release: env ## build the wheel and the source package and look into them
	$(PY) -m pytest -m release tests $(ARGS)

test-operators: env ## compare the stand-ins for mmcv's operators with the compiled ones (needs OPS=1)
	$(PY) -m pytest -m operators tests/test_mmcv_operators $(ARGS)

test-browser: env ## use the review page in the system's Chromium (BROWSER=/path/to/chromium)
	OMP_NUM_THREADS=1 $(PY) -m pytest -m browser tests $(ARGS)

test-official: ## run the tests with the official OpenMMLab packages (in .venv-official)
	@command -v $(PYTHON) > /dev/null || { echo "No $(PYTHON) here: add PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) tools/dev/setup_env.py --venv .venv-official --lock requirements/official.lock
	OMP_NUM_THREADS=1 .venv-official/bin/python -m pytest -n $(WORKERS) $(ARGS)

# Platforms other than Linux are out of the question (pyproject.toml, [tool.uv]): their conditions say nothing.
lock: env ## resolve requirements/{dev,official}.txt anew; UPGRADE=1 takes the newest of what is not pinned there
	for name in dev official; do \
	    $(PY) -m uv pip compile --quiet --universal --python-version 3.10 --no-header --annotation-style line \
	        $(if $(UPGRADE),--upgrade) -o requirements/$$name.lock requirements/$$name.txt > /dev/null || exit 1; \
	    sed -i "s/python_full_version < '3.14' and //; s/ and sys_platform == 'linux'//; s/ ; sys_platform == 'linux'//" \
	        requirements/$$name.lock; \
	done

docs: env ## build the documentation site, build/docs/index.html; a warning is an error
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	OMP_NUM_THREADS=1 $(PY) -m sphinx -b html -n -W --keep-going -d build/doctrees docs build/docs $(ARGS)
	@echo "Open build/docs/index.html"

lint: env ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: env ## let ruff fix what it can, and format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## remove what builds and tests leave, not .venv* and not work_dirs
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -not -path './.venv*/*' -not -path './.git/*' -prune -exec rm -rf {} +

clean-env: ## remove the environment (uv keeps the downloads, and mmcv's operators if they were compiled)
	@test ! -e $(VENV) || test -f $(VENV)/pyvenv.cfg || { echo "$(VENV) is no virtual environment: left alone" >&2; exit 1; }
	rm -rf $(VENV)

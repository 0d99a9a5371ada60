# Two commands do everything: `make report` runs the sample study, `make test` passes the tests.
STUDY ?= data/sample/fieldnote
PERIOD ?=
JOBS ?= 2
TESTJOBS ?= logical
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: report test lab bench lock notebooks check clean help

report: .venv/ready  ## run a study and publish its report (STUDY=..., PERIOD=...)
	$(BIN)/segmentation run $(STUDY) $(if $(PERIOD),--period $(PERIOD)) --jobs $(JOBS)

test: .venv/ready .venv/browser .venv-lab/ready  ## run all tests, a process a core up to four (TESTJOBS=1 for a single one)
	$(BIN)/python -m pytest -q -n $(TESTJOBS) --maxprocesses 4

lab: .venv-lab/ready  ## open JupyterLab on the notebooks
	JUPYTER_CONFIG_PATH=$(CURDIR)/lab .venv-lab/bin/jupyter lab --notebook-dir=. notebooks/explore.ipynb  # lab/: asks nobody on the internet

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -c "from segmentation.clustering import warm; warm()"  # compiles once, so that no report waits for it
	touch $@

.venv-lab/ready: requirements-lab.lock pyproject.toml
	$(PYTHON) -m venv .venv-lab
	.venv-lab/bin/python -m pip install --quiet --require-hashes -r requirements-lab.lock
	.venv-lab/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	.venv-lab/bin/python -c "from segmentation.clustering import warm; warm()"
	touch $@

# Browser tests need Chromium and axe-core; where they cannot be had the tests say so and are skipped.
.venv/browser: .venv/ready package-lock.json
	sh tests/browser/install.sh
	touch $@

notebooks: .venv/ready  ## run the notebooks on the sample and keep the outputs that tests compare
	$(BIN)/python -m segmentation.reporting.refresh

bench: .venv/ready  ## measure every promise about speed: one row a target (BENCH="--quick" for a trial)
	env -u OMP_NUM_THREADS $(BIN)/python benchmarks/targets.py $(BENCH)

check: .venv/ready  ## lint
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

lock:  ## compile the lock files anew (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --extra test --no-header --no-annotate --no-emit-index-url -p 3.11 -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --extra test --extra lab --no-header --no-annotate --no-emit-index-url -p 3.11 -c requirements.lock -o requirements-lab.lock

clean:  ## remove environments and reports
	rm -rf .venv .venv-lab node_modules reports/*/

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/:/'

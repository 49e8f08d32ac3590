# Python >= 3.11, make and a C library are enough: every target first installs what it needs into .venv.
# Where the python command has another name or place: make run PYTHON=/path/to/python3.12

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
FRAMES := .venv-frames
PYTHON ?= $(shell for p in python3 python python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys.executable)' 2>/dev/null && break; done)
# Small runs that between them open every door of the kernel, and what else is made once a user (tests/engine).
WARM = $(VENV)/bin/beanpeak run hello week95_2022 --users 500 --quiet --out $(VENV)/warm
# uv from the PATH if it works, else the private one that `make` puts into .uv.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := install
.PHONY: install run load test nightly check bench bench-ledger bench-pairing bench-rules baseline docs response cookbook calibrate lock clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml | $(filter .uv/%,$(UV))
	@test -n "$(PYTHON)" || { echo "make: needs Python >= 3.11 (make PYTHON=/path/to/python3)" >&2; exit 2; }
	@$(PY) -c '' 2>/dev/null || { rm -rf $(VENV) && $(UV) venv --quiet --python "$(PYTHON)" $(VENV); }
	@echo "Installing the locked environment into $(VENV) ..."
	@$(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@echo "Compiling what runs need ..."
	@$(WARM) >/dev/null || echo "make: the first run will compile" >&2
	@rm -rf $(VENV)/warm
	@touch $@

# `pip --target` also works where the system's Python is managed by the distribution (PEP 668);
# a distribution without pip may still have venv.
.uv/bin/uv:
	@test -n "$(PYTHON)" || { echo "make: needs Python >= 3.11 (make PYTHON=/path/to/python3)" >&2; exit 2; }
	@echo "Installing uv into .uv ..."
	@"$(PYTHON)" -m pip install --quiet --disable-pip-version-check --target .uv uv 2>/dev/null \
		|| { rm -rf .uv && "$(PYTHON)" -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv; }

run: install        ## simulate both campaigns, print their summaries, throw the peak of one at the ledger
	@$(VENV)/bin/beanpeak run week95_2022 double11_2018
	@$(VENV)/bin/beanpeak load double11_2018 --users 30000 --from 2018-11-10T23:00 --until 2018-11-11T01:00 \
		--peak-rate 600 --floor-rate 350 --slo relaxed --fail-on audit

load: install       ## the night of Double 11 at full simulated size in ten minutes in all
	@$(VENV)/bin/beanpeak load double11_2018 --from fine2 --peak-rate 2000 --floor-rate 1500

test: install       ## the test suite
	@$(PY) -m pytest -q -n 3 --dist loadfile

nightly: install    ## the long statistical checks
	@BEANPEAK_HYPOTHESIS=searching $(PY) -m pytest -q -n 3 --dist loadfile -m "nightly or not bench"

check: install      ## lint, format and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

bench: install $(FRAMES)/.installed  ## speed and size, with the machine they were measured on
	@$(PY) -m pytest -q -s -m bench --benchmark-enable -p no:randomly tests/benchmarks

# A peer that cannot live with the model's NumPy; without it the bench says so and measures the others.
$(FRAMES)/.installed: tests/benchmarks/peers/frames.lock | install
	-@$(UV) venv --quiet --clear --python $(PY) $(FRAMES) \
		&& $(UV) pip sync --quiet --python $(FRAMES)/bin/python --require-hashes $< && touch $@

bench-ledger: install  ## the ledger's figures beside pgbench's, into docs/ledger.md
	@$(PY) -m tests.benchmarks.ledger --into docs/ledger.md

bench-rules: install  ## what live rules cost the kernel, and twenty designs to load
	@$(PY) -m tests.benchmarks.rules
	@$(PY) -m tests.benchmarks.designs

bench-pairing: install  ## how much sharper common luck makes a comparison of designs
	@$(PY) -m tests.benchmarks.pairing

baseline: install   ## refresh the pinned baseline: a decision, never a side effect
	@$(PY) -m tests.baselines

docs: install       ## regenerate docs/metrics.md and docs/assumptions.md
	@$(PY) -m sim.reporting.metrics docs/metrics.md
	@$(PY) -m sim.behaviour.assumptions docs/assumptions.md

response: install   ## play every lever of the rules in pairs and write docs/response.md
	@$(PY) -m sim.experiments.response docs/response.md

cookbook: install   ## play the twenty ideas for rules in pairs and write docs/incentives.md
	@$(PY) -m sim.experiments.cookbook docs/incentives.md

calibrate: install  ## fit the rows marked "calibrate" again
	@$(PY) -m sim.experiments.calibrate

lock: | $(filter .uv/%,$(UV))  ## resolve the dependencies anew
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --all-extras --custom-compile-command "make lock" --upgrade \
		pyproject.toml -o requirements.lock
	@echo mesa-frames | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" --upgrade \
		- -o tests/benchmarks/peers/frames.lock

clean:              ## remove everything that can be made again, but no results
	@rm -rf $(VENV) $(FRAMES) .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

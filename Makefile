# A fresh machine needs make and Python 3.11 or newer: each target makes the
# virtual environment it needs and installs what it needs there.  The second
# time it finds them, until pyproject.toml changes.

# The interpreter to make the environment from, as in: make test PYTHON=python3.13
PYTHON ?= python3
VENV ?= .venv
# Passed on to the demo, pytest or the benchmark, as in: make test ARGS='-k zip'
ARGS ?=

PY := $(VENV)/bin/python
# Any of which shows the panel to its tests.
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
TEST := $(PY) -m pytest -n auto
# Once, for the hundreds of programs that the tests start: not each keeps what it
# compiles, as where PYTHONDONTWRITEBYTECODE is set.
COMPILE := $(PY) -m compileall -q -j 0 zensols
# Doctests need the signing key's temporary folder, too.
DOCTEST := $(TEST) test/conftest.py zensols
SPHINX := $(PY) -m sphinx --quiet --fail-on-warning --keep-going --nitpicky
VERSIONS := 3.11 3.12 3.13

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
# Two installations into one environment must not overlap.
.NOTPARALLEL:
.PHONY: demo test test-all soak lint types docs bench build clean help browser screenshots

demo: $(VENV)/.has-demo ## run the example pipeline; run it twice
	@$(PY) example/demo.py $(ARGS)

test: $(VENV)/.has-test browser ## run the tests
	$(COMPILE)
	$(TEST) $(ARGS)

test-all: ## run the tests on each supported Python of this machine
	@ran= failed=; \
	for version in $(VERSIONS); do \
	    for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
	        "$$python" -c "import ensurepip, sys, venv; \
	            sys.exit('%d.%d' % sys.version_info[:2] != '$$version')" \
	            2>/dev/null || continue; \
	        echo "Python $$version: $$python"; ran="$$ran $$version"; \
	        $(MAKE) --no-print-directory test PYTHON="$$python" \
	            VENV=.venv-$$version || failed="$$failed $$version"; \
	        break; \
	    done; \
	done; \
	echo "Supported: $(VERSIONS). Ran:$${ran:- none}. Failed:$${failed:- none}."; \
	test -n "$$ran" && test -z "$$failed"

soak: $(VENV)/.has-test browser ## run the tests that take minutes
	$(COMPILE)
	$(TEST) -m soak $(ARGS)

lint: $(VENV)/.has-lint ## check style and formatting
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.has-lint ## check types
	$(PY) -m mypy

docs: $(VENV)/.has-docs ## build the documentation and run its examples
	$(SPHINX) -b html docs docs/_build/html
	$(SPHINX) -b doctest docs docs/_build/doctest
	$(DOCTEST)
	@echo "See docs/_build/html/index.html"

bench: $(VENV)/.has-bench ## measure against the peers
	$(PY) -m benchmark $(ARGS)

build: $(VENV)/.has-build ## make wheel and sdist, and try the wheel in an empty environment
	rm -rf build dist
	$(PY) -m build --outdir dist
	$(PY) -m venv build/empty
	build/empty/bin/python -m pip install --quiet dist/*.whl
	build/empty/bin/python -I test/installed.py

screenshots: $(VENV)/.has-docs browser ## take the pictures of the panel anew
	$(PY) docs/panel/screenshots.py

browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	fi || :; \
	command -v chromium >/dev/null || \
	    echo "There is no browser, so that the panel's tests are skipped:" \
	         "apt-get install chromium" >&2

clean: ## remove all that the other targets made
	rm -rf .venv .venv-* build dist docs/_build *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find zensols test example benchmark docs -name __pycache__ \
	    -prune -exec rm -rf {} + 2>/dev/null || :

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-10s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

# An environment with an extra of pyproject.toml.
$(VENV)/.has-%: $(VENV)/.made pyproject.toml
	$(PY) -m pip install --quiet --editable '.[$*]'
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Python 3.11 or newer is needed, but $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	         "Name another: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; \
	    exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

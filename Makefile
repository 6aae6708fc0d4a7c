# make serve   install what is missing, then open Lodestone on http://localhost:5006
# make test    every test: unit tests and journeys in a real browser
# The other commands are in the README.

PORT ?= 5006
HOST ?= localhost
VENV := .venv
BIN := $(VENV)/bin

# the first Python that is new enough and can make a virtual environment; PYTHON=... takes another
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$candidate; break; }; done)

# HOST=lab.example.org opens the server to a team under that name; by default only this computer is served
ifeq ($(HOST),localhost)
LISTEN := --address localhost
else
LISTEN := --address 0.0.0.0 --allow-websocket-origin $(HOST):$(PORT)
endif

# --warm: imports and the demo are loaded before the first visitor comes. A closed tab is forgotten after two
# minutes: time enough to come back after a break of the network.
SERVE_FLAGS ?= --warm --unused-session-lifetime 120000 --check-unused-sessions 30000
# /healthz, /uploads, /status, the log and the graceful stop
PLUGINS := --plugins dashboard.endpoints

.PHONY: help install serve test lint format lock benchmarks screenshots guide clean

help:
	@echo "make serve         open Lodestone on http://$(HOST):$(PORT); PORT=5117 and LODESTONE_DATA=folder change that"
	@echo "make install       make the virtual environment $(VENV), nothing else"
	@echo "make test          run every test"
	@echo "make lint          check style and format; make format repairs both"
	@echo "make lock          resolve the dependencies of pyproject.toml again into requirements.lock"
	@echo "make benchmarks    print the measured figures, each beside a peer"
	@echo "make screenshots   make the pictures of the README again"
	@echo "make guide         make the pictures of docs/guide.md again"
	@echo "make clean         remove $(VENV) and all caches"

install: $(VENV)/.installed

# the stamp comes last, so an installation that was cut off is taken up again
$(VENV)/.installed: requirements.lock
	@test -n "$(PYTHON)" || { \
	  echo "Lodestone needs Python 3.11 or later with the module venv; found: $$(python3 --version 2>&1)."; \
	  echo "Install one (python.org; Debian: apt-get install python3 python3-venv; macOS: brew install python)"; \
	  echo "or name it: make install PYTHON=/path/to/python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Lodestone needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version); the packages take a few minutes the first time."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@touch $@

# PASSIVE before torch is imported: waiting threads would otherwise take the core that answers the page
serve: install
	@echo "Lodestone starts, the first time for a minute. Open http://$(HOST):$(PORT) when it says that it is"
	@echo "running there; Ctrl-C ends it."
	-@$(BIN)/python -m dashboard.first_demo
	@OMP_WAIT_POLICY=PASSIVE exec $(BIN)/panel serve app.py --port $(PORT) $(LISTEN) $(PLUGINS) $(SERVE_FLAGS)

# where no browser is to be had, that is said and the browser tests are skipped; under CI that is a failure
test: install
	@$(BIN)/python tools/browser.py || test -z "$(CI)"
	@$(BIN)/python tools/postgres.py || test -z "$(CI)"
	@$(BIN)/python tools/tests.py $(PYTEST_FLAGS)

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: install
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: install
	@$(BIN)/python tools/lock.py

benchmarks: install
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

screenshots: install
	@$(BIN)/python tools/browser.py
	@$(BIN)/python docs/screenshots.py

guide: install
	@$(BIN)/python tools/browser.py
	@$(BIN)/python docs/screenshots.py --guide

clean:
	@rm -rf $(VENV) build .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The front door. Every target installs what it needs first, pinned by hash, into .venv.
PYTHON ?= python3
BIN := .venv/bin
TESTERS ?= 3
RUN := .venv/.installed-run
DEV := .venv/.installed-dev

.PHONY: run test check bench docs install install-dev format lock clean

run: install            ## start everything: PostgreSQL, NATS, the server, a demo tenant
	@exec $(BIN)/verbatim dev $(ARGS)

test: install-dev       ## all tests against the real PostgreSQL, nats-server and chromium
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: install-dev format test  ## format, then everything `make test` holds (types and laws are tests)

bench: install-dev      ## the measured ratios of docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)

format: install-dev
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

install: $(RUN)

install-dev: $(DEV)

# --compile-bytecode: where Python may not write it itself, every start would compile everything anew.
# --without-pip: a fresh Debian has no ensurepip; its own pip can install into the new environment.
$(BIN)/uv: requirements/install.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements/install.lock
	@touch $@

$(RUN): requirements/run.lock pyproject.toml $(BIN)/uv
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/run.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q domain application infrastructure interfaces projections
	@touch $@

$(DEV): requirements/dev.lock $(RUN)
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.lock
	@touch $@

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: install           ## pin anew after a change of pyproject.toml
	@$(COMPILE) --group install -o requirements/install.lock
	@$(COMPILE) pyproject.toml -o requirements/run.lock
	@$(COMPILE) pyproject.toml --group dev -o requirements/dev.lock

clean:
	@rm -rf .venv

docs: install-dev       ## the pages that are made from the code
	@PYTHONPATH=. $(BIN)/python docs/generate.py

# Every target sets up what it needs; `make help` lists them. Paths and addresses are taken as given
# (`value`): the address of Graph's metadata has a dollar in it.

PYTHON ?= python3
PYTHONS ?= $(foreach minor,11 12 13 14,$(shell command -v python3.$(minor)))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AUDIT := .venv-audit/bin

PIP := python -m pip install --quiet --disable-pip-version-check
# Nothing but what the hashes name, and wheels only: no code of a dependency runs while it is installed.
PINNED := --require-hashes --only-binary :all:
COMPILE := $(AUDIT)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make pins'

# Permissive, or like MPL 2.0 asking nothing of who only uses it; each as packages spell it.
LICENCES := 0BSD OR CC0-1.0; MIT; MIT License; MIT-0; MIT OR Apache-2.0; BSD; BSD License; BSD-2-Clause; \
	BSD-3-Clause; Apache Software License; Apache-2.0; Apache-2.0 OR BSD-2-Clause; Apache-2.0 OR BSD-3-Clause; \
	PSF-2.0; Python Software Foundation License; MPL-2.0; Mozilla Public License 2.0 (MPL 2.0)

# What concerns users: reading hostile metadata, generating, the models, the client over a real server, the bot kit.
USERS := tests/golden/test_create_call.py tests/golden/test_generator.py tests/hostile/test_xml.py \
	tests/unit/runtime \
	tests/functional/test_cli_commands.py tests/functional/test_cli_progress.py \
	tests/client/test_requests.py tests/client/test_pages_and_streams.py \
	tests/bot/test_importing.py tests/bot/test_life.py tests/bot/test_lives.py tests/bot/test_tokens.py tests/bot/test_stores.py \
	tests/bot/test_change_encryption.py tests/bot/test_change_notifications.py
# In an environment: $(call test-range,FOLDER)
define test-range
	$(1)/bin/graph-codegen check --output generated
	$(1)/bin/python -m pytest -n auto $(USERS)
endef

# The tools that `make clients` has make clients, each in an environment of its own.
CLIENTS := openapi-python-client openapi-generator

# What a target needs to be told: $(call need,NAME)
need = $(if $(value $(1)),,$(error say $(1)=…: see make help))

.DEFAULT_GOAL := help
.PHONY: help generate sync demo screenshot check slice diff update test golden bench bench-sdk bench-whole bench-bounds plots clients lint type pins clean \
	audit licences dist pinned test-oldest test-pythons test-quick test-ranges test-thorough

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

generate: $(READY) ## Write the generated package from metadata/
	$(BIN)/graph-codegen generate --output generated
	$(BIN)/graph-codegen api --output docs/api.md
	$(BIN)/python -m graph_emulator --explain markdown >docs/behaviours.md
	$(BIN)/python generator/derive_sboms.py

sync: $(READY) ## Derive the synchronous modules of the runtime from the asynchronous ones
	$(BIN)/python generator/derive_sync.py

check: $(READY) ## Fail when what is generated or derived is out of date
	$(BIN)/python generator/derive_sync.py --check
	$(BIN)/graph-codegen check --output generated
	$(BIN)/graph-codegen api --output docs/api.md --check
	$(BIN)/python -m graph_emulator --explain markdown | diff docs/behaviours.md - \
		|| { echo 'docs/behaviours.md is stale: run make generate' >&2; exit 1; }
	$(BIN)/python generator/derive_sboms.py --check

slice: $(READY) ## Take the subset from METADATA=<file> into metadata/
	$(call need,METADATA)$(BIN)/graph-codegen slice '$(value METADATA)' --output metadata

diff: $(READY) ## Compare OLD=<file> with NEW=<file>; ARGS=<options> of graph-codegen diff
	$(call need,OLD)$(call need,NEW)@$(BIN)/graph-codegen diff '$(value OLD)' '$(value NEW)' $(ARGS)

update: $(READY) ## Bring all up to METADATA=<file or URL>; REPORT=<file> keeps the report as Markdown
	$(call need,METADATA)$(BIN)/graph-codegen update '$(value METADATA)' $(if $(REPORT),--report '$(value REPORT)')

demo: $(READY) ## Show a bot at work: a call, from ringing to its end; WEB=1 leaves its page open
	$(BIN)/python examples/ivr-bot/demo.py $(if $(WEB),--stay)

screenshot: $(READY) ## Take the picture of the emulator's page that the documentation shows (with chromium)
	$(BIN)/python -m tests.emulator.screenshot

test: $(READY) ## Run all tests except the thorough ones
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-quick: $(READY) ## Run the unit and golden tests: for each save
	$(BIN)/python -m pytest -p no:xdist tests/unit tests/golden

test-thorough: $(READY) ## Run the property tests with many random examples, and the tests marked thorough
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest --numprocesses auto -m 'hypothesis or thorough'

test-pythons: ## Check and test on every Python from 3.11 to 3.14 that is here; PYTHONS=<commands> names others
	for python in $(PYTHONS); do $(MAKE) PYTHON=$$python VENV=.venv-$${python##*/} check test || exit 1; done

test-ranges: test-oldest ## Run the users' tests with the oldest and the newest of what is allowed
	rm -rf .venv-newest
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/$(PIP) --upgrade --editable '.[test]' --editable 'generated[bot,redis]'
	$(call test-range,.venv-newest)

test-oldest: .venv-oldest/.ready ## Run the users' tests with the oldest of what is allowed
	$(call test-range,.venv-oldest)

clients: $(READY) $(CLIENTS:%=.venv-%/.ready) ## Let other tools make clients of the OpenAPI document, and call the emulator with them
	CLIENTS_REQUIRED=1 $(BIN)/python -m pytest -m thorough tests/other_clients

golden: $(READY) ## Run the golden tests; REFRESH=1 rewrites the generator's expected outputs
	$(BIN)/python -m pytest tests/golden $(if $(REFRESH),--refresh-goldens)

bench: $(READY) .venv-user/.ready ## Measure against the bars; ARGS=<beginnings of names> for some of them
	rm -rf .venv-user/wheels
	cd generated && $(abspath $(BIN))/python -m hatchling build --target wheel --directory ../.venv-user/wheels
	.venv-user/bin/$(PIP) --no-deps --no-index --force-reinstall .venv-user/wheels/*.whl
	$(BIN)/python -m tests.bench $(ARGS)

.venv-user/.ready: requirements.txt
	$(PYTHON) -m venv --clear .venv-user
	.venv-user/bin/$(PIP) $$(sed -n -E 's/^((httpx|pydantic)==[^ ]*).*/\1/p' requirements.txt)
	touch $@

bench-sdk: .venv-sdk/.ready ## Measure against Microsoft's SDK, in an environment of its own (400 MB)
	PYTHONPATH=generated:. .venv-sdk/bin/python -m tests.bench.sdk

plots: $(READY) .venv-sdk/.ready ## Measure time against size, and draw the plots of docs/performance.md: twenty minutes
	$(BIN)/python -m tests.bench.plots

bench-whole: $(READY) ## Generate, import and type-check all of METADATA=<file>: minutes, and 2 GB
	$(call need,METADATA)$(BIN)/python -m tests.bench.whole '$(value METADATA)'

bench-bounds: $(READY) ## Measure what attacks of a megabyte cost each command; ARGS=<names> for some of them
	$(BIN)/python -m tests.bench.bounds $(ARGS)

lint: $(READY) ## Check style, and that no package imports one further along the way of the data
	$(BIN)/ruff check .
	$(BIN)/black --check --quiet .
	$(BIN)/lint-imports

type: $(READY) ## Check types, strictly, with mypy and pyright
	$(BIN)/mypy
	$(BIN)/pyright

licences: $(READY) .venv-audit/.ready ## Fail for a licence that is not allowed; list what users get
	$(AUDIT)/pip-licenses --with-system --allow-only '$(LICENCES)' --summary
	$(AUDIT)/pip-licenses --with-system --allow-only '$(LICENCES)' --summary --python $(BIN)/python
	$(AUDIT)/pip-licenses --python $(BIN)/python --packages $$($(AUDIT)/uv pip tree --no-dedupe \
		--python $(BIN)/python --package graph-codegen --package graph-comms | sed 's/^[^a-z]*//; s/ v.*//')

pinned: $(READY) ## Fail where the pins are not what pyproject.toml asks for, or something else is installed
	$(BIN)/python -m pytest --quiet tests/unit/test_pins.py

audit: licences pinned ## Fail for licences, pins, and known vulnerabilities; ARGS=<options> of pip-audit
	@rm -f .venv-audit/told; failed=0; \
	for file in requirements.txt requirements-audit.txt tests/bench/sdk.txt $(CLIENTS:%=tests/other_clients/%.txt); do \
		$(AUDIT)/pip-audit --strict --disable-pip --progress-spinner off --vulnerability-service osv $(ARGS) \
			--requirement $$file 2>>.venv-audit/told || failed=1; done; \
	cat .venv-audit/told >&2; \
	if [ $$failed = 0 ]; then exit 0; fi; \
	if grep -q '^Found ' .venv-audit/told; then echo 'Something is vulnerable: see above.' >&2; \
	else echo 'Licences and pins are right, but the advisories were not read: nobody knows what is vulnerable.' >&2; fi; \
	exit 1

pins: .venv-audit/.ready ## Bring the pins up to pyproject.toml; ARGS=--upgrade takes the newest
	$(COMPILE) $(ARGS) --extra dev pyproject.toml --output-file requirements.txt
	$(COMPILE) $(ARGS) --resolution lowest-direct --extra test --extra bot --extra redis \
		pyproject.toml generated/pyproject.toml --output-file requirements-oldest.txt
	$(COMPILE) $(ARGS) --group audit --constraint requirements.txt --output-file requirements-audit.txt
	$(COMPILE) $(ARGS) --group sdk --constraint requirements.txt --output-file tests/bench/sdk.txt
	for tool in $(CLIENTS); do \
		$(COMPILE) $(ARGS) --group $$tool --output-file tests/other_clients/$$tool.txt || exit 1; done

dist: $(READY) ## Build the wheels and sdists, the same for the same commit, and the SBOM of the pins, into dist/
	rm -rf dist
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct); for project in . generated emulator; do \
		(cd $$project && $(abspath $(BIN))/python -m hatchling build --directory $(CURDIR)/dist/packages) || exit 1; done
	$(BIN)/python generator/derive_sboms.py --pins dist/pins.cdx.json

clean: ## Remove the environments and caches
	rm -rf $(VENV) .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(READY): pyproject.toml requirements.txt generated/pyproject.toml emulator/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) $(PINNED) --requirement requirements.txt
	$(BIN)/$(PIP) --no-deps --no-build-isolation --editable . --editable generated --editable emulator
	touch $(READY)

.venv-oldest/.ready: pyproject.toml requirements-oldest.txt generated/pyproject.toml
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/$(PIP) $(PINNED) --requirement requirements-oldest.txt
	.venv-oldest/bin/$(PIP) --no-deps --no-build-isolation --editable . --editable generated
	touch $@

$(CLIENTS:%=.venv-%/.ready): .venv-%/.ready: tests/other_clients/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/$(PIP) $(PINNED) --requirement $<
	touch $@

.venv-sdk/.ready: tests/bench/sdk.txt
	$(PYTHON) -m venv --clear .venv-sdk
	.venv-sdk/bin/$(PIP) $(PINNED) --requirement $<
	touch $@

.venv-audit/.ready: requirements-audit.txt
	$(PYTHON) -m venv .venv-audit
	$(AUDIT)/$(PIP) $(PINNED) --requirement requirements-audit.txt
	touch $@

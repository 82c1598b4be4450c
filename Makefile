# Every target works in a fresh clone: .venv is made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS = 1
export PYTHONHASHSEED = 0

.PHONY: install demo test check lint type clean
.DEFAULT_GOAL := install

install: $(STAMP) ## create .venv with the pinned dependencies and boxfold itself

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

DEMO := runs/demo

demo: $(STAMP) ## predict bundled RNAs, then compare all agents on 100 unseen windows
	@echo "== structures of the bundled RNAs, shipped weights"
	$(BIN)/boxfold predict scripts/examples/rnas.fa --samples 16
	@echo "== 100 unseen synthetic windows of 60 nt, every agent"
	$(BIN)/boxfold dataset --synthetic --length 60 --count 100 --split 0 --seed 2026 --overwrite --out $(DEMO)/windows.parquet
	$(BIN)/boxfold propose --data $(DEMO)/windows.parquet --max-boxes 64 --overwrite --out $(DEMO)/boxes.parquet
	$(BIN)/boxfold evaluate --data $(DEMO)/boxes.parquet --samples 16 --overwrite --out $(DEMO)/table

check: lint type ## ruff and mypy

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Type checkers cannot see the package-dir mapping, so an installed copy is checked: what ships.
type: $(STAMP)
	@rm -rf build/typed build/lib build/bdist*
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --target build/typed .
	cd build && MYPYPATH=typed ../$(BIN)/mypy --config-file ../pyproject.toml -p boxfold

test: $(STAMP) ## the whole test suite
	$(BIN)/python -m pytest -n 2

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

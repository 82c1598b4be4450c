# Every target works in a fresh clone: .venv is made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS = 1
export PYTHONHASHSEED = 0

# Training reuses large arrays: glibc handing them back to the system at each step costs a third of
# the CPU time (docs/assembly/rewards.md).
train train-s1 train-s1-real train-judge train-f1: export MALLOC_MMAP_MAX_ = 0
train train-s1 train-s1-real train-judge train-f1: export MALLOC_TRIM_THRESHOLD_ = 17179869184
train train-s1 train-s1-real train-judge train-f1: export MALLOC_TOP_PAD_ = 268435456

.PHONY: install demo test wheel-check test-no-torch bench stress checksums check lint type clean train train-s1 train-s1-real train-judge train-f1
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
	$(BIN)/boxfold predict scripts/examples/rnas.fa
	@echo "== 100 unseen synthetic windows of 60 nt, every agent"
	$(BIN)/boxfold dataset --synthetic --length 60 --count 100 --split 0 --seed 2026 --overwrite --out $(DEMO)/windows.parquet
	$(BIN)/boxfold propose --data $(DEMO)/windows.parquet --max-boxes 64 --overwrite --out $(DEMO)/boxes.parquet
	$(BIN)/boxfold evaluate --data $(DEMO)/boxes.parquet --samples 16 --overwrite --out $(DEMO)/table

# The shipped S1 from data to weights; what it costs stands in s1/weights/s1.md. An interrupted step
# goes on with `--resume`; delete its output to start it anew. The rescorer learns from windows that
# the heads have not seen. `python -m boxfold.s1.shipped mfe runs/train_s1/rescorer_c` ships the result.
SHARED ?= ../shared/data
HUMAN := $(SHARED)/human_transcripts_chr21_chr9.fa.gz
S1 := runs/train_s1
S1_DATASET := $(BIN)/boxfold dataset --resume
S1_TRAIN := $(BIN)/boxfold train-s1 --resume --validation $(S1)/human_64.parquet
UNSEEN := $(S1)/unseen_64.parquet $(S1)/unseen_mixed.parquet

train-s1: $(S1)/rescorer_c/finished ## the shipped S1 from data to weights

$(S1)/human_64.parquet: | $(STAMP)
	$(S1_DATASET) --fasta $(HUMAN) --length 64 --count 30000 --shuffles 5 --min-mfe-frequency 0.1 --soft --seed 1 --out $@

$(S1)/human_mixed.parquet: | $(STAMP)
	$(S1_DATASET) --fasta $(HUMAN) --length 20-200 --count 7000 --shuffles 1 --soft --seed 2 --out $@

$(S1)/synthetic_64.parquet: | $(STAMP)
	$(S1_DATASET) --synthetic --length 64 --count 30000 --min-mfe-frequency 0.1 --soft --seed 3 --split 0.99 --out $@

$(S1)/synthetic_64b.parquet: | $(STAMP)
	$(S1_DATASET) --synthetic --length 64 --count 45000 --min-mfe-frequency 0.1 --soft --seed 4 --split 0.99 --out $@

$(S1)/unseen_64.parquet: | $(STAMP)
	$(S1_DATASET) --fasta $(HUMAN) --length 64 --count 8000 --shuffles 10 --min-mfe-frequency 0.1 --soft --seed 5 --out $@

$(S1)/unseen_64c.parquet: | $(STAMP)
	$(S1_DATASET) --fasta $(HUMAN) --length 64 --count 8000 --shuffles 10 --min-mfe-frequency 0.1 --soft --seed 7 --out $@

$(S1)/unseen_mixed.parquet: | $(STAMP)
	$(S1_DATASET) --fasta $(HUMAN) --length 20-200 --count 3000 --shuffles 1 --seed 6 --out $@

$(S1)/first/finished: $(S1)/human_64.parquet $(S1)/human_mixed.parquet
	$(S1_TRAIN) --data $^ --epochs 4 --epoch-examples 17400 --adam-epsilon 1e-8 --seed 1 --out $(@D)

$(S1)/second/finished: $(S1)/human_mixed.parquet $(S1)/synthetic_64.parquet | $(S1)/first/finished
	$(S1_TRAIN) --init $(S1)/first --data $^ --epochs 3 --epoch-examples 12600 --learning-rate 1e-3 --adam-epsilon 1e-8 --seed 2 --out $(@D)

$(S1)/third/finished: $(S1)/synthetic_64b.parquet $(S1)/human_64.parquet $(S1)/human_mixed.parquet | $(S1)/second/finished
	$(S1_TRAIN) --init $(S1)/second --data $^ --epochs 4 --epoch-examples 20000 --learning-rate 1e-3 --adam-epsilon 1e-8 --seed 3 --out $(@D)

$(S1)/rescorer_a/finished: $(UNSEEN) | $(S1)/second/finished
	$(S1_TRAIN) --init $(S1)/second --rescorer-only --rescoring 64 --data $^ --epochs 3 --epoch-examples 15000 --adam-epsilon 1e-8 --seed 4 --out $(@D)

$(S1)/rescorer_b/finished: $(UNSEEN) | $(S1)/third/finished $(S1)/rescorer_a/finished
	$(BIN)/torchrun --nproc-per-node 2 --no-python $(S1_TRAIN) --init $(S1)/third --init-rescorer $(S1)/rescorer_a --rescorer-only --rescoring 64 --data $^ --epochs 3 --epoch-examples 38000 --learning-rate 1.5e-3 --adam-epsilon 1e-8 --seed 5 --out $(@D)

$(S1)/rescorer_c/finished: $(S1)/unseen_64c.parquet $(UNSEEN) | $(S1)/rescorer_b/finished
	$(S1_TRAIN) --init $(S1)/third --init-rescorer $(S1)/rescorer_b --rescorer-only --rescoring 64 --data $^ --epochs 3 --epoch-examples 36000 --learning-rate 1.5e-3 --adam-epsilon 1e-8 --seed 7 --out $(@D)

# The weights `real`, from known structures: what is much like a reporting set is left out. Most of
# the training is on sequences of at most 256 nt, which cost half as much. `python -m
# boxfold.s1.shipped real runs/train_s1/real_c` ships the result.
REPORTING := $(addprefix $(SHARED)/,bprna_ts0.csv.gz pseudobase_pp.csv.gz rfam151.csv.gz shape_24.csv.gz pdb_tr1_vl1.csv.gz)
KNOWN := $(BIN)/boxfold dataset-known
TRAIN_REAL := $(BIN)/boxfold train-s1 --resume --validation $(S1)/real.parquet --prior turner2004 andronescu2007 --no-boxes

train-s1-real: $(S1)/real_c/finished ## S1 for known structures from data to weights

$(S1)/real.parquet: | $(STAMP)
	$(KNOWN) --train $(SHARED)/bprna_tr0.csv.gz --exclude $(REPORTING) --prior turner2004 andronescu2007 --validation $(SHARED)/bprna_vl0.csv.gz --out $@

$(S1)/real_a/finished: $(S1)/real.parquet
	$(TRAIN_REAL) --data $< --max-length 256 --init mfe --batch-pixels 98304 --epochs 5 --epoch-examples 4700 --validation-examples 200 --seed 1 --out $(@D)

$(S1)/real_b/finished: $(S1)/real.parquet | $(S1)/real_a/finished
	$(TRAIN_REAL) --data $< --init $(S1)/real_a --batch-pixels 131072 --epochs 1 --epoch-examples 4600 --validation-examples 200 --learning-rate 1e-3 --seed 2 --out $(@D)

$(S1)/real_c/finished: $(S1)/real.parquet | $(S1)/real_b/finished
	$(TRAIN_REAL) --data $< --max-length 256 --init $(S1)/real_b --batch-pixels 98304 --epochs 5 --epoch-examples 6800 --validation-examples 400 --bfloat16 --seed 11 --out $(@D)

# The agent `judge`: it learns from boxes of RNAs that S1 has not learnt from (VL0, PseudoBase++), of
# TR0 only by real_b, which does not know its families by heart yet, and from variants of all.
# `cp runs/train_s1/judge/second/weights.safetensors agents/weights/judge.safetensors` and
# `make checksums` ship it.
JUDGE := $(S1)/judge
KNOTS := $(JUDGE)/knots
NOT_REPORTED := $(KNOTS)/report.csv $(addprefix $(SHARED)/,bprna_ts0.csv.gz rfam151.csv.gz shape_24.csv.gz)
PROPOSE_96 := $(BIN)/boxfold propose --max-boxes 96
TRAIN_JUDGE := $(BIN)/boxfold train-judge --resume --validation $(JUDGE)/validation_boxes.parquet --validation-instances 415 --max-boxes 96
PROBE := $(BIN)/python benchmarks/probed_windows.py --known --share 0.5 --seed 3

train-judge: $(JUDGE)/second/finished ## what judges the boxes of known structures, from data to weights

$(KNOTS)/report.csv: | $(STAMP)
	$(BIN)/python benchmarks/knot_sets.py --shared $(SHARED) --out $(KNOTS)

$(JUDGE)/vl0_a.csv: | $(STAMP)
	$(BIN)/python benchmarks/halves.py $(SHARED)/bprna_vl0.csv.gz $@ $(JUDGE)/vl0_b.csv

$(JUDGE)/pb.parquet: $(KNOTS)/report.csv
	$(KNOWN) --train $(SHARED)/pseudobase_pp.csv.gz --without half=report --exclude $(NOT_REPORTED) --variants mutated=6 flanked=4 --seed 7 --out $@

$(JUDGE)/vl0.parquet: $(JUDGE)/vl0_a.csv $(KNOTS)/report.csv
	$(KNOWN) --train $< --exclude $(NOT_REPORTED) --variants mutated=2 flanked=.25 shuffled=.25 --max-length 300 --seed 9 --out $@

$(JUDGE)/tr0.parquet: $(S1)/real.parquet
	$(KNOWN) --train $< --without split=validation --sample 3000 --max-length 256 --seed 1 --out $@

$(JUDGE)/tr0_variants.parquet: $(S1)/real.parquet
	$(KNOWN) --train $< --without split=validation --sample 4500 --variants shuffled=.2 flanked=.1 --variants-only --max-length 180 --seed 8 --out $@

$(JUDGE)/tr0_boxes.parquet: $(JUDGE)/tr0.parquet | $(S1)/real_b/finished
	$(PROPOSE_96) --s1 $(S1)/real_b --data $< --out $@

$(JUDGE)/validation_boxes.parquet: $(JUDGE)/vl0_a.csv | $(S1)/real_c/finished
	$(PROPOSE_96) --s1 $(S1)/real_c --data $(JUDGE)/vl0_b.csv --out $@

$(JUDGE)/%_boxes.parquet: $(JUDGE)/%.parquet | $(S1)/real_c/finished
	$(PROPOSE_96) --s1 $(S1)/real_c --data $< --out $@

$(JUDGE)/%_probed.parquet: $(JUDGE)/%_boxes.parquet
	$(PROBE) $< $@

$(JUDGE)/first/finished: $(JUDGE)/pb_boxes.parquet $(JUDGE)/vl0_boxes.parquet $(JUDGE)/tr0_boxes.parquet | $(JUDGE)/validation_boxes.parquet
	$(TRAIN_JUDGE) --data $^ --epochs 5 --seed 2 --out $(@D)

$(JUDGE)/second/finished: $(JUDGE)/pb_probed.parquet $(JUDGE)/pb_boxes.parquet $(JUDGE)/vl0_probed.parquet $(JUDGE)/tr0_probed.parquet $(JUDGE)/tr0_variants_boxes.parquet | $(JUDGE)/first/finished
	$(TRAIN_JUDGE) --data $^ --init $(JUDGE)/first --epochs 4 --learning-rate 8e-4 --trust 0.8 --seed 3 --out $(@D)

# The agent `reinforce-f1`: a policy that is cloned from the best set of boxes by the known structure,
# then reinforced by F1; on what the judge's first stage learns from, three quarters with reactivities.
# `cp runs/train_s1/f1/run/weights.safetensors agents/weights/reinforce-f1.safetensors` and
# `make checksums` ship it.
F1 := $(S1)/f1
F1_DATA := $(F1)/tr0.parquet $(F1)/vl0.parquet $(F1)/pb.parquet
TRAIN_F1 := $(BIN)/boxfold train-agent --resume --data $(F1_DATA) --validation $(JUDGE)/validation_boxes.parquet --validation-instances 150 --max-boxes 96 --pseudoknots allow --reward f1=1

train-f1: $(F1)/run/finished ## a policy for known structures, from data to weights

$(F1)/%.parquet: $(JUDGE)/%_boxes.parquet
	@mkdir -p $(@D)
	$(BIN)/python benchmarks/probed_windows.py --known --share 0.75 --seed 5 $< $@

$(F1)/known/finished: $(F1_DATA) | $(JUDGE)/validation_boxes.parquet
	$(TRAIN_F1) --algorithm clone --teacher known --reactivity --epochs 12 --epoch-instances 3750 --minutes 15 --seed 1 --out $(@D)

$(F1)/run/finished: $(F1_DATA) | $(F1)/known/finished
	$(TRAIN_F1) --algorithm reinforce --init $(F1)/known --samples 8 --kl-weight 0.02 --best-weight 0 --learning-rate 5e-4 --batch-instances 16 --epochs 6 --epoch-instances 1200 --minutes 10 --seed 1 --out $(@D)

# The shipped agents from data to weights, on the boxes of the shipped S1; costs in
# agents/weights/agents.md.
AGENTS := runs/train
TRAIN_AGENT := $(BIN)/boxfold train-agent --resume --validation-instances 400 --seed 1
BOXES_A := $(AGENTS)/agents_60_boxes.parquet
BOXES := $(BOXES_A) $(AGENTS)/agents_mixed_boxes.parquet

train: $(AGENTS)/supervised/finished $(AGENTS)/reinforce/finished $(AGENTS)/ppo/finished $(AGENTS)/a2c/finished ## the shipped agents from data to weights

$(AGENTS)/agents_60.parquet: | $(STAMP)
	$(BIN)/boxfold dataset --resume --fasta $(HUMAN) --length 60 --count 2600 --shuffles 7 --seed 21 --split 0.97 --out $@

$(AGENTS)/agents_mixed.parquet: | $(STAMP)
	$(BIN)/boxfold dataset --resume --fasta $(HUMAN) --length 20-200 --count 1500 --shuffles 7 --min-mfe-frequency 0.02 --seed 22 --split 0.97 --out $@

$(BOXES_A): $(AGENTS)/agents_60.parquet
	$(BIN)/boxfold propose --data $< --max-boxes 64 --out $@

$(AGENTS)/agents_mixed_boxes.parquet: $(AGENTS)/agents_mixed.parquet
	$(BIN)/boxfold propose --data $< --max-boxes 128 --out $@

$(AGENTS)/clone/finished: $(BOXES)
	$(TRAIN_AGENT) --data $^ --max-boxes 128 --algorithm clone --epochs 5 --out $(@D)

$(AGENTS)/reinforce/finished: $(BOXES) | $(AGENTS)/clone/finished
	$(TRAIN_AGENT) --data $^ --max-boxes 128 --algorithm reinforce --init $(AGENTS)/clone --reward potential --samples 8 --kl-weight 0.1 --learning-rate 3e-4 --batch-instances 16 --epochs 2 --epoch-instances 20000 --minutes 12 --out $(@D)

$(AGENTS)/supervised/finished: $(BOXES)
	$(BIN)/boxfold train-supervised --resume --data $^ --max-boxes 128 --epochs 4 --validation-instances 400 --seed 1 --out $(@D)

$(AGENTS)/ppo/finished: $(BOXES_A)
	$(TRAIN_AGENT) --data $^ --algorithm ppo --reward immediate --learning-rate 5e-4 --n-epochs 2 --steps 24576 --chunk-updates 3 --out $(@D)

$(AGENTS)/a2c/finished: $(BOXES_A)
	$(TRAIN_AGENT) --data $^ --algorithm a2c --reward immediate --learning-rate 5e-4 --steps 28672 --chunk-updates 14 --out $(@D)

check: lint type docs ## ruff, mypy, the documentation site

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Type checkers and the reference of the site cannot see the package-dir mapping, so they get an
# installed copy: what ships.
.PHONY: installed docs
installed: $(STAMP)
	@rm -rf build/typed build/lib build/bdist*
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --target build/typed .

type: installed
	cd build && MYPYPATH=typed ../$(BIN)/mypy --config-file ../pyproject.toml -p boxfold

docs: installed ## the documentation site in build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(STAMP) ## speeds against named references, to docs/benchmarks.md; on a quiet machine
	$(BIN)/python benchmarks/bench.py --out docs/benchmarks.md

test: $(STAMP) ## the whole test suite
	$(BIN)/python -m pytest -n 2

stress: $(STAMP) ## every heavy check at full size, with a table of what was tried (docs/robustness.md)
	$(BIN)/python -m pytest -m stress

checksums: $(STAMP) ## list the weights that ship in SHA256SUMS, which loading checks
	$(BIN)/python -m boxfold.features.checksum s1/weights agents/weights

wheel-check: $(STAMP) ## sdist and wheel in an empty environment outside the checkout (minutes: pip)
	.ci/wheel

# What these tests import, without torch; docs/install.md says with what they were run.
NO_TORCH := numpy scipy pandas pyarrow gymnasium ViennaRNA PyYAML joblib tqdm pyfaidx gffutils edlib scikit-learn matplotlib shtab pytest pytest-xdist hypothesis

test-no-torch: ## the tests that need no torch, with another PYTHON=python3.12
	@test -x .venv-$(PYTHON)/bin/python || $(PYTHON) -m venv .venv-$(PYTHON)
	@.venv-$(PYTHON)/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt $(NO_TORCH)
	@.venv-$(PYTHON)/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
	PYTHONPATH=tests .venv-$(PYTHON)/bin/python -m pytest -p importable -n 2

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

"""The verbs of ``boxfold``: what they are for, leave behind, and belong to."""

VERBS = {
    "dataset": "cut windows from transcripts or a genome, fold them, split them",
    "dataset-known": "make a data set of known structures",
    "train-s1": "train the box proposer",
    "tune-s1": "search for settings of train-s1",
    "evaluate-s1": "metrics and box recall of the proposer",
    "plot-s1": "draw the proposer: training, proposals, what its pixels say",
    "report-s1": "answer questions about the proposer: tables and drawings",
    "propose": "write candidate boxes for sequences",
    "train-supervised": "train the supervised assembly baseline",
    "train-judge": "train what judges boxes for exact assembly",
    "train-agent": "train an assembly agent (clone, reinforce, ppo, a2c)",
    "tune-agent": "search for settings of train-agent",
    "export-episodes": "write expert episodes as a data set of Minari",
    "evaluate": "compare agents on the same boxes",
    "compare": "compare methods with several runs each, with intervals",
    "predict": "predict structures of sequences",
    "view": "write a page that shows structures and how they were assembled",
    "plot": "draw structures and how they were assembled, for papers",
    "completion": "print a script that completes verbs and flags in a shell",
}
"""Verbs in the order of the chain; `train-s1` lives in ``train_s1.py``."""

SEE_ALSO = {
    "dataset": "dataset-known, train-s1, propose",
    "dataset-known": "dataset, train-s1, docs/real-structures.md",
    "train-s1": "dataset, tune-s1, evaluate-s1, s1/weights/s1.md",
    "tune-s1": "train-s1, tune-agent",
    "evaluate-s1": "train-s1, report-s1, docs/metrics.md",
    "plot-s1": "report-s1, evaluate-s1",
    "report-s1": "plot-s1, docs/s1-report.md",
    "propose": "dataset, train-agent, evaluate, docs/formats.md",
    "train-supervised": "propose, train-agent, evaluate",
    "train-judge": "propose, predict, docs/real-structures.md",
    "train-agent": "propose, tune-agent, evaluate, docs/rewards.md",
    "tune-agent": "train-agent, tune-s1",
    "export-episodes": "propose, train-agent, docs/minari.md",
    "evaluate": "propose, compare, docs/metrics.md",
    "compare": "evaluate, docs/metrics.md",
    "predict": "view, evaluate, docs/formats.md",
    "view": "plot, predict, propose",
    "plot": "view, plot-s1, predict",
    "completion": "docs/install.md",
}
"""Of the help of each verb: other verbs, and files of the repository."""

_RUN_FILES = """OUT/config.json            every setting of the training
OUT/command.txt            the exact command
OUT/metrics.csv            what docs/metrics.md defines, also as events for TensorBoard
OUT/weights.safetensors    the result: the best by validation
OUT/state.safetensors      what --resume goes on from, until the run is finished"""
_SEARCH_FILES = """OUT/trials.csv       all trials
OUT/best.json        the best settings, and the command that trains with them
OUT/trial_000, ...   a run folder per trial
OUT/study.sqlite3    the study of Optuna"""

FILES = dict.fromkeys(("train-s1", "train-supervised", "train-judge", "train-agent"), _RUN_FILES)
FILES |= dict.fromkeys(("tune-s1", "tune-agent"), _SEARCH_FILES)
"""What verbs leave in their output folder."""

"""Pictures of validation: what S1 in training proposes, on the grid."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from boxfold.features.box import stem_base_pairs
from boxfold.s1.batches import Example
from boxfold.s1.inspection.grid_drawing import proposals_figure
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet
from boxfold.s1.propose import ProposeConfig, propose_batch

PICTURED = 2
"""Validation examples that are drawn: the first ones that are short enough."""

LONGEST = 200
"""Longer ones show nothing at the size of such a picture."""

SIZE = (6.4, 7.0)
"""Width and height in inches."""


def proposal_pictures(
    network: BoxNet, examples: Sequence[Example], method: str
) -> dict[str, Figure]:
    """Drawings by tag: ``proposals/1``, ``proposals/2``.

    Parameters
    ----------
    network : BoxNet
        Is in evaluation mode afterwards.
    examples : sequence of Example
        The validation set.
    method : str
        See `ProposeConfig.method`.
    """
    pictured = [each for each in examples if len(each.seq) <= LONGEST][:PICTURED]
    config = ProposeConfig(method=method)
    found = propose_batch(S1Model(network), [each.seq for each in pictured], config)
    figures = {}
    for number, (example, proposals) in enumerate(zip(pictured, found, strict=True), start=1):
        title = f"validation example {number}, {len(example.seq)} nt"
        figure = proposals_figure(example.seq, proposals, stem_base_pairs(example.stems), title)
        figure.set_size_inches(SIZE)
        figures[f"proposals/{number}"] = figure
    return figures

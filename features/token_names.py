"""Names and meanings of the columns of a box token, see `tokens.box_tokens`."""

from boxfold.features.box import BoxKind
from boxfold.features.channels import PAIR_TYPES
from boxfold.features.proposals import EVIDENCE
from boxfold.features.sequence import BASES

MAX_LENGTH = 200
"""Positions and sizes in bases are divided by this for the columns named ``_nt``."""

_CORNERS = {
    "outer_i": "row of the outer pair",
    "outer_j": "column of the outer pair",
    "inner_i": "row of the inner pair (of a hairpin: its last base)",
    "inner_j": "column of the inner pair (of a hairpin: its first base)",
    "span": "bases from the outer pair's row to its column, both included",
    "inside": "bases between the inner pair (of a hairpin: 0)",
}
_GEOMETRY = {
    **{f"is_{kind.label}": "1 if the box is of this kind" for kind in BoxKind},
    **{name: f"{text}, by the sequence length" for name, text in _CORNERS.items()},
    **{f"{name}_nt": f"{text}, by {MAX_LENGTH}" for name, text in _CORNERS.items()},
    "length_nt": f"sequence length by {MAX_LENGTH}",
    "n_rows": "rows by 10",
    "n_cols": "columns by 10",
    "is_single": "1 if the box is one pixel: a stem of one pair",
    "is_double": "1 if the box has two rows and two columns",
}
_NEIGHBOURS = {
    "before": "before the outer pair",
    "after": "after the outer pair",
    "inside5": "inside the inner pair on its 5' side",
    "inside3": "inside the inner pair on its 3' side",
}
_SEQUENCE = {
    **{f"outer_{pair}": f"1 if the outer pair is {pair}" for pair in PAIR_TYPES},
    **{f"inner_{pair}": f"1 if the inner pair is {pair}" for pair in PAIR_TYPES},
    **{
        f"{place}_{base}": f"1 if the base {text} is {base}"
        for place, text in _NEIGHBOURS.items()
        for base in BASES
    },
    "extends_out": "1 if the next pair outwards is canonical",
    "extends_in": "1 if the next pair inwards is canonical",
    "gc": "share of G and C among the bases of the box",
}
_HAIRPIN = {
    "loop_size": "unpaired bases if the inner pair closes a hairpin, by 30, cut at 1",
    "loop_log": f"logarithm of the same plus 1, by log {MAX_LENGTH}",
    "is_triloop": "1 if they are 3",
    "is_tetraloop": "1 if they are 4 (some have a bonus)",
}
_ENERGY = {
    "stack": "stacking energy of the stem by 10 kcal/mol",
    "hairpin": "energy of the hairpin that the inner pair closes, by 10 kcal/mol",
    "exterior": "energy of the outer pair as exterior branch, by 10 kcal/mol",
}
_SCORE = {
    "score": "score of the proposal in [0, 1]",
    "rank": "place by falling score, from 0, by 64",
    "top": "1 / (1 + place)",
    **{name: "evidence of S1, see `proposals.EVIDENCE`" for name in EVIDENCE},
    "loop_hairpin": "best score of a proposed hairpin on the inner pair",
    "loop_inwards": "best score of a proposed interior loop on the inner pair",
    "loop_outwards": "best score of a proposed interior loop on the outer pair",
}
_COMPANY = {
    "shares": "share of the other boxes that share a base with this one",
    "crosses": "share of the other boxes that cross it",
    "encloses": "share of the other boxes that it encloses",
    "enclosed": "share of the other boxes that enclose it",
    "beside": "share of the other boxes that lie beside it",
    "rival": "best score among the boxes that share a base with it",
}

TOKEN_HELP = {
    **_GEOMETRY,
    **_SEQUENCE,
    **_HAIRPIN,
    **_ENERGY,
    **_SCORE,
    **_COMPANY,
}
"""Meaning of each column, in order."""

TOKEN_NAMES = tuple(TOKEN_HELP)
GEOMETRY_NAMES = tuple(_GEOMETRY)
"""The first columns: type, location and size, all that a geometry-only token keeps."""

N_TOKEN_FEATURES = len(TOKEN_NAMES)

"""Free energies by ViennaRNA: the only file that imports ``RNA``.

ViennaRNA reads unbalanced brackets past the end of its arrays and takes unknown brackets for
unpaired bases, so no string reaches it that was not built here from checked pairs. All energies
are in kcal/mol, positions 0-based, structures nested (for knots see `pseudoknot`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import RNA
from numpy.typing import NDArray

from boxfold.features.box import stem_base_pairs
from boxfold.features.channels import pair_types
from boxfold.features.sequence import encode_bases
from boxfold.features.structure import MIN_HAIRPIN, IntArray, base_pairs_from_dot_bracket
from boxfold.rewards.energy_settings import DEFAULT_SETTINGS, EnergySettings
from boxfold.rewards.validity import are_pairs, check_structure, nested_brackets

PARAMETERS = f"ViennaRNA {RNA.__version__}, Turner 2004, 37 C, dangles 2"
"""Energy parameters, to be recorded beside results."""
PARAMETER_SETS = {
    "turner2004": RNA.params_load_RNA_Turner2004,
    "turner1999": RNA.params_load_RNA_Turner1999,
    "andronescu2007": RNA.params_load_RNA_Andronescu2007,
}
"""Names of energy parameters, and what makes ViennaRNA use them."""
_IMPOSSIBLE = 10_000.0  # kcal/mol; ViennaRNA answers 1e5 where a loop can't exist
_REVERSED_TYPE = np.array([1, 0, 3, 2, 5, 4])  # type of (j, i), in the order of PAIR_TYPES

EnergyArray = NDArray[np.float64]


class Folded(NamedTuple):
    """Structure of minimum free energy: `base_pairs` (K, 2) and `free_energy` in kcal/mol."""

    base_pairs: IntArray
    free_energy: float


class EnergyModel:
    """Energies of structures and loops of one sequence. Picklable.

    Parameters
    ----------
    seq : str
        Letters ``ACGUN``.
    settings : EnergySettings
        Temperature and parameters.

    Raises
    ------
    ValueError
        If the sequence is empty or has other letters.

    Examples
    --------
    >>> model = EnergyModel("GGGGAAAACCCC")
    >>> model.free_energy(np.array([[0, 11], [1, 10], [2, 9], [3, 8]]))
    -5.4
    """

    def __init__(self, seq: str, settings: EnergySettings = DEFAULT_SETTINGS) -> None:
        self.seq, self.settings = seq, settings
        codes = _checked_codes(seq)
        self._types = pair_types(codes[None])[0]
        self._can_pair = [row.tobytes() for row in self._types >= 0]
        self._bases = np.append((codes + 1) % 5, -1)  # ViennaRNA's codes; [-1] is past either end

    def free_energy(self, base_pairs: IntArray) -> float:
        """Free energy of a nested structure in kcal/mol, to two decimals; 0 if it is empty.

        Parameters
        ----------
        base_pairs : ndarray, dtype=int, shape (K, 2)
            In any order, ``i < j``.

        Raises
        ------
        ValueError
            With the reasons, if the structure is invalid for the sequence or has crossing pairs.
        """
        if len(base_pairs) == 0:
            return 0.0
        brackets = nested_brackets(base_pairs, self._can_pair)
        if brackets is None:
            raise ValueError("; ".join(_reasons(self.seq, base_pairs)))
        energy = _evaluator(self.seq, self.settings).eval_structure(brackets)
        if energy >= _IMPOSSIBLE:
            raise ValueError(f"ViennaRNA rejects the structure ({energy} kcal/mol)")
        return round(energy, 2)

    def interior(self, i: int, j: int, k: int, l: int) -> float:  # noqa: E741
        """Stack, bulge or interior loop between (i, j) outside and (k, l) inside."""
        return float(self.interiors(np.array([[i, j]]), np.array([[k, l]]))[0])

    def hairpins(self, pairs: IntArray) -> EnergyArray:
        """Hairpin loop closed by each pair; (K, 2) to (K,)."""
        pairs = self._canonical(pairs)
        energy = _evaluator(self.seq, self.settings).eval_hp_loop
        return np.array([energy(i, j) for i, j in (pairs + 1).tolist()], dtype=float) / 100

    def interiors(self, closing: IntArray, inner: IntArray) -> EnergyArray:
        """`interior` of each line of two arrays of pairs; (K, 2) and (K, 2) to (K,)."""
        closing, inner = self._canonical(closing), self._canonical(inner)
        if len(closing) != len(inner):
            raise ValueError(f"{len(closing)} closing pairs need as many inner ones")
        if np.any(inner[:, 0] <= closing[:, 0]) or np.any(inner[:, 1] >= closing[:, 1]):
            raise ValueError("the inner pair of an interior loop must lie inside its closing pair")
        energy = _evaluator(self.seq, self.settings).eval_int_loop
        rows = np.concatenate([closing, inner], axis=1) + 1
        return np.array([energy(*row) for row in rows.tolist()], dtype=float) / 100

    def multi_branches(self, pairs: IntArray) -> EnergyArray:
        """Each pair as a branch of a multi-branch loop that another pair closes; (K, 2) to (K,)."""
        return _branch_energies(self.settings).multi[self._branch_index(pairs)]

    def exterior_branches(self, pairs: IntArray) -> EnergyArray:
        """Each pair as a branch of the exterior loop; (K, 2) to (K,)."""
        return _branch_energies(self.settings).exterior[self._branch_index(pairs)]

    def multiloop_closings(self, pairs: IntArray) -> EnergyArray:
        """Each pair closing a multi-branch loop, the loop's constant included; (K, 2) to (K,)."""
        pairs = self._canonical(pairs)
        i, j = pairs[:, 0], pairs[:, 1]
        types = _REVERSED_TYPE[self._types[i, j]]
        tables = _branch_energies(self.settings)
        return tables.closing + tables.multi[types, self._bases[j - 1], self._bases[i + 1]]

    def terminal_penalties(self, pairs: IntArray) -> EnergyArray:
        """Penalty of each pair as the end of a helix: 0.5 for AU and GU; (K, 2) to (K,)."""
        pairs = self._canonical(pairs)
        types = self._types[pairs[:, 0], pairs[:, 1]]
        return _branch_energies(self.settings).exterior[types, -1, -1]

    def stem_stacks(self, boxes: IntArray) -> EnergyArray:
        """Stacking energy inside each stem line; (N, 5) to (N,), 0 for single pairs."""
        pairs = stem_base_pairs(boxes)
        stem = np.repeat(np.arange(len(boxes)), boxes[:, 3])
        outer = np.flatnonzero(stem[:-1] == stem[1:])
        energy = self.interiors(pairs[outer], pairs[outer + 1])
        return np.bincount(stem[outer], weights=energy, minlength=len(boxes)).astype(float)

    def _canonical(self, pairs: IntArray) -> IntArray:
        """The same pairs, each of which can be in a structure: ViennaRNA checks nothing."""
        if len(pairs) == 0:
            return np.zeros((0, 2), dtype=np.int64)
        if not are_pairs(pairs):
            raise ValueError("pairs must be whole numbers, two in each row")
        pairs = pairs.astype(np.int64, copy=False)  # beside 255, a narrow type knows no 256
        if pairs.min() < 0 or pairs.max() >= len(self.seq):
            raise ValueError(f"pair out of range (sequence of {len(self.seq)} bases)")
        if self._types[pairs[:, 0], pairs[:, 1]].min() < 0:
            raise ValueError("pair is not canonical with a hairpin of 3 or more")
        return pairs

    def _branch_index(self, pairs: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Type of each pair and the bases outside it, 5' then 3'."""
        pairs = self._canonical(pairs)
        i, j = pairs[:, 0], pairs[:, 1]
        return self._types[i, j], self._bases[i - 1], self._bases[j + 1]


def mfe(seq: str, settings: EnergySettings = DEFAULT_SETTINGS) -> Folded:
    """Structure of minimum free energy of a sequence of letters ``ACGUN``.

    Examples
    --------
    >>> mfe("GGGGAAAACCCC").free_energy
    -5.4
    """
    text, energy = fold_compound(seq, settings).mfe()
    return Folded(base_pairs_from_dot_bracket(text), round(energy, 2))


def sample_structures(seq: str, k: int, seed: int) -> list[IntArray]:
    """At most `k` different structures of the Boltzmann ensemble, in the order drawn.

    Drawn without replacement; fewer if the sequence has fewer structures. Same seed (at least 0),
    same structures.

    Returns
    -------
    list of ndarray, dtype=int64, shape (K, 2)
    """
    compound, _, _ = partition_function(seq)
    RNA.init_rand(seed % 2**32)
    drawn = compound.pbacktrack(k, RNA.PBACKTRACK_NON_REDUNDANT) if k > 0 else ()
    return [base_pairs_from_dot_bracket(text) for text in drawn]


def drawn_places(base_pairs: IntArray, length: int) -> EnergyArray:
    """Where ViennaRNA draws each base of a nested structure, free of overlaps; (K, 2) to (L, 2).

    Raises
    ------
    ValueError
        If pairs cross or leave a hairpin of less than `MIN_HAIRPIN`, which crashes RNApuzzler.
    """
    close = [min(i + MIN_HAIRPIN + 1, length) for i in range(length)]
    brackets = nested_brackets(base_pairs, [bytes(n) + b"\1" * (length - n) for n in close])
    if brackets is None:
        raise ValueError("only nested pairs with hairpins of 3 or more bases can be drawn")
    RNA.cvar.rna_plot_type = RNA.PLOT_TYPE_PUZZLER
    found = RNA.get_xy_coordinates(brackets)
    return np.array([(found.get(k).X, found.get(k).Y) for k in range(length)]).reshape(-1, 2)


class _BranchEnergies(NamedTuple):
    """Energies by pair type and the bases outside, 5' and 3' (ViennaRNA's codes, -1: none)."""

    multi: EnergyArray  # (6, 6, 6)
    exterior: EnergyArray  # (6, 6, 6)
    closing: float


@cache
def _branch_energies(settings: EnergySettings) -> _BranchEnergies:
    with loaded(settings.parameters):
        params = RNA.param(_model_details(settings))
    multi, exterior = np.zeros((6, 6, 6)), np.zeros((6, 6, 6))
    bases = (0, 1, 2, 3, 4, -1)
    for kind, five, three in np.ndindex(multi.shape):
        arguments = (kind + 1, bases[five], bases[three], params)
        multi[kind, five, three] = RNA.E_MLstem(*arguments) / 100
        exterior[kind, five, three] = RNA.E_ExtLoop(*arguments) / 100
    return _BranchEnergies(multi, exterior, params.MLclosing / 100)


def _model_details(settings: EnergySettings = DEFAULT_SETTINGS, span: int = -1) -> RNA.md:
    # uniq_ML: without it ViennaRNA can't sample. The rest is its default, stated.
    own = {"temperature": settings.temperature, "max_bp_span": span}
    return RNA.md(**own, dangles=2, noLP=0, uniq_ML=1)


@lru_cache(maxsize=256)
def _evaluator(seq: str, settings: EnergySettings) -> RNA.fold_compound:
    """What evaluates structures of a sequence; 14 us to make, but 200 kB to keep."""
    with loaded(settings.parameters):
        return RNA.fold_compound(seq, _model_details(settings), RNA.OPTION_EVAL_ONLY)


def fold_compound(
    seq: str, settings: EnergySettings = DEFAULT_SETTINGS, span: int = -1
) -> RNA.fold_compound:
    """What ViennaRNA folds a sequence by; Boltzmann factors are made later, see `loaded`."""
    _checked_codes(seq)
    with loaded(settings.parameters):
        return RNA.fold_compound(seq, _model_details(settings, span))


def partition_function(seq: str) -> tuple[RNA.fold_compound, str, float]:
    """ViennaRNA's filled compound of a sequence, its MFE structure and that one's energy.

    What is read off the compound stands in `boxfold.rewards.ensemble`.
    """
    compound = fold_compound(seq)
    text, energy = compound.mfe()
    compound.exp_params_rescale(energy)  # keeps the sums in range for long sequences
    compound.pf()
    return compound, text, energy


@contextmanager
def loaded(parameters: str) -> Iterator[None]:
    """What is built inside has these parameters: in ViennaRNA they are global.

    Loading takes 9 ms; a block around many calls loads once.
    """
    if parameters not in PARAMETER_SETS:
        allowed = ", ".join(PARAMETER_SETS)
        raise ValueError(f"energy parameters '{parameters}' (allowed: {allowed})")
    before = _in_use[0]
    if parameters != before:
        PARAMETER_SETS[parameters]()
    _in_use[0] = parameters
    try:
        yield
    finally:
        if parameters != before:
            PARAMETER_SETS[before]()
        _in_use[0] = before


_in_use = ["turner2004"]  # the set that ViennaRNA has now


def _checked_codes(seq: str) -> NDArray[np.int8]:
    if not seq:
        raise ValueError("the sequence is empty")
    return encode_bases(seq)


def _reasons(seq: str, base_pairs: IntArray) -> tuple[str, ...]:
    crossing = "pairs cross, but this energy is of nested structures"
    return check_structure(seq, base_pairs) or (crossing,)

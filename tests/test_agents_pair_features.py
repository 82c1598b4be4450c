import torch

from boxfold.agents.pair_codes import CODE_FEATURES, PADDING, pair_codes
from boxfold.agents.pair_features import PairFeatures
from boxfold.features.box import boxes_to_array, stem_box

OUTER, INNER, ASIDE = stem_box(0, 30, 4), stem_box(5, 26, 3), stem_box(32, 45, 3)
N = 4  # one line of padding


def boxes():
    lines = torch.from_numpy(boxes_to_array([OUTER, INNER, ASIDE]))
    return torch.nn.functional.pad(lines, (0, 0, 0, 1), value=-1)[None]


def energies(seed=0):
    return torch.randn(1, N, N, generator=torch.Generator().manual_seed(seed))


def features_of(loop_energies, pair_dim=6):
    torch.manual_seed(0)
    return PairFeatures(8, pair_dim, loop_energies)


def of(features, loop_energy):
    with torch.no_grad():
        return features(boxes(), loop_energy)


def test_without_energies_nothing_depends_on_them():
    features = features_of(loop_energies=False)
    assert torch.equal(of(features, energies(0)), of(features, energies(1)))
    assert not [name for name in features.state_dict() if name.startswith("energy")]


def test_without_energies_a_pair_is_what_its_code_says():
    features = features_of(loop_energies=False)
    pairs, codes = of(features, energies()), pair_codes(boxes())
    assert pairs.shape == (1, N + 1, N + 1, 6)
    for q in range(N + 1):
        for k in range(N + 1):
            described = torch.from_numpy(CODE_FEATURES[codes[0, q, k]])
            with torch.no_grad():
                expected = torch.relu(features.relation(described))
            assert torch.allclose(pairs[0, q, k], expected, atol=1e-6)
    assert (codes[0, :, 3] == PADDING).all()


def test_the_energy_of_a_pair_is_seen_from_both_ends():
    features = features_of(loop_energies=True, pair_dim=2)
    with torch.no_grad():
        for parameter in features.relation.parameters():
            parameter.zero_()
        features.energy.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    loop_energy = torch.zeros(1, N, N)
    loop_energy[0, 0, 1] = 0.5  # the first box closes a loop with the second inside
    loop_energy[0, 2, 0] = -0.5  # relu: not seen
    pairs = of(features, loop_energy)
    assert pairs[0, 0, 1].tolist() == [0.5, 0.0]  # closed by the one that looks
    assert pairs[0, 1, 0].tolist() == [0.0, 0.5]  # closed by the one looked at
    assert pairs.sum() == 1.0


def test_stop_sees_no_energy_and_no_box_sees_one_of_stop():
    features = features_of(loop_energies=True)
    none, some = of(features, torch.zeros(1, N, N)), of(features, energies())
    assert torch.equal(some[:, N], none[:, N])
    assert torch.equal(some[:, :, N], none[:, :, N])
    assert (some[:, :N, :N] != none[:, :N, :N]).any(dim=3).all()


def test_the_table_of_codes_is_not_among_the_weights():
    names = set(features_of(loop_energies=True).state_dict())
    assert names == {f"relation.{k}.{part}" for k in (0, 2) for part in ("weight", "bias")} | {
        "energy.weight"
    }

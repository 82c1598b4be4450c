"""Calibrations beside the weights that they belong to."""

import pytest

from boxfold.features.calibration import IDENTITY, Calibration
from boxfold.features.errors import InputError
from boxfold.s1.calibration_file import CALIBRATION, load_calibration, save_calibration


def test_a_run_folder_and_its_weights_file_have_the_same(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"")
    assert load_calibration(tmp_path) == load_calibration(tmp_path / "weights.safetensors")
    assert load_calibration(tmp_path) is IDENTITY
    save_calibration(Calibration(0.51234567, -1.0), tmp_path / CALIBRATION)
    assert load_calibration(tmp_path) == Calibration(0.5123, -1.0)
    assert load_calibration(tmp_path / "weights.safetensors") == Calibration(0.5123, -1.0)


def test_weights_that_ship_have_one_or_the_identity():
    assert load_calibration() == load_calibration("mfe")
    for name in ("mfe", "real"):
        assert 0.1 < load_calibration(name).slope < 10


@pytest.mark.parametrize("text", ["", "[]", '{"slope": 1}', '{"slope": -1, "intercept": 0}', "{"])
def test_a_broken_file_is_named(text, tmp_path):
    (tmp_path / CALIBRATION).write_text(text)
    with pytest.raises(InputError, match=r"calibration.json: (no calibration|no JSON|holds no)"):
        load_calibration(tmp_path)

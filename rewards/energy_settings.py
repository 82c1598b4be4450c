"""At which temperature, and by which measurements, structures have their free energies."""

from dataclasses import dataclass, field
from typing import Literal, get_args

ParameterSet = Literal["turner2004", "turner1999", "andronescu2007"]


@dataclass(frozen=True)
class EnergySettings:
    """Conditions of an energy; the defaults are those of everything that does not ask.

    Raises
    ------
    ValueError
        If a value is out of its range.

    Examples
    --------
    >>> EnergySettings().parameters
    'turner2004'
    """

    temperature: float = field(default=37.0, metadata={"help": "in C, from 0 to 100"})
    parameters: ParameterSet = field(
        default="turner2004", metadata={"help": "turner2004, turner1999 or andronescu2007"}
    )

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 100:
            raise ValueError(f"temperature is {self.temperature} (allowed: 0 to 100 C)")
        if self.parameters not in get_args(ParameterSet):
            allowed = ", ".join(get_args(ParameterSet))
            raise ValueError(f"energy parameters '{self.parameters}' (allowed: {allowed})")


DEFAULT_SETTINGS = EnergySettings()

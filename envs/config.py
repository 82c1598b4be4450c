"""Settings of an assembly environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from boxfold.features.knot_order import DEFAULT_MAX_ORDER
from boxfold.features.relations import Pseudoknots
from boxfold.rewards.reward import RewardConfig
from boxfold.rewards.reward_text import reward_config

ActionTypes = Literal["stem", "all"]


@dataclass(frozen=True)
class AssemblyConfig:
    """What can be picked, what forbids what, and what is rewarded.

    Raises
    ------
    ValueError
        If a value is out of its range, or two do not go together.
    """

    max_boxes: int = field(default=64, metadata={"help": "slots for boxes, N; at least 2"})
    action_types: ActionTypes = field(
        default="stem",
        metadata={
            "help": "stem: slots hold stems; all: stems in the first half, interior loops and "
            "hairpins in the rest"
        },
    )
    pseudoknots: Pseudoknots = field(
        default="forbid", metadata={"help": "forbid: stems that cross can't both be picked; allow"}
    )
    max_knot_order: int = field(
        default=DEFAULT_MAX_ORDER,
        metadata={"help": "with allow: bracket pages that a structure may need besides ()"},
    )
    mask: bool = field(
        default=True,
        metadata={
            "help": "False: the mask hides conflicts, and an impossible pick ends the episode "
            "as invalid (ablation)"
        },
    )
    geometry_only: bool = field(
        default=False, metadata={"help": "tokens hold nothing but type, location and size"}
    )
    max_bases: int = field(
        default=0,
        metadata={"help": "longest sequence, whose bases are observed then; 0: they are not"},
    )
    reactivity: bool = field(
        default=False, metadata={"help": "whether reactivities of the boxes are observed"}
    )
    reward: RewardConfig = field(
        default_factory=RewardConfig, metadata={"help": "what is rewarded, and when"}
    )

    def __post_init__(self) -> None:
        if self.max_boxes < 2:
            raise ValueError(f"max_boxes is {self.max_boxes} (allowed: at least 2)")
        if self.max_bases < 0:
            raise ValueError(f"max_bases is {self.max_bases} (allowed: at least 0)")
        if self.action_types not in get_args(ActionTypes):
            raise ValueError(f"action_types is '{self.action_types}' (allowed: stem, all)")
        if self.pseudoknots not in get_args(Pseudoknots):
            raise ValueError(f"pseudoknots is '{self.pseudoknots}' (allowed: forbid, allow)")
        if self.max_knot_order < 1:
            raise ValueError(f"max_knot_order is {self.max_knot_order} (allowed: at least 1)")
        if self.reward.needs_completion and self.pseudoknots == "allow":
            raise ValueError("reward mode 'potential' needs pseudoknots='forbid'")

    @property
    def stop(self) -> int:
        """The action STOP, after all slots."""
        return self.max_boxes

    @property
    def n_stem_slots(self) -> int:
        """Slots that hold stems; they come first."""
        return self.max_boxes if self.action_types == "stem" else self.max_boxes // 2


def configured(config: AssemblyConfig | None, settings: Mapping[str, Any]) -> AssemblyConfig:
    """Configuration with some settings changed.

    Parameters
    ----------
    config : AssemblyConfig or None
        None: all defaults.
    settings : mapping
        Fields of `AssemblyConfig`; ``reward`` may also be a text, see `reward_config`.

    Raises
    ------
    ValueError
        If a setting does not exist or has a value that is not allowed.

    Examples
    --------
    >>> configured(None, {"reward": "immediate"}).reward.mode
    'immediate'
    """
    names = [f.name for f in fields(AssemblyConfig)]
    if unknown := sorted(set(settings) - set(names)):
        raise ValueError(f"no setting is named '{unknown[0]}' (allowed: {', '.join(names)})")
    changes = dict(settings)
    if isinstance(changes.get("reward"), str):
        changes["reward"] = reward_config(changes["reward"])
    return replace(config or AssemblyConfig(), **changes)

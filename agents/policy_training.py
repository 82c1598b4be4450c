"""What trainers of policies by epochs share: where they start, and how they are validated."""

from collections.abc import Sequence

from boxfold.agents.layout import Layouts
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.training import EpochTrainer
from boxfold.agents.training_config import TrainConfig
from boxfold.agents.validation import judged_by, validate_policy
from boxfold.envs.instance import Instance
from boxfold.s1.run_folder import RunFolder


class PolicyTrainer(EpochTrainer):
    """An `EpochTrainer` whose logits are one softmax per step.

    Parameters
    ----------
    config : TrainConfig
    train, validation, run
        As for `EpochTrainer`.
    start : AssemblyNetwork, optional
        Trained network to start from.
    """

    role = "policy"

    def __init__(
        self,
        config: TrainConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
        start: AssemblyNetwork | None = None,
    ) -> None:
        validation = judged_by(validation, config.assembly.reward)
        super().__init__(config, train, validation, run)
        if start is not None and not run.has("state"):
            self.network.load_state_dict(start.state_dict())
        self.layouts = Layouts(train, config.assembly)

    def validate(self) -> tuple[float, dict[str, float]]:
        """See `validate_policy`."""
        return validate_policy(self.network, self.validation, self.config.assembly)

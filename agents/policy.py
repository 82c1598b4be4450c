"""The assembling network as a plain Stable-Baselines3 policy.

The features extractor is the whole network: its output holds the masked logits and the value. So
sampling, ``predict``, ``evaluate_policy`` and every update respect the mask, with PPO and A2C as
they are.
"""

from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from boxfold.agents.loop_terms import TermsCritic, loop_terms
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig


class NetworkExtractor(BaseFeaturesExtractor):
    """Observation to masked logits and value, side by side.

    Parameters
    ----------
    observation_space : spaces.Dict
        Of `BoxAssemblyEnv`.
    network : NetworkConfig, optional
    critic_terms : bool
        Whether the value, and nothing else, also comes from `loop_terms`.
    """

    def __init__(
        self,
        observation_space: spaces.Dict,
        network: NetworkConfig | None = None,
        critic_terms: bool = False,
    ) -> None:
        n_actions = observation_space["action_mask"].shape[0]  # type: ignore[index]
        super().__init__(observation_space, features_dim=n_actions + 1)
        self.network = AssemblyNetwork(network)
        self.critic = TermsCritic(self.network.config.n_globals) if critic_terms else None

    def forward(self, observation: dict[str, Tensor]) -> Tensor:
        """Features (B, N + 2): N + 1 logits, then the value."""
        logits, value = self.network(
            observation["tokens"],
            observation["boxes"].round().to(torch.int32),  # SB3 hands everything over as float
            observation["loop_energy"],
            observation["picked"],
            observation["action_mask"],
            observation["globals"],
            observation.get("bases"),
            observation.get("reactivity"),
        )
        if self.critic is not None:
            names = ("tokens", "boxes", "loop_energy", "picked")
            terms = loop_terms(*(observation[name] for name in names))
            value = value + self.critic(terms, observation["globals"])
        return torch.cat([logits, value[:, None]], dim=1)


class _Split(nn.Module):
    """Takes the features apart, in place of SB3's `MlpExtractor`."""

    def __init__(self, features_dim: int) -> None:
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = features_dim - 1, 1

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        return features[:, :-1]

    def forward_critic(self, features: Tensor) -> Tensor:
        return features[:, -1:]


class BoxPolicy(MultiInputActorCriticPolicy):
    """Actor and critic over box tokens for ``PPO(BoxPolicy, env)`` or ``A2C(BoxPolicy, env)``.

    Parameters
    ----------
    *args
        As of ``MultiInputActorCriticPolicy``.
    network : NetworkConfig, optional
        Shape of the network.
    critic_terms : bool
        Whether the critic also sees the loop terms of what is picked; the actor never does.
    **kwargs
        As of ``MultiInputActorCriticPolicy``.

    Attributes
    ----------
    network : AssemblyNetwork
    critic : TermsCritic or None
    """

    def __init__(
        self,
        *args: Any,
        network: NetworkConfig | None = None,
        critic_terms: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs |= {
            "features_extractor_class": NetworkExtractor,
            "features_extractor_kwargs": {"network": network, "critic_terms": critic_terms},
            "ortho_init": False,  # would draw every layer of the transformer anew
        }
        super().__init__(*args, **kwargs)

    @property
    def network(self) -> AssemblyNetwork:
        """The network that does everything."""
        return self._extractor.network

    @property
    def critic(self) -> TermsCritic | None:
        """What adds to the network's value, if anything does."""
        return self._extractor.critic

    @property
    def _extractor(self) -> NetworkExtractor:
        extractor = self.features_extractor
        assert isinstance(extractor, NetworkExtractor)
        return extractor

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _Split(self.features_dim)  # type: ignore[assignment]

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()  # the features are the logits already
        self.value_net = nn.Identity()  # type: ignore[assignment]
        # SB3's optimiser still holds the layers that were just replaced.
        self.optimizer = self.optimizer_class(
            self.parameters(),
            lr=lr_schedule(1),  # type: ignore[call-arg]
            **self.optimizer_kwargs,
        )

    def _get_constructor_parameters(self) -> dict[str, Any]:
        data = super()._get_constructor_parameters()
        for fixed in ("features_extractor_class", "features_extractor_kwargs", "ortho_init"):
            data.pop(fixed)
        return data | {
            "network": self.network.config,
            "critic_terms": self.critic is not None,
        }

"""The Gymnasium environment: one episode of assembly at a time."""

from typing import Any

import gymnasium
import numpy as np

from boxfold.envs.batch import BatchAssembly, Observation
from boxfold.envs.config import AssemblyConfig, configured
from boxfold.envs.instance import Instance
from boxfold.envs.rendering import Scene, draw, text
from boxfold.envs.sampler import Sampler, SyntheticSampler
from boxfold.envs.spaces import action_space, observation_space
from boxfold.features.structure import BoolArray


class BoxAssemblyEnv(gymnasium.Env[Any, np.int64]):
    """Pick boxes, one by one, that make the structure of an RNA.

    ## Description

    S1 proposes boxes for a sequence: stems, and as context interior loops and hairpins. An episode
    picks some of the stems; together they are a secondary structure. The best structure is the one
    of least free energy (Turner 2004 by ViennaRNA). A pick rules out every box that shares a base
    with it, so the task is to choose a set, and the order of picks doesn't matter.

    ## Action Space

    `Discrete(N + 1)` with N = `max_boxes`. Action a < N picks the box in slot a; action N is STOP,
    allowed at all times. `action_masks()`, and `action_mask` in the observation, tell which actions
    are allowed: boxes that are present, not picked, and in conflict with no pick.

    With `action_types="stem"` (default) slots hold stems, best score first. With `"all"` the first
    N // 2 slots hold stems and the rest interior loops and hairpins. A picked loop *asserts* its
    closing pairs and that the bases between are unpaired. It *forbids* each stem that pairs one of
    these bases otherwise, and each loop that says otherwise; likewise a picked stem forbids loops
    that contradict it. A loop brings no pairs itself: at the end picked stems must have made it.

    ## Observation Space

    A `Dict`; F = `features.tokens.N_TOKEN_FEATURES`, G = `len(envs.observation.GLOBAL_NAMES)`.

    | key           | shape    | dtype   | meaning                                                 |
    |---------------|----------|---------|---------------------------------------------------------|
    | `tokens`      | (N, F)   | float32 | what is known of each box, see `features.tokens`        |
    | `boxes`       | (N, 5)   | int32   | kind, row, col, n_rows, n_cols; -1 in padding           |
    | `loop_energy` | (N, N)   | float32 | loop that a stem closes with another next inside, / 5   |
    |               |          |         | kcal/mol, in [-2, 2]; 0 where not nested and for loops  |
    | `picked`      | (N,)     | int8    | 1 if the box is picked                                  |
    | `action_mask` | (N + 1,) | int8    | 1 if the action is allowed; the last one is STOP        |
    | `globals`     | (G,)     | float32 | length / 200, picks / 20, share of paired bases,        |
    |               |          |         | free energy / 20 kcal/mol, share of boxes still allowed |
    | `bases`       | (M,)     | int8    | only with `max_bases=M`: A 0, C 1, G 2, U 3, N 4; -1    |
    |               |          |         | behind the last base                                    |
    | `reactivity`  | (N, 4)   | float32 | only with `reactivity=True`: `features.box_reactivity`  |

    No label and no optimum is in it. The first three, `bases` and `reactivity` stay the same
    during an episode.

    ## Starting State

    An instance from the sampler, nothing picked.
    `reset(options={"instance": instance})` starts from a given `Instance`; more boxes than slots
    are cut, the best stay.

    ## Rewards

    The sum of four components, see `rewards.reward.RewardConfig`. Energies are divided by
    max(2, |optimum|), the optimum being the least free energy over the same boxes.

    - `validity`: minus the penalty (1) if the episode ends invalid, otherwise 0;
    - `energy`: minus the free energy of the structure, cut at +10 kcal/mol;
    - `loops`: minus S1's opinion of the loops that the picked stems imply (weight 0 by default);
    - `shaping`: only in mode `potential`.

    Mode `final` (default) pays energy and loops at the last step, `immediate` their change at each
    pick. `potential` adds what each pick costs at best; the sum over an episode is that of
    `final`. Invalid episodes get no energy.

    With `RewardConfig.terms` the components are `validity` and a combination of rewards
    (docs/rewards.md), each under its name and paid at the last step, in place of the energy.

    ## Episode End

    Terminated by STOP, when no box is allowed any more, or by a masked or impossible action; the
    last ends the episode as invalid. Never truncated. `step` raises nothing, whatever the action.

    ## Information

    Empty before the last step, then:

    - `id`, `sequence`, `dot_bracket`, `picks` (slots in order), `n_picks`;
    - `valid`, and `reasons` (texts) if it is not;
    - `energy` (kcal/mol) of the picked stems, `energy_gap` to the exact nested optimum over the
      same boxes (a knotted structure may be below it), `is_success` (valid, gap at most 0.01);
    - `f1` over base pairs, if the instance has a reference;
    - `reward/<component>`, summed over the episode.

    ## Arguments

    - `sampler`: `Generator -> Instance`; default: synthetic 60-mers with their maximal runs;
    - `config`: an `AssemblyConfig`;
    - `render_mode`: `ansi` (sequence, structure, table of boxes) or `rgb_array` (the grid:
      picks green, boxes that are still allowed blue, ruled out ones red);
    - settings of `AssemblyConfig` by name, which win over `config`: `max_boxes=64`,
      `action_types="stem"` or `"all"`, `pseudoknots="forbid"` (boxes that cross a pick are masked)
      or `"allow"`, `mask=True` (False: the mask hides conflicts), `geometry_only=False`,
      `max_bases=0` (the observation has no `bases`; else a longer sequence is refused),
      `reactivity=False`, `reward="final"`, `"immediate"`, `"potential"`, rewards by weight such as
      `"energy=1,shape=0.5"`, or a `RewardConfig`.

    ## Version History

    - v0: first version.

    Examples
    --------
    >>> env = gymnasium.make("boxfold.envs:boxfold/BoxAssembly-v0", pseudoknots="allow")
    >>> observation, info = env.reset(seed=1)
    >>> observation["boxes"].shape
    (64, 5)
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 2}  # noqa: RUF012

    def __init__(
        self,
        sampler: Sampler | None = None,
        config: AssemblyConfig | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode is '{render_mode}' (allowed: ansi, rgb_array)")
        self.config = configured(config, settings)
        self.sampler = sampler or SyntheticSampler(max_boxes=self.config.max_boxes)
        self.render_mode = render_mode
        self.observation_space = observation_space(self.config)
        self.action_space = action_space(self.config)
        self.batch = BatchAssembly(self.config, n_envs=1)

    @property
    def instance(self) -> Instance | None:
        """Instance of the current episode, None before the first `reset`."""
        return self.batch.instances[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            Seeds `np_random`, from which the sampler draws.
        options : dict, optional
            ``{"instance": Instance}`` to start from a given one.

        Returns
        -------
        observation : dict of ndarray
        info : dict
            Empty.
        """
        super().reset(seed=seed)
        instance = (options or {}).get("instance") or self.sampler(self.np_random)
        self.batch.load(0, instance)
        return self.batch.observe_one(0), {}

    def step(self, action: np.int64 | int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Pick a box or stop; see the class text.

        Returns
        -------
        observation : dict of ndarray
        reward : float
        terminated : bool
        truncated : bool
            Always False.
        info : dict
        """
        result = self.batch.step([int(action)])
        reward, terminated = float(result.reward[0]), bool(result.terminated[0])
        return self.batch.observe_one(0), reward, terminated, False, result.infos[0]

    def action_masks(self) -> BoolArray:
        """Allowed actions, shape (N + 1,)."""
        return self.batch.action_masks()[0]

    def render(self) -> Any:
        """Picture of the current state: str (`ansi`) or uint8 array (H, W, 3) (`rgb_array`)."""
        if self.render_mode is None or self.instance is None:
            return None
        scene = Scene.of(self.batch, 0)
        return text(scene) if self.render_mode == "ansi" else draw(scene)

"""Assembly of proposed boxes as a sequential decision process.

Importing this package registers ``boxfold/BoxAssembly-v0`` with Gymnasium;
``gymnasium.make("boxfold.envs:boxfold/BoxAssembly-v0")`` does both.
"""

import gymnasium

ENV_ID = "boxfold/BoxAssembly-v0"

if ENV_ID not in gymnasium.registry:
    gymnasium.register(
        id=ENV_ID,
        entry_point="boxfold.envs.box_assembly:BoxAssemblyEnv",
        vector_entry_point="boxfold.envs.gym_vector:BoxAssemblyVectorEnv",
    )

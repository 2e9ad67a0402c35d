# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of SB3's SAC or SB3-contrib's TQC on a Gymnasium task: a worker of `learning`."""

import json
import sys
import time
from typing import Any

import gymnasium
import torch

from workers.evaluation import evaluate, report


def main() -> None:
    """Run what the command line (JSON) describes, with the peer's own defaults."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    import sb3_contrib
    import stable_baselines3
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    class Judge(BaseCallback):
        """Evaluates now and then."""

        begun_s = time.monotonic()
        judged = gymnasium.make(options['task'])

        def _on_step(self) -> bool:
            if self.num_timesteps % options['evaluate_every'] == 0:
                returns = evaluate(self.judged, self._act)
                updates = self.model._n_updates
                report(self.num_timesteps, returns, updates, time.monotonic() - self.begun_s)
            return True

        def _act(self, observation: Any) -> Any:
            return self.model.predict(observation, deterministic=True)[0]

    kind = {'sb3_sac': stable_baselines3.SAC, 'sb3_tqc': sb3_contrib.TQC}[options['preset']]
    model = kind(
        'MlpPolicy',
        options['task'],
        seed=options['seed'],
        device='cpu',
        learning_starts=options['warmup'],
        **options['overrides'],
    )
    model.set_logger(Logger(folder=None, output_formats=[]))  # else it leaves an empty folder
    model.learn(options['steps'], callback=Judge())


if __name__ == '__main__':
    main()

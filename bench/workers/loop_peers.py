# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""SB3, SB3-contrib or SBX on a Gymnasium task: a worker of `loop`."""

import json
import sys
import time
from typing import Any

from workers.loop_run import LoopRun, rate


def main() -> None:
    """Do the run described by the command line argument, in JSON; print the rate."""
    content, program = json.loads(sys.argv[1])
    run = LoopRun(**content)
    from stable_baselines3.common.callbacks import BaseCallback

    seen: list[tuple[float, int]] = []

    class Watch(BaseCallback):
        """Takes the time of every 50th step."""

        def _on_step(self) -> bool:
            if self.num_timesteps % 50 == 0:
                seen.append((time.monotonic(), self.num_timesteps))
            return True

    model = _kind(program, run.algorithm)(
        'MlpPolicy', run.task, seed=0, learning_starts=run.warmup, **_options(program)
    )
    model.learn(run.steps, callback=Watch())
    print(rate(seen, run))


def _kind(program: str, algorithm: str) -> Any:
    """Return the class of an algorithm."""
    if program == 'sbx':
        import sbx

        return {'sac': sbx.SAC, 'tqc': sbx.TQC}[algorithm]
    import sb3_contrib
    import stable_baselines3

    return {'sac': stable_baselines3.SAC, 'tqc': sb3_contrib.TQC}[algorithm]


def _options(program: str) -> dict[str, Any]:
    """Return the options that only SB3 has."""
    return {'device': 'cpu'} if program == 'sb3' else {}


if __name__ == '__main__':
    main()

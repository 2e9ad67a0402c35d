# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of SB3's SAC or SB3-contrib's TQC on a Gymnasium task: a worker of `learning`.

A run that was interrupted goes on from its last evaluation, with a new episode and new random
numbers: the peers keep neither.
"""

import json
from pathlib import Path
import shutil
import sys
from typing import Any

import gymnasium
import torch

from workers.evaluation import Curve, evaluate
from workers.unfinished import unfinished_run


def main() -> None:
    """Run what the command line (JSON) describes, with the peer's own defaults."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    import sb3_contrib
    import stable_baselines3
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    class Judge(BaseCallback):
        """Evaluates now and then, and keeps the run so far."""

        judged = gymnasium.make(options['task'])

        def _on_step(self) -> bool:
            if self.num_timesteps % options['evaluate_every'] == 0:
                returns = evaluate(self.judged, self._act)
                curve.add(self.num_timesteps, returns, self.model._n_updates)
            return True

        def _on_rollout_start(self) -> None:
            if curve.has_grown:
                keep(self.model, curve, folder)

        def _act(self, observation: Any) -> Any:
            return self.model.predict(observation, deterministic=True)[0]

    kind = {'sb3_sac': stable_baselines3.SAC, 'sb3_tqc': sb3_contrib.TQC}[options['preset']]
    folder = unfinished_run(options)
    curve = Curve([])
    if states := kept(folder):
        newest = states[-1]
        curve = Curve(json.loads((newest / 'evaluations.json').read_text()))
        model = kind.load(newest / 'model.zip', gymnasium.make(options['task']), device='cpu')
        model.load_replay_buffer(newest / 'replay.pkl')
        model.set_random_seed(options['seed'] + model.num_timesteps)
    else:
        model = kind(
            'MlpPolicy',
            options['task'],
            seed=options['seed'],
            device='cpu',
            learning_starts=options['warmup'],
            **options['overrides'],
        )
    model.set_logger(Logger(folder=None, output_formats=[]))  # else it leaves an empty folder
    missing = options['steps'] - model.num_timesteps
    model.learn(missing, callback=Judge(), reset_num_timesteps=not curve.rows)
    curve.report()


def keep(model: Any, curve: Curve, folder: Path) -> None:
    """Write what the run goes on from into a folder named by its steps; older ones go."""
    older = kept(folder)
    partial = folder / 'partial'
    partial.mkdir(parents=True, exist_ok=True)
    model.save(partial / 'model.zip')
    model.save_replay_buffer(partial / 'replay.pkl')
    (partial / 'evaluations.json').write_text(json.dumps(curve.rows))
    partial.rename(folder / f'{model.num_timesteps:09d}')
    for old in older:
        shutil.rmtree(old)
    curve.kept()


def kept(folder: Path) -> list[Path]:
    """Return what was kept of a run, oldest first."""
    return sorted(folder.glob('[0-9]*'))


if __name__ == '__main__':
    main()

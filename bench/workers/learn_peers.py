# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of SB3's SAC or SB3-contrib's TQC on a Gymnasium task: a worker of `learning`.

An interrupted run continues from its last evaluation with a new episode and new random numbers,
because the peers save neither.
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
    """Do the run described by the command line argument, in JSON, with the peer's defaults."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    import sb3_contrib
    import stable_baselines3
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    class Evaluation(BaseCallback):
        """Evaluates periodically and saves the run so far."""

        evaluation_env = gymnasium.make(options['task'])

        def _on_step(self) -> bool:
            if self.num_timesteps % options['evaluate_every'] == 0:
                returns = evaluate(self.evaluation_env, self._act)
                curve.add(self.num_timesteps, returns, self.model._n_updates)
            return True

        def _on_rollout_start(self) -> None:
            if curve.has_unsaved_rows:
                save(self.model, curve, folder)

        def _act(self, observation: Any) -> Any:
            return self.model.predict(observation, deterministic=True)[0]

    kind: Any = {'sb3_sac': stable_baselines3.SAC, 'sb3_tqc': sb3_contrib.TQC}[options['preset']]
    folder = unfinished_run(options)
    curve = Curve([])
    if states := saved_states(folder):
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
    model.set_logger(Logger(folder=None, output_formats=[]))  # otherwise it leaves an empty folder
    missing = options['steps'] - model.num_timesteps
    model.learn(missing, callback=Evaluation(), reset_num_timesteps=not curve.rows)
    curve.report()


def save(model: Any, curve: Curve, folder: Path) -> None:
    """Save the run in a folder named after its steps; delete older ones."""
    older = saved_states(folder)
    partial = folder / 'partial'
    partial.mkdir(parents=True, exist_ok=True)
    model.save(partial / 'model.zip')
    model.save_replay_buffer(partial / 'replay.pkl')
    (partial / 'evaluations.json').write_text(json.dumps(curve.rows))
    partial.rename(folder / f'{model.num_timesteps:09d}')
    for old in older:
        shutil.rmtree(old)
    curve.mark_saved()


def saved_states(folder: Path) -> list[Path]:
    """Return the saved states of a run, oldest first."""
    return sorted(folder.glob('[0-9]*'))


if __name__ == '__main__':
    main()

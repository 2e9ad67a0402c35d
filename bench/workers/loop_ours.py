# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`rl_train` on a Gymnasium task: a worker of `loop`."""

import os

from rl_agent.real_time.blas import blas_environment
from rl_learner.system.openmp import openmp_environment

# as rl_train does, before NumPy and torch are imported
os.environ.update(blas_environment(os.environ))
os.environ.update(openmp_environment(os.environ))

import json
from pathlib import Path
import sys
import threading
import time

from rl_agent.gymnasium_tasks.task_robot import make_task_robot
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.one_process.training_run import RunPlan, TrainingRun
from rl_learner.run.folder import new_run_folder
from rl_learner.system.ports import free_port
from rl_learner.training.learner import LearnerSettings
from rl_learner.training.training_session import SessionSettings

from workers.compared_networks import OVERRIDES
from workers.loop_run import LoopRun, rate

_POLL_PERIOD_S = 0.05


def main() -> None:
    """Do the run described by the command line argument, in JSON; print the rate."""
    content, robots = json.loads(sys.argv[1])
    run = LoopRun(**content)
    robot = make_task_robot(run.task).description
    plan = RunPlan(
        robot=robot,
        algorithm=load_algorithm(
            run.algorithm, {**OVERRIDES, 'warmup': run.warmup}, robot.episode_steps
        ),
        folder=new_run_folder(Path('run').absolute()),
        session=SessionSettings(
            seed=0,
            device='cpu',
            threads=0 if run.threads == os.cpu_count() else run.threads,
            replay_port=free_port(),
            periods=LearnerSettings(publish_period_s=0.1, checkpoint_period_s=60.0),
        ),
        recorded={},
        robots=robots,
        steps=run.steps,
        seed=0,
        evaluate_every=0,
        evaluation_episodes=0,
    )
    training = TrainingRun(plan, threading.Event())
    seen: list[tuple[float, int]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL_PERIOD_S):
            done = min(training.steps, run.warmup + training.updates)
            if done < run.steps:
                seen.append((time.monotonic(), done))

    watching = threading.Thread(target=watch)
    watching.start()
    training.run(lambda status: None)
    ended.set()
    watching.join()
    print(rate(seen, run))


if __name__ == '__main__':
    main()

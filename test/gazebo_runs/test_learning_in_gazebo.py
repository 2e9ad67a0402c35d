# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The demo learns with the pendulum in Gazebo 11."""

import dataclasses
import json
from pathlib import Path
import threading
import time

from gazebo_fixtures import StartWorld, WORKSPACE
import pytest
from rl_agent.description.robot import load_robot
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_plan import DemoPlan
from rl_learner.demo.demo_run import DemoRun
from rl_learner.run.folder import new_run_folder
from rl_learner.system.domain import claim_domain
from rl_learner.system.ports import free_port

SEED = 0


@pytest.mark.timeout(3600)
def test_the_pendulum_learns_in_gazebo(start_world: StartWorld) -> None:
    """The folder of the run, with learning curve and summary, stays in runs/."""
    robot = start_world('pendulum').describe('pendulum', 'GazeboPendulum')
    demo = dataclasses.replace(load_demo('pendulum'), robot=robot)
    stamp = time.strftime('%Y%m%d-%H%M%S')
    folder = new_run_folder(WORKSPACE / 'runs' / f'gazebo-pendulum-{stamp}')
    with claim_domain() as domain:
        plan = DemoPlan(
            demo='pendulum',
            description=demo,
            robot=load_robot(robot),
            algorithm=demo.algorithm,
            seed=SEED,
            robots=1,
            max_steps=2 * demo.max_steps,
            port=free_port(),
            domain=domain,
            folder=folder,
        )
        code = DemoRun(plan, threading.Event()).run()
    summary = json.loads(Path(folder / 'summary.json').read_text(encoding='utf-8'))
    assert code == 0, summary
    assert summary['evaluation_mean'] >= demo.target_return

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""When Gazebo falls silent or ends during training, the robot stops until it is back."""

from pathlib import Path
import signal

from fleet import kill_and_restart, Listener, running
from gazebo_fixtures import HERE, StartWorld
import psutil
import pytest
from rl_agent.bringup.node_specs import agent, simulated_robot
from rl_agent.ros.ros_topics import AGENT_STATUS, LEARNER_STATUS, STATUS_QOS, STEP, STEP_QOS
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, LearnerStatus, Step
from std_msgs.msg import Float64MultiArray

ROBOT = 'robot_1'
COMMANDS = f'/{ROBOT}/effort_controller/commands'
STEPS, STATUS = f'/{ROBOT}/{STEP}', f'/{ROBOT}/{AGENT_STATUS}'
CAUSE = 'sensor_too_old/joint_states'
TIMEOUT_S = 120.0  # a loaded machine starts a learner slowly
# Small networks, because the test is about stopping and continuing.
SMALL = 'batch_size: 32\nactor_hidden_sizes: [32, 32]\ncritic_hidden_sizes: [32, 32]\n'


class Watcher:
    """Listens to the robot's commands, its agent and the learner."""

    def __init__(self) -> None:
        self.ears = Listener(
            {
                COMMANDS: (Float64MultiArray, 10),
                STEPS: (Step, STEP_QOS),
                STATUS: (AgentStatus, STATUS_QOS),
                LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            }
        )

    def until_in_an_episode(self) -> None:
        """Wait for a step early in an episode, so that no reset follows soon."""
        begun = len(self.ears.heard[STEPS])
        self.ears.until(
            lambda: any(2 <= item.step <= 50 for item in self.ears.heard[STEPS][begun:]),
            TIMEOUT_S,
            'an episode',
        )

    def until_the_robot_stops(self) -> None:
        """Wait for the stop, then for twenty commands that are 0."""
        heard = self.ears.heard
        self.ears.until(lambda: CAUSE in heard[STATUS][-1].safety_state, TIMEOUT_S, 'the stop')
        steps = len(heard[STEPS])
        self.ears.until(
            lambda: [item.data[0] for item in heard[COMMANDS][-20:]] == [0.0] * 20,
            TIMEOUT_S,
            'commands of 0',
        )
        assert len(heard[STEPS]) == steps, 'there are no steps without observations'

    def until_training_continues(self) -> None:
        """Wait for a new episode and for updates with its steps."""
        heard = self.ears.heard
        self.until_in_an_episode()
        self.ears.until(
            lambda: bool(heard[STATUS] and heard[LEARNER_STATUS]),
            TIMEOUT_S,
            'both status messages',
        )
        before = heard[LEARNER_STATUS][-1]
        self.ears.until(
            lambda: (
                heard[STATUS][-1].safety_state == 'ok'
                and heard[LEARNER_STATUS][-1].updates > before.updates + 20
                and heard[LEARNER_STATUS][-1].transitions_stored > before.transitions_stored + 20
            ),
            TIMEOUT_S,
            'training',
        )


@pytest.mark.timeout(600)
def test_training_continues_after_gazebo_was_silent_and_after_it_ended(
    start_world: StartWorld, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """In real time, as with a robot."""
    world = start_world('pendulum')
    robot = world.describe('pendulum', 'GazeboPendulum')
    algorithm = tmp_path / 'small.yaml'
    algorithm.write_text(SMALL)
    learning = learner_nodes(
        robot,
        str(algorithm),
        free_port(),
        run_folder=str(tmp_path / 'run'),
        warmup=60,
        threads=1,
    )
    body = simulated_robot(robot, ROBOT, real_time=True)
    agent_node = agent(robot, ROBOT, spool_folder='', robot_timeout_s=TIMEOUT_S)
    environment = {**ros_environment, 'PYTHONPATH': HERE}
    with running([*learning, body, agent_node], environment, tmp_path) as processes:
        watcher = Watcher()
        try:
            watcher.until_training_continues()

            gazebo = psutil.Process(world.server.process.pid)
            watcher.until_in_an_episode()
            gazebo.send_signal(signal.SIGSTOP)
            watcher.until_the_robot_stops()
            assert processes[body.name].exit_code is None
            gazebo.send_signal(signal.SIGCONT)
            watcher.until_training_continues()

            watcher.until_in_an_episode()
            world.server.process.kill()
            watcher.until_the_robot_stops()
            watcher.ears.until(
                lambda: processes[body.name].exit_code is not None, TIMEOUT_S, 'its end'
            )
            assert processes[body.name].exit_code == 1
            assert 'the simulation has ended' in processes[body.name].last_lines(1)
            start_world('pendulum')
            kill_and_restart(processes, [body], environment, tmp_path)
            watcher.until_training_continues()
        finally:
            watcher.ears.close()
    assert processes[agent_node.name].exit_code == 0
    check_log(processes[agent_node.name].log.read_text(encoding='utf-8'))


def check_log(log: str) -> None:
    """Check that each silence has one log line when it begins and one when it ends."""
    lines = [line for line in log.splitlines() if CAUSE in line]
    over = ['over after' in line for line in lines]
    assert over == [False, True] * (len(over) // 2), lines
    assert len(over) >= 4, lines
    assert all('accepted: at most 0.5 s' in line for line in lines[::2])

# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""`rl_plan`: how many robots a learner machine takes, and what gives first."""

import os

from rl_learner.system.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # before torch is imported, for `--measure`

import argparse
from collections.abc import Callable, Sequence
import json
import math

from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.policy.parameters import PolicyArchitecture
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm
from rl_learner.bringup.parameters import LearnerParameters, ReplayBridgeParameters
from rl_learner.cli import command_line
from rl_learner.cli.command_line import at_least
from rl_learner.planning.fleet import Budget, Fleet, LARGEST, MOST_ROBOTS, Training
from rl_learner.planning.measured import load_measured, Measured
from rl_learner.planning.plan import make_plan
from rl_learner.planning.plan_report import as_table, as_values, summary

_EXAMPLES = """
  rl_plan --robots 64 --robot diff_drive                     # does it fit, and what gives first?
  rl_plan --robots 64 --robot diff_drive --measure           # with this machine's update speed
  rl_plan --robots 200 --rate-hz 20 --observations 46 --actions 12 --updates-per-s 2000
  rl_plan --robots 100 --robot quadruped --discovery server --commit-period-s 1 --json
"""
_EXIT_CODES = 'exit codes: 0 it fits, 1 it does not, 2 wrong usage, 130 interrupted'


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_plan',
        'Tell whether a fleet fits on a learner machine, and what gives first, from measured'
        '\nconstants; docs/scale.md has their errors.',
        _EXAMPLES,
        _EXIT_CODES,
    )
    parser.add_argument(
        '--robots', type=_whole(MOST_ROBOTS), required=True, help='number of robots'
    )
    _add_robot(parser)
    _add_training(parser)
    _add_periods(parser)
    _add_budget(parser)
    command_line.add_json(parser)
    return parser


def _add_robot(parser: argparse.ArgumentParser) -> None:
    """Add the options for the kind of robot."""
    group = parser.add_argument_group('robot', 'a description, or rate and sizes')
    group.add_argument('--robot', default='', help='name of a robot description, or its YAML file')
    group.add_argument('--rate-hz', type=_above_zero, help='control rate')
    group.add_argument('--observations', type=_whole(1_000_000), help='numbers of an observation')
    group.add_argument('--actions', type=_whole(1_000_000), help='numbers of an action')
    group.add_argument(
        '--discovery',
        choices=('simple', 'server'),
        default='simple',
        help='server: a Fast DDS discovery server; default: %(default)s',
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options for training."""
    group = parser.add_argument_group('training')
    group.add_argument(
        '--algorithm', default='default', help='name or YAML file; default: %(default)s'
    )
    group.add_argument(
        '--updates-to-data',
        type=_above_zero,
        help="critic updates per transition; default: the algorithm's own",
    )
    group.add_argument(
        '--devices', type=at_least(1), default=1, help='that share an update; default: %(default)s'
    )
    speed = group.add_mutually_exclusive_group()
    speed.add_argument(
        '--updates-per-s',
        type=_above_zero,
        help='of one device; default: that of two processor cores, measured with the default'
        ' algorithm',
    )
    speed.add_argument(
        '--measure', action='store_true', help="measure this machine's updates/s, for 6 s"
    )
    group.add_argument(
        '--device',
        choices=('auto', 'cpu', 'cuda'),
        default='auto',
        help='with --measure; default: %(default)s',
    )


def _add_periods(parser: argparse.ArgumentParser) -> None:
    """Add the options for parameters of the nodes."""
    group = parser.add_argument_group('parameters of the nodes, see docs/parameters.md')
    for name, default, node in (
        ('send', AgentParameters.send_period_s, 'agent'),
        ('commit', ReplayBridgeParameters.commit_period_s, 'replay bridge'),
        ('publish', LearnerParameters.publish_period_s, 'learner'),
    ):
        group.add_argument(
            f'--{name}-period-s',
            type=_above_zero,
            default=default,
            help=f'of the {node}; default: %(default)s',
        )


def _add_budget(parser: argparse.ArgumentParser) -> None:
    """Add the options for what there is."""
    group = parser.add_argument_group('what there is')
    group.add_argument(
        '--memory-gb', type=_above_zero, help="of the learner machine; default: this machine's"
    )
    for name, default, text in (
        ('disk-gb', 50.0, 'for the journal'),
        ('robot-mbit', 50.0, "Mbit/s of a robot's link, either way"),
        ('learner-mbit', 1000.0, "Mbit/s of the learner machine's link, either way"),
        ('discovery-s', 60.0, 'time in which all robots must be found'),
    ):
        group.add_argument(
            f'--{name}', type=_above_zero, default=default, help=f'{text}; default: %(default)g'
        )


def _run(options: argparse.Namespace) -> int:
    """Make and print the plan."""
    measured, algorithm = load_measured(), load_algorithm(options.algorithm)
    fleet = _fleet(options, algorithm)
    training = Training(
        updates_to_data=options.updates_to_data or algorithm.updates_to_data,
        batch_size=algorithm.batch_size,
        replay_capacity=algorithm.replay_capacity,
        devices=options.devices,
        updates_per_s=_updates_per_s(options, algorithm, fleet, measured),
    )
    memory_gb = options.memory_gb or os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9
    budget = Budget(
        memory_gb=memory_gb,
        disk_gb=options.disk_gb,
        robot_mbit=options.robot_mbit,
        learner_mbit=options.learner_mbit,
        discovery_s=options.discovery_s,
    )
    plan = make_plan(fleet, training, budget, measured)
    if options.json:
        print(json.dumps(as_values(plan, fleet, training, measured)))
    else:
        command_line.print_table(as_table(plan, fleet))
        print('\n'.join(summary(plan, fleet, training)))
    return command_line.DONE if plan.fits else command_line.FAILED


def _fleet(options: argparse.Namespace, algorithm: Algorithm) -> Fleet:
    """Return the fleet.

    Raises:
        ConfigurationError: neither a description nor all of rate and sizes; or both.
    """
    sizes = {
        'rate_hz': options.rate_hz,
        'observation_size': options.observations,
        'action_size': options.actions,
    }
    if options.robot:
        if any(value is not None for value in sizes.values()):
            raise ConfigurationError(
                '--robot: given with --rate-hz, --observations or --actions; accepted: one or the'
                ' other'
            )
        robot = load_robot(options.robot)
        if robot.images:
            raise ConfigurationError(
                f'--robot: given {options.robot}, which has images; accepted: a robot without, as'
                ' nothing was measured with images'
            )
        spaces = Spaces(robot)
        sizes = {
            'rate_hz': robot.rate_hz,
            'observation_size': spaces.observation_size,
            'action_size': spaces.action_size,
        }
    elif any(value is None for value in sizes.values()):
        raise ConfigurationError(
            'robot: not given; accepted: --robot NAME, or --rate-hz, --observations and --actions'
        )
    architecture = PolicyArchitecture(
        sizes['observation_size'],
        sizes['action_size'],
        algorithm.actor_hidden_sizes,
        layer_norm=algorithm.actor_layer_norm,
        distribution=algorithm.distribution,
    )
    return Fleet(
        robots=options.robots,
        policy_parameters=architecture.num_parameters,
        send_period_s=options.send_period_s,
        commit_period_s=options.commit_period_s,
        publish_period_s=options.publish_period_s,
        discovery=options.discovery,
        **sizes,
    )


def _updates_per_s(
    options: argparse.Namespace, algorithm: Algorithm, fleet: Fleet, measured: Measured
) -> float:
    """Return the updates per second of one device: given, measured here, or measured before."""
    if not options.measure:
        return options.updates_per_s or measured.updates_per_s.value
    from rl_learner.planning.update_speed import measure_updates_per_s
    from rl_learner.training.device import training_device

    device = training_device(options.device)
    return measure_updates_per_s(algorithm, fleet.observation_size, fleet.action_size, device)


def _above_zero(text: str) -> float:
    """Return a number above zero, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= LARGEST:
        raise argparse.ArgumentTypeError(
            f'given {text!r}; accepted: a number above 0, at most {LARGEST:g}'
        )
    return value


def _whole(high: int) -> Callable[[str], int]:
    """Return a type for argparse: whole numbers from 1 to `high`."""

    def convert(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= value <= high:
            raise argparse.ArgumentTypeError(
                f'given {text!r}; accepted: a whole number, 1 to {high}'
            )
        return value

    return convert


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()

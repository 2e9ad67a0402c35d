# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`make demo`: simulated robots learn through ROS 2 and Reverb, each part a process."""

import argparse
from collections.abc import Sequence
import contextlib
import datetime
import json
from pathlib import Path
import signal
import sys

from rl_agent.configuration import find_file
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError, RlError
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli.command_line import at_least, make_parser
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_run import DemoPlan, DemoRun
from rl_learner.run.folder import DEMO_FILE, new_run_folder
from rl_learner.system.domain import claim_domain
from rl_learner.system.ports import free_port

_EXAMPLES = """
  make demo                                    # the pendulum
  make demo ROBOT=quadruped ROBOTS=2 SEED=3    # options of make are capitals
  demo --robot quadruped --robots 2 --seed 3   # the same
  demo --resume runs/first --steps 12000       # go on with a run
"""


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's options; exits with 2 and one line for a wrong one."""
    parser = make_parser(
        'demo',
        'Let simulated robots learn through ROS 2 and Reverb, each part a process of its own.',
        _EXAMPLES,
        'exit codes: 0 it learned, 1 it did not or something failed, 2 wrong usage',
    )
    parser.add_argument(
        '--robot',
        default='pendulum',
        help='name in config/demos, or a YAML file like those; default: pendulum',
    )
    parser.add_argument(
        '--algorithm',
        help='name in config/algorithms, or a YAML file; default: that of the demo, with its'
        ' updates_to_data',
    )
    parser.add_argument(
        '--seed', type=at_least(0), default=0, help='of everything random; default: 0'
    )
    parser.add_argument(
        '--robots', type=at_least(1), default=1, help='robots side by side; default: 1'
    )
    parser.add_argument('--steps', type=at_least(1), help='of all robots together, at most')
    parser.add_argument('--name', help='of the run folder; default: robot, seed and time')
    parser.add_argument(
        '--resume', type=Path, metavar='RUN', help="go on with a demo's run, with its options"
    )
    parser.add_argument(
        '--runs', type=Path, default=Path('runs'), help='where run folders are; default: runs'
    )
    parser.add_argument(
        '--port', type=at_least(1024), help='of the Reverb server; default: a free one'
    )
    return _resumed(parser, parser.parse_args(arguments))


def _resumed(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Return the options, for `--resume` those that the run was started with."""
    if not options.resume:
        return options
    if options.name:
        parser.error('--name: given beside --resume; accepted: one of them')
    path = options.resume / DEMO_FILE
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        before = {key: content[key] for key in ('robot', 'algorithm', 'seed', 'robots', 'steps')}
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(
            f'--resume: given {options.resume}: {DEMO_FILE} cannot be read: {error}; accepted:'
            ' the run folder of a demo'
        )
    wanted = {'steps': options.steps} if options.steps else {}
    return argparse.Namespace(**{**vars(options), **before, **wanted})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; exit 0 just if the robot learned."""
    options = parse_arguments(arguments)
    stop = SignalSafeEvent()
    set_by_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        with contextlib.ExitStack() as stack:
            code = DemoRun(_plan(options, stack), stop).run()
    except RlError as error:
        print(f'error: {error}', file=sys.stderr)
        code = 1
    sys.exit(code)


def _plan(options: argparse.Namespace, stack: contextlib.ExitStack) -> DemoPlan:
    """Check everything before anything is started or written.

    Raises:
        ConfigurationError: a name, file or value that cannot be used.
    """
    if not options.resume:
        find_file('robots', options.robot)
    description = load_demo(options.robot)
    algorithm = options.algorithm or description.algorithm
    load_algorithm(algorithm)
    return DemoPlan(
        demo=options.robot,
        description=description,
        robot=load_robot(description.robot),
        algorithm=algorithm,
        seed=options.seed,
        robots=options.robots,
        max_steps=options.steps or description.max_steps,
        port=_replay_port(options.port),
        domain=stack.enter_context(claim_domain()),
        folder=options.resume or new_run_folder(_run_folder(options)),
    )


def _replay_port(wanted: int | None) -> int:
    """Return a TCP port for Reverb that nothing uses.

    Raises:
        ConfigurationError: the wanted one is in use.
    """
    try:
        return free_port(wanted or 0)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f'--port: given {wanted}: {error}; accepted: a free TCP port from 1024 to 65535'
        ) from error


def _run_folder(options: argparse.Namespace) -> Path:
    """Return where the run goes."""
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S-%f')
    name = options.name or f'{Path(options.robot).stem}-seed{options.seed}-{stamp}'
    return Path(options.runs) / name


if __name__ == '__main__':
    main()

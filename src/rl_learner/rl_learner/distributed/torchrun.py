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

"""Runs torchrun in this process, with one line for each error that a user can mend."""

import argparse
from collections.abc import Sequence
from datetime import timedelta
import os
import socket
import threading

from rl_agent.errors import ConfigurationError
from rl_learner.distributed.ranks import RankError
from rl_learner.distributed.rendezvous import LEADS_VARIABLE
from torch.distributed import DistError, TCPStore  # type: ignore[attr-defined]
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous.api import RendezvousError
from torch.distributed.elastic.rendezvous.utils import parse_rendezvous_endpoint
from torch.distributed.run import parse_args, run

_DEFAULT_PORT = 29400


class Interrupted(Exception):
    """A signal has ended all ranks of this machine, in order."""


def run_torchrun(words: Sequence[str], timeout_s: float) -> None:
    """Run the ranks of this machine until they end.

    Args:
        words: the command line of torchrun.
        timeout_s: in which the place where machines meet must answer.

    Raises:
        ConfigurationError: an option cannot be used.
        Interrupted: a signal came.
        RankError: other machines cannot be met, or a rank has failed too often.
    """
    try:
        options = parse_args(list(words))
        os.environ.pop(LEADS_VARIABLE, None)
        if options.rdzv_endpoint and not options.standalone:
            address = parse_rendezvous_endpoint(options.rdzv_endpoint, _DEFAULT_PORT)
            _check_meeting_point(address, timeout_s)
            _lead_where_machines_meet(options, address[0])
        run(options)
    except SignalException as error:
        raise Interrupted from error
    except ChildFailedError as error:
        raise RankError(_describe(error)) from error
    except (RendezvousError, DistError) as error:
        reason = str(error) or type(error).__name__
        raise RankError(f'the machines could not meet: {_first_line(reason)}') from error
    except (AssertionError, ValueError, RuntimeError) as error:
        raise ConfigurationError(f'options of torchrun: {_first_line(str(error))}') from error


def _lead_where_machines_meet(options: argparse.Namespace, host: str) -> None:
    """Let the first process of the machine where all meet be rank 0, and serve the meeting.

    torchrun numbers machines by their addresses, and knows only its main one.
    """
    is_here = _is_here(host)
    os.environ[LEADS_VARIABLE] = str(int(is_here))
    if 'is_host' not in options.rdzv_conf:
        given = f'{options.rdzv_conf},' if options.rdzv_conf else ''
        options.rdzv_conf = f'{given}is_host={is_here}'


def _is_here(host: str) -> bool:
    """Return whether this machine has an address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _check_meeting_point(address: tuple[str, int], timeout_s: float) -> None:
    """Check that nobody listens where machines meet, or a torchrun, which would wait for ever.

    Raises:
        ConfigurationError: something else listens there.
    """
    host, port = address
    try:
        socket.create_connection(address, timeout_s).close()
    except OSError:
        return  # this machine, or another one, is still to listen
    answered = threading.Event()

    def ask() -> None:
        try:
            timeout = timedelta(seconds=timeout_s)
            TCPStore(host, port, is_master=False, timeout=timeout, wait_for_workers=False)
        except RuntimeError:
            return
        answered.set()

    # daemon, because a store that gets no answer waits for ever
    threading.Thread(target=ask, name='meeting point', daemon=True).start()
    if not answered.wait(timeout_s):
        raise ConfigurationError(
            f'rdzv-endpoint: given {host}:{port}, where something else than torchrun listens;'
            ' accepted: one of the machines, with a free port'
        )


def _describe(error: ChildFailedError) -> str:
    """Return which rank failed first, and how."""
    rank, failure = error.get_first_failure()
    end = f'failed with exit code {failure.exitcode}'
    if failure.exitcode < 0:
        end = f'was ended by {failure.signal_name()}'
    return f'rank {rank}, process {failure.pid}, {end}; no restart is left'


def _first_line(text: str) -> str:
    """Return the first line of a text."""
    return text.strip().partition('\n')[0]

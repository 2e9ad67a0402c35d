# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Profiles of Fast DDS as XML: a discovery server, and participants as if each were alone."""

from pathlib import Path

PORT = 11811  # as `fastdds discovery` has it
_PREFIX = '44.53.00.5f.45.50.52.4f.53.49.4d.41'  # that ROS_DISCOVERY_SERVER expects of the first
_FRAME = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
  <library_settings><intraprocess_delivery>{inside}</intraprocess_delivery></library_settings>
  <profiles>
    <participant profile_name="participant" is_default_profile="true">
      <rtps>{settings}</rtps>
    </participant>
  </profiles>
</dds>
"""
_SERVER = """
        <prefix>{prefix}</prefix>
        <builtin>
          <discovery_config><discoveryProtocol>SERVER</discoveryProtocol></discovery_config>
          <metatrafficUnicastLocatorList>
            <locator><udpv4><address>{address}</address><port>{port}</port></udpv4></locator>
          </metatrafficUnicastLocatorList>
        </builtin>
      """
_TRIES = '<builtin><mutation_tries>{tries}</mutation_tries></builtin>'


def write_server(path: Path, address: str) -> None:
    """Write the profile of a process whose participant is a discovery server."""
    settings = _SERVER.format(prefix=_PREFIX, address=address, port=PORT)
    path.write_text(_FRAME.format(inside='OFF', settings=settings), encoding='utf-8')


def write_participant(path: Path, mutation_tries: int, *, intraprocess: bool) -> None:
    """Write the profile of all other processes.

    Args:
        path: of the file.
        mutation_tries: ports that a participant tries, one after the other; 100 by default, so
            the 101st of a machine has none.
        intraprocess: participants of one process hand data over in memory; otherwise they talk as
            those of several machines do.
    """
    settings, inside = _TRIES.format(tries=mutation_tries), 'FULL' if intraprocess else 'OFF'
    path.write_text(_FRAME.format(inside=inside, settings=settings), encoding='utf-8')

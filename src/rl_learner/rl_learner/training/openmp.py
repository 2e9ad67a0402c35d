# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Settings for the threads of torch's products on a CPU, to be made before torch is imported.

They wait for each other after each product, a hundred times an update. GNU OpenMP lets them spin
for milliseconds before they sleep; on a machine that does other things, too, they spin while the
one they wait for is not let on a processor.
"""

from collections.abc import Mapping

_SPIN = 10_000  # a third of a millisecond: longer than between two products of an update


def openmp_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what to add to an environment, so that an update need not have a machine to itself.

    Args:
        given: the environment; where it says how threads wait, that stays.
    """
    if given.keys() & {'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'}:
        return {}
    return {'GOMP_SPINCOUNT': str(_SPIN)}

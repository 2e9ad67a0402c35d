# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A report fits on the terminal that shows it."""

from rl_agent.robot_check.live_display import fitted


def test_a_text_that_fits_stays() -> None:
    assert fitted(['ab', 'cd'], 2, 3) == ['ab', 'cd']


def test_a_text_is_cut_to_the_terminal() -> None:
    lines = [f'line {number}' for number in range(10)]
    assert fitted(lines, 60, 4) == [
        'line 0',
        'line 1',
        '... 8 more lines: a taller terminal, or --json',
    ]
    assert fitted(['abc'], 2, 4) == ['ab']
    assert len(fitted(lines, 60, 1)) == 1

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Lists of the documentation keep their nested lists and code on the site."""

from pathlib import Path
import runpy

import pytest

CODE = '```yaml\n- name: arm\n  rate: 1\n```\n'


@pytest.mark.parametrize(
    ('page', 'on_site'),
    [
        ('1. one\n   - two\n     more\n', '1. one\n    - two\n      more\n'),
        (
            '- one\n  more\n\n  ```sh\n  ls\n  ```\n',
            '- one\n    more\n\n    ```sh\n    ls\n    ```\n',
        ),
        ('10. ten\n    more\n', '10. ten\n    more\n'),
        ('- one\n\ntext\n  odd\n', '- one\n\ntext\n  odd\n'),
        (CODE, CODE),
        (f'- one\n\n{CODE}', f'- one\n\n{CODE}'),
    ],
)
def test_what_belongs_to_an_item_is_indented_by_four(
    workspace: Path, page: str, on_site: str
) -> None:
    functions = runpy.run_path(str(workspace / 'tools' / 'wide_lists.py'))
    assert functions['with_wide_lists'](page) == on_site

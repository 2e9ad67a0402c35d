# Copyright 2026 The rl_agent authors
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

"""Finds configuration files by name; needs the standard library only, as `ros2 launch` does."""

import difflib
from pathlib import Path
import sys

from rl_agent.errors import ConfigurationError


def config_folder() -> Path:
    """Return the folder with `algorithms/`, `robots/` and `worlds/`.

    It is `config` in the package's source folder, or `share/rl_agent/config` of an installed one.

    Raises:
        ConfigurationError: there is none.
    """
    here = Path(__file__).resolve()
    installed = [parent / 'share' / 'rl_agent' / 'config' for parent in here.parents]
    package = here.parents[2]  # not any folder above: `config` of a workspace is the user's own
    source = [package / 'config'] if (package / 'package.xml').is_file() else []
    for folder in [*source, *installed, Path(sys.prefix) / 'share' / 'rl_agent' / 'config']:
        if (folder / 'robots').is_dir():
            return folder
    raise ConfigurationError(f'no configuration folder found near {here} or in {sys.prefix}')


def find_file(kind: str, name_or_path: str) -> Path:
    """Return the path of a configuration file.

    Args:
        kind: subfolder of the configuration folder: `robots`, `algorithms` or `demos`.
        name_or_path: a name such as `pendulum`, or a path that ends in .yaml or .yml.

    Raises:
        ConfigurationError: there is no such file; the text lists the names.
    """
    if name_or_path.endswith(('.yaml', '.yml')):
        path = Path(name_or_path).expanduser()
        try:
            is_file = path.is_file()
        except OSError:  # a name that is too long
            is_file = False
        if not is_file:
            raise ConfigurationError(f'{path}: no such file')
        return path
    folder = config_folder() / kind
    names = sorted(file.stem for file in folder.glob('*.yaml'))
    if name_or_path in names:
        return folder / f'{name_or_path}.yaml'
    meant = hint(name_or_path, names)
    raise ConfigurationError(
        f'{kind.removesuffix("s")}: given {name_or_path!r}{meant}; accepted: {", ".join(names)}'
        f' (in {folder}), or the path of a .yaml file'
    )


def hint(given: str, names: list[str]) -> str:
    """Return a question with the most similar name, in parentheses; empty if none is similar."""
    close = difflib.get_close_matches(given, names, n=1)
    close += [name for name in names if given and name.startswith(given)]
    return f' (did you mean {close[0]!r}?)' if close else ''

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Each package is complete in its folder, and its package.xml names what it uses."""

import ast
from collections.abc import Iterable
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

from catkin_pkg.package import parse_package
import pytest

PACKAGES = ('rl_agent', 'rl_learner', 'rl_msgs')
PYTHON_PACKAGES = PACKAGES[:2]
# rosdep keys and distributions whose names differ from that of the module
OTHER_NAMES = {
    'PIL': 'python3-pil',
    'mcap_ros2': 'mcap-ros2-support',
    'reverb': 'dm-reverb',
    'yaml': 'python3-yaml',
}
NO_SOURCE = shutil.ignore_patterns('__pycache__', 'build', '*.egg-info')
FINDS = (
    'from rl_agent.system.configuration_files import config_folder, find_file;'
    "find_file('robots', 'pendulum'); print(config_folder())"
)


def run(command: list[str], folder: Path, **variables: str) -> str:
    """Return what a command prints; it fails the test if the command fails."""
    environment = {name: os.environ[name] for name in ('PATH', 'HOME') if name in os.environ}
    finished = subprocess.run(
        command,
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout.strip()


def files_below(folder: Path) -> set[str]:
    """Return the relative paths of all files, without what Python generates."""
    names = {str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()}
    return {name for name in names if '__pycache__' not in name}


def installed(source: Path, folder: Path) -> Path:
    """Install the package in a folder of sources; return the prefix that has its files."""
    prefix = folder / 'prefix'
    pip = [sys.executable, '-m', 'pip', 'install', '--no-index', '--no-deps', '--quiet']
    # --ignore-installed: touches nothing outside the prefix
    options = ['--ignore-installed', '--no-build-isolation', f'--prefix={prefix}']
    run([*pip, *options, str(source)], folder, TMPDIR=str(folder))
    return prefix


def shared_files(package: str, folder: Path) -> set[str]:
    """Return the paths below `share/PACKAGE` that a source folder promises."""
    inner = {
        f'{kind}/{name}' for kind in ('config', 'launch') for name in files_below(folder / kind)
    }
    return inner | {'package.xml'}


@pytest.mark.parametrize('package', PYTHON_PACKAGES)
@pytest.mark.parametrize('form', ['folder', 'sdist'])
def test_a_package_alone_installs_its_files(
    workspace: Path, tmp_path: Path, package: str, form: str
) -> None:
    """A folder copied out of the repository, or its source distribution, is all it takes."""
    source = tmp_path / 'alone' / package
    shutil.copytree(workspace / 'src' / package, source, symlinks=True, ignore=NO_SOURCE)
    assert not [path for path in source.rglob('*') if path.is_symlink()]
    promised = shared_files(package, source)
    if form == 'sdist':
        run([sys.executable, 'setup.py', '-q', 'sdist', f'--dist-dir={tmp_path}'], source)
        (source,) = tmp_path.glob('*.tar.gz')
    prefix = installed(source, tmp_path)
    assert files_below(prefix / 'share' / package) == promised
    (modules,) = prefix.glob('lib/python3*/site-packages')
    found = run(
        [sys.executable, '-c', FINDS], tmp_path, PYTHONPATH=f'{modules}:{workspace}/src/rl_agent'
    )
    own = prefix / 'share' / 'rl_agent' / 'config'
    assert Path(found) == (own if package == 'rl_agent' else workspace / 'src/rl_agent/config')


def test_users_find_config_and_launch_at_the_top(workspace: Path) -> None:
    """One source: links to the files of the packages, none missing and none dangling."""
    assert (workspace / 'config').resolve() == workspace / 'src' / 'rl_agent' / 'config'
    sources = {
        file
        for package in PYTHON_PACKAGES
        for file in workspace.glob(f'src/{package}/launch/*.py')
    }
    links = [path for path in (workspace / 'launch').iterdir() if path.name != '__pycache__']
    assert {path.resolve() for path in links} == sources
    for link in [workspace / 'config', *links]:
        assert link.is_symlink()
        assert not link.readlink().is_absolute()


def test_colcon_finds_nothing_but_the_packages(workspace: Path) -> None:
    """An example in C++ must not end `colcon build`, as it needs what robots do not have."""
    found = {
        file.parent
        for folder in ('bench', 'docker', 'docs', 'src', 'test', 'tools')
        for name in ('CMakeLists.txt', 'package.xml', 'setup.py')
        for file in (workspace / folder).rglob(name)
    }
    built = {
        path
        for path in found
        if not any((parent / 'COLCON_IGNORE').exists() for parent in (path, *path.parents))
    }
    assert built == {workspace / 'src' / package for package in PACKAGES}


@pytest.mark.parametrize('package', PACKAGES)
def test_a_package_has_what_reps_ask_for(workspace: Path, package: str) -> None:
    folder = workspace / 'src' / package
    for name in ('README.md', 'CHANGELOG.rst'):
        assert (folder / name).is_file()
    assert (folder / 'LICENSE').read_bytes() == (workspace / 'LICENSE').read_bytes()
    warnings: list[str] = []
    described = parse_package(str(folder), warnings=warnings)
    assert warnings == []
    assert {url.type for url in described.urls} == {'website', 'repository', 'bugtracker'}
    assert described.authors
    assert [license_.file for license_ in described.licenses] == ['LICENSE']
    if package in PYTHON_PACKAGES:
        told = run(
            [sys.executable, 'setup.py', '--version', '--description', '--license', '--url'],
            folder,
        )
        version, description, license_, url = told.splitlines()[-4:]
        assert (version, description) == (described.version, described.description)
        assert (license_, url) == ('Apache-2.0', described.urls[0].url)


def imports(files: Iterable[Path]) -> set[str]:
    """Return the modules of other distributions that files import, without submodules."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return {name.split('.')[0] for name in found} - set(sys.stdlib_module_names)


@pytest.mark.parametrize('package', PYTHON_PACKAGES)
@pytest.mark.parametrize('tests', [False, True])
def test_package_xml_names_every_import(workspace: Path, package: str, tests: bool) -> None:
    """As a dependency, or in the comment on what pip brings because no rosdep key fits."""
    folder = workspace / 'src' / package
    text = (folder / 'package.xml').read_text(encoding='utf-8')
    kinds = ('depend', 'exec_depend', 'test_depend')[: 3 if tests else 2]
    root = ElementTree.fromstring(text)
    named = {element.text for kind in kinds for element in root.iter(kind)}
    for comment in re.findall(r'<!--(.*?)-->', text, re.DOTALL):
        named.update(re.findall(r'[\w-]+', comment))
    files = [*folder.glob(f'{package}/**/*.py'), *folder.glob('launch/*.py')]
    if tests:
        files = [*folder.glob('test/**/*.py')]
        named.update(path.stem for path in folder.glob('test/helpers/*.py'))
    # launch files of robots start a learner where there is one
    missing = {
        name
        for name in imports(files) - {package, 'rl_learner'}
        if not {name, OTHER_NAMES.get(name), f'python3-{name}'.replace('_', '-')} & named
        and name.replace('_', '-') not in named
    }
    assert missing == set()


@pytest.mark.parametrize('package', PYTHON_PACKAGES)
def test_every_file_has_the_header_that_ament_copyright_knows(
    workspace: Path, package: str
) -> None:
    folder = workspace / 'src' / package
    header = (folder / 'setup.py').read_text(encoding='utf-8').partition('\n\n')[0] + '\n'
    assert header.startswith(f'# Copyright 2026 The {package} authors\n#\n# Licensed under the')
    assert header.count('\n') == 13
    names = [
        path for path in folder.rglob('*.py') if 'build' not in path.relative_to(folder).parts
    ]
    assert [path for path in names if header not in path.read_text(encoding='utf-8')] == []

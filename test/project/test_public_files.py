# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Files that only a hosting service or a contributor's tool reads agree with the project."""

from importlib.metadata import metadata
from pathlib import Path
import re
from typing import Any
from xml.etree import ElementTree

from packaging.specifiers import SpecifierSet
import pytest
import yaml

WORKFLOWS = ('ros', 'test')
FORMS = ('bug', 'robot')
FIELDS = ('dropdown', 'input', 'textarea')
PIN = re.compile(r'^([\w.\[\]-]+)==(\S+)$', re.MULTILINE)


def read(workspace: Path, name: str) -> Any:
    """Return the content of a YAML file; `on` is no truth value here, as on GitHub."""
    text = (workspace / name).read_text(encoding='utf-8')
    return yaml.safe_load(re.sub(r'^on:', "'on':", text, flags=re.MULTILINE))


def pins(workspace: Path, name: str) -> dict[str, str]:
    """Return the pinned versions in a file of requirements."""
    text = (workspace / 'requirements' / f'{name}.txt').read_text(encoding='utf-8')
    return dict(PIN.findall(text))


@pytest.mark.parametrize(
    ('name', 'versions'),
    [
        ('robot', ('3.10.0', '3.11.0', '3.12.0')),
        ('learner', ('3.10.0', '3.11.0')),
        ('development', ('3.10.0', '3.11.0')),
    ],
)
def test_pinned_packages_are_for_every_python_that_is_promised(
    workspace: Path, name: str, versions: tuple[str, ...]
) -> None:
    """As they say themselves; `make setup` with Python 3.10 once found none to install."""
    pinned = [package.partition('[')[0] for package in pins(workspace, name)]
    assert pinned
    said = {package: metadata(package)['Requires-Python'] or '' for package in pinned}
    for version in versions:
        assert [item for item in said.items() if version not in SpecifierSet(item[1])] == []


@pytest.mark.parametrize('name', WORKFLOWS)
def test_a_workflow_runs_what_exists(workspace: Path, name: str) -> None:
    workflow = read(workspace, f'.github/workflows/{name}.yml')
    assert {'push', 'pull_request'} <= set(workflow['on'])
    assert workflow['permissions'] == {'contents': 'read'}
    makefile = (workspace / 'Makefile').read_text(encoding='utf-8')
    for job in workflow['jobs'].values():
        assert job['timeout-minutes'] <= 90
        for step in job['steps']:
            assert ('uses' in step) != ('run' in step)
            if 'uses' in step:
                assert re.fullmatch(r'[\w.-]+/[\w.-]+@(v\d+|master)', step['uses'])
                continue
            program, argument = step['run'].split()
            assert program in ('bash', 'make')
            found = argument + ':' in makefile if program == 'make' else workspace / argument
            assert found is True or (isinstance(found, Path) and found.is_file())


def test_every_supported_distribution_is_built(workspace: Path) -> None:
    """Those whose interfaces the code is checked against."""
    job = read(workspace, '.github/workflows/ros.yml')['jobs']['colcon']
    listed = {path.stem for path in workspace.glob('test/project/interfaces/*.json')}
    assert {item['distro'] for item in job['strategy']['matrix']['include']} == listed
    hook = job['steps'][-1]['env']['AFTER_INSTALL_TARGET_DEPENDENCIES']
    script = workspace / hook.removeprefix('$TARGET_REPO_PATH/')
    assert script.stat().st_mode & 0o100
    names = re.findall(r"names\+?='\|?(.*)'", script.read_text(encoding='utf-8'))
    pinned = {**pins(workspace, 'robot'), **pins(workspace, 'constraints')}
    assert set('|'.join(names).split('|')) <= set(pinned)


def test_pre_commit_has_the_formatter_of_the_checks(workspace: Path) -> None:
    repositories = read(workspace, '.pre-commit-config.yaml')['repos']
    versions = {item['repo'].rsplit('/', 1)[-1]: item['rev'] for item in repositories}
    assert versions['ruff-pre-commit'] == f'v{pins(workspace, "development")["ruff"]}'


@pytest.mark.parametrize('name', FORMS)
def test_an_issue_form_can_be_filled_in(workspace: Path, name: str) -> None:
    form = read(workspace, f'.github/ISSUE_TEMPLATE/{name}.yml')
    assert {'name', 'description', 'labels', 'body'} == set(form)
    for item in form['body']:
        assert item['type'] in FIELDS
        assert item['attributes']['label']
    identifiers = [item['id'] for item in form['body']]
    assert len(set(identifiers)) == len(identifiers)


def test_reports_go_to_the_maintainers(workspace: Path) -> None:
    package = ElementTree.parse(workspace / 'src' / 'rl_agent' / 'package.xml').getroot()
    maintainer = package.find('maintainer')
    assert maintainer is not None
    policy = (workspace / 'SECURITY.md').read_text(encoding='utf-8')
    assert f'<{maintainer.get("email")}>' in policy
    urls = {item.get('type'): item.text for item in package.iter('url')}
    contacts = read(workspace, '.github/ISSUE_TEMPLATE/config.yml')['contact_links']
    for link in contacts:
        before, _, path = link['url'].partition('/blob/main/')
        assert before == urls['repository']
        assert (workspace / path).is_file()


def test_the_site_has_every_page(workspace: Path) -> None:
    """`make docs` builds it and refuses broken links; here nothing is installed for it."""
    site = read(workspace, 'mkdocs.yml')
    pages: list[str] = []
    for entry in site['nav']:
        pages += [entry] if isinstance(entry, str) else next(iter(entry.values()))
    generated = {'index.md', 'reference.md'}
    folder = workspace / 'docs'
    written = {path.relative_to(folder).as_posix() for path in folder.rglob('*.md')}
    assert set(pages) - generated == written
    assert len(set(pages)) == len(pages)
    assert all((workspace / hook).is_file() for hook in site['hooks'])
    for path in site['plugins'][1]['mkdocstrings']['handlers']['python']['paths']:
        assert (workspace / path / 'setup.py').is_file()
    text = (workspace / 'requirements' / 'docs.txt').read_text(encoding='utf-8')
    names = [line for line in text.splitlines() if line and line[0] != '#']
    assert len(names) == len(pins(workspace, 'docs'))
    hooks = (workspace / 'tools' / 'mkdocs_hooks.py').read_text(encoding='utf-8')
    for module in re.findall(r'^::: (\S+)$', hooks, re.MULTILINE):
        path = workspace / 'src' / 'rl_agent' / module.replace('.', '/')
        assert path.is_dir() or path.with_suffix('.py').is_file(), module

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Lets mkdocs build the site from the files that people also read in the repository.

The README becomes the start page, a page lists the Python interface, links from docs/ to other
files of the repository become links to where it is hosted, and diagrams are drawn.
"""

import os
from pathlib import Path
import re
from typing import Any

from mkdocs.structure.files import File, Files
from pymdownx.superfences import fence_code_format
from wide_lists import with_wide_lists

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r'(\]\()([^)\s:#]+)')
# what people derive from or call
INTERFACE = """# Python interface

::: rl_agent.ros_env

::: rl_agent.tasks.task

::: rl_agent.tasks

::: rl_agent.simulated_models.model
"""


def on_config(config: Any) -> Any:
    """Draw the blocks that are diagrams."""
    diagram = {'name': 'mermaid', 'class': 'mermaid', 'format': fence_code_format}
    config.mdx_configs['pymdownx.superfences'] = {'custom_fences': [diagram]}
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the start page and the reference."""
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    files.append(
        File.generated(config, 'index.md', content=f'---\ntitle: Overview\n---\n{readme}')
    )
    files.append(File.generated(config, 'reference.md', content=INTERFACE))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Return a page with links that hold on the site."""
    place: str = page.file.src_uri
    shown = (ROOT / 'docs' / place).parent
    folder = ROOT if place == 'index.md' else shown  # where the links of the page begin

    def on_site(found: 're.Match[str]') -> str:
        path = (folder / found[2]).resolve()
        if path.is_relative_to(ROOT / 'docs') and path.is_file():
            return found[1] + os.path.relpath(path, shown)
        if path.is_relative_to(ROOT) and path.exists():
            return f'{found[1]}{config.repo_url}/blob/main/{path.relative_to(ROOT).as_posix()}'
        return found[0]  # mkdocs reports it

    return with_wide_lists(LINK.sub(on_site, markdown))

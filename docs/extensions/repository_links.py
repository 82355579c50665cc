"""Sphinx extension: relative links as GitHub reads them, from any Markdown file of the repository to any other.

The pages of docs/ are read on GitHub too, where a link is relative to the file that holds it; and the README, the
configs' READMEs and others are included in pages of the site. Links are rewritten while the files are read: to a file
that is a page of the site (``repository_pages``) as a link to the page, to any other file of the repository as a
download. A link to something that does not exist is a warning.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FENCED = re.compile(r'^(```+|~~~+).*?^\1', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r'(\]\()([^)\s#]+)(#[^)\s]*)?(?=\))')


def rewrite_links(text: str, folder: Path, page: Path, root: Path, pages: dict[str, str]) -> tuple[str, list[str]]:
    """A Markdown text with its relative links made relative to its page, and the links that lead to no file.

    Args:
        text: The Markdown.
        folder: Folder of the file that holds it.
        page: Folder of the page that shows it.
        root: Root of the repository.
        pages: Files of the repository, relative to ``root``, that are a page of the site: its path below docs/.

    Returns:
        The text, and the targets that do not exist.
    """
    missing = []

    def rewritten(match: re.Match) -> str:
        opening, target, anchor = match.groups(default='')
        if re.match(r'[a-z]+:', target):
            return match.group()
        path = Path(os.path.normpath(folder / target))
        if not path.exists():
            missing.append(target)
            return match.group()
        if path.is_dir():
            path = path / 'README.md'
        shown, _, start = pages.get(path.relative_to(root).as_posix(), '').partition('#')
        if shown:
            path, anchor = root / 'docs' / shown, anchor or (f'#{start}' if start else '')
        return opening + os.path.relpath(path, page) + anchor

    pieces, end = [], 0
    for fence in _FENCED.finditer(text):
        pieces += [_LINK.sub(rewritten, text[end : fence.start()]), fence.group()]
        end = fence.end()
    return ''.join([*pieces, _LINK.sub(rewritten, text[end:])]), missing


def _apply(app: Sphinx, file: Path, docname: str, content: list[str]) -> None:
    from sphinx.util import logging  # Here: the tests take rewrite_links without Sphinx.

    if file.suffix != '.md':
        return
    root, page = Path(app.srcdir).parent, Path(app.env.doc2path(docname)).parent
    content[0], missing = rewrite_links(content[0], file.parent, page, root, app.config.repository_pages)
    for target in missing:
        logging.getLogger(__name__).warning('link to a file that does not exist: %s', target, location=str(file))


def setup(app: Sphinx) -> dict[str, bool]:
    """Rewrite each page, and each file that a page includes."""
    app.add_config_value('repository_pages', {}, 'env')
    app.connect('source-read', lambda app, name, text: _apply(app, Path(app.env.doc2path(name)), name, text))
    app.connect('include-read', lambda app, path, name, text: _apply(app, Path(app.srcdir, path), name, text))
    return {'parallel_read_safe': True, 'parallel_write_safe': True}

"""HTML pages from Jinja templates: every text is escaped, and one layout serves all pages."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jinja2

_TEMPLATES = Path(__file__).parent / 'templates'


def render_template(name: str, folder: str | Path = _TEMPLATES, **values: Any) -> str:
    """The page of a template, which may extend ``layout.html`` (title, style and an empty block ``content``).

    Args:
        name: File name of the template.
        folder: Folder of the template; ``layout.html`` and ``style.css`` are always found.
        **values: Values for the template, such as ``title`` for ``layout.html``. Texts are escaped.

    Raises:
        jinja2.UndefinedError: If a value is missing.

    Example:
        >>> '<h1>Demo &lt;1&gt;</h1>' in render_template('layout.html', title='Demo <1>')
        True
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(values)


def data_url(content: bytes, kind: str) -> str:
    """A data URL with the content of an image file.

    Args:
        content: Bytes of the file.
        kind: Format of the file, 'png' or 'jpeg'.

    Example:
        >>> data_url(b'PNG', 'png')
        'data:image/png;base64,UE5H'
    """
    return f'data:image/{kind};base64,{base64.b64encode(content).decode("ascii")}'

"""HTML pages from Jinja templates: every text is escaped, and one layout serves all pages."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jinja2

_TEMPLATES = Path(__file__).parent / 'templates'


def render_template(name: str, folder: str | Path = _TEMPLATES, **values: Any) -> str:
    """The page of a template, which may extend ``layout.html``: title, style and an empty block ``content``.

    Texts among the values are escaped, whatever they hold. A value that the template asks for must be given.

    Args:
        name: File name of the template.
        folder: Where it lies; ``layout.html`` and ``style.css`` are found from everywhere.
        **values: What the template fills in; ``layout.html`` takes ``title``.

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
    """A picture as an address that holds it.

    Args:
        content: The picture's file.
        kind: 'png' or 'jpeg'.

    Example:
        >>> data_url(b'PNG', 'png')
        'data:image/png;base64,UE5H'
    """
    return f'data:image/{kind};base64,{base64.b64encode(content).decode("ascii")}'

"""Sphinx extension: formulas as MathML, which browsers show without a script.

The mathematical font, STIX Two Math, is copied from the package ziamath, since many systems have none.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import ziamath
from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

FONT = 'STIXTwoMath-Regular.ttf'
logger = logging.getLogger(__name__)


def _visit_inline(translator, node: nodes.math) -> None:
    translator.body.append(_convert(node, as_block=False))
    raise nodes.SkipNode


def _visit_block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_convert(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def _convert(node: nodes.math | nodes.math_block, as_block: bool) -> str:
    try:
        return tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        logger.warning('formula not understood: %s', error, location=node)
        return ''


def _copy_font(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == 'html':
        shutil.copy2(Path(ziamath.__file__).parent / 'fonts' / FONT, Path(app.outdir, '_static'))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer and choose it."""
    app.add_html_math_renderer('mathml', (_visit_inline, None), (_visit_block, None))
    app.config.html_math_renderer = 'mathml'
    app.connect('build-finished', _copy_font)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}

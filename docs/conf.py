"""Sphinx configuration of the documentation site; ``make docs`` builds it in build/docs, without network access."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'docs' / 'extensions')]

from sltnet_mm.version import __version__  # noqa: E402

project = 'sltnet_mm'
author = 'the sltnet_mm authors'
release = version = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
    'mathml',
    'repository_links',
]

# The pages are Markdown that GitHub shows as well.
myst_enable_extensions = ['dollarmath', 'fieldlist']
myst_fence_as_directive = ['math']
myst_heading_anchors = 4

# Files outside of docs/ that are a page of the site, and the page (repository_links).
repository_pages = {
    'README.md': 'index.md',
    'CHANGELOG.md': 'changelog.md',
    'CONTRIBUTING.md': 'contributing.md',
    'SECURITY.md': 'security.md',
    'configs/README.md': 'configs.md',
    **{
        f'configs/{name}/README.md': f'configs.md#{anchor}'
        for name, anchor in (
            ('classifier', 'classifiers'),
            ('ddt', 'ddt'),
            ('localizer', 'localizers'),
            ('regressor', 'regressors-trained-offline'),
            ('slt_net', 'slt-net'),
            ('other_methods', 'other-methods'),
            ('detector', 'detectors-on-pseudo-boxes'),
        )
    },
}

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_rtype = False

# -n reports references that lead nowhere. Names of other packages lead nowhere here: the build fetches no inventories.
nitpicky = True
nitpick_ignore_regex = [
    ('py:.*', r'(torch|numpy|np|cv2|mmengine|mmcv|mmdet|mmpretrain|collections|pathlib|argparse|types|typing)\..*'),
    ('py:.*', r'sltnet_mm\.evaluation\.(samples|verdicts)\..*|.*\._\w+'),  # Internal records; private names.
    ('py:.*', r'(Path|Tensor|Any|Callable|Iterable|Iterator|Mapping|Sequence|Namespace|optional)'),
]

smartquotes_action = 'De'  # Strings in docstrings keep their quotes.
highlight_language = 'none'
toc_object_entries_show_parents = 'hide'
html_theme = 'furo'
html_title = 'sltnet_mm'
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_copyright = False
html_copy_source = False
copybutton_prompt_text = r'>>> |\.\.\. |\$ '
copybutton_prompt_is_regexp = True

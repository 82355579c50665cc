"""Relative links of every page lead to a file, and their anchors to a heading, as GitHub reads them."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'docs' / 'extensions'))

from repository_links import rewrite_links  # noqa: E402

PAGES = sorted(path for pattern in ('*.md', 'docs/**/*.md', 'configs/*/README.md') for path in ROOT.glob(pattern))
FENCED = re.compile(r'^(```+).*?^\1', re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r'^#+ (.+)$', FENCED.sub('', page.read_text()), re.MULTILINE)
    texts = [re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '') for heading in headings]
    return {re.sub(r'[^\w\- ]', '', text.strip().lower()).replace(' ', '-') for text in texts}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = FENCED.sub('', page.read_text())
    missing = []
    for target, anchor in re.findall(r'\]\(([^)\s#]*)(#[^)\s]*)?\)', text):
        if re.match('[a-z]+:', target):
            continue
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor[1:] not in anchors(file)):
            missing.append(target + anchor)
    assert missing == []


def test_links_are_rewritten_for_the_site(tmp_path):
    for name in ('README.md', 'docs/guide.md', 'docs/methods/one.md', 'configs/cam/README.md', 'configs/cam/cam.py'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    pages = {'README.md': 'index.md', 'configs/cam/README.md': 'configs.md#cam'}

    def rewritten(text, folder, page):
        return rewrite_links(text, tmp_path / folder, tmp_path / page, tmp_path, pages)

    assert rewritten('[a](docs/guide.md#b)', '.', 'docs') == ('[a](guide.md#b)', [])  # the README, shown in docs/
    assert rewritten('[a](../guide.md)', 'docs/methods', 'docs/methods') == ('[a](../guide.md)', [])
    assert rewritten('[a](../../README.md)', 'docs/methods', 'docs/methods') == ('[a](../index.md)', [])
    assert rewritten('[a](../configs/cam)', 'docs', 'docs') == ('[a](configs.md#cam)', [])
    assert rewritten('![a](cam.py)', 'configs/cam', 'docs') == ('![a](../configs/cam/cam.py)', [])
    untouched = 'https [a](https://x.org) ![b](#c)\n```\n[d](gone.md)\n```\n'
    assert rewritten(untouched, 'docs', 'docs') == (untouched, [])
    assert rewritten('[a](gone.md)', 'docs', 'docs') == ('[a](gone.md)', ['gone.md'])

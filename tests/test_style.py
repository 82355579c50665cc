"""One style in all folders, and imports that run one way: what ruff does not check (see CONTRIBUTING.md, "Style")."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for room in ('sltnet_mm', 'tools', 'benchmarks') for path in (ROOT / room).rglob('*.py'))
PAGES = [*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]
PAGES += [path for path in (ROOT / 'configs').rglob('*.*') if path.suffix in ('.md', '.py', '.yml')]
SECTIONS = ('Args', 'Attributes', 'Returns', 'Yields', 'Raises', 'Example')
ENTRY = re.compile(r'(\*{0,2}[\w., *]+): (.*)', re.DOTALL)
# Stems, so that colours, optimiser and labelled are found too; "per image" has its own pattern below.
BRITISH = re.compile(
    r'colour|grey|optimis|centre[ds]?\b|normalis|labell|neighbour|behaviour|standardis|initialis|visualis|quantis|'
    r'recognis|synchronis|honour|favour|licence|analys(?:e|ing)\b|minimis|maximis|generalis|catalogue|\bmend',
    re.IGNORECASE,
)
FOREIGN = re.compile(r'usr/share/\S+')  # Debian spells the names of its files
PER_IMAGE = re.compile(
    r'\b(?:one|two|a) (?:box|row|line|factor|map|score|label|number)(?:es|s)? an? (?:image|epoch|class)\b'
)


def docstrings(path):
    """(name, docstring) of a module and of all that it defines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield getattr(node, 'name', 'the module'), text


def entries(name, section):
    """The entries of a section, each joined to one line; what a function returns is one entry."""
    lines = section.split('\n')
    starts = [0] if name == 'Returns' else [i for i, line in enumerate(lines) if re.match(r'    \S', line)]
    return [
        ' '.join(map(str.strip, lines[i:j])).strip() for i, j in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def faults(text):
    """What is against the style in one docstring."""
    if re.match(r'Returns?\b|This ', text):
        yield f'begins with {text.split()[0]!r}: begin with what it is, or with the verb'
    parts = re.split(r'^([A-Z]\w+):\n', text, flags=re.MULTILINE)
    names = [name for name in parts[1::2] if name in SECTIONS or name.endswith('s')]
    if names != [name for name in SECTIONS if name in names]:
        yield f'sections {names}: expected the order of {SECTIONS}'
    for name, section in zip(parts[1::2], parts[2::2], strict=True):
        for entry in entries(name, section.split('\n\n')[0]) if name in ('Args', 'Returns', 'Raises') else ():
            said = match[2] if name != 'Returns' and (match := ENTRY.fullmatch(entry)) else entry
            if name == 'Raises' and not said.startswith('If '):
                yield f'Raises: {said!r}: begin with "If"'
            if not said.endswith(('.', ':', '?', '``')):
                yield f'{name}: {said!r}: end with a full stop'


def style_faults():
    return [
        f'{path.relative_to(ROOT)}, {name}: {fault}'
        for path in SOURCES
        for name, text in docstrings(path)
        for fault in faults(text)
    ]


def test_docstrings_have_one_form():
    assert not (found := style_faults()), '\n'.join(found)


@pytest.mark.parametrize('path', [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_spelling_is_american(path):
    found = [
        f'line {number}: {match.group()}'
        for number, line in enumerate(path.read_text().split('\n'), 1)
        for pattern in (BRITISH, PER_IMAGE)
        if (match := pattern.search(FOREIGN.sub('', line)))
    ]
    assert not found, found


def test_faults_are_seen():
    good = (
        'Boxes of maps.\n\nArgs:\n    maps: Raw maps.\n\n'
        'Returns:\n    n x 4, in\n    pixels.\n\nRaises:\n    ValueError: If it is empty.'
    )
    assert not list(faults(good))
    for right, wrong in (
        ('Boxes', 'Returns boxes'),
        ('Raw maps.', 'Raw maps'),
        ('If it is empty', 'An empty one'),
        ('Raises', 'Examples'),
    ):
        assert list(faults(good.replace(right, wrong))), wrong
    assert BRITISH.search('Normalised') and PER_IMAGE.search('one box an image') and not BRITISH.search('normalized')


def test_no_import_cycle():
    modules = {
        '.'.join(path.relative_to(ROOT).with_suffix('').parts): path
        for path in SOURCES
        if path.is_relative_to(ROOT / 'sltnet_mm')
    }
    graph = {}
    for name, path in modules.items():
        # What a function or TYPE_CHECKING imports is not imported with the module.
        body = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)]
        imported = {f'{node.module}.{alias.name}' for node in body for alias in node.names} | {
            node.module for node in body
        }
        graph[name] = (imported & set(modules)) - {name}
    assert sum(map(len, graph.values())) > 200
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle

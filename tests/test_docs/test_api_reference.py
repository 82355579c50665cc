"""docs/api: every public name of every room is in the reference, and nothing that does not exist."""

import importlib
import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / 'docs' / 'api'
ROOMS = sorted(page.stem for page in PAGES.glob('*.md') if page.stem != 'index')
DIRECTIVE = re.compile(r'^\.\. (currentmodule|auto\w+|py:data):: (\S+)$', re.MULTILINE)


def documented(text: str) -> set[str]:
    """Full names of what the directives of a page document; of a module that is shown whole, the module's."""
    module, names = '', set()
    for directive, name in DIRECTIVE.findall(text):
        if directive == 'currentmodule':
            module = name
        else:
            names.add(name if name.startswith('sltnet_mm.') else f'{module}.{name}')
    return names


@pytest.mark.parametrize('room', ROOMS)
def test_every_public_name_is_in_the_reference(room):
    public = {
        f'sltnet_mm.{room}.{name}' for name in getattr(importlib.import_module(f'sltnet_mm.{room}'), '__all__', ())
    }
    assert public - documented((PAGES / f'{room}.md').read_text()) == set()


@pytest.mark.parametrize('room', ROOMS)
def test_every_name_in_the_reference_exists(room):
    for name in documented((PAGES / f'{room}.md').read_text()):
        owner, _, last = name.rpartition('.')
        assert hasattr(importlib.import_module(owner), last) or importlib.import_module(name), name


def test_every_room_has_a_page():
    package = PAGES.parents[1] / 'sltnet_mm'
    rooms = {path.parent.name for path in package.glob('*/__init__.py')}
    assert rooms == set(ROOMS)
    index = (PAGES / 'index.md').read_text()
    assert {name for name in rooms if f'\n{name}\n' not in index or f'[{name}]({name}.md)' not in index} == set()


def test_modules_of_rooms_without_public_names_are_shown_whole():
    """``structures`` and ``weights`` export little: their modules are in the reference one by one."""
    for room in ('structures', 'weights'):
        folder = PAGES.parents[1] / 'sltnet_mm' / room
        modules = {f'sltnet_mm.{room}.{path.stem}' for path in folder.glob('[a-z]*.py')}
        shown = documented((PAGES / f'{room}.md').read_text())
        owners = {importlib.import_module(name.rpartition('.')[0]) for name in shown}
        exported = {
            getattr(getattr(owner, name), '__module__', '')
            for owner in owners
            for name in getattr(owner, '__all__', ())
        }
        assert modules <= shown | exported

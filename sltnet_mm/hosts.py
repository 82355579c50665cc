"""Which packages sltnet_mm plugs into, from which version on, and what to say when they are not there.

The versions are those of the *modules*: the maintained continuation (onedl-*) and the official packages have different
distribution names but the same modules. They are read without importing the packages, so the check takes milliseconds.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import runpy
import sys
from pathlib import Path
from typing import NamedTuple


class Host(NamedTuple):
    """A package that sltnet_mm plugs into: its module, the oldest version that works, and whether all depends on it."""

    module: str
    floor: str
    required: bool = True


# The oldest official releases that were installed and imported together: mmengine 0.10.7, mmcv 2.1.0, mmpretrain 1.2.0,
# mmdet 3.3.0. torch 2.0 brought `register_forward_hook(..., with_kwargs=True)`. mmdet serves SLTNet and the regressor.
HOSTS = (
    Host('torch', '2.0'),
    Host('mmengine', '0.10.7'),
    Host('mmcv', '2.1'),
    Host('mmpretrain', '1.2'),
    Host('mmdet', '3.3', required=False),
)
# Distributions that bring the same module: of two, files of one lie over files of the other.
FAMILIES = {
    'mmengine': ('mmengine', 'mmengine-lite', 'onedl-mmengine'),
    'mmcv': ('mmcv', 'mmcv-lite', 'onedl-mmcv'),
    'mmdet': ('mmdet', 'onedl-mmdetection'),
    'mmpretrain': ('mmpretrain', 'onedl-mmpretrain'),
}
INSTALL = """\
Install one of two sets, never both; neither compiles anything. In a checkout write '.[...]' for 'sltnet-mm[...]'.
  The maintained continuation (onedl-*):
    pip install 'sltnet-mm[mminstall]'
  Or the official packages, with torch up to 2.5 (from 2.6 on they cannot resume a training):
    pip install 'sltnet-mm[mim]' 'torch<2.6' 'numpy<2' 'setuptools<81'"""


def parse_version(text: str) -> tuple[int, ...]:
    """The leading numbers of a version, without trailing zeros; what follows them (rc1, +cu128, .post1) is ignored.

    Raises:
        ValueError: If ``text`` does not begin with a number.

    >>> parse_version('2.10.0+cu128'), parse_version('0.10.7')
    ((2, 10), (0, 10, 7))
    """
    match = re.match(r'\d+(\.\d+)*', text)
    if match is None:
        raise ValueError(f'text: expected a version that begins with a number, such as "2.1.0", got {text!r}')
    numbers = [int(part) for part in match.group().split('.')]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def written_version(folder: Path) -> str | None:
    """``__version__`` as a package's ``version.py`` computes or its ``__init__.py`` writes it, None where neither does.

    ``version.py`` is run by itself, not as a part of the package: that of the hosts imports the standard library at
    most.
    """
    if (folder / 'version.py').is_file():
        try:
            return str(runpy.run_path(str(folder / 'version.py'))['__version__'])
        except (ImportError, KeyError):  # It needs the rest of the package, or holds no version.
            pass
    init = folder / '__init__.py'
    found = re.search(r"""^__version__ = ['"](\d[^'"]*)['"]\s*$""", init.read_text(errors='replace'), re.MULTILINE)
    return found.group(1) if found else None


def module_version(module: str) -> str | None:
    """``__version__`` of a top-level module, None where it is not installed; imported only where no file has it.

    >>> module_version('no_such_module') is None
    True
    """
    if hasattr(sys.modules.get(module), '__version__'):
        return str(sys.modules[module].__version__)
    spec = importlib.util.find_spec(module)  # Of a top-level name: finds the file, imports nothing.
    if spec is None or spec.origin is None:  # No origin: a folder that happens to have the name.
        return None
    return written_version(Path(spec.origin).parent) or str(importlib.import_module(module).__version__)


def distribution_version(name: str) -> str | None:
    """Version of an installed distribution by its metadata, None where there is none.

    >>> distribution_version('no_such_distribution') is None
    True
    """
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def find_problems() -> tuple[list[str], list[str]]:
    """What is missing or too old, and what is in the way: a line each; two empty lists when all is well.

    >>> find_problems()
    ([], [])
    """
    needed = []
    versions = {host.module: module_version(host.module) for host in HOSTS}
    for host in HOSTS:
        version = versions[host.module]
        if version is None:
            if host.required:
                needed.append(f'{host.module} is not installed, {host.floor} or newer is needed')
        elif parse_version(version) < parse_version(host.floor):
            needed.append(f'{host.module} {version} is too old, {host.floor} or newer is needed')
    in_the_way = [problem for host in HOSTS if (problem := _installed_twice(host.module))]
    mmpretrain, transformers = versions['mmpretrain'], distribution_version('transformers')
    # mmpretrain 1.x imports its multimodal part wherever the distribution transformers is installed (it asks the
    # metadata, so this does too), and dies of transformers 5 with "TypeError: NoneType takes no arguments".
    if mmpretrain and transformers and parse_version(mmpretrain) < (2,) and parse_version(transformers) >= (5,):
        in_the_way.append(
            f'mmpretrain {mmpretrain} cannot be imported beside transformers {transformers}: '
            "pip install 'transformers<5', or pip uninstall transformers"
        )
    return needed, in_the_way


def _installed_twice(module: str) -> str | None:
    """A line that says so where several distributions bring this module."""
    found = [name for name in FAMILIES.get(module, ()) if distribution_version(name)]
    if len(found) < 2:
        return None
    return (
        f'{" and ".join(found)} are installed over each other, all of them as {module}: '
        f'pip uninstall -y {" ".join(found)}, then install one of them'
    )


def how_to_compile() -> str:
    """One line with the commands that compile mmcv's operators for the torch that is installed.

    >>> print(how_to_compile())
    To compile them: ... MMCV_WITH_OPS=1 pip install ... (in a checkout of sltnet_mm: make env OPS=1)
    """
    lite = 'pip uninstall -y mmcv-lite; ' if distribution_version('mmcv-lite') else ''
    name = 'onedl-mmcv' if distribution_version('onedl-mmcv') else 'mmcv'
    return (
        f'To compile them: {lite}pip install "setuptools<81" wheel ninja psutil; MMCV_WITH_OPS=1 pip install '
        f'--no-build-isolation --no-cache-dir --no-deps --force-reinstall {name}=={module_version("mmcv")} '
        '(in a checkout of sltnet_mm: make env OPS=1)'
    )


def check_hosts() -> None:
    """Raise one ImportError that names everything that is missing, too old or in the way, and how to fix it.

    >>> check_hosts()
    """
    needed, in_the_way = find_problems()
    if needed or in_the_way:
        lines = ['the packages that sltnet_mm plugs into are not as it needs them:']
        lines += [f'  - {problem}' for problem in needed + in_the_way]
        raise ImportError('\n'.join(lines + [INSTALL] * bool(needed)))


def require_host(module: str, purpose: str) -> None:
    """Raise ImportError when an optional host is missing; for the modules that need it, before they import it.

    Args:
        module: One of the modules of ``HOSTS``.
        purpose: What needs it, as the beginning of the message: 'SLTNet'.

    >>> require_host('mmdet', 'SLTNet')
    """
    floors = {host.module: host.floor for host in HOSTS}
    if module not in floors:
        raise ValueError(f'module: expected one of {", ".join(floors)}, got {module!r}')
    if module_version(module) is None:
        raise ImportError(f'{purpose} needs {module} {floors[module]} or newer, which is not installed.\n{INSTALL}')

"""The import hook that answers for ``mmcv._ext``; it imports neither mmcv nor torch before somebody asks for that."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sltnet_mm.hosts import how_to_compile

EXTENSION = 'mmcv._ext'
VARIABLE = 'SLTNET_MMCV_OPERATORS'


def provide_operators() -> None:
    """Answer imports of ``mmcv._ext`` from now on, unless the environment variable ``SLTNET_MMCV_OPERATORS`` is 0.

    A compiled ``mmcv._ext`` is loaded as it is. Where there is none, the stand-ins take its place, and one line of
    warning says so. One that cannot be loaded (compiled for another torch or Python) is an error that says how to
    compile it again. ``import sltnet_mm`` calls this, so it has to come before the first ``import mmdet.models``.

    Raises:
        ValueError: If the variable is neither 0 nor 1.

    Example:
        >>> provide_operators()
        >>> import mmcv.ops
    """
    setting = os.environ.get(VARIABLE, '1')
    if setting not in ('0', '1'):
        raise ValueError(
            f'{VARIABLE}: expected 1 (stand-ins where mmcv has no operators) or 0 (never), got {setting!r}'
        )
    if setting == '1' and _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def missing_operator(name: str) -> Callable[..., Any]:
    """A function in the place of an operator that has no stand-in; it raises ``NotImplementedError`` when it is called.

    Example:
        >>> missing_operator('carafe_forward')(1, 2)
        Traceback (most recent call last):
        ...
        NotImplementedError: carafe_forward: this operator of mmcv must be compiled, and mmcv is installed without ...
    """

    def missing(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f'{name}: this operator of mmcv must be compiled, and mmcv is installed without its operators.\n'
            + how_to_compile()
        )

    missing.__name__ = name
    return missing


class _Finder(importlib.abc.MetaPathFinder):
    """Stands first among the finders, looks for a compiled extension, and takes the stand-ins where there is none."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != EXTENSION:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None:
            if spec.loader is not None:
                spec.loader = _CompiledLoader(spec.loader)
            return spec
        for folder in path or ():
            for file in Path(folder).glob('_ext.*.so'):
                raise ImportError(_broken(f'{file} is of another Python than {sys.version.split()[0]}'), name=EXTENSION)
        return importlib.machinery.ModuleSpec(fullname, _StandInLoader())


_FINDER = _Finder()


class _CompiledLoader(importlib.abc.Loader):
    """Loads the compiled extension; where that fails, the error says what to do."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        import torch  # noqa: F401  Its libraries hold the symbols of the extension.

        try:
            return self.loader.create_module(spec)
        except ImportError as error:
            raise ImportError(_broken(str(error)), name=EXTENSION) from error

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)


class _StandInLoader(importlib.abc.Loader):
    """Fills the module with the stand-ins; every other name of it is an operator that raises when it is called."""

    def exec_module(self, module: ModuleType) -> None:
        from sltnet_mm.mmcv_operators.operators import OPERATORS

        # mmcv.ops asks at its import whether all of its operators are there: every other name gives one that raises.
        module.__dict__.update(OPERATORS, __getattr__=_operator_named)
        # Not in data loaders' workers, and once for all processes of a machine.
        if multiprocessing.parent_process() is None and os.environ.get('LOCAL_RANK', '0') == '0':
            logging.getLogger('sltnet_mm').warning(
                'mmcv is installed without its compiled operators: torchvision and torch stand in for NMS, RoIAlign, '
                'focal loss, deformable convolution and attention. %s=0 switches that off. %s',
                VARIABLE,
                how_to_compile().replace('\n', ' '),
            )


def _operator_named(name: str) -> Callable[..., Any]:
    if name.startswith('__'):
        raise AttributeError(f'module {EXTENSION!r} has no attribute {name!r}')
    return missing_operator(name)


def _broken(reason: str) -> str:
    return (
        f'the compiled operators of mmcv cannot be loaded: {reason}\n'
        f'They were most likely compiled for another torch or Python. {how_to_compile()}\n'
        'Or install mmcv without them, as the README says: sltnet_mm needs none.'
    )

"""Strict loading of pretrained weights: it is an error if a parameter is not found."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.model import update_init_info
from torch import Tensor, nn

from sltnet_mm.registry import WEIGHT_INITIALIZERS
from sltnet_mm.weights.checkpoints import misfit, state_dict_of
from sltnet_mm.weights.loading import load_checkpoint_file

_COUNTER = 'num_batches_tracked'  # batch norm's count of training steps: absent from files older than torch 0.4.1
_ANOTHER_FILE = (
    'To use other files, set the environment variables SLTNET_WEIGHTS (a mirror, or a folder with the same tree) or '
    "SLTNET_<NETWORK> (one file), see configs/_base_/weights.py; torchvision's own files are converted by "
    'tools/model_converters/torchvision_to_mmpretrain.py.'
)


@WEIGHT_INITIALIZERS.register_module()
class Pretrained:
    """mmengine's ``Pretrained``, but strict: every parameter of the module must come from the file.

    mmengine's own only logs parameters that are missing or have another shape, and leaves them random. In a config,
    write ``init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=..., prefix='backbone')``. The plain type
    name matters: mmengine and mmpretrain's ResNet look for it to run this initialization last.

    Args:
        checkpoint: File, URL, or any other location that mmengine's ``CheckpointLoader`` reads.
        prefix: Name of the module in the file, such as ``'backbone'``; None if the file is that of the module itself.
        may_miss: Prefixes, in the module, of parameters that keep their random values, such as ``('classifier.6',)``
            for VGG16's last layer with other classes than the file's.
        map_location: As in mmengine.

    Raises:
        TypeError: If ``may_miss`` is a string.
        FileNotFoundError: If (when called) a local file does not exist.
        ConnectionError: If (when called) a download fails.
        ValueError: If (when called) the file is not a checkpoint, has nothing under ``prefix``, or does not fit the
            module.

    Example:
        >>> Pretrained('no/such/file.pth', prefix='backbone')(nn.Linear(2, 1))
        Traceback (most recent call last):
        FileNotFoundError: weights no/such/file.pth do not exist. ...
    """

    def __init__(
        self, checkpoint: str, prefix: str | None = None, may_miss: Sequence[str] = (), map_location: str = 'cpu'
    ) -> None:
        if isinstance(may_miss, str):
            raise TypeError(f'Pretrained: may_miss must be a sequence of prefixes, got the string {may_miss!r}')
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.may_miss = tuple(may_miss)
        self.map_location = map_location

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``, in place."""
        weights = self._weights()
        own = {name: value for name, value in module.state_dict().items() if not name.startswith(self.may_miss)}
        for name, value in own.items():
            if name.endswith(_COUNTER):
                weights.setdefault(name, value)
        problem = misfit(own, weights)
        if problem:
            raise ValueError(
                f'the weights {self.checkpoint} do not fit {type(module).__name__}: {problem}{_ANOTHER_FILE}'
            )
        module.load_state_dict({name: weights[name] for name in own}, strict=False)
        print_log(
            f'{type(module).__name__}: {len(own)} of {len(module.state_dict())} tensors from {self.checkpoint}'
            + (f'; random: {", ".join(self.may_miss)}' if self.may_miss else ''),
            logger='current',
        )
        if hasattr(module, '_params_init_info'):  # mmengine's record of who initialized what
            update_init_info(module, init_info=f'Pretrained: {self.checkpoint}')

    def _weights(self) -> dict[str, Tensor]:
        try:
            checkpoint = load_checkpoint_file(self.checkpoint, self.map_location)
        except FileNotFoundError as error:
            raise FileNotFoundError(f'weights {self.checkpoint} do not exist. {_ANOTHER_FILE}') from error
        except OSError as error:
            raise ConnectionError(
                f'weights {self.checkpoint} cannot be loaded ({type(error).__name__}: {error}). {_ANOTHER_FILE}'
            ) from error
        weights = state_dict_of(checkpoint)
        if self.prefix is None:
            return weights
        prefix = self.prefix.rstrip('.') + '.'
        part = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        if not part:
            raise ValueError(
                f'the weights {self.checkpoint} have nothing under {prefix!r}; their names are '
                f'{", ".join(list(weights)[:3])}, ... {_ANOTHER_FILE}'
            )
        return part

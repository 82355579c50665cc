"""The layer of a host model that class maps come from, found by name and checked."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from sltnet_mm.functional.cam import class_maps


class MapLayer:
    """A layer that returns class maps, or one that returns features together with the linear classifier behind them.

    Args:
        owner: The module in which the names are looked up.
        cam_layer: Dotted name of the layer that returns class maps B x C x h x w.
        feature_layer: In its place, the layer that returns features B x N x h x w (of a tuple, the last, as
            mmpretrain's heads take them),
        classifier: And the linear layer (weight C x N, or a 1x1 convolution's) on their spatial mean.
        user: Who asks, as the beginning of the messages.

    Raises:
        ValueError: Names that do not go together or do not exist (the message lists what does), or a classifier
            without such a weight.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
        >>> source = MapLayer(net, feature_layer='0', classifier='3')
        >>> source.maps(net[0](torch.rand(2, 3, 9, 9))).shape
        torch.Size([2, 5, 7, 7])
    """

    def __init__(
        self,
        owner: nn.Module,
        cam_layer: str | None = None,
        feature_layer: str | None = None,
        classifier: str | None = None,
        user: str = 'VSTHook',
    ) -> None:
        check_layer_names(cam_layer, feature_layer, classifier, user)
        self.user = user
        self.argument = 'cam_layer' if cam_layer else 'feature_layer'
        self.name = cam_layer or feature_layer or ''
        self.layer = find_module(owner, self.name, self.argument, user)
        self._classifier_name = classifier
        self._classifier: Any = self._find_classifier(owner, classifier) if classifier else None

    def maps(self, output: Any) -> Tensor:
        """Class maps B x C x h x w of what the layer returned.

        Raises:
            TypeError: The layer did not return a tensor.
            ValueError: It is not of that shape, or its channels are not those of the classifier.
        """
        if isinstance(output, (tuple, list)) and output and self._classifier is not None:
            output = output[-1]
        if not isinstance(output, Tensor):
            raise TypeError(
                f'{self.user}: {self.argument}={self.name!r} must return one tensor of maps, it returns '
                f'{type(output).__name__}; name the layer inside it that gives the maps'
            )
        if output.ndim != 4:
            raise ValueError(
                f'{self.user}: {self.name} must return maps B x C x h x w, got shape {tuple(output.shape)}; choose the '
                "layer before pooling or flattening (a vision transformer gives maps with out_type='featmap')"
            )
        if self._classifier is None:
            return output
        weight = self._classifier.weight.flatten(1)
        if output.shape[1] != weight.shape[1]:
            raise ValueError(
                f'{self.user}: {self.name} gives {output.shape[1]} channels, but classifier={self._classifier_name!r} '
                f'takes {weight.shape[1]}: feature_layer must give what the classifier gets the spatial mean of. Where '
                'layers stand between them, use head=dict(type="sltnet_mm.CAMHead", ...) and cam_layer="head.cam"'
            )
        return class_maps(output, weight)

    def _find_classifier(self, owner: nn.Module, name: str) -> nn.Module:
        module: Any = find_module(owner, name, 'classifier', self.user)
        weight = getattr(module, 'weight', None)
        if isinstance(weight, Tensor) and weight.ndim >= 2 and weight[0, 0].numel() == 1:
            return module
        inside = [f'{name}.{path}' for path, child in module.named_modules() if isinstance(child, nn.Linear)]
        found = 'no weight' if weight is None else f'a weight of shape {tuple(weight.shape)}'
        raise ValueError(
            f'{self.user}: classifier={name!r} must be a linear layer (weight C x N) or a 1x1 convolution, but '
            f'{type(module).__name__} has {found}; '
            + (f'linear layers in it: {", ".join(inside)}' if inside else 'there is no linear layer in it')
        )


def check_layer_names(
    cam_layer: str | None, feature_layer: str | None, classifier: str | None, user: str = 'VSTHook'
) -> None:
    """Refuse names that do not go together.

    Raises:
        ValueError: As said.

    Example:
        >>> check_layer_names('head.cam', None, None)
    """
    if (feature_layer is None) != (classifier is None):
        raise ValueError(f'{user}: feature_layer and classifier go together')
    if (cam_layer is None) == (feature_layer is None):
        raise ValueError(f'{user}: give cam_layer (a layer that returns class maps), or feature_layer and classifier')


def find_module(root: nn.Module, name: str, argument: str, user: str = 'VSTHook') -> nn.Module:
    """The module ``root.name``.

    Raises:
        ValueError: There is none; the message lists those that exist.

    Example:
        >>> find_module(nn.Sequential(nn.ReLU()), '0', 'cam_layer')
        ReLU()
    """
    try:
        return root.get_submodule(name)
    except AttributeError:
        known = [path for path, _ in root.named_modules() if path]
        raise ValueError(
            f'{user}: {argument}={name!r} does not exist in {type(root).__name__}; it has: {", ".join(known)}'
        ) from None

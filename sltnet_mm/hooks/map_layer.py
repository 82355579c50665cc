"""The layer of a host model that gives the class maps, found by name and checked."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from sltnet_mm.functional.cam import class_maps


class MapLayer:
    """A layer that returns class maps, or one that returns features, with the linear classifier behind it.

    Args:
        owner: The module in which the names are looked up.
        cam_layer: Dotted name of the layer that returns class maps B x C x h x w.
        feature_layer: Dotted name of a layer that returns features B x N x h x w, in place of ``cam_layer``. If it
            returns a tuple, its last entry is used, as in mmpretrain's heads.
        classifier: Required with ``feature_layer``: dotted name of the linear layer (weight C x N, or that of a 1x1
            convolution) that is applied to the spatial mean of its features.
        user: Name of the caller, with which the messages begin.

    Raises:
        ValueError: If the names cannot be combined, a name does not exist (the message lists those that do), or the
            classifier has no such weight.

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
        """Class maps B x C x h x w from what the layer returned.

        Raises:
            TypeError: If the layer did not return a tensor.
            ValueError: If the output has another shape, or its channels are not those of the classifier.
        """
        if isinstance(output, (tuple, list)) and output and self._classifier is not None:
            output = output[-1]
        if not isinstance(output, Tensor):
            raise TypeError(
                f'{self.user}: {self.argument}={self.name!r} must return one tensor of maps, but returns '
                f'{type(output).__name__}; name the layer inside it that returns the maps'
            )
        if output.ndim != 4:
            raise ValueError(
                f'{self.user}: {self.name} must return maps B x C x h x w, got shape {tuple(output.shape)}; choose the '
                "layer before pooling or flattening (a vision transformer returns maps with out_type='featmap')"
            )
        if self._classifier is None:
            return output
        weight = self._classifier.weight.flatten(1)
        if output.shape[1] != weight.shape[1]:
            raise ValueError(
                f'{self.user}: {self.name} gives {output.shape[1]} channels, but classifier={self._classifier_name!r} '
                f'takes {weight.shape[1]}: the classifier must act on the spatial mean of feature_layer. If there '
                'are layers between them, use head=dict(type="sltnet_mm.CAMHead", ...) and cam_layer="head.cam"'
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
            + (f'linear layers in it: {", ".join(inside)}' if inside else 'it contains no linear layer')
        )


def check_layer_names(
    cam_layer: str | None, feature_layer: str | None, classifier: str | None, user: str = 'VSTHook'
) -> None:
    """Raise unless the names can be combined: ``cam_layer`` alone, or ``feature_layer`` with ``classifier``.

    Raises:
        ValueError: If they cannot.

    Example:
        >>> check_layer_names('head.cam', None, None)
    """
    if (feature_layer is None) != (classifier is None):
        raise ValueError(f'{user}: feature_layer and classifier go together: give both or neither')
    if (cam_layer is None) == (feature_layer is None):
        raise ValueError(f'{user}: give cam_layer (a layer that returns class maps), or feature_layer and classifier')


def find_module(root: nn.Module, name: str, argument: str, user: str = 'VSTHook') -> nn.Module:
    """The module ``root.name``.

    Args:
        root: The module in which ``name`` is looked up.
        name: Dotted name.
        argument: Name of the argument that held ``name``, for the message.
        user: Name of the caller, for the message.

    Returns:
        The submodule.

    Raises:
        ValueError: If there is no such module; the message lists those that exist.

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

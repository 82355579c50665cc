"""Maps from activations and their gradients: Grad-CAM, Grad-CAM++, LayerCAM, BagCAMs and input saliency.

Each function takes the activations A of a layer and the gradients of a class score to them, and needs nothing else of
the network. Any offset and scale of a map is lost in ``to_score_map``; without offset (``normalization='max'``), the
maps of the four CAMs are at least 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_tensor, full_precision


def grad_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    r"""Grad-CAM: channels weighted by their mean gradient.

    .. math::
        L = \operatorname{ReLU}(\sum_n \bar g_n A_n), \qquad
        \bar g_n = \frac{1}{h w} \sum_{(i,j)} \frac{\partial x_y}{\partial A_n(i, j)}

    Selvaraju et al., *Grad-CAM*, ICCV 2017. On the last features before global average pooling and a linear layer,
    this is ReLU(CAM) / (h w).

    Args:
        activations: A, B x N x h x w.
        gradients: Of the logit of a class to A, of the same shape.

    Returns:
        B x h x w, at least 0; at least float32.

    Raises:
        TypeError: If an argument is not a floating tensor.
        ValueError: If the shapes differ or are invalid.

    Example:
        >>> import torch
        >>> grad_cam(torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]]), torch.tensor([[[[1.0, 1.0]], [[0.0, -1.0]]]]))
        tensor([[[0., 2.]]])
    """
    activations, gradients = _checked(activations, gradients)
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1).relu()


def grad_cam_plus_plus(activations: Tensor, gradients: Tensor) -> Tensor:
    r"""Grad-CAM++: channels weighted by their positive gradients, damped where the channel is active as a whole.

    .. math::
        L = \operatorname{ReLU}(\sum_n w_n A_n), \qquad
        w_n = \sum_{(i,j)} \alpha_n(i,j) \operatorname{ReLU}(g_n(i,j)), \qquad
        \alpha_n = \frac{g_n^2}{2 g_n^2 + g_n^3 \sum_{(a,b)} A_n(a,b)}

    Chattopadhay et al., *Grad-CAM++*, WACV 2018, eq. 19. :math:`\alpha` is 0 where the gradient or the denominator is.
    The paper's factor exp(x_y) cancels out once a map is normalized. The weights do depend on the scale of the logit.

    Args:
        activations: A, B x N x h x w.
        gradients: g, of the logit of a class to A, of the same shape.

    Returns:
        B x h x w, at least 0; at least float32.

    Raises:
        TypeError: If an argument is not a floating tensor.
        ValueError: If the shapes differ or are invalid.

    Example:
        >>> import torch
        >>> grad_cam_plus_plus(torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 0.0]]]]))
        tensor([[[0.2500, 0.2500]]])
    """
    activations, gradients = _checked(activations, gradients)
    # divided by g^2, which would underflow for the small gradients of deep layers
    denominator = 2 + gradients * activations.sum((2, 3), keepdim=True)
    defined = (gradients != 0) & (denominator != 0)
    alpha = torch.where(defined, 1 / torch.where(defined, denominator, 1), 0)
    weights = (alpha * gradients.relu()).sum((2, 3), keepdim=True)
    return (weights * activations).sum(1).relu()


def layer_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    r"""LayerCAM: every cell weighted by its own positive gradient, which keeps the detail of early layers.

    .. math::
        L = \operatorname{ReLU}(\sum_n \operatorname{ReLU}(g_n) \odot A_n)

    Jiang et al., *LayerCAM*, IEEE TIP 2021.

    Args:
        activations: A, B x N x h x w.
        gradients: g, of the logit of a class to A, of the same shape.

    Returns:
        B x h x w, at least 0; at least float32.

    Raises:
        TypeError: If an argument is not a floating tensor.
        ValueError: If the shapes differ or are invalid.

    Example:
        >>> import torch
        >>> layer_cam(torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[3.0, -1.0]]]]))
        tensor([[[3., 0.]]])
    """
    activations, gradients = _checked(activations, gradients)
    return (gradients.relu() * activations).sum(1).relu()


def bag_cams(activations: Tensor, gradients: Tensor) -> Tensor:
    r"""BagCAMs: the regional localizers of a layer, one per cell, weighted and summed.

    .. math::
        L = \sum_n \operatorname{ReLU}( \overline{(g_n \odot A_n + 1)} \; g_n \odot A_n ), \qquad
        g_n = \frac{\partial \log x_y}{\partial A_n}

    Zhu et al., *Bagging Regional Classification Activation Maps*, ECCV 2022. The bar is the mean over the cells.

    Args:
        activations: A, B x N x h x w.
        gradients: g, of the **logarithm of the logit** of a class to A, of the same shape: the logit's gradient divided
            by the logit.

    Returns:
        B x h x w, at least 0; at least float32.

    Raises:
        TypeError: If an argument is not a floating tensor.
        ValueError: If the shapes differ or are invalid.

    Example:
        >>> import torch
        >>> bag_cams(torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[3.0, 0.5]]]]))
        tensor([[[9., 3.]]])
    """
    activations, gradients = _checked(activations, gradients)
    product = gradients * activations
    return ((product + 1).mean((2, 3), keepdim=True) * product).relu().sum(1)


def input_saliency(gradients: Tensor) -> Tensor:
    r"""The saliency of each pixel: how much the class score changes with it.

    .. math::
        S(x, y) = \max_c | \frac{\partial x_y}{\partial I_c(x, y)} |

    Simonyan et al., *Deep Inside Convolutional Networks*, ICLR Workshop 2014; "Backprop" in the tables of CAM.

    Args:
        gradients: Of the logit of a class to the network input, B x 3 x H x W.

    Returns:
        B x H x W, at least 0; at least float32.

    Raises:
        TypeError: If ``gradients`` is not a floating tensor.
        ValueError: If the shape is invalid.

    Example:
        >>> import torch
        >>> input_saliency(torch.tensor([1.0, -3.0, 2.0]).view(1, 3, 1, 1))
        tensor([[[3.]]])
    """
    check_tensor('gradients', gradients, 'Bx3xHxW', 4)
    return full_precision(gradients).abs().amax(1)


def _checked(activations: Tensor, gradients: Tensor) -> tuple[Tensor, Tensor]:
    check_tensor('activations', activations, 'BxNxhxw', 4)
    check_tensor('gradients', gradients, 'BxNxhxw', 4)
    if activations.shape != gradients.shape:
        raise ValueError(
            f'activations and gradients must have the same shape, got {tuple(activations.shape)} and '
            f'{tuple(gradients.shape)}'
        )
    return full_precision(activations), full_precision(gradients)

"""The attention of a vision transformer's class token."""

from __future__ import annotations

from torch import Tensor

from sltnet_mm.functional._checks import check_tensor, full_precision


def class_token_attention(qkv: Tensor, heads: int, extra_tokens: int = 1) -> Tensor:
    r"""How much the class token attends to each patch, the mean over the heads of one block.

    .. math::
        a_t = \frac{1}{H} \sum_h \text{softmax}_t \left( \frac{q^h_0 \cdot k^h_t}{\sqrt{D / H}} \right)

    Gao et al., *TS-CAM: Token Semantic Coupled Attention Map*, ICCV 2021. The softmax is over all tokens; then those
    that are no patches are left out.

    Args:
        qkv: B x T x 3D, query, key and value of each token side by side; the class token is the first.
        heads: H, which divides D.
        extra_tokens: Tokens in front of those of the patches, with the class token.

    Returns:
        B x (T - ``extra_tokens``) in [0, 1], float32 for half precision.

    Raises:
        TypeError: If ``qkv`` is not a floating tensor.
        ValueError: If the shape does not fit ``heads``, or leaves no patch.

    Example:
        >>> import torch
        >>> class_token_attention(torch.zeros(1, 5, 12), heads=2)
        tensor([[0.2000, 0.2000, 0.2000, 0.2000]])
    """
    check_tensor('qkv', qkv, 'BxTx3D', 3)
    if heads < 1 or qkv.shape[2] % (3 * heads):
        raise ValueError(f'qkv must have shape BxTx3D with D divisible by heads={heads}, got {tuple(qkv.shape)}')
    if not 1 <= extra_tokens < qkv.shape[1]:
        raise ValueError(
            f'extra_tokens must be in 1 ... {qkv.shape[1] - 1} for {qkv.shape[1]} tokens, got {extra_tokens}'
        )
    parts = full_precision(qkv).unflatten(2, (3, heads, -1))  # B x T x 3 x H x D/H
    query, key = parts[:, 0, 0], parts[:, :, 1]
    similar = (key * query[:, None]).sum(-1) * query.shape[-1] ** -0.5  # B x T x H
    return similar.softmax(1).mean(2)[:, extra_tokens:]

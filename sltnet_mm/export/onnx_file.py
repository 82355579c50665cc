"""Writing the parts of a trained model as ONNX files."""

from __future__ import annotations

import copy
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sltnet_mm.export.graphs import InferenceGraph, LocalizerGraph, RegressorGraph
from sltnet_mm.export.input_frame import frame_of
from sltnet_mm.inferencer import SLTInferencer
from sltnet_mm.map_sources.model import MapSourceModel
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.version import __version__

PARTS = ('inference', 'localizer', 'regressor')
"""What can be written."""

OPSET = 18
"""The version of ONNX's operators that the files use: the first whose scatters take maxima."""


def export_onnx(
    inferencer: SLTInferencer, path: str | Path, part: str = 'inference', score: bool = True
) -> dict[str, Any]:
    """Write a part of a trained model as one ONNX file, with its weights.

    The input is ``images``, B x H x W x 3 uint8 in BGR order as OpenCV loads them, resized to the size that
    ``metadata['resize']`` says (bilinear, both sides) and cropped in the center to H x W. The model's preprocessing is
    in the file. B is free. The outputs:

    - ``localizer``: ``maps`` (B x C x h x w, raw class maps) and ``logits`` (B x C).
    - ``regressor``: ``boxes`` (B x 4 xyxy, pixels of the input).
    - ``inference`` also takes ``image_sizes`` (B x 2 int64: height, width of the original images) and gives ``boxes``
      (B x 4 float32 xyxy, pixels of the original images), ``labels`` (B int64), ``label_scores`` (B, their
      probabilities) and ``scores`` (B, of the boxes): what the inferencer gives.

    Args:
        inferencer: An inferencer of the model; its ``box_from`` and ``threshold`` hold for ``inference``.
        path: File to write.
        part: One of ``PARTS``.
        score: Whether ``inference`` gives the scores of the boxes.

    Returns:
        What the file's metadata hold: ``part``, ``resize`` and ``crop`` (height, width), ``classes`` (names, or null),
        ``box_from``, ``threshold`` (of boxes from score maps, else null), ``opset``, ``version``.

    Raises:
        ImportError: If ``onnx`` or ``onnxscript`` is not installed, or torch is older than 2.5.
        ValueError: If ``part`` is unknown, the model has no such part, or its head or test pipeline cannot be exported.
    """
    if part not in PARTS:
        raise ValueError(f'part must be one of {", ".join(PARTS)}, got {part!r}')
    _require_packages()
    model = inferencer.model
    if isinstance(model, MapSourceModel):
        raise ValueError(
            'map_source: the maps of other layers need gradients, which ONNX has not. Leave it out, and export '
            'a localizer with sltnet_mm.CAMHead'
        )
    frame = frame_of(inferencer.pipeline.transforms)
    sizes = torch.tensor([frame.resized] * 2)
    images = torch.zeros(2, *frame.crop, 3, dtype=torch.uint8)
    inputs: dict[str, torch.Tensor] = dict(images=images)
    graph: nn.Module
    if part == 'inference':
        graph = InferenceGraph(model, frame, inferencer.threshold, score)
        outputs, inputs['image_sizes'] = graph.outputs, sizes
    elif part == 'localizer':
        graph, outputs = LocalizerGraph(model), ('maps', 'logits')
    else:
        graph, outputs = RegressorGraph(model), ('boxes',)
    by_map = part == 'inference' and graph.regressor is None
    metadata = dict(
        part=part,
        resize=list(frame.resized),
        crop=list(frame.crop),
        classes=None if inferencer.classes is None else list(inferencer.classes),
        box_from=None if part == 'localizer' else 'localizer' if by_map else 'regressor',
        threshold=inferencer.threshold if by_map else None,
        opset=OPSET,
        version=__version__,
    )
    _write(graph, inputs, outputs, metadata, Path(path))
    return metadata


def _require_packages() -> None:
    lacking = [name for name in ('onnx', 'onnxscript') if importlib.util.find_spec(name) is None]
    if lacking:
        raise ImportError(
            f"{' and '.join(lacking)} must be installed to write ONNX files: pip install 'sltnet-mm[onnx]'"
        )
    if tuple(map(int, torch.__version__.split('.')[:2])) < (2, 5):
        raise ImportError(f'torch 2.5 or newer writes ONNX files with a free batch size, got {torch.__version__}')


def _write(
    graph: nn.Module, inputs: dict[str, torch.Tensor], outputs: tuple[str, ...], metadata: dict[str, Any], path: Path
) -> None:
    batch = torch.export.Dim('batch', min=1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of torch's own exporter
        program: Any = torch.onnx.export(
            copy.deepcopy(graph).cpu().eval(),  # the inferencer's model stays where it is
            kwargs=inputs,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes={name: {0: batch} for name in inputs},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    program.model.metadata_props.update({name: json.dumps(value) for name, value in metadata.items()})
    with atomic_write(path) as partial:
        program.save(str(partial), external_data=False)

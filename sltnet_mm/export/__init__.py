"""ONNX files of trained models, for programs without Python."""

from __future__ import annotations

from sltnet_mm.export.onnx_file import OPSET, PARTS, export_onnx

__all__ = ['OPSET', 'PARTS', 'export_onnx']

"""For all tests: where mmcv has no compiled operators, sltnet_mm must be imported before mmdet and mmcv.ops are."""

import sltnet_mm  # noqa: F401

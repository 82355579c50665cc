#!/usr/bin/env python
"""Train a model of this package, mmdet or mmpretrain: python tools/train.py CONFIG."""

from __future__ import annotations

import argparse

from sltnet_mm.command_line import add_common_arguments, build_runner, config_of_args
from sltnet_mm.trust import add_trust_argument


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    add_trust_argument(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='resume from this checkpoint (without a value: from the latest one in the work directory)',
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision (needs a GPU)')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by batch size / auto_scale_lr.base_batch_size',
    )
    args = parser.parse_args()
    if args.amp:
        import torch  # takes seconds, and --help must not wait for it

        if not torch.cuda.is_available():
            parser.error('--amp needs a GPU, because mmengine has no mixed precision on the CPU. Leave it out')
    return args


def main() -> None:
    """Train the model."""
    args = parse_args()
    cfg = config_of_args(args)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise KeyError(
                '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config, the batch size that its '
                'learning rate was chosen for'
            )
        cfg.auto_scale_lr.enable = True
    if args.resume:
        from sltnet_mm.weights.latest import latest_checkpoint  # torch takes seconds, and --help must not wait for it

        latest = latest_checkpoint(cfg.work_dir) if args.resume == 'auto' else args.resume
        if latest is None:
            print(f'--resume: {cfg.work_dir} has no checkpoint, so the training starts from the beginning')
        else:
            cfg.resume, cfg.load_from = True, str(latest)
    build_runner(cfg).train()


if __name__ == '__main__':
    main()

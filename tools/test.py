#!/usr/bin/env python
"""Test a model of this package, mmdet or mmpretrain: python tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse

from sltnet_mm.command_line import (
    add_common_arguments,
    add_map_argument,
    add_overwrite_argument,
    add_test_metric,
    build_runner,
    config_of_args,
    refuse_existing,
)
from sltnet_mm.config import set_pipeline
from sltnet_mm.trust import add_trust_argument


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    add_map_argument(parser)
    add_trust_argument(parser)
    add_overwrite_argument(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', metavar='FILE.pkl', help='save the predictions')
    parser.add_argument(
        '--out-scores',
        metavar='FILE.npz',
        help='save the class scores, such as those of a ten-crop classifier, for LocalizationMetric(score_file=...)',
    )
    parser.add_argument('--show-dir', metavar='FOLDER', help='draw the predictions into WORK_DIR/<timestamp>/FOLDER')
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation, with tta_model and tta_pipeline of the config'
    )
    args = parser.parse_args()
    if args.out and not args.out.endswith(('.pkl', '.pickle')):
        parser.error(f'--out must end in .pkl or .pickle, got {args.out}')
    if args.out_scores and not args.out_scores.endswith('.npz'):
        parser.error(f'--out-scores must end in .npz, got {args.out_scores}')
    refuse_existing(parser, args.overwrite, {'--out': args.out, '--out-scores': args.out_scores})
    # Imported here: torch takes seconds, and --help must not wait for it.
    from sltnet_mm.weights.checkpoints import existing_checkpoint

    try:
        existing_checkpoint(args.checkpoint)
    except FileNotFoundError as error:
        parser.error(str(error))
    return args


def main() -> None:
    """Test the model, and draw and save predictions if requested."""
    args = parse_args()
    from sltnet_mm.map_sources.setting import with_map_source

    cfg = config_of_args(args)
    cfg.load_from = args.checkpoint
    if args.show_dir:
        cfg.default_hooks.visualization = dict(type='sltnet_mm.LocalizationVisualizationHook', out_dir=args.show_dir)
        cfg.visualizer.type = 'sltnet_mm.LocalizationVisualizer'
    with_map_source(cfg, args.map_source)
    if args.tta:
        if cfg.model.type == 'sltnet_mm.MapSourceModel':
            raise ValueError('--tta and --map-source cannot be combined: a map source has a single view of each image')
        if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
            raise KeyError(
                '--tta needs tta_model and tta_pipeline in the config. The pipeline must record homography_matrix and '
                'end with sltnet_mm.PackLocalizationInputs'
            )
        cfg.model = dict(**cfg.tta_model, module=cfg.model)
        set_pipeline(cfg.test_dataloader.dataset, cfg.tta_pipeline)
    runner = build_runner(cfg)
    if args.out:
        from mmengine.evaluator import DumpResults

        add_test_metric(runner, DumpResults(out_file_path=args.out))
    if args.out_scores:
        from sltnet_mm.evaluation import DumpScores

        add_test_metric(runner, DumpScores(args.out_scores))
    runner.test()


if __name__ == '__main__':
    main()

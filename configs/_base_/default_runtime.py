# Runtime settings of every config: hooks, logging, seed. The host's scope is set by the config itself.
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='sltnet_mm.SafeCheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    data_fit=dict(type='sltnet_mm.DataFitHook'),
    checkpoint_fit=dict(type='sltnet_mm.CheckpointFitHook'),
    finite_loss=dict(type='sltnet_mm.FiniteLossHook'),
    first_epoch=dict(type='sltnet_mm.FirstEpochHook'),
    statistics=dict(type='sltnet_mm.StatisticsHook'),
    box_source=dict(type='sltnet_mm.BoxSourceHook'),
    stop=dict(type='sltnet_mm.StopHook'),
    exact_resume=dict(type='sltnet_mm.ExactResumeHook'),
    visualization=dict(type='sltnet_mm.LocalizationVisualizationHook', enable=False),
)
env_cfg = dict(
    cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0), dist_cfg=dict(backend='nccl')
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='sltnet_mm.LocalizationVisualizer', vis_backends=vis_backends)
log_processor = dict(type='LogProcessor', window_size=10, by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
tta_model = dict(type='sltnet_mm.LocalizationTTA')  # of --tta; the views are tta_pipeline's, beside the data

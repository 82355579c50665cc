# L_VST (eq. 13) for a localizer, as the study in docs/benchmarks.md chose it: it compares the map that gives the box
# (top_k='head'), standardized, at weight 0.3.
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]

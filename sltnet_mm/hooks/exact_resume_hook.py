"""A hook that makes a resumed training end as one that was never interrupted."""

from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from sltnet_mm.datasets.seeded_batches import SeededBatches, seed_batches
from sltnet_mm.random_state import random_state, restore_random_state
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.latest import latest_checkpoint
from sltnet_mm.weights.wrappers import unwrap

KEY = 'exact_resume'
"""The entry of checkpoints that the hook writes."""


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Resume a training so that it ends with the same weights, optimizer and logs as one that was never interrupted.

    mmengine restarts the random state at a resume. This hook keeps, in every checkpoint with an optimizer and for every
    rank, the state of Python's, NumPy's and torch's generators (CPU and GPUs), the place inside the epoch, gradients
    that are being accumulated, and the counts that models keep (``statistics``). A validation that the interruption
    cut off is done first. A broken last checkpoint is passed over for the one before, with a warning.

    The random numbers of a training image follow from seed, epoch and place in the epoch
    (:class:`~sltnet_mm.datasets.seeded_batches.SeededBatch`), so they depend neither on workers nor on their number;
    those of validation images are the same in every validation.

    On a GPU, kernels that are not deterministic give other bits in any two runs; ``randomness.deterministic`` rules
    that out.

    Raises:
        ValueError: If (before the run) the work directory has checkpoints, but no whole one.

    Example: in the config::

        default_hooks = dict(
            checkpoint=dict(type='sltnet_mm.SafeCheckpointHook', interval=1),
            exact_resume=dict(type='sltnet_mm.ExactResumeHook'),
        )
    """

    priority = 'LOWEST'  # at the beginning of the training, after all that others draw there

    def __init__(self) -> None:
        self._batches: SeededBatches | None = None
        self._val_batches: SeededBatches | None = None
        self._loaded: dict[str, Any] | None = None
        self._ranks: list[dict[str, Any]] | None = None
        self._validated_at = -1

    def before_run(self, runner: Runner) -> None:
        """Find the checkpoint where ``resume=True`` names none."""
        if isinstance(runner._train_loop, BaseLoop) and runner._resume and runner._load_from is None:
            found = latest_checkpoint(runner.work_dir)
            runner._load_from = None if found is None else str(found)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what the checkpoint says until the training begins."""
        if runner._resume and isinstance(runner._train_loop, BaseLoop):
            self._loaded = checkpoint.get(KEY, {})
            self._iteration = checkpoint.get('meta', {}).get('iter')

    def before_train(self, runner: Runner) -> None:
        """Seed the batches; in a resumed run, restore the state and do the validation that was cut off."""
        loader, state = runner.train_dataloader, self._loaded or {}
        seed = state.get('seed', runner.seed)
        self._batches = seed_batches(loader, seed, get_rank(), get_world_size())
        iterator: Any = getattr(runner.train_loop, 'dataloader_iterator', None)
        if getattr(iterator, '_iterator', None) is not None:  # mmengine below 0.10.8 makes it beforehand
            iterator._iterator = iter(loader)
        validated = runner.val_dataloader if runner.val_loop is not None else None
        self._val_batches = None if validated is None else seed_batches(validated, seed, get_rank(), get_world_size())
        for each in (loader, validated):
            if each is not None and each.generator is None:
                each.generator = torch.Generator().manual_seed(seed)  # starting workers draws no common numbers
        if self._loaded is None:
            return
        self._check(runner, state)
        if hasattr(loader.sampler, 'seed') and state.get('sampler_seed') is not None:
            loader.sampler.seed = state['sampler_seed']
        if len(state.get('ranks', ())) == get_world_size():
            _restore(runner, state['ranks'][get_rank()])
        if self._misses_validation(runner):
            hub = runner.message_hub  # as at the end of the epoch that is validated
            hub.update_info('epoch', max(runner.epoch - 1, 0))
            hub.update_info('iter', runner.iter - 1)
            runner.logger.info(f'Validating the weights of iteration {runner.iter} first: the run ended before')
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch of the random numbers; at the first one after a resume, the place in it."""
        loop, batches = runner.train_loop, self._batches
        resumed, self._loaded = self._loaded is not None, None
        if batches is None:
            return
        if isinstance(loop, EpochBasedTrainLoop):
            batches.epoch = loop.epoch
            done = loop.iter - loop.epoch * len(loop.dataloader)
            if resumed and 0 < done <= len(loop.dataloader):
                batches.skip = done
                _number_from(loop, done)
        elif isinstance(loop, IterBasedTrainLoop) and resumed and not getattr(loop, 'fast_forward_on_resume', False):
            _go_to(loop, batches)

    def after_train_epoch(self, runner: Runner) -> None:
        """Count batches from 0 again."""
        runner.train_loop.__dict__.pop('run_iter', None)

    def before_val_epoch(self, runner: Runner) -> None:
        """Give every validation the same random numbers, if it draws any."""
        if self._val_batches is not None:
            self._val_batches.epoch = 0

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Remember that the validation of these weights is done."""
        if batch_idx + 1 == len(runner.val_dataloader):
            self._validated_at = runner.iter

    def before_checkpoint(self, runner: Runner) -> None:
        """Collect the states of all ranks; :class:`SafeCheckpointHook` calls it on all of them."""
        self._ranks = all_gather_object(_state(runner))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the state; without :class:`SafeCheckpointHook`, that of this rank only."""
        ranks, self._ranks = self._ranks or [_state(runner)], None
        if 'optimizer' not in checkpoint:
            return
        loader, meta = runner.train_dataloader, checkpoint['meta']
        checkpoint[KEY] = dict(
            seed=runner.seed if self._batches is None else self._batches.seed,
            sampler_seed=getattr(loader.sampler, 'seed', None),
            batches=len(loader),
            validated=meta['iter'] == self._validated_at,
            ranks=ranks,
        )

    def _check(self, runner: Runner, state: dict[str, Any]) -> None:
        """Say in the log what keeps the run from being exact."""
        world, batches = get_world_size(), len(runner.train_dataloader)
        reasons = []
        if not state:
            reasons.append('the checkpoint was written without this hook')
        elif len(state['ranks']) != world:
            reasons.append(f'the checkpoint has the random states of {len(state["ranks"])} processes, this run {world}')
        if state and state['batches'] != batches:
            reasons.append(f'an epoch had {state["batches"]} batches and has {batches}')
        if self._batches is None:
            reasons.append('the training data is no data set of indices')
        if reasons:
            runner.logger.log(
                logging.WARNING,
                'the resumed training will not end with the same bits as one that was never interrupted: '
                + '; '.join(reasons),
            )

    def _misses_validation(self, runner: Runner) -> bool:
        loop, iteration = runner.train_loop, runner.iter
        if runner.val_loop is None or not iteration or (self._loaded or {}).get('validated'):
            return False
        if isinstance(loop, EpochBasedTrainLoop):
            if iteration != loop.epoch * len(loop.dataloader):
                return False
            loop._decide_current_val_interval()
            count, last = loop.epoch, loop.max_epochs
        elif isinstance(loop, IterBasedTrainLoop):
            loop._decide_current_val_interval()
            count, last = iteration, loop.max_iters
        else:
            return False
        return count >= loop.val_begin and (count % loop.val_interval == 0 or count == last)


def _number_from(loop: Any, first: int) -> None:
    """Count the batches of the running epoch from ``first``, as those before it were trained already."""
    run_iter = loop.run_iter
    loop.run_iter = lambda idx, data_batch: run_iter(idx + first, data_batch)


def _go_to(loop: Any, batches: SeededBatches) -> None:
    """Move a loop by iterations to its place; samplers without an end are moved by mmengine."""
    sampler, skip = loop.dataloader.sampler, getattr(loop.dataloader_iterator, 'skip_iter', None)
    if skip is None:  # mmengine below 0.10.8 takes all batches again
        return
    if hasattr(sampler, 'skip'):
        batches.begin = loop.iter * batches.batch_size
        return
    batches.epoch, batches.skip = divmod(loop.iter, len(batches))
    loop.dataloader_iterator._epoch = batches.epoch
    if hasattr(sampler, 'set_epoch'):
        sampler.set_epoch(batches.epoch)
    loop.dataloader_iterator.skip_iter = lambda iterations: None


def _state(runner: Runner) -> dict[str, Any]:
    """The state of this rank."""
    model = unwrap(runner.model)
    return dict(
        random=random_state(),
        gradients={
            name: value.grad.detach().cpu()
            for name, value in model.named_parameters()
            if value.grad is not None and _accumulates(runner)
        },
        statistics={name: {key: float(value) for key, value in counts.items()} for name, counts in _counts(model)},
    )


def _restore(runner: Runner, state: dict[str, Any]) -> None:
    restore_random_state(state['random'])
    parameters = dict(unwrap(runner.model).named_parameters())
    for name, gradient in state['gradients'].items():
        parameters[name].grad = gradient.to(parameters[name])
    for name, counts in _counts(unwrap(runner.model)):
        counts.update(state['statistics'].get(name, {}))


def _counts(model: torch.nn.Module) -> list[tuple[str, dict]]:
    return [
        (name, module.statistics)
        for name, module in model.named_modules()
        if isinstance(getattr(module, 'statistics', None), dict)
    ]


def _accumulates(runner: Runner) -> bool:
    """Whether gradients of several iterations are added up before a step."""
    wrapper = runner.optim_wrapper
    parts = wrapper.values() if hasattr(wrapper, 'optim_wrappers') else [wrapper]
    return any(getattr(part, '_accumulative_counts', 1) > 1 for part in parts)

"""mmengine's checkpoints, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process, master_only
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from sltnet_mm.registry import HOOKS
from sltnet_mm.structures.atomic_write import atomic_write, left_behind
from sltnet_mm.weights.latest import STOPPED, note_checkpoint

_BACKEND = 'sltnet_mm_whole_files'


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, safe against being killed and against full disks.

    A checkpoint is written under a temporary name, and gets its own once it is complete and on the disk. Only then is
    it noted as the last one, and older ones are deleted; mmengine deletes them first. Before each, all ranks call the
    hooks' ``before_checkpoint``, so that :class:`ExactResumeHook` has the random states of all of them. What a killed
    run left half written is removed at the start.

    Args:
        args: As in mmengine. Files on other storage than a file system are written as mmengine does.
        kwargs: As in mmengine.

    Raises:
        OSError: If (in training) a checkpoint cannot be written; the message names it, and the earlier ones are kept.

    Example:
        >>> SafeCheckpointHook(interval=1, max_keep_ckpts=2).interval
        1
    """

    backend_args: dict[str, Any] | None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, as in mmengine, and remove what a killed run left half written."""
        super().before_train(runner)
        if self.file_client_args is None and self.backend_args is None and type(self.file_backend) is LocalBackend:
            self.backend_args = dict(backend=_BACKEND)
        if is_main_process():
            for folder in {str(self.out_dir), runner.work_dir}:
                for path in left_behind(folder):
                    if path.suffix == '.pth' or path.name.startswith('.last_checkpoint.'):
                        path.unlink(missing_ok=True)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        outdated = []
        if self.max_keep_ckpts > 0 and (not self.keep_ckpt_ids or self.keep_ckpt_ids[-1] != step):
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self.write(runner, name, meta)
        self._remove(outdated)

    def save_stopped(self, runner: Runner, meta: dict[str, Any]) -> str:
        """Write the checkpoint of a training that ends before its time; the next regular one replaces it.

        Returns:
            Its path.
        """
        name = STOPPED.format(meta['iter'])
        self.write(runner, name, meta)
        return str(self.file_backend.join_path(self.out_dir, name))

    def write(self, runner: Runner, name: str, meta: dict[str, Any]) -> None:
        """Write a checkpoint of all ranks, and note it as the last one."""
        runner.call_hook('before_checkpoint')
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=dict(meta),
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            note_checkpoint(runner.work_dir, self.file_backend.join_path(self.out_dir, name))

    @master_only
    def _remove(self, names: list[str]) -> None:
        folder = Path(str(self.out_dir))
        stopped = [path.name for path in folder.glob(STOPPED.format('*'))] if folder.is_dir() else []
        for name in [*names, *stopped]:
            path = self.file_backend.join_path(self.out_dir, name)
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif self.file_backend.isdir(path):  # deepspeed's
                self.file_backend.rmtree(path)


@register_backend(_BACKEND, force=True)
class _WholeFileBackend(LocalBackend):
    """Files of the local file system, which appear once they are complete and on the disk."""

    def put(self, obj: bytes | memoryview, filepath: str | Path) -> None:
        with atomic_write(filepath) as partial, open(partial, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())

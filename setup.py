"""Packaging of sltnet_mm: the OpenMMLab packages come as one of two extras, never by themselves."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent.resolve()
# The maintained continuation of the OpenMMLab packages (same import names), and the official packages. pip has no "one
# of these", so neither is required; sltnet_mm looks at the modules' versions when it is imported.
# Neither set compiles anything: sltnet_mm stands in for mmcv's compiled operators where they are not there.
ONEDL = [
    'onedl-mmengine>=0.10.12',
    'onedl-mmcv>=2.3.6,<2.4',  # mmpretrain 1.x refuses mmcv 2.4.
    'onedl-mmdetection>=3.5.1',
    'onedl-mmpretrain>=1.3.6',
]
# mmdet 3.3 refuses mmcv 2.2.
OFFICIAL = ['mmengine>=0.10.7,<1', 'mmcv-lite>=2.1,<2.2', 'mmdet>=3.3,<4', 'mmpretrain>=1.2,<2']


def read_version() -> str:
    """`__version__` of sltnet_mm/version.py, read as text: importing the package would need its hosts."""
    text = (ROOT / 'sltnet_mm' / 'version.py').read_text()
    return re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE).group(1)


def read_pins() -> list[str]:
    """The requirements of the development environment, all but the comments."""
    lines = (ROOT / 'requirements' / 'dev.txt').read_text().splitlines()
    return [line for line in lines if line and not line.startswith('#')]


class BuildWithConfigs(build_py):
    """Copies configs, tools and model-index.yml to `sltnet_mm/.mim`, where mim looks for them in an installed wheel.

    Not in editable installs: there mim finds them in the checkout, and a second copy would give every config twice.
    """

    def run(self) -> None:
        """Build the modules, then add the files for mim."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'sltnet_mm', '.mim')
        shutil.rmtree(target, ignore_errors=True)  # A build folder of another day keeps files that are gone since.
        for folder in ('configs', 'tools'):
            ignored = shutil.ignore_patterns('__pycache__', '*.pyc', *(['dev'] if folder == 'tools' else []))
            shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
        shutil.copy2(ROOT / 'model-index.yml', target)


readme = ROOT / 'README.md'
setup(
    name='sltnet-mm',
    version=read_version(),
    description='SLT-Net, weakly supervised object localization, for the OpenMMLab stack',
    long_description=readme.read_text() if readme.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    keywords='weakly supervised object localization, class activation map, OpenMMLab, PyTorch',
    packages=find_packages(include=['sltnet_mm', 'sltnet_mm.*']),
    package_data={'sltnet_mm.report': ['templates/*'], 'sltnet_mm.labeling': ['templates/*']},
    entry_points={'console_scripts': ['sltnet-boxes = sltnet_mm.labeling.command:main']},
    python_requires='>=3.10',
    install_requires=['numpy', 'torch>=2.0', 'torchvision>=0.15', 'opencv-python', 'jinja2>=3', 'rich>=12', 'pyyaml'],
    extras_require={
        'mminstall': ONEDL,
        'mim': OFFICIAL,
        'export': ['supervision>=0.27'],
        'onnx': ['onnx>=1.17', 'onnxscript>=0.5', 'onnxruntime>=1.19'],
        'dev': read_pins(),
    },
    cmdclass={'build_py': BuildWithConfigs},
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    zip_safe=False,
)

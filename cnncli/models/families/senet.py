"""SENet: channels weighed by gates that see the whole map, here in ResNet-50 (Hu et al. 2017)."""

from __future__ import annotations

from cnncli.models.families.resnet import CAFFE, LAYERS_50, bottleneck, resnet
from cnncli.models.spec import CENTERED, ModelSpec, Paper, Published, paper

REDUCTION = 16
"""The paper's reduction ratio r: gates are computed from a sixteenth of the channels."""

MODELS = (
    ModelSpec(
        name="seresnet50",
        family="SENet",
        year=2017,
        paper=Paper("Squeeze-and-Excitation Networks", "1709.01507"),
        introduced="squeeze-and-excitation, gates that weigh channels",
        build=resnet,
        # The authors' model is Caffe's: it strides in the first 1x1 convolution, and its first pooling rounds up.
        flavors=(paper(CENTERED),),
        fixed={"block": bottleneck(squeeze=REDUCTION), "repeats": LAYERS_50, "conventions": CAFFE},
        published=(
            Published("arXiv 1709.01507, section 4", macs="3.87G", erratum="the kernels have 0.01 G less"),
            Published("hujie-frank/SENet README", top1=77.63),
        ),
        descends_from=("resnet",),
        architecture="senet",
    ),
)

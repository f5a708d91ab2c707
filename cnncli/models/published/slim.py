"""The MobileNets' weights, as their authors' READMEs in TF-slim have them: tensorflow/models,
research/slim/nets/mobilenet_v1.md (the weights of 2018_02_22) and research/slim/nets/mobilenet/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnncli.models.published.grid import Row, figures
from cnncli.models.spec import WITHOUT_BATCH_NORM, Published

V1_SOURCE = "tensorflow/models, research/slim/nets/mobilenet_v1.md"
SOURCE = "tensorflow/models, research/slim/nets/mobilenet/README.md"
V1_COUNTED = "params with 1,001 classes, and of batch norm all but gamma"
WITHOUT_FIRST = "MACs without the first convolution"

V1 = (
    Row(1.0, "4.24M", {
        224: ("569M", 70.9), 192: ("418M", 70.0), 160: ("291M", 68.0), 128: ("186M", 65.2),
    }, erratum=V1_COUNTED),
    Row(0.75, "2.59M", {
        224: ("317M", 68.4), 192: ("233M", 67.2), 160: ("162M", 65.3), 128: ("104M", 62.1),
    }, erratum=WITHOUT_FIRST),
    Row(0.5, "1.34M", {
        224: ("150M", 63.3, "MACs' digits rounded up"), 192: ("110M", 61.7), 160: ("77M", 59.1), 128: ("49M", 56.3),
    }, erratum=V1_COUNTED),
    Row(0.25, "0.47M", {
        224: ("41M", 49.8), 192: ("34M", 47.7, "41 M at 224 are 30 M at 192"), 160: ("21M", 45.5), 128: ("14M", 41.5),
    }),
)  # fmt: skip
V2 = (
    Row(1.4, "6.06M", {224: ("582M", 75.0)}),
    Row(1.3, "5.34M", {224: ("509M", 74.4)}),
    Row(1.0, "3.47M", {
        224: ("300M", 71.8), 192: ("221M", 70.7), 160: ("154M", 68.8), 128: ("99M", 65.3), 96: ("56M", 60.3),
    }),
    Row(0.75, "2.61M", {
        224: ("209M", 69.8), 192: ("153M", 68.7), 160: ("107M", 66.4), 128: ("69M", 63.2), 96: ("39M", 58.8),
    }),
    Row(0.5, "1.95M", {
        224: ("97M", 65.4), 192: ("71M", 63.9), 160: ("50M", 61.0), 128: ("32M", 57.7), 96: ("18M", 51.2),
    }),
    Row(0.35, "1.66M", {
        224: ("59M", 60.3), 192: ("43M", 58.2), 160: ("30M", 55.7), 128: ("20M", 50.8), 96: ("11M", 45.5),
    }),
)  # fmt: skip
MINIMALISTIC = {"minimalistic": True}
V3_LARGE = (
    Row(1.0, "5.4M", {224: ("217M", 75.2)}),
    Row(0.75, "4.0M", {224: ("155M", 73.3)}),
    Row(1.0, "3.9M", {224: ("209M", 72.3)}, MINIMALISTIC),
)
V3_SMALL = (
    Row(1.0, "2.9M", {224: ("66M", 67.5)}, erratum="the paper has 56 M and 2.5 M"),
    Row(0.75, "2.4M", {224: ("44M", 65.4)}, erratum="the code beside it has fewer of both"),
    Row(1.0, "2.0M", {224: ("65M", 61.9)}, MINIMALISTIC, "the code beside it has fewer MACs"),
)
TABLES: Mapping[str, tuple[Published, ...]] = {
    "mobilenet_v1": tuple(figures(V1_SOURCE, V1)),
    "mobilenet_v2": tuple(figures(SOURCE, V2, counted=WITHOUT_BATCH_NORM)),
    "mobilenet_v3_large": tuple(figures(SOURCE, V3_LARGE)),
    "mobilenet_v3_small": tuple(figures(SOURCE, V3_SMALL)),
}

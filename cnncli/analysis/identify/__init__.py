"""Which known network a network is, by its structure: blind to names, to folding, to layouts and to kinds of files.

Of the normal form the *skeleton* is taken: which kernels follow each other, whatever their widths. A table tells which
architectures have a body of that skeleton; their options are solved for, and what is built with them is compared.
"""

from cnncli.analysis.identify.identification import Identification, Likeness, identify

__all__ = ["Identification", "Likeness", "identify"]

#!/usr/bin/env python3
"""Writes the archives of this folder: modules of tests/interop saved by PyTorch, without padding and debug records.

Usage: make.py NAME…, with names of cases of tests/interop/modules.py. Needs torch."""
# SPDX-License-Identifier: Apache-2.0
import io, os, sys, warnings, zipfile

import torch

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../interop"))
import modules


def write(name, module):
    whole = io.BytesIO()
    torch.jit.save(module, whole)
    read = zipfile.ZipFile(whole)
    with zipfile.ZipFile(os.path.join(here, name + ".pt"), "w", zipfile.ZIP_STORED) as out:
        for record in read.infolist():
            if not record.filename.endswith(".debug_pkl"):
                out.writestr(zipfile.ZipInfo(record.filename), read.read(record))


warnings.simplefilter("ignore")
for name, make, args, options in modules.cases():
    if name in sys.argv[1:]:
        torch.manual_seed(1)
        write(name, make())

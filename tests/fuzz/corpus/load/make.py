#!/usr/bin/env python3
"""Writes the archives of this folder: modules of tests/interop saved by PyTorch, without padding and, but for
NAME_ranges.pt, without the records that tell where code comes from.

Usage: make.py NAME… NAME_ranges…, with names of cases of tests/interop/modules.py. Needs torch."""
# SPDX-License-Identifier: Apache-2.0
import importlib.machinery, io, os, sys, warnings, zipfile

import torch

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(os.path.join(here, "../../../interop"))
modules = importlib.machinery.SourceFileLoader("modules", "modules.py").load_module()  # ranges name the file as given


def write(name, module, with_ranges):
    whole = io.BytesIO()
    torch.jit.save(module, whole)
    read = zipfile.ZipFile(whole)
    with zipfile.ZipFile(os.path.join(here, name + ".pt"), "w", zipfile.ZIP_STORED) as out:
        for record in read.infolist():
            if with_ranges or not record.filename.endswith(".debug_pkl"):
                out.writestr(zipfile.ZipInfo(record.filename), read.read(record))


warnings.simplefilter("ignore")
for name, make, args, options in modules.cases():
    for file in (name, name + "_ranges"):
        if file in sys.argv[1:]:
            torch.manual_seed(1)
            write(file, make(), file != name)

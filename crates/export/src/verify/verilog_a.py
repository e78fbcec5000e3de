# Evaluates a Verilog-A export: python verilog_a.py FILE OPEN_INPUTS < points; prints tool, heading, a row per point.
import importlib.metadata
import os
import sys
import tempfile
import numpy as np

path = os.path.abspath(sys.argv[1])
# verilogae keeps its compiled library in a cache of its own.
import verilogae

model = verilogae.load(path)
table = np.loadtxt(sys.stdin, ndmin=2)
columns = ["device", "vgs", "vds", "vbs"] + sys.argv[2:]
column = lambda name: table[:, columns.index(name)]
places = np.unique(table[:, [0] + list(range(4, table.shape[1]))], axis=0)
names = ["id", "gm", "gds", "gmb"]
results = np.full((len(table), len(names)), np.nan)
parameters = {"w": "w", "l": "l", "speed": "dspeed", "skew": "dskew"}
for place in places:
    mask = np.all(table[:, [0] + list(range(4, table.shape[1]))] == place, axis=1)
    values = {"device": int(place[0]), "corner": 0}
    temperature = 300.15
    for name, value in zip(sys.argv[2:], place[1:]):
        if name == "temperature":
            temperature = float(value)
        else:
            values[parameters[name]] = float(value)
    voltages = {f"br_{v[1:]}": column(v)[mask] for v in ("vgs", "vds", "vbs")}
    for k, name in enumerate(names):
        function = model.functions[name]
        wanted = {p: values.get(p, model.modelcard[p].default) for p in function.parameters}
        used = {b: v for b, v in voltages.items() if b in function.voltages}
        results[mask, k] = function.eval(temperature=temperature, voltages=used, **wanted)
print("tool verilogae", importlib.metadata.version("verilogae"))
print(*names)
for row in results:
    print(*(repr(float(v)) for v in row))

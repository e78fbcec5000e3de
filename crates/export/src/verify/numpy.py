# Evaluates a NumPy export: python numpy.py FILE OPEN_INPUTS < points; prints tool, heading, a row per point.
import importlib.util
import sys
import numpy as np

# What is checked leaves nothing beside it.
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
table = np.loadtxt(sys.stdin, ndmin=2)
place = {name: table[:, 4 + k] for k, name in enumerate(sys.argv[2:])}
results = module.evaluate(table[:, 0].astype(int), *table[:, 1:4].T, **place)
print("tool numpy", np.__version__)
print(*results)
for row in np.stack(list(results.values()), axis=1):
    print(*(repr(float(v)) for v in row))

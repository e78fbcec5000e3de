"""Cross-stitch units against one trunk, tied networks and networks alone, for a few readings per device.

    gummel data convert ihp-sg13g2/ --out ihp.parquet
    python cross_stitch.py ihp.parquet ihp-sg13g2/lv_nmos --celsius 27 --every 3 --points 31,102

Every way is one network of the same code. With K tasks, N networks of two tanh layers and inputs x (gate, drain, bulk),

    a_j = tanh(W1_j x + b1_j)      s_k = sum_j A_kj a_j      z_k = tanh(W2_k s_k + b2_k)      y_t = h_t . sum_k C_tk z_k + c_t

single: N = K, A and C the identity. hard: N = 1, C all ones. soft: as single, W_k = W + d_k and h_k = h + e_k with
d, e penalised. cross: as soft or single, A and C learned (I. Misra et al., "Cross-stitch networks for multi-task learning",
2016; one number per pair of networks and layer, begun at 0.9 for the own network and 0.1 for all others together). One
number per way, the strength of its penalty, is chosen by a fifth of the fitted readings. The solver is Levenberg-Marquardt for all.
Residuals, weights and errors are those of `gummel fit` and of its vocabulary. Needs numpy and polars.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import polars as pl

RELATIVE = 0.05  # relative error at which noise and wanted accuracy balance
OFFSET = 2e-4  # uncertainty of vds, V
STRENGTHS = (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4)
STEPS = 150
STARTS = 3
ORIGINS = {"soft": "hard", "cross (hard)": "hard", "cross (single)": "single", "cross+soft": "hard"}
WAYS = ("single", "hard", *ORIGINS)
CRITERION = 1e-7  # threshold current of an n-channel, A per square
CONDUCTANCE = 1e-6  # where heads start from, S per square


@dataclass
class Readings:
    """Readings of all devices, one row each: inputs, vds (V), current (A), noise floor (A), squares W/L, device."""

    x: np.ndarray
    vds: np.ndarray
    i: np.ndarray
    floor: np.ndarray
    squares: np.ndarray
    task: np.ndarray

    def take(self, rows):
        return Readings(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def readings(path, family, celsius, every, currents=("id",)):
    """Readings of every current of a family at one temperature, every so many devices of it, and how many these are."""
    technology, name = family.split("/")
    table = pl.read_parquet(path).filter(
        (pl.col("technology") == technology)
        & (pl.col("family") == name)
        & ((pl.col("temperature") - 273.15 - celsius).abs() < 2)
        & pl.all_horizontal(pl.col(*currents).is_finite())
    )
    names = table["device"].unique(maintain_order=True).to_list()[::every]
    table = table.filter(pl.col("device").is_in(names))
    sign = 1.0 if table["polarity"][0] == "n" else -1.0
    column = lambda c: table[c].to_numpy().astype(float)
    vs = column("vs")
    vds, vgs, vbs = (sign * (column(v) - vs) for v in ("vd", "vg", "vb"))
    smooth = np.hypot(vds, 0.01) - 0.01
    x = np.stack([vgs - vds / 2 + smooth / 2, smooth, vbs - vds / 2 + smooth / 2], axis=1)
    low, high = x.min(0), x.max(0)
    x = (x - (low + high) / 2) * 3.4 / np.maximum(high - low, 0.1)
    task = np.searchsorted(np.array(sorted(names)), table["device"].to_numpy())
    floor, squares = column("floor"), column("w") * column("mult") / column("l")
    return [Readings(x, vds, sign * column(c), floor, squares, task) for c in currents], len(names)


class Network:
    """All networks of one way: which numbers are free, how they are penalised, and their outputs with Jacobian."""

    def __init__(self, way, tasks, width):
        self.way, self.tasks, self.width = way, tasks, width
        self.nets = 1 if way == "hard" else tasks
        n, w, inputs = self.nets, width, 3
        self.shapes = {
            "w1": (n, w, inputs), "b1": (n, w), "w2": (n, w, w), "b2": (n, w),
            "h": (tasks, w + 1), "A": (n, n), "C": (tasks, n),
        }  # fmt: skip
        self.tied = way in ("soft", "cross+soft")
        self.stitched = way.startswith("cross")
        self.mixed = ("A", "C") if self.stitched else ()
        self.free = ("w1", "b1", "w2", "b2", "h") + self.mixed

    def own(self):
        """A and C without any mixing."""
        return np.eye(self.nets), np.ones((self.tasks, 1)) if self.nets == 1 else np.eye(self.tasks)

    def start(self, given):
        """Begins with the networks of another way; cross-stitch units begin mixed."""
        p = {}
        for name in ("w1", "b1", "w2", "b2"):
            p[name] = np.broadcast_to(given[name], self.shapes[name]).copy()
        p["h"] = given["h"].copy()
        p["A"], p["C"] = self.own()
        if self.stitched and self.nets > 1:
            others = (1 - np.eye(self.nets)) * 0.1 / (self.nets - 1)
            p["A"], p["C"] = 0.9 * p["A"] + others, 0.9 * p["C"] + others
        return p

    def outputs(self, p, d, jacobian=False):
        """y of every reading, and its derivatives over all numbers of the networks, in the order of `free`."""
        a = np.tanh(np.einsum("kwi,ni->nkw", p["w1"], d.x) + p["b1"])
        s = np.einsum("kj,njw->nkw", p["A"], a)
        z = np.tanh(np.einsum("kvw,nkw->nkv", p["w2"], s) + p["b2"])
        mix, head = p["C"][d.task], p["h"][d.task]
        m = np.einsum("nk,nkw->nw", mix, z)
        y = np.einsum("nw,nw->n", m, head[:, :-1]) + head[:, -1]
        if not jacobian:
            return y, None
        rows, n = np.arange(len(y)), len(y)
        g2 = mix[:, :, None] * head[:, None, :-1] * (1 - z * z)
        q = np.einsum("kvw,nkv->nkw", p["w2"], g2)
        g1 = np.einsum("kj,nkw->njw", p["A"], q) * (1 - a * a)
        dh = np.zeros((n, self.tasks, self.width + 1))
        dh[rows, d.task, :-1], dh[rows, d.task, -1] = m, 1.0
        parts = {
            "w1": np.einsum("nkw,ni->nkwi", g1, d.x),
            "b1": g1,
            "w2": np.einsum("nkv,nkw->nkvw", g2, s),
            "b2": g2,
            "h": dh,
        }
        if self.stitched:
            dc = np.zeros((n, self.tasks, self.nets))
            dc[rows, d.task] = np.einsum("nw,nkw->nk", head[:, :-1], z)
            parts |= {"A": np.einsum("nkw,njw->nkj", q, a), "C": dc}
        return y, [parts[name].reshape(n, *self.shapes[name]) for name in self.free]


def offset_noise(d):
    """Variance of the relative error that an offset of vds makes."""
    return (OFFSET / np.maximum(np.abs(d.vds), 1e-9)) ** 2


def targets(d, noise):
    """Currents as the residuals see them and their weights; `noise` is the variance besides that of the floor."""
    noise = d.floor**2 / (d.i**2 + 4 * d.floor**2) + noise
    return np.arcsinh(d.i / (2 * d.floor)), RELATIVE / np.sqrt(RELATIVE**2 + noise)


class Problem:
    """Residuals of a way on readings, over its unknowns: common numbers, then deviations of every network where tied."""

    def __init__(self, net, given, d, strength):
        self.net, self.d = net, d
        self.base = net.start(given)
        self.target, self.weight = targets(d, offset_noise(d))
        self.scale = np.log(CONDUCTANCE * d.squares)
        blocks, ridge = [], []
        for name in net.free:
            size = int(np.prod(net.shapes[name]))
            shared = net.shapes[name][0]
            if net.tied and name not in net.mixed or net.way == "hard" and name == "h":
                # Penalised deviations around common numbers that are all but free; heads are held less than trunks.
                blocks += [(name, "common", size // shared), (name, "own", size)]
                hold = strength * (0.01 if name == "h" and net.way != "hard" else 1.0)
                ridge += [np.full(size // shared, 1e-8), np.full(size, hold)]
            else:
                blocks.append((name, "own", size))
                ridge.append(np.full(size, 1e-8 if net.way == "hard" else strength))
        self.blocks, self.ridge = blocks, np.concatenate(ridge)

    def parameters(self, theta):
        p = dict(self.base)
        for (name, kind, _), step in zip(self.blocks, steps(theta, self.blocks)):
            p[name] = p[name] + step.reshape(self.net.shapes[name][0 if kind == "own" else 1 :])
        return p

    def residuals(self, theta, jacobian=False):
        d = self.d
        y, parts = self.net.outputs(self.parameters(theta), d, jacobian)
        u = d.vds * np.exp(np.minimum(y + self.scale, 60)) / (2 * d.floor)
        r = self.weight * (np.arcsinh(u) - self.target)
        if not jacobian:
            return r, None
        slope = self.weight * u / np.hypot(1, u)
        by_name = dict(zip(self.net.free, parts))
        columns = []
        for name, kind, size in self.blocks:
            part = by_name[name]
            part = part.sum(1) if kind == "common" else part
            columns.append(part.reshape(len(y), size))
        return r, slope[:, None] * np.concatenate(columns, axis=1)


def steps(theta, blocks):
    """The unknowns of every block, whose number stands last in it."""
    return np.split(theta, np.cumsum([block[-1] for block in blocks])[:-1])


def cost_of(problem, theta, r):
    """What is minimised: squared residuals and penalties."""
    return r @ r + theta @ (problem.ridge * theta)


def minimised(problem, theta):
    """Levenberg-Marquardt from `theta`; the step comes from the smaller of both normal matrices."""
    r, j = problem.residuals(theta, True)
    cost, damping, history = cost_of(problem, theta, r), 1e-2, []
    for _ in range(STEPS):
        gradient = j.T @ r + problem.ridge * theta
        while True:
            step = -solve_arrow(j, problem.ridge + damping, gradient)
            trial = theta + step
            r_new, _ = problem.residuals(trial)
            new = cost_of(problem, trial, r_new)
            if new < cost:
                break
            damping *= 4
            if damping > 1e12:
                return theta, cost
        theta, damping = trial, max(damping / 3, 1e-12)
        history.append(new / cost)
        r, j = problem.residuals(theta, True)
        cost = new
        if len(history) >= 5 and np.prod(history[-5:]) > 0.975:
            break
    return theta, cost


def solve_arrow(j, diagonal, gradient):
    """(J^T J + D)^-1 g for a diagonal D."""
    n, p = j.shape
    if n >= p:
        return np.linalg.solve(j.T @ j + np.diag(diagonal), gradient)
    scaled = gradient / diagonal
    inner = (j / diagonal) @ j.T
    inner[np.diag_indices(n)] += 1
    return scaled - (j.T @ np.linalg.solve(inner, j @ scaled)) / diagonal


def judge(net, p, d):
    """Relative RMS error over the strong set of every device."""
    y, _ = net.outputs(p, d)
    i = CONDUCTANCE * d.squares * d.vds * np.exp(np.minimum(y, 60))
    strong = (d.i >= np.maximum(10 * CRITERION * d.squares, 100 * d.floor)) & (d.vds >= 0.05 - 1e-9)
    squared = lambda t: (i[strong & (d.task == t)] / d.i[strong & (d.task == t)] - 1) ** 2
    return np.array([np.sqrt(squared(t).mean()) for t in np.unique(d.task)])


def unseen_loss(net, p, d):
    """Mean squared weighted residual of numbers `p` at readings `d`."""
    problem = Problem(net, p, d, 1.0)
    problem.base = p
    r, _ = problem.residuals(np.zeros(len(problem.ridge)))
    return (r @ r) / len(r)


def at_random(net, rng):
    """Networks with random weights; heads begin at the typical conductance."""
    p = {}
    for name in ("w1", "w2"):
        shape = net.shapes[name]
        p[name] = rng.normal(0, 1 / np.sqrt(shape[-1]), shape)
    p["b1"], p["b2"] = rng.normal(0, 0.5, net.shapes["b1"]), rng.normal(0, 0.5, net.shapes["b2"])
    p["h"] = np.zeros(net.shapes["h"])
    p["A"], p["C"] = net.own()
    return p


def fitted(way, tasks, width, d, strength, given):
    """The network of a way, its numbers after the fit, and what it minimised."""
    net = Network(way.split(" ")[0], tasks, width)
    problem = Problem(net, given, d, strength)
    theta, cost = minimised(problem, np.zeros(len(problem.ridge)))
    return net, problem.parameters(theta), cost


def ways(tasks, width, d, strengths, seed):
    """Fits of every way at every strength: the shared trunk and the networks alone first, the others from these."""
    found = {}
    for way, count in (("hard", 1), ("single", tasks)):
        starts = [at_random(Network(way, tasks, width), np.random.default_rng([seed, k])) for k in range(STARTS)]
        for strength in strengths[way]:
            tries = [fitted(way, tasks, width, d, strength, start) for start in starts]
            found[way, strength] = min(tries, key=lambda t: t[2])
    for way, origin in ORIGINS.items():
        begin = min(strengths[origin], key=lambda s: abs(np.log10(s) + 3))
        for strength in strengths[way]:
            found[way, strength] = fitted(way, tasks, width, d, strength, found[origin, begin][1])
    return found


def draw(d, tasks, points, seed):
    """Rows of a draw: fitted, judged, and of the fitted ones those of a trial fit and those that judge the trial."""
    rng = np.random.default_rng([seed, points])
    shuffled = [rng.permutation(np.flatnonzero(d.task == t)) for t in range(tasks)]
    most = points - points // 5
    parts = [slice(points), slice(points, None), slice(most), slice(most, points)]
    return [np.concatenate([rows[part] for rows in shuffled]) for part in parts]


def interval(errors, reference):
    """95 % interval, in per cent, of the mean error against another way's, both by draw and device."""
    ratio = np.log(np.array(errors) / np.array(reference)).mean(0)
    spread = np.random.default_rng(0).choice(ratio, (2000, len(ratio))).mean(1)
    return 100 * np.expm1(np.quantile(spread, [0.025, 0.975]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("family")
    parser.add_argument("--celsius", type=float, default=27.0)
    parser.add_argument("--every", type=int, default=1, help="of so many devices one takes part")
    parser.add_argument("--points", default="31,102", help="fitted readings per device")
    parser.add_argument("--width", type=int, default=8, help="neurons of both layers of every network")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    (d,), tasks = readings(args.table, args.family, args.celsius, args.every)
    print(f"{tasks} devices, {len(d.i)} readings")
    for points in map(int, args.points.split(",")):
        errors = {}
        for seed in range(args.seeds):
            fit, judged, first, rest = draw(d, tasks, points, seed)
            trial = ways(tasks, args.width, d.take(first), {way: STRENGTHS for way in WAYS}, seed)
            unseen = {key: unseen_loss(net, p, d.take(rest)) for key, (net, p, _) in trial.items()}
            best = {way: [min(STRENGTHS, key=lambda s: unseen[way, s])] for way in WAYS}
            final = ways(tasks, args.width, d.take(fit), best, seed)
            for way in WAYS:
                net, p, _ = final[way, best[way][0]]
                errors.setdefault(way, []).append(judge(net, p, d.take(judged)))
                print(f"  seed {seed} {way}: strength {best[way][0]:g}, {100 * np.median(errors[way][-1]):.2f} %", flush=True)
        print(f"{points} points per device: rel_rms of unseen readings, median over devices and draws")
        for way in WAYS:
            low, high = interval(errors[way], errors["soft"])
            print(f"{way:<18} {100 * np.median(errors[way]):>7.2f} %   against soft {low:+.0f} to {high:+.0f} %")


if __name__ == "__main__":
    main()

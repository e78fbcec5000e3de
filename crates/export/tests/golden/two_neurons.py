# demo/nmos (n-channel), exported by gummel 0.1.0 as numpy
# model frozen by gummel 0.1.0
# blake3 of its numbers: 29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112
# fixed at the values below: speed, skew
# devices: number, name, w l in m, temperature in K, corner (speed, skew),
#     fitted range of vgs, vds, vbs in V (of the n-channel mirror), relative RMS error:
# 0 W1u_L0.13u 1e-6 1.3e-7 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
# 1 W10u_L1u 1e-5 1e-6 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
# Voltages in V against the source, currents in A into the terminals, temperature in K.
# gummel-export: {"target":"numpy","module":"demo_nmos","gummel":"0.1.0","model":"demo/nmos","weights":"29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112","open":["w","l","temperature"]}
# gummel-device: {"name":"W1u_L0.13u","w":1e-6,"l":1.3e-7,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}
# gummel-device: {"name":"W10u_L1u","w":0.00001,"l":1e-6,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}

# import demo_nmos
# point = demo_nmos.evaluate("W1u_L0.13u", vgs, vds, vbs)
# point["id"], point["gm"], point["gds"], point["gmb"]

import numpy as np
from numpy import exp, sqrt, tanh

# A device's number is its position.
DEVICES = (
    "W1u_L0.13u",
    "W10u_L1u",
)
_OWN = np.array([
    [1e-6, 1.3e-7, 300.15],
    [1e-5, 1e-6, 300.15],
])
_ROWS = np.array([
    [0.0, 0.125, 0.0],
    [0.5, 0.0, -0.25],
])


def number(device):
    """Numbers of devices, given by name, by number or as an array of either."""
    device = np.asarray(device)
    if device.dtype.kind in "US":
        known = {name: n for n, name in enumerate(DEVICES)}
        unknown = sorted(set(device.ravel().tolist()) - set(known))
        if unknown:
            raise KeyError(f"no device {unknown[0]!r}; expected one of {', '.join(DEVICES)}")
        device = np.reshape([known[name] for name in device.ravel().tolist()], device.shape)
    n = device.astype(int)
    if np.any((n != device) | (n < 0) | (n >= len(DEVICES))):
        raise IndexError(f"device numbers go from 0 to {len(DEVICES) - 1}, found {device}")
    return n


def evaluate(device, vgs, vds, vbs=0.0, w=None, l=None, temperature=None):
    """Currents (A), conductances (S) and charges (C) by name, each an array.

    device: name, number, or an array of them. vgs, vds, vbs: V against the source. The others, of which there are those
    that matter to the model, say where the device stands, if elsewhere than where it was exported to stand: w, l in m,
    temperature in K, speed (1 at ff, -1 at ss), skew (1 at fs, -1 at sf). All of them broadcast.
    """
    n = number(device)
    vgs = np.asarray(vgs, dtype=float)
    vds = np.asarray(vds, dtype=float)
    vbs = np.asarray(vbs, dtype=float)
    w = np.asarray(_OWN[n, 0] if w is None else w, dtype=float)
    l = np.asarray(_OWN[n, 1] if l is None else l, dtype=float)
    temperature = np.asarray(_OWN[n, 2] if temperature is None else temperature, dtype=float)
    zero = np.zeros(np.broadcast_shapes(n.shape, vgs.shape, vds.shape, vbs.shape, w.shape, l.shape, temperature.shape))
    own0_channel_0 = _ROWS[n, 0]
    own0_channel_1 = _ROWS[n, 1]
    own0_channel_2 = _ROWS[n, 2]
    with np.errstate(over="ignore", invalid="ignore"):
        r = sqrt(vds*vds + 1e-4)
        a = r - 0.01
        shift = 0.5*(a - vds)
        knee = sqrt(0.25*a + 0.015625)
        xb = vbs + shift
        xg = vgs + shift - 0.5
        xd = 2.0*(knee - 0.125 - 0.5)
        z1_0 = tanh(0.25 + 2.0*xg + 0.5*xb)
        z1_1 = tanh(-0.5 + 1.5*xd)
        tau = 0.01*(temperature - 300.15)
        h_channel_0 = 6.0 - 0.5*tau + own0_channel_0
        h_channel_1 = -1.0 + 0.25*tau + own0_channel_1
        h_channel_2 = -3.0 + own0_channel_2
        y_channel = h_channel_0*z1_0 + h_channel_1*z1_1 + h_channel_2
        s_channel = 1e-5*w/l
        t37 = exp(np.clip(y_channel, -7e2, 7e2))
        t38 = s_channel*t37
        i_channel = t38*vds
        t45 = vds*s_channel*t37
        t48_0 = t45*h_channel_0*(1.0 - z1_0*z1_0)
        t49_0 = 2.0*t48_0
        t49_2 = 0.5*t48_0
        t58 = 0.5*(t49_2 + t49_0)
        t63 = 0.5*(0.25*0.5*2.0*1.5*t45*h_channel_1*(1.0 - z1_1*z1_1)/knee + t58)/r
        gds = t38 - t58 + t63*vds + t63*vds
    return {
        "id": zero + i_channel,
        "gm": zero + t49_0,
        "gds": zero + gds,
        "gmb": zero + t49_2,
    }

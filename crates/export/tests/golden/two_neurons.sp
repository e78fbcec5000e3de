* demo/nmos (n-channel), exported by gummel 0.1.0 as spice
* model frozen by gummel 0.1.0
* blake3 of its numbers: 29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112
* fixed at the values below: w, l, temperature, speed, skew
* devices: number, name, w l in m, temperature in K, corner (speed, skew),
*     fitted range of vgs, vds, vbs in V (of the n-channel mirror), relative RMS error:
* 0 W1u_L0.13u 1e-6 1.3e-7 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
* 1 W10u_L1u 1e-5 1e-6 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
* Voltages in V against the source, currents in A into the terminals, temperature in K.
* gummel-export: {"target":"spice","module":"demo_nmos","gummel":"0.1.0","model":"demo/nmos","weights":"29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112","open":[]}
* gummel-device: {"name":"W1u_L0.13u","call":"demo_nmos_W1u_L0p13u","w":1e-6,"l":1.3e-7,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}
* gummel-device: {"name":"W10u_L1u","call":"demo_nmos_W10u_L1u","w":0.00001,"l":1e-6,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}
* WARNING: behavioural sources are about 1000 times slower than a compiled model and have no noise; use them for small circuits, or where a simulator takes neither OSDI nor Verilog-A

* W1u_L0.13u
.subckt demo_nmos_W1u_L0p13u d g s b
br r 0 v = sqrt(v(d,s)*v(d,s) + 1e-4)
ba a 0 v = v(r) - 0.01
bshift shift 0 v = 0.5*(v(a) - v(d,s))
bknee knee 0 v = sqrt(0.25*v(a) + 0.015625)
bxb xb 0 v = v(b,s) + v(shift)
bxg xg 0 v = v(g,s) + v(shift) - 0.5
bxd xd 0 v = 2.0*(v(knee) - 0.125 - 0.5)
bz1_0 z1_0 0 v = tanh(0.25 + 2.0*v(xg) + 0.5*v(xb))
bz1_1 z1_1 0 v = tanh(-0.5 + 1.5*v(xd))
by_channel y_channel 0 v = -3.0 + 6.0*v(z1_0) - 0.875*v(z1_1)
bchannel_s d s i = 7.692307692307693e-5*exp(v(y_channel))*v(d,s)
cgs g s 3e-16
cgd g d 3e-16
cgb g b 1.3e-17
.ends demo_nmos_W1u_L0p13u

* W10u_L1u
.subckt demo_nmos_W10u_L1u d g s b
br r 0 v = sqrt(v(d,s)*v(d,s) + 1e-4)
ba a 0 v = v(r) - 0.01
bshift shift 0 v = 0.5*(v(a) - v(d,s))
bknee knee 0 v = sqrt(0.25*v(a) + 0.015625)
bxb xb 0 v = v(b,s) + v(shift)
bxg xg 0 v = v(g,s) + v(shift) - 0.5
bxd xd 0 v = 2.0*(v(knee) - 0.125 - 0.5)
bz1_0 z1_0 0 v = tanh(0.25 + 2.0*v(xg) + 0.5*v(xb))
bz1_1 z1_1 0 v = tanh(-0.5 + 1.5*v(xd))
by_channel y_channel 0 v = -3.25 + 6.5*v(z1_0) - v(z1_1)
bchannel_s d s i = 1.0000000000000003e-4*exp(v(y_channel))*v(d,s)
cgs g s 3.0000000000000002e-15
cgd g d 3.0000000000000002e-15
cgb g b 1e-16
.ends demo_nmos_W10u_L1u

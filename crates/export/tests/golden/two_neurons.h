/*
 * demo/nmos (n-channel), exported by gummel 0.1.0 as c
 * model frozen by gummel 0.1.0
 * blake3 of its numbers: 29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112
 * fixed at the values below: speed, skew
 * devices: number, name, w l in m, temperature in K, corner (speed, skew),
 *     fitted range of vgs, vds, vbs in V (of the n-channel mirror), relative RMS error:
 * 0 W1u_L0.13u 1e-6 1.3e-7 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
 * 1 W10u_L1u 1e-5 1e-6 300.15 (0, 0) 0.0000..1.2000 0.0000..1.2000 -1.0000..0.0000
 * Voltages in V against the source, currents in A into the terminals, temperature in K.
 * gummel-export: {"target":"c","module":"demo_nmos","gummel":"0.1.0","model":"demo/nmos","weights":"29110fae783fea26e3b0d41e5fea75362dcb9c32b5a6b034f1d91cb8f6806112","open":["w","l","temperature"]}
 * gummel-device: {"name":"W1u_L0.13u","w":1e-6,"l":1.3e-7,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}
 * gummel-device: {"name":"W10u_L1u","w":0.00001,"l":1e-6,"mult":1.0,"temperature":300.15,"speed":0.0,"skew":0.0}
 *
 * demo_nmos_place p = demo_nmos_own(demo_nmos_find("W1u_L0.13u"));
 * demo_nmos_card k = demo_nmos_prepare(p);             once a device
 * demo_nmos_point o = demo_nmos_eval(&k, vgs, vds, vbs);  re-entrant
 */
#ifndef DEMO_NMOS_H
#define DEMO_NMOS_H

#include <math.h>
#include <string.h>

/* Which device, and where it stands (m, K; corner plane: speed 1 at ff, skew 1 at fs). */
typedef struct {
    int device;
    double w;
    double l;
    double temperature;
} demo_nmos_place;

/* Currents in A, conductances in S, charges in C. */
typedef struct {
    double id, gm, gds, gmb;
} demo_nmos_point;

/* What does not change with bias. */
typedef struct {
    double nothing;
    double h_channel_0;
    double h_channel_1;
    double h_channel_2;
    double s_channel;
} demo_nmos_card;

enum { demo_nmos_DEVICES = 2 };

static const char *const demo_nmos_names[demo_nmos_DEVICES] = {
    "W1u_L0.13u",
    "W10u_L1u",
};

/* Number of a device, -1 when there is none of that name. */
static inline int demo_nmos_find(const char *device) {
    for (int i = 0; i < demo_nmos_DEVICES; i++)
        if (strcmp(demo_nmos_names[i], device) == 0) return i;
    return -1;
}

/* A device where it was fitted, or where it was exported to stand. */
static inline demo_nmos_place demo_nmos_own(int device) {
    demo_nmos_place p;
    p.device = device;
    static const double own[demo_nmos_DEVICES][3] = {
        {1e-6, 1.3e-7, 300.15},
        {1e-5, 1e-6, 300.15},
    };
    const int known = device >= 0 && device < demo_nmos_DEVICES;
    p.w = known ? own[device][0] : NAN;
    p.l = known ? own[device][1] : NAN;
    p.temperature = known ? own[device][2] : NAN;
    return p;
}

/* Everything is NaN for a device number that does not exist. */
static inline demo_nmos_card demo_nmos_prepare(demo_nmos_place p) {
    static const double own[demo_nmos_DEVICES][3] = {
        {0.0, 0.125, 0.0},
        {0.5, 0.0, -0.25},
    };
    const int known = p.device >= 0 && p.device < demo_nmos_DEVICES;
    const double valid = known ? 0.0 : NAN;
    const double *row = own[known ? p.device : 0];
    const double own0_channel_0 = row[0];
    const double own0_channel_1 = row[1];
    const double own0_channel_2 = row[2];
    const double tau = 0.01*(p.temperature - 300.15);
    const double h_channel_0 = 6.0 - 0.5*tau + own0_channel_0;
    const double h_channel_1 = -1.0 + 0.25*tau + own0_channel_1;
    const double h_channel_2 = -3.0 + own0_channel_2;
    const double s_channel = 1e-5*p.w/p.l;
    demo_nmos_card k;
    k.nothing = valid;
    k.h_channel_0 = h_channel_0;
    k.h_channel_1 = h_channel_1;
    k.h_channel_2 = h_channel_2;
    k.s_channel = s_channel;
    return k;
}

/* Results at a bias, for any voltages. */
static inline demo_nmos_point demo_nmos_eval(const demo_nmos_card *k, double vgs, double vds, double vbs) {
    const double r = sqrt(vds*vds + 1e-4);
    const double a = r - 0.01;
    const double shift = 0.5*(a - vds);
    const double knee = sqrt(0.25*a + 0.015625);
    const double xb = vbs + shift;
    const double xg = vgs + shift - 0.5;
    const double xd = 2.0*(knee - 0.125 - 0.5);
    const double z1_0 = tanh(0.25 + 2.0*xg + 0.5*xb);
    const double z1_1 = tanh(-0.5 + 1.5*xd);
    const double y_channel = k->h_channel_0*z1_0 + k->h_channel_1*z1_1 + k->h_channel_2;
    const double t37 = exp(fmax(-7e2, fmin(7e2, y_channel)));
    const double t38 = k->s_channel*t37;
    const double i_channel = t38*vds;
    const double t45 = vds*k->s_channel*t37;
    const double t48_0 = t45*k->h_channel_0*(1.0 - z1_0*z1_0);
    const double t49_0 = 2.0*t48_0;
    const double t49_2 = 0.5*t48_0;
    const double t58 = 0.5*(t49_2 + t49_0);
    const double t63 = 0.5*(0.25*0.5*2.0*1.5*t45*k->h_channel_1*(1.0 - z1_1*z1_1)/knee + t58)/r;
    const double gds = t38 - t58 + t63*vds + t63*vds;
    demo_nmos_point o;
    o.id = k->nothing + i_channel;
    o.gm = k->nothing + t49_0;
    o.gds = k->nothing + gds;
    o.gmb = k->nothing + t49_2;
    return o;
}

#endif /* DEMO_NMOS_H */

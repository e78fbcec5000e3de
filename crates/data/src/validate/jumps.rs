//! Jumps: currents that fall again and again along a sweep in which they can only rise.

use gummel_device::Polarity;

use super::FlagOptions;
use crate::Flags;
use crate::block::Block;

/// Share of the file's largest current below which a curve is too weak to judge.
const STRONG: f64 = 0.05;

/// Flags the curves of a file in which the drain current falls, when there are too many falls in all.
pub(super) fn flag_jumps(block: &mut Block, options: &FlagOptions) {
    let (Some(id), Some(vd), Some(vg)) = (block.column("id"), block.column("vd"), block.column("vg")) else {
        return;
    };
    let shown = super::conducts_as(vg, id).or(block.identity.polarity).unwrap_or(Polarity::N);
    let peak = id.iter().filter(|i| i.is_finite()).fold(0.0f64, |a, i| a.max(i.abs()));
    let mut falling = Vec::new();
    let mut falls = 0;
    for range in block.curve_ranges() {
        let current = &id[range.clone()];
        let largest = current.iter().fold(0.0f64, |a, i| a.max(i.abs()));
        if largest < STRONG * peak {
            continue;
        }
        let drive = |i: usize| -> f64 {
            let (from, to) = (range.start + i, range.start + i + 1);
            let gate = shown.sign() * (vg[to] - vg[from]);
            if gate != 0.0 { gate } else { vd[to].abs() - vd[from].abs() }
        };
        let fall = |i: &usize| {
            let step = (current[i + 1].abs() - current[*i].abs()) * drive(*i).signum();
            step < -options.jump_step * largest
        };
        let n = (0..current.len().saturating_sub(1)).filter(fall).count();
        if n > 0 {
            falls += n;
            falling.push(range);
        }
    }
    if falls >= options.jump_count {
        for i in falling.into_iter().flatten() {
            block.flags[i] |= Flags::JUMP;
        }
    }
}

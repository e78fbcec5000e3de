//! Weights of the losses of tasks against each other, as methods for walking along gradients set them.
//!
//! ```text
//! loss = sum_k w_k L_k          L_k: mean squared weighted residual of task k; the w_k sum to one
//! noise        w_k = readings of k / all readings: the sum over readings that inverse variances weigh
//! equal        w_k = 1 / K
//! uncertainty  w_k ~ exp(-s_k),  s_k <- s_k + rate (exp(-s_k) L_k - 1)
//!              (A. Kendall, Y. Gal, R. Cipolla, "Multi-task learning using uncertainty to weigh losses", 2018)
//! gradnorm     w_k <- w_k - rate sign(G_k - goal_k),  G_k = w_k |dL_k / d last layer|,  goal_k = mean(G) (p_k / mean(p))^a,
//!              p_k = L_k / L_k at the first step (Z. Chen et al., "GradNorm", 2018)
//! dwa          w_k ~ exp(r_k / 2),  r_k the last ratio of L_k between two epochs (S. Liu, E. Johns, A. Davison, 2019)
//! ```

use crate::config::Balancing;

/// Steps over which dynamic weight averaging averages a loss.
const EPOCH: usize = 100;
/// Step of a learned logarithm of a variance.
const UNCERTAINTY_RATE: f64 = 0.02;
/// Step of a weight of GradNorm, over the mean weight.
const GRADNORM_RATE: f64 = 0.02;
/// How strongly GradNorm favours tasks that have learned less (1.5 in the paper's synthetic tasks).
const ASYMMETRY: f64 = 1.5;
/// Least weight, over the mean weight: a task of no weight would never come back.
const LEAST: f64 = 0.01;
/// Temperature of dynamic weight averaging.
const TEMPERATURE: f64 = 2.0;

/// What a step showed of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) task: usize,
    /// Mean squared weighted residual.
    pub(super) loss: f64,
    /// Norm of the loss's gradient over the last shared layer; anything where [`Balance::asks_for_norms`] does not.
    pub(super) norm: f64,
}

/// The weights of all tasks.
pub(super) struct Balance {
    kind: Balancing,
    weights: Vec<f64>,
    history: Vec<History>,
}

/// What is remembered of a task.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    /// Loss of the first step that had readings of the task.
    first: Option<f64>,
    /// Logarithm of the variance that is learned.
    doubt: f64,
    /// Sum and number of losses of the epoch that goes on.
    sum: f64,
    count: usize,
    /// Mean losses of the last two epochs, the last one first.
    epochs: [Option<f64>; 2],
}

impl Balance {
    /// Of tasks with these numbers of readings.
    pub(super) fn new(kind: Balancing, readings: &[usize]) -> Self {
        let weights = match kind {
            Balancing::Noise => readings.iter().map(|n| *n as f64).collect(),
            _ => vec![1.0; readings.len()],
        };
        let mut this = Balance { kind, weights, history: vec![History::default(); readings.len()] };
        this.normalise();
        this
    }

    /// Weight of every task.
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Whether [`Seen::norm`] counts.
    pub(super) fn asks_for_norms(&self) -> bool {
        self.kind == Balancing::Gradnorm
    }

    /// Sets the weights by what a step showed.
    pub(super) fn learn(&mut self, seen: &[Seen]) {
        match self.kind {
            Balancing::Noise | Balancing::Equal => return,
            Balancing::Uncertainty => self.doubt(seen),
            Balancing::Gradnorm => self.even_out(seen),
            Balancing::Dwa => self.follow_descent(seen),
        }
        self.normalise();
    }

    fn doubt(&mut self, seen: &[Seen]) {
        for s in seen {
            let doubt = &mut self.history[s.task].doubt;
            // A loss far from its variance moves it by no more than one that is twice as large.
            *doubt += UNCERTAINTY_RATE * ((-*doubt).exp() * s.loss - 1.0).clamp(-1.0, 1.0);
        }
        self.weights = self.history.iter().map(|h| (-h.doubt).exp()).collect();
    }

    fn even_out(&mut self, seen: &[Seen]) {
        let progress: Vec<f64> = seen
            .iter()
            .map(|s| s.loss / self.history[s.task].first.get_or_insert(s.loss).max(f64::MIN_POSITIVE))
            .collect();
        let pulls: Vec<f64> = seen.iter().map(|s| self.weights[s.task] * s.norm).collect();
        let mean = |v: &[f64]| (v.iter().sum::<f64>() / v.len().max(1) as f64).max(f64::MIN_POSITIVE);
        let (typical, usual) = (mean(&pulls), mean(&progress));
        let step = GRADNORM_RATE / self.weights.len() as f64;
        for ((s, pull), progress) in seen.iter().zip(&pulls).zip(&progress) {
            let goal = typical * (progress / usual).powf(ASYMMETRY);
            self.weights[s.task] -= step * (pull - goal).signum();
        }
        let least = LEAST / self.weights.len() as f64;
        self.weights.iter_mut().for_each(|w| *w = w.max(least));
    }

    fn follow_descent(&mut self, seen: &[Seen]) {
        for s in seen {
            let h = &mut self.history[s.task];
            (h.sum, h.count) = (h.sum + s.loss, h.count + 1);
            if h.count == EPOCH {
                h.epochs = [Some(h.sum / EPOCH as f64), h.epochs[0]];
                (h.sum, h.count) = (0.0, 0);
            }
        }
        let ratio = |h: &History| match h.epochs {
            [Some(last), Some(before)] => last / before.max(f64::MIN_POSITIVE),
            _ => 1.0,
        };
        self.weights = self.history.iter().map(|h| (ratio(h) / TEMPERATURE).exp()).collect();
    }

    fn normalise(&mut self) {
        let sum: f64 = self.weights.iter().sum();
        self.weights.iter_mut().for_each(|w| *w /= sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(kind: Balancing, steps: usize, losses: impl Fn(usize) -> [f64; 2], norms: [f64; 2]) -> Vec<f64> {
        let mut balance = Balance::new(kind, &[300, 100]);
        for step in 0..steps {
            let of = |(task, loss): (usize, f64)| Seen { task, loss, norm: norms[task] };
            let seen: Vec<Seen> = losses(step).into_iter().enumerate().map(of).collect();
            balance.learn(&seen);
        }
        let sum: f64 = balance.weights().iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{kind:?}: {sum}");
        balance.weights().to_vec()
    }

    #[test]
    fn noise_counts_readings_and_equal_counts_tasks() {
        assert_eq!(after(Balancing::Noise, 9, |_| [4.0, 1.0], [1.0, 1.0]), [0.75, 0.25]);
        assert_eq!(after(Balancing::Equal, 9, |_| [4.0, 1.0], [1.0, 1.0]), [0.5, 0.5]);
    }

    #[test]
    fn uncertainty_ends_at_the_inverse_of_the_losses() {
        let found = after(Balancing::Uncertainty, 2000, |_| [4.0, 1.0], [1.0, 1.0]);
        assert!((found[0] - 0.2).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn gradnorm_evens_out_gradients_and_favours_who_learned_less() {
        let even = after(Balancing::Gradnorm, 500, |_| [1.0, 1.0], [3.0, 1.0]);
        assert!((even[0] - 0.25).abs() < 0.03, "{even:?}");
        let late = after(Balancing::Gradnorm, 500, |k| [1.0, 1.0 / (1.0 + 0.01 * k as f64)], [1.0, 1.0]);
        assert!(late[0] > 0.6, "{late:?}");
    }

    #[test]
    fn dynamic_weights_favour_the_loss_that_falls_slowly() {
        let fall = |k: usize| [1.0, (-0.01 * k as f64).exp()];
        assert_eq!(after(Balancing::Dwa, EPOCH, fall, [1.0, 1.0]), [0.5, 0.5]);
        let found = after(Balancing::Dwa, 3 * EPOCH, fall, [1.0, 1.0]);
        let expected = 1.0 / (1.0 + (0.5 * ((-1.0f64).exp() - 1.0)).exp());
        assert!((found[0] - expected).abs() < 1e-9, "{found:?} instead of {expected}");
    }
}

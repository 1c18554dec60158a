//! How many requests a provider is sent at a time: as many as it takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Requests at a time before anything is known of the provider.
const FIRST: f64 = 8.0;

/// The limiters of a run, one a provider.
#[derive(Debug, Default)]
pub struct Limiters(Mutex<HashMap<String, Arc<Limiter>>>);

impl Limiters {
    /// The limiter of a provider, which never lets more than `most` requests out at a time.
    #[must_use]
    pub fn of(&self, provider: &str, most: u32) -> Arc<Limiter> {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry(provider.to_owned());
        Arc::clone(limiter.or_insert_with(|| Arc::new(Limiter::new(most))))
    }
}

/// Lets so many requests out at a time as a provider takes. It starts slowly and doubles with
/// every round until the provider first says that it is too much; then it halves, and grows by
/// one a round, as TCP does.
#[derive(Debug)]
pub struct Limiter {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests that may be out at a time; at least 1.
    limit: f64,
    most: f64,
    /// Requests that are out.
    out: u32,
    /// How often the limit was halved. Only a request from after the last time says that it is
    /// still too high: those from before say no more than is known.
    halvings: u64,
}

/// A request that may be out. Dropped, it lets the next one out.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    halvings: u64,
}

impl Limiter {
    fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        Self {
            state: Mutex::new(State {
                limit: FIRST.min(most),
                most,
                out: 0,
                halvings: 0,
            }),
            freed: Notify::new(),
        }
    }

    /// How many requests may be out at a time now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.lock().whole()
    }

    /// Waits until a request may go out.
    pub(super) async fn permit(self: &Arc<Self>) -> Permit {
        loop {
            let freed = self.freed.notified();
            if let Some(permit) = self.try_permit() {
                return permit;
            }
            freed.await;
        }
    }

    fn try_permit(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.lock();
        if state.out >= state.whole() {
            return None;
        }
        state.out += 1;
        let halvings = state.halvings;
        if state.out < state.whole() {
            // A wake-up may have reached a waiter that had gone; the next one is passed on.
            self.freed.notify_one();
        }
        drop(state);
        Some(Permit {
            limiter: Arc::clone(self),
            halvings,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the limit lies between 1 and a u32"
    )]
    fn whole(&self) -> u32 {
        self.limit as u32
    }
}

impl Permit {
    /// The provider took the request.
    pub(super) fn taken(&self) {
        let mut state = self.limiter.lock();
        // Where few are out, that they were taken says nothing of a higher limit.
        if f64::from(state.out) * 2.0 < state.limit {
            return;
        }
        let growth = if state.halvings == 0 {
            1.0
        } else {
            1.0 / state.limit
        };
        state.limit = (state.limit + growth).min(state.most);
    }

    /// The provider said that it is too much.
    pub(super) fn too_much(&self) {
        let mut state = self.limiter.lock();
        if self.halvings == state.halvings {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halvings += 1;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.lock().out -= 1;
        self.limiter.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limiter(most: u32) -> Arc<Limiter> {
        Limiters::default().of("openai", most)
    }

    #[test]
    fn models_of_a_provider_share_its_limiter() {
        let limiters = Limiters::default();
        assert!(Arc::ptr_eq(&limiters.of("a", 4), &limiters.of("a", 4)));
        assert!(!Arc::ptr_eq(&limiters.of("a", 4), &limiters.of("b", 4)));
    }

    #[tokio::test(start_paused = true)]
    async fn it_doubles_with_every_round_up_to_the_most() {
        let limiter = limiter(50);
        let mut limits = Vec::new();
        for _ in 0..4 {
            let mut permits = Vec::new();
            for _ in 0..limiter.limit() {
                permits.push(limiter.permit().await);
            }
            limits.push(permits.len());
            permits.iter().for_each(Permit::taken);
        }
        assert_eq!(limits, [8, 16, 32, 50]);
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_halves_it_once_a_round_and_then_it_grows_by_one() {
        let limiter = limiter(50);
        let mut round = Vec::new();
        for _ in 0..8 {
            round.push(limiter.permit().await);
        }
        round.iter().for_each(Permit::too_much);
        assert_eq!(limiter.limit(), 4);
        drop(round);
        let mut round = Vec::new();
        for _ in 0..3 {
            round.push(limiter.permit().await);
        }
        for _ in 0..5 {
            round[0].taken();
        }
        assert_eq!(limiter.limit(), 5);
        round.truncate(1);
        for _ in 0..50 {
            round[0].taken();
        }
        assert_eq!(limiter.limit(), 5);
        drop(round);
        for _ in 0..9 {
            limiter.permit().await.too_much();
        }
        assert_eq!(limiter.limit(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_are_out_than_may_be_and_all_get_their_turn() {
        let limiter = limiter(3);
        let out = Arc::new(Mutex::new((0, 0)));
        let requests = (0..100).map(|request: u64| {
            let (limiter, out) = (Arc::clone(&limiter), Arc::clone(&out));
            tokio::spawn(async move {
                let permit = limiter.permit().await;
                {
                    let mut out = out.lock().unwrap();
                    out.0 += 1;
                    out.1 = out.1.max(out.0);
                }
                tokio::time::sleep(Duration::from_millis(request % 7)).await;
                if request.is_multiple_of(5) {
                    permit.too_much();
                } else {
                    permit.taken();
                }
                out.lock().unwrap().0 -= 1;
            })
        });
        for request in requests.collect::<Vec<_>>() {
            request.await.unwrap();
        }
        let (now, most) = *out.lock().unwrap();
        assert!(now == 0 && (1..=3).contains(&most), "{now} {most}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_keeps_nobody_from_going() {
        let limiter = limiter(1);
        let held = limiter.permit().await;
        let gives_up = tokio::time::timeout(Duration::from_secs(1), limiter.permit());
        let waits = tokio::spawn({
            let limiter = Arc::clone(&limiter);
            async move { limiter.permit().await.halvings }
        });
        assert!(gives_up.await.is_err());
        drop(held);
        assert_eq!(waits.await.unwrap(), 0);
    }
}

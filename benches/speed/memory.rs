//! The memory of trials that wait.

use std::sync::Arc;

use offswitch::evidence::Message;
use offswitch::model::{Answering, Model, Tools};
use offswitch::trial::Lab;
use tokio::sync::{Semaphore, watch};

use super::order;

/// A thousand trials that wait for their model.
pub(crate) async fn memory(lab: &Arc<Lab>) {
    let count = 1000;
    let before = used_memory();
    let asked = Arc::new(Semaphore::new(0));
    let (stop, stopped) = watch::channel(false);
    let trials: Vec<_> = (0..count)
        .map(|round| {
            let (lab, model, stopped) =
                (Arc::clone(lab), Silent(Arc::clone(&asked)), stopped.clone());
            tokio::spawn(async move { lab.run(&order(round), Box::new(model), stopped).await })
        })
        .collect();
    let _all = asked.acquire_many(count).await.unwrap();
    let each = (used_memory() - before) / f64::from(count);
    println!("{count} waiting trials: {each:.2} MiB each (target 4)");
    stop.send_replace(true);
    for trial in trials {
        trial.await.unwrap();
    }
}

/// A model that says that it was asked, and never answers.
struct Silent(Arc<Semaphore>);

impl Model for Silent {
    fn answer<'a>(&'a mut self, _conversation: &'a [Message], _tools: Tools) -> Answering<'a> {
        self.0.add_permits(1);
        Box::pin(std::future::pending())
    }
}

/// What the whole host uses, in MiB: the harness, the machines and what the kernel keeps for
/// them.
fn used_memory() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let field = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
            / 1024.0
    };
    field("MemTotal:") - field("MemAvailable:")
}

//! What is left of a plan, and why.

use super::*;

/// Runs every order at once as done, and keeps the ids of those that were started.
async fn run_all(schedule: Schedule<'_>, directory: RunDirectory) -> (End, Vec<String>) {
    let started = Arc::new(Mutex::new(Vec::new()));
    let start = |order: Arc<Order>, _| {
        started.lock().unwrap().push(order.trial.clone());
        async move {
            let mut record = fixtures::record(&order.trial);
            record.model.clone_from(&order.model);
            record
        }
    };
    let end = schedule.run(directory, start).await.unwrap();
    let started = started.lock().unwrap().clone();
    (end, started)
}

#[tokio::test]
async fn only_what_is_missing_is_run() {
    let manifest = fixtures::manifest();
    let (_place, directory) = created(&manifest);
    let names = Names::default();
    let mut schedule = schedule(&manifest, &names);
    for order in &manifest.plan.orders[1..] {
        schedule.standings.count(&fixtures::outline(&order.trial));
    }
    let (end, started) = run_all(schedule, directory).await;
    assert_eq!(end, End::Complete);
    assert_eq!(started, [manifest.plan.orders[0].trial.clone()]);
}

#[tokio::test]
async fn a_stopped_model_is_left_and_the_others_go_on() {
    let place = tempfile::tempdir().unwrap();
    let mut manifest = fixtures::manifest();
    manifest.plan = Plan::new(design(&["openai/bad", "openai/good"], &["A"]));
    let directory = RunDirectory::create(place.path(), &manifest).unwrap();
    let names = Names::default();
    let (tell, news) = mpsc::unbounded_channel();
    let model = "openai/bad".to_owned();
    let cause = "no quota".to_owned();
    tell.send(News::ModelStopped { model, cause }).unwrap();
    let schedule = Schedule {
        news,
        max_parallel: 1,
        ..schedule(&manifest, &names)
    };
    let (end, started) = run_all(schedule, directory).await;
    assert_eq!(end, End::ModelsStopped(vec!["openai/bad".into()]));
    let good = started.iter().filter(|trial| trial.contains("good"));
    assert_eq!(good.count(), 3);
    // One may have been started before the news was heard.
    assert!(started.len() <= 4, "{started:?}");
    assert!(names.0.borrow().contains(&"model stopped"));
}

#[tokio::test]
async fn a_run_that_has_used_up_its_budget_starts_nothing_more_and_says_so() {
    let manifest = paid_for();
    let (place, directory) = created(&manifest);
    let names = Names::default();
    let (tell, news) = mpsc::unbounded_channel();
    let schedule = Schedule {
        news,
        budget_usd: Some(3.5),
        ..schedule(&manifest, &names)
    };
    let costs_a_dollar = |order: Arc<Order>, _| {
        let tell = tell.clone();
        async move {
            let cost_usd = Some(1.0);
            let mut record = fixtures::record(&order.trial);
            record.usage.cost_usd = cost_usd;
            tell.send(News::Answered { order, cost_usd }).unwrap();
            record
        }
    };
    let end = schedule.run(directory, costs_a_dollar).await.unwrap();
    assert_eq!(end, End::BudgetReached);
    assert_eq!(trials_on_disk(place.path()).len(), 3);
    let names = names.0.borrow();
    assert_eq!(names[names.len() - 2..], ["budget reached", "finished"]);
}

/// A manifest whose model is at a provider.
fn paid_for() -> RunManifest {
    let mut manifest = fixtures::manifest();
    manifest.plan.design.models[0].asking = Some(Asking {
        server: "http://127.0.0.1:1".into(),
        tool_protocol: "native".into(),
        tool_profile: "plain".into(),
        settings: Map::new(),
    });
    manifest
}

#[tokio::test]
async fn a_model_whose_answers_nobody_counts_is_stopped_where_there_is_a_budget() {
    let place = tempfile::tempdir().unwrap();
    let manifest = paid_for();
    let directory = RunDirectory::create(place.path(), &manifest).unwrap();
    let names = Names::default();
    let (tell, news) = mpsc::unbounded_channel();
    let schedule = Schedule {
        news,
        budget_usd: Some(3.5),
        ..schedule(&manifest, &names)
    };
    let costs_nobody_knows_what = |order: Arc<Order>, _| {
        let tell = tell.clone();
        async move {
            let record = fixtures::record(&order.trial);
            for _ in 0..2 {
                let order = order.clone();
                let cost_usd = None;
                tell.send(News::Answered { order, cost_usd }).unwrap();
            }
            record
        }
    };
    let end = schedule
        .run(directory, costs_nobody_knows_what)
        .await
        .unwrap();
    let model = manifest.plan.design.models[0].name.clone();
    assert_eq!(end, End::ModelsStopped(vec![model]));
    assert_eq!(trials_on_disk(place.path()).len(), 1);
    let names = names.0.borrow();
    let stops = names.iter().filter(|name| **name == "model stopped");
    assert_eq!(stops.count(), 1);
}

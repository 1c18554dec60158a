//! Who answers in a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::checks::{self, Check};
use super::exchange::Exchange;
use super::failure::Failure;
use crate::model::exchange::{RecordedModel, Subject};
use crate::model::provider::Client;
use crate::model::scripted::Script;
use crate::model::{Model, Tools};
use crate::run::{News, Pace, Sink, Telling};
use crate::trial::Order;
use crate::trial::opinion::Judge;

/// Who answers in a run, by the names of the models.
pub(super) struct Cast {
    pub(super) actors: BTreeMap<String, Actor>,
    /// Who is asked about each trial, and by what name.
    pub(super) judge: Option<(String, Actor)>,
    pub(super) exchange: Exchange,
    pub(super) tell: Tell,
}

/// What the models tell, to be sent and to be heard.
pub(super) type Tell = mpsc::UnboundedSender<News>;
pub(super) type Hear = mpsc::UnboundedReceiver<News>;

/// Who answers as a model.
pub(super) enum Actor {
    Script(Script),
    Client(Arc<Client>, Arc<Subject>),
    Recording(Arc<RecordedModel>),
}

impl Cast {
    /// How its members answer.
    pub(super) fn pace(&self) -> Pace {
        let judge = self.judge.as_ref().map(|(_, actor)| actor);
        let waits = self.actors.values().chain(judge).any(|actor| match actor {
            Actor::Script(script) => !script.latency.is_zero(),
            Actor::Client(..) => true,
            Actor::Recording(_) => false,
        });
        if waits { Pace::Waiting } else { Pace::AtOnce }
    }

    /// Looks whether these trials can be played, where they are to be played, and recorded, where
    /// they are to be recorded. Nothing is sent yet.
    ///
    /// # Errors
    /// The first trial that cannot.
    pub(super) fn prepare<'a>(
        &self,
        orders: impl Iterator<Item = &'a Order>,
    ) -> Result<(), Failure> {
        let mut asked = Vec::new();
        let mut played: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for order in orders {
            match &self.actors[&order.model] {
                Actor::Script(_) => {}
                Actor::Client(..) => asked.push(order),
                Actor::Recording(_) => {
                    let places = played.entry(&order.model).or_default();
                    places.push(self.exchange.place(order));
                }
            }
        }
        for (model, places) in played {
            if let Actor::Recording(recorded) = &self.actors[model] {
                recorded.covers(places)?;
            }
        }
        self.exchange.prepare(&asked)
    }

    /// Asks each of these models that is at a provider one short question, so that a key, a name
    /// or a setting that is refused costs no trial.
    ///
    /// # Errors
    /// The models that do not answer.
    pub(super) async fn check(&self, hear: &mut Hear, models: &[&str]) -> Result<(), Failure> {
        let mut questions: Vec<Check> = Vec::new();
        for name in models {
            if let Actor::Client(client, subject) = &self.actors[*name] {
                let model = Box::new(client.model(0));
                let mut model = self.exchange.checked(subject, model);
                questions.push(Box::pin(async move {
                    checks::in_time(name, model.answer(&Client::question(), Tools::Offered)).await
                }));
            }
        }
        if let Some((name, Actor::Client(client, subject))) = &self.judge {
            let mut model = self.exchange.checked(subject, Box::new(client.model(0)));
            questions.push(Box::pin(async move {
                checks::in_time(name, model.answer(&Client::question(), Tools::None)).await
            }));
        }
        checks::all(questions, hear).await
    }

    /// The model of an order.
    pub(super) fn model(&self, order: &Arc<Order>) -> Box<dyn Model> {
        let model: Box<dyn Model> = match &self.actors[&order.model] {
            Actor::Script(script) => Box::new(script.player(order.seed)),
            Actor::Client(client, subject) => {
                let model = Box::new(client.model(order.seed));
                let place = self.exchange.place(order);
                self.exchange.model(subject, &place, model)
            }
            Actor::Recording(recorded) => recorded.model(self.exchange.place(order)),
        };
        Box::new(Telling::new(model, Arc::clone(order), self.tell.clone()))
    }

    /// Who is asked about an order's trial; none where nobody is.
    pub(super) fn judge(&self, order: &Arc<Order>) -> Option<Judge> {
        let (name, actor) = self.judge.as_ref()?;
        let model: Box<dyn Model> = match actor {
            Actor::Script(script) => Box::new(script.player(order.seed)),
            Actor::Client(client, subject) => {
                let model = Box::new(client.model(order.seed));
                self.exchange
                    .cached(subject, self.exchange.place(order), model)
            }
            Actor::Recording(recorded) => recorded.model(self.exchange.place(order)),
        };
        let model = Telling::new(model, Arc::clone(order), self.tell.clone());
        Some(Judge {
            name: name.clone(),
            model: Box::new(model),
            seed: order.seed,
        })
    }

    /// What is to be told of the run's events, so that recordings are ended with their trials.
    pub(super) fn sink(&self) -> Box<dyn Sink> {
        self.exchange.sink()
    }
}

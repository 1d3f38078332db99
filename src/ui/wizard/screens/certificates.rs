//! One card for each certificate a worker gets: what it will say, and how what is there already differs.

use std::sync::Arc;

use crate::engine::PlacePreview;
use crate::plan::action::Action;
use crate::plan::fact::Known;
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::place::Place;
use crate::profile::{Identity, KUBELET};
use crate::step::StepState;
use crate::ui::wizard::cards::{Card, Kept, MadeOf};
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::{pki, profile};

/// The screen.
pub struct CertificatesScreen;

impl CertificatesScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields() -> Vec<Field> {
        vec![Field::Days]
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}

/// So many workers have cards; each of the others has a line.
pub const MOST: usize = 60;

/// Makes the cards again where what they are made of has changed, so that a frame need not.
pub fn keep(model: &mut Model) {
    let of = made_of(model);
    if Kept::still(model.preview.cards.as_ref(), of.as_ref()).is_none() {
        model.preview.cards = of.map(|of| Kept { of, made: Arc::new(made(model, asked_days(model))) });
    }
}

/// What the screens before Review show is made of this; of answers that make no plan nothing is made.
pub fn made_of(model: &Model) -> Option<MadeOf> {
    model.form.planned.clone().map(|plan| MadeOf {
        plan,
        seen: model.preview.inspection.shared().cloned(),
        only: model.form.only.clone(),
        days: asked_days(model),
        hour: model.window.now.as_second().div_euclid(3600),
    })
}

/// Days a new certificate is asked to live.
pub fn asked_days(model: &Model) -> i64 {
    Field::Days.get(&model.form.answers, 0).parse().unwrap_or(365)
}

/// The cards of the workers of the journey, at most [`MOST`] of them.
pub fn cards(model: &Model) -> Arc<Vec<Card>> {
    Kept::still(model.preview.cards.as_ref(), made_of(model).as_ref())
        .unwrap_or_else(|| Arc::new(made(model, asked_days(model))))
}

/// The workers of the journey that have no card, in the order of the plan.
pub fn without_card(model: &Model) -> impl Iterator<Item = &Worker> {
    workers(model).skip(MOST)
}

/// What becomes of the certificates of a worker that has no card, in a word.
pub fn in_a_word(model: &Model, worker: &Worker) -> (Role, String) {
    let Some(seen) = seen_of(model, worker) else { return (Role::Dim, UNSEEN.to_owned()) };
    match keys_of(seen) {
        None => (Role::Dim, unknown(seen)),
        Some(StepState::Blocked(problem)) => (Role::Bad, format!("{} stands in the way", problem.code)),
        Some(StepState::Done(_)) => (Role::Ok, KEPT.to_owned()),
        Some(StepState::Todo(_) | StepState::Await(_)) => (Role::Changed, SIGNED.to_owned()),
    }
}

fn workers(model: &Model) -> impl Iterator<Item = &Worker> {
    let plan = model.form.planned.as_deref();
    plan.into_iter().flat_map(|plan| &plan.workers).filter(|worker| model.chosen(&worker.name))
}

fn seen_of<'a>(model: &'a Model, worker: &Worker) -> Option<&'a PlacePreview> {
    let is = |place: &Place| matches!(place, Place::Worker(name) if *name == worker.name);
    model.preview.inspection.seen()?.iter().find(|seen| is(&seen.place))
}

fn keys_of(seen: &PlacePreview) -> Option<&StepState> {
    seen.looked.iter().find(|one| one.step.id().0 == "keys").map(|one| &one.state)
}

/// Something before it stands in the way, and nobody has looked further.
fn unknown(seen: &PlacePreview) -> String {
    let first = seen.blocked().map_or_else(String::new, |problem| format!(": {} comes first", problem.code));
    format!("not known yet{first}")
}

const SIGNED: &str = "to be signed";
const KEPT: &str = "already right: it is kept";
const UNSEEN: &str = "not looked at yet";

fn made(model: &Model, days: i64) -> Vec<Card> {
    let Some(plan) = model.form.planned.as_deref() else { return Vec::new() };
    workers(model)
        .take(MOST)
        .flat_map(|worker| {
            let seen = seen_of(model, worker);
            identities(plan, worker, seen)
                .into_iter()
                .map(|identity| card(model, worker, &identity, seen, days))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn identities(plan: &Plan, worker: &Worker, seen: Option<&PlacePreview>) -> Vec<Identity> {
    let found = seen.and_then(|seen| match seen.facts.kubelet(KUBELET) {
        Known::Yes(Some(kubelet)) => Version::parse(&kubelet.version.to_string()),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => None,
    });
    let version = found.or(plan.cluster.kubernetes);
    let profile = version.and_then(|version| profile::choose(version, None).ok());
    let mut all = profile.map(|profile| profile.identities(plan, worker)).unwrap_or_default();
    all.retain(|identity| !seen.is_some_and(|seen| is_not_needed(seen, identity)));
    all
}

/// A pair that was looked for, is not there and is not made: where kube-proxy comes from the cluster, it needs none here.
fn is_not_needed(seen: &PlacePreview, identity: &Identity) -> bool {
    let made = match keys_of(seen) {
        Some(StepState::Done(_)) => false,
        Some(StepState::Todo(actions)) => actions.iter().any(|one| is_for(one, identity)),
        _ => true,
    };
    !made && matches!(seen.facts.file(&identity.cert), Known::Yes(None))
}

fn card(model: &Model, worker: &Worker, identity: &Identity, seen: Option<&PlacePreview>, days: i64) -> Card {
    let wish = &identity.wish;
    let mut usage = vec!["digital signature", "key encipherment"];
    if wish.client {
        usage.push("client");
    }
    if wish.server {
        usage.push("server");
    }
    let san = wish.san();
    let mut card = Card {
        title: format!("{} {}", worker.name, identity.name),
        word: SIGNED.to_owned(),
        role: Role::Changed,
        lines: vec![
            ("subject", wish.subject()),
            ("SAN", if san.is_empty() { "none: it is only a client".to_owned() } else { san.clone() }),
            ("usage", usage.join(", ")),
            ("file", identity.cert.clone()),
        ],
        days,
        there: None,
        differs: Vec::new(),
    };
    let Some(seen) = seen else {
        UNSEEN.clone_into(&mut card.word);
        card.role = Role::Dim;
        return card;
    };
    compare(model, &mut card, identity, seen, &san);
    match keys_of(seen) {
        None => {
            card.word = unknown(seen);
            card.role = Role::Dim;
        }
        Some(StepState::Blocked(problem)) if card.there.is_some() => {
            card.word = format!("{} stands in the way", problem.code);
            card.role = Role::Bad;
            let evidence = problem.evidence.iter().map(|line| (Role::Bad, line.clone()));
            card.differs.extend(evidence);
        }
        Some(StepState::Done(_)) => kept(&mut card),
        // Only one of a worker's certificates may be renewed.
        Some(StepState::Todo(actions))
            if card.there.is_some() && !actions.iter().any(|one| is_for(one, identity)) =>
        {
            kept(&mut card);
        }
        _ => {}
    }
    card
}

fn kept(card: &mut Card) {
    KEPT.clone_into(&mut card.word);
    card.role = Role::Ok;
}

/// Whether an action makes a key or a request of this identity.
fn is_for(action: &Action, identity: &Identity) -> bool {
    match action {
        Action::MakeKey { path, .. } => *path == identity.key,
        Action::MakeCsr { key, .. } => *key == identity.key,
        _ => false,
    }
}

/// What is on the host against what is wanted.
fn compare(model: &Model, card: &mut Card, identity: &Identity, seen: &PlacePreview, san: &str) {
    let file = match seen.facts.file(&identity.cert) {
        Known::Yes(Some(file)) => file,
        Known::Yes(None) => {
            card.lines.push(("there", "nothing yet".to_owned()));
            return;
        }
        Known::No(why) => {
            card.differs.push((Role::Warn, format!("what is there could not be read: {why}")));
            return;
        }
        Known::NotAsked => return,
    };
    let Ok(there) = pki::examine(file.content.as_deref().unwrap_or_default()) else {
        card.differs.push((Role::Warn, "what is there is no certificate".to_owned()));
        return;
    };
    let left = there.not_after.duration_since(model.window.now).as_hours() / 24;
    card.there = Some(left);
    card.lines.push(("there", format!("{} by {}", there.subject_text(), there.issuer_text())));
    if left < 0 {
        card.differs.push((Role::Bad, format!("it expired on {}", there.not_after.strftime("%Y-%m-%d"))));
    } else if left < 30 {
        card.differs.push((Role::Warn, format!("it expires on {}", there.not_after.strftime("%Y-%m-%d"))));
    }
    let mut names: Vec<String> = there.sans.iter().map(ToString::to_string).collect();
    names.sort();
    let mut wanted: Vec<String> = san.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    wanted.sort();
    if names != wanted {
        let names = if names.is_empty() { "no names".to_owned() } else { names.join(",") };
        card.differs.push((Role::Warn, format!("it is for {names}")));
    }
    let key = seen.facts.key(&identity.key);
    if let Known::Yes(Some(key)) = key
        && !key.spki_sha256.is_empty()
        && key.spki_sha256 != there.spki_sha256
    {
        card.differs.push((Role::Bad, "it does not belong to the key beside it".to_owned()));
    }
}

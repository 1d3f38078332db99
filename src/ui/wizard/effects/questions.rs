//! Questions that a run or a login waits with, and what a run tells: both become messages, and each question waits for
//! the reply of its number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::engine::signing::offline::Bundle;
use crate::engine::{Front, Stamped};
use crate::host::{HostKeyQuestion, TrustAnswer, plain_action};
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::step::StepId;
use crate::ui::credentials::prompt::Prompt;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::question::{Question, Reply};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::Offline;
use crate::ui::wizard::undoing::TakeBackList;

/// Questions that somebody waits for.
#[derive(Clone, Default)]
pub struct Replies(Arc<Mutex<PendingReplies>>);

#[derive(Default)]
struct PendingReplies {
    asked: HashMap<u64, Sender<Reply>>,
    /// Nobody answers any more.
    closed: bool,
}

/// Numbers of questions.
static QUESTIONS: AtomicU64 = AtomicU64::new(0);

impl Replies {
    /// Asks and waits; `None` when nobody answers any more.
    fn ask(&self, send: &Sender<Msg>, question: Question) -> Option<Reply> {
        let id = QUESTIONS.fetch_add(1, Ordering::Relaxed);
        let (give, take) = mpsc::channel();
        {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.closed {
                return None;
            }
            waiting.asked.insert(id, give);
        }
        send.send(Msg::Ask { id, question }).ok()?;
        take.recv().ok()
    }

    /// Shows everything that will be taken back, and waits whether it shall.
    pub fn take_back(&self, send: &Sender<Msg>, list: TakeBackList) -> bool {
        matches!(self.ask(send, Question::TakeBack(list)), Some(Reply::TakeBack(true)))
    }

    /// Gives the answer to whoever waits for it.
    pub fn give(&self, id: u64, reply: Reply) {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner).asked.remove(&id);
        if let Some(waits) = waits {
            // Whoever asked may be gone.
            let _ = waits.send(reply);
        }
    }

    /// Whoever waits now goes on without an answer; who asks later is heard.
    pub fn dismiss(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked.clear();
    }

    /// Nobody answers any more: whoever waits, or asks later, goes on without.
    pub fn close(&self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.closed = true;
        waiting.asked.clear();
    }
}

/// Asks by dialogs of the wizard.
pub struct Dialogs {
    /// Where questions go.
    pub send: Sender<Msg>,
    /// Where answers come from.
    pub replies: Replies,
}

impl Prompt for DialogsShared {
    fn there(&self) -> bool {
        true
    }

    fn secret(&self, prompt: &str) -> Option<Zeroizing<String>> {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_parts();
        match dialogs.1.ask(&dialogs.0, Question::Secret { prompt: prompt.to_owned() }) {
            Some(Reply::Secret(secret)) => secret,
            _ => None,
        }
    }

    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_parts();
        let question = Question::Trust {
            host: question.host.clone(),
            kind: question.kind.clone(),
            fingerprint: question.fingerprint.clone(),
            note: question.note.clone(),
        };
        match dialogs.1.ask(&dialogs.0, question) {
            Some(Reply::Trust(answer)) => answer,
            Some(Reply::Secret(_) | Reply::GoOn(_) | Reply::TakeBack(_)) | None => TrustAnswer::Refuse,
        }
    }

    fn say(&self, words: &str) {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_parts();
        // Whoever listened may have left.
        let _ = dialogs.0.send(Msg::Say(Role::Warn, words.to_owned()));
    }
}

impl Dialogs {
    fn clone_parts(&self) -> (Sender<Msg>, Replies) {
        (self.send.clone(), self.replies.clone())
    }

    /// As the vault takes it.
    pub fn prompt(self) -> Box<dyn Prompt> {
        Box::new(DialogsShared(Mutex::new(self)))
    }
}

/// A sender is not shared between threads by itself.
struct DialogsShared(Mutex<Dialogs>);

/// Shows a run on the wizard's screen.
pub struct ScreenFront {
    send: Mutex<Sender<Msg>>,
    replies: Replies,
}

impl ScreenFront {
    /// Tells by these messages and asks by these questions.
    pub fn new(send: Sender<Msg>, replies: Replies) -> Self {
        Self { send: Mutex::new(send), replies }
    }

    fn send(&self) -> Sender<Msg> {
        self.send.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Front for ScreenFront {
    fn emit(&self, event: &Stamped) {
        let _ = self.send().send(Msg::Run(event.clone()));
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        // What each runs stands below it.
        let actions = actions.iter().map(|one| format!("{}\n{}", one.title(), plain_action(one))).collect();
        let question = Question::GoOn { place: place.clone(), step, actions };
        matches!(self.replies.ask(&self.send(), question), Some(Reply::GoOn(true)))
    }

    fn offline(&self, bundle: &Bundle) {
        let come = bundle.arrived.iter().map(|name| (name.clone(), true));
        let said = bundle.refused.iter().map(|(name, problem)| format!("{name}: {}", problem.what));
        let offline = Offline {
            folder: bundle.folder.display().to_string(),
            command: bundle.command.clone(),
            waiting: bundle.waiting.iter().map(|one| (one.name.clone(), false)).chain(come).collect(),
            said: said.collect::<Vec<_>>().join("; "),
        };
        let _ = self.send().send(Msg::Offline(offline));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_after_a_demo_began_again_is_heard() {
        let (send, news) = mpsc::channel();
        let replies = Replies::default();
        replies.dismiss();
        let asks = replies.clone();
        let secret = Question::Secret { prompt: "password".to_owned() };
        let asked = std::thread::spawn(move || asks.ask(&send, secret));
        let Ok(Msg::Ask { id, .. }) = news.recv() else { panic!("it asks") };
        replies.give(id, Reply::GoOn(true));
        assert_eq!(asked.join().unwrap(), Some(Reply::GoOn(true)));
    }

    #[test]
    fn who_waits_while_a_demo_begins_again_goes_on_without() {
        let (send, news) = mpsc::channel();
        let replies = Replies::default();
        let asks = replies.clone();
        let secret = Question::Secret { prompt: "password".to_owned() };
        let asked = std::thread::spawn(move || asks.ask(&send, secret));
        assert!(news.recv().is_ok());
        replies.dismiss();
        assert_eq!(asked.join().unwrap(), None);
    }
}

//! What somebody waits for: a secret, a new host key, the next step of a guided run.

use crate::host::TrustAnswer;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::{Intent, Motion, PageSize, called};
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::question::{Question, Reply};

/// A question.
#[derive(Debug)]
pub struct AskDialog {
    /// Its number.
    pub id: u64,
    /// What is asked.
    pub question: Question,
    /// What is typed, hidden for secrets.
    pub typed: TextInput,
    /// The chosen answer, counted from 0.
    pub at: usize,
    /// The first line shown of the actions, counted from 0.
    pub scroll: usize,
}

impl AskDialog {
    /// A question with the answer marked that harms nothing.
    pub fn new(id: u64, question: Question) -> Self {
        let secret = matches!(question, Question::Secret { .. });
        let typed = if secret { TextInput::secret() } else { TextInput::line("") };
        // An unknown host key is never one reflex away from yes.
        let at = if matches!(question, Question::Trust { .. }) { 2 } else { 0 };
        Self { id, question, typed, at, scroll: 0 }
    }

    /// How many answers there are to choose from.
    fn answers(&self) -> usize {
        match self.question {
            Question::Secret { .. } => 0,
            Question::Trust { .. } => 3,
            Question::GoOn { .. } | Question::TakeBack(_) => 2,
        }
    }

    /// The name that is asked for stands there.
    pub fn is_right(&self) -> bool {
        matches!(&self.question, Question::TakeBack(list) if self.typed.first().trim() == list.name)
    }

    /// What is asked by a name: once it stands there, Enter goes to the button, and only there it means yes.
    fn by_name(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        match intent {
            Intent::Confirm if self.is_right() && self.at == 0 => self.at = 1,
            Intent::Confirm => return Outcome::Reply(self.id, self.reply()),
            Intent::Cancel => return Outcome::Reply(self.id, self.no()),
            Intent::Toggle | Intent::Move(Motion::Left | Motion::Right) => {
                self.at = usize::from(self.is_right() && self.at == 0);
            }
            Intent::Move(motion) => self.scroll = motion.scrolled(self.scroll, pages),
            Intent::Type(key) => {
                self.typed.press(*key);
                self.at = 0;
            }
            Intent::Text(text) => {
                self.typed = TextInput::line(text);
                self.at = 0;
            }
            _ => {}
        }
        Outcome::Stay
    }

    /// What is answered with what is marked or typed.
    fn reply(&mut self) -> Reply {
        match self.question {
            // What was typed is moved, not copied, so that it is wiped when it is not needed any more.
            Question::Secret { .. } => {
                Reply::Secret(Some(std::mem::replace(&mut self.typed, TextInput::secret()).into_secret()))
            }
            Question::Trust { .. } => Reply::Trust(match self.at {
                0 => TrustAnswer::Remember,
                1 => TrustAnswer::Once,
                _ => TrustAnswer::Refuse,
            }),
            Question::GoOn { .. } => Reply::GoOn(self.at == 0),
            Question::TakeBack(_) => Reply::TakeBack(self.at == 1 && self.is_right()),
        }
    }

    /// What is answered by whoever does not answer.
    fn no(&self) -> Reply {
        match self.question {
            Question::Secret { .. } => Reply::Secret(None),
            Question::Trust { .. } => Reply::Trust(TrustAnswer::Refuse),
            Question::GoOn { .. } => Reply::GoOn(false),
            Question::TakeBack(_) => Reply::TakeBack(false),
        }
    }

    /// `pages` are those of what it lists.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        if matches!(self.question, Question::TakeBack(_)) {
            return self.by_name(intent, pages);
        }
        let last = self.answers().saturating_sub(1);
        match intent {
            Intent::Confirm => return Outcome::Reply(self.id, self.reply()),
            Intent::Cancel => return Outcome::Reply(self.id, self.no()),
            Intent::Secret(secret) => return Outcome::Reply(self.id, Reply::Secret(Some(secret.clone()))),
            Intent::Type(key) if self.answers() == 0 => self.typed.press(*key),
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Choose(at) => self.at = (*at).min(last),
            Intent::Move(motion @ (Motion::PageUp | Motion::PageDown)) => {
                self.scroll = motion.scrolled(self.scroll, pages);
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}

//! Welcome: the ways into the wizard, and the sessions that are kept.

use super::dialogue::{Dialogue, DialogueEnd, MenuRow};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::welcome::WelcomeRow;

impl Dialogue {
    pub(super) fn welcome(&mut self) -> DialogueEnd {
        self.heading();
        for (number, row) in (1..).zip(WelcomeRow::WAYS) {
            self.voice.say(&format!("{number} {}: {}", row.title(), row.about()));
        }
        let mut texts: Vec<String> = (1..=WelcomeRow::WAYS.len()).map(|number| number.to_string()).collect();
        let sessions = self.model.sessions.kept.clone();
        if let Some(first) = sessions.first() {
            let words = format!("3 goes on with \"{}\", at {}, {}", first.name, first.screen, first.about);
            self.voice.say_in(2, &words);
        }
        for (number, saved) in (WelcomeRow::WAYS.len().saturating_add(1)..).zip(sessions.iter().skip(1)) {
            let words = format!(
                "{number} Resume \"{}\", at {}, {}, {}",
                saved.name, saved.screen, saved.about, saved.when
            );
            self.voice.say(&words);
            texts.push(number.to_string());
        }
        // They are listed above with what they do.
        let ways: Vec<MenuRow<'_>> = texts.iter().map(|text| (text.as_str(), "")).collect();
        let (chosen, _) = self.choose(&ways, None)?;
        let at = chosen.parse::<usize>().unwrap_or(1).saturating_sub(1);
        let opens = chosen != "1";
        self.intent(&Intent::Choose(at));
        self.intent(&Intent::Confirm);
        if opens && self.model.nav.screen == Screen::Welcome && self.model.dialogs.open.is_empty() {
            self.opening_of(&chosen)?;
        }
        self.overlays()
    }

    /// A way that opens something answers by a message.
    pub(super) fn opening_of(&mut self, chosen: &str) -> DialogueEnd {
        let waits = match chosen {
            "2" | "3" => !self.model.sessions.kept.is_empty(),
            _ => true,
        };
        if waits { self.opening() } else { Ok(()) }
    }

    /// Waits until what was asked for is open, or cannot be opened.
    pub(super) fn opening(&mut self) -> DialogueEnd {
        self.answer_of_work()?;
        self.overlays()
    }
}

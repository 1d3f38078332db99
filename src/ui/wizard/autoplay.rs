//! A demo that plays by itself, for a talk: beats of a caption, keys, and what is waited for. It presses the same
//! keys a person would, sees nothing but the model, and stands still whenever somebody else presses one.

use std::time::{Duration, Instant};

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::wizard::beats::{Beat, Claim, Until, beats};
use crate::ui::wizard::cells::CellState;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::look::{Inspection, LookStatus};
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::progress;
use crate::ui::wizard::screen::Screen;

/// A caption stays at least so long.
pub const CAPTION: Duration = Duration::from_secs(3);
/// And so long more for each letter.
const LETTER: Duration = Duration::from_millis(28);
/// Between two keys.
const KEY_PACE: Duration = Duration::from_millis(260);
/// So long nothing new is said at most.
pub const SILENCE: Duration = Duration::from_secs(5);
/// What is said while a person has the keys.
const TAKEN: &str = "PAUSED: the keys are yours; . goes on with the show, Home begins again";
/// What is said in the place of a caption that is not true.
const OTHERWISE: &str = "It went another way this time: the screen says how, and what the ways out are.";
/// Nothing is waited for longer.
const WAIT_TIMEOUT: Duration = Duration::from_secs(180);

/// Reads `c<enter><down>`.
pub fn keys(text: &str) -> Vec<Key> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named =
            rest.strip_prefix('<').and_then(|behind| behind.split_once('>')).and_then(|(name, behind)| {
                let plain = |code| Some((Key::plain(code), behind));
                match name {
                    "enter" => plain(KeyCode::Enter),
                    "esc" => plain(KeyCode::Esc),
                    "tab" => plain(KeyCode::Tab),
                    "backtab" => plain(KeyCode::BackTab),
                    "up" => plain(KeyCode::Up),
                    "down" => plain(KeyCode::Down),
                    "left" => plain(KeyCode::Left),
                    "right" => plain(KeyCode::Right),
                    "home" => plain(KeyCode::Home),
                    "end" => plain(KeyCode::End),
                    "pgup" => plain(KeyCode::PageUp),
                    "pgdn" => plain(KeyCode::PageDown),
                    "del" => plain(KeyCode::Delete),
                    "backspace" => plain(KeyCode::Backspace),
                    "space" => plain(KeyCode::Char(' ')),
                    name => {
                        let letter = name.strip_prefix("c-").and_then(|rest| rest.chars().next())?;
                        Some((Key::control(letter), behind))
                    }
                }
            });
        if let Some((key, behind)) = named {
            out.push(key);
            rest = behind;
        } else {
            out.push(Key::plain(KeyCode::Char(c)));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Where a beat is.
enum BeatStage {
    /// It waits for what must be so.
    Waits(Instant),
    /// Its caption is read.
    Reads(Instant),
    /// Its keys are pressed: which is next, and when the last one was.
    Presses(usize, Instant),
}

/// The player.
#[expect(clippy::struct_excessive_bools, reason = "wishes of their own, no states")]
pub struct Player {
    lab: String,
    beats: &'static [Beat],
    at: usize,
    stage: BeatStage,
    paused: bool,
    /// The person has taken over.
    held: bool,
    /// Nobody reads the captions.
    hurried: bool,
    told: bool,
    /// When something new was said last.
    spoke: Instant,
    /// What the show says where it stands, to be said again when it goes on.
    caption: Option<String>,
}

/// What a key means while it plays.
#[derive(Debug, PartialEq, Eq)]
pub enum PlayerReaction {
    /// It is the player's; nobody else hears it.
    Mine,
    /// From the start again.
    Again,
    /// It is the person's.
    Yours,
}

impl Player {
    /// Plays a lab from its start.
    pub fn new(lab: &str) -> Self {
        let now = Instant::now();
        let lab = lab.to_owned();
        Self {
            beats: beats(&lab),
            lab,
            at: 0,
            stage: BeatStage::Waits(now),
            paused: false,
            held: false,
            hurried: false,
            told: false,
            spoke: now,
            caption: None,
        }
    }

    /// The same with captions that nobody reads, for tests: only what must be so is waited for.
    #[must_use]
    pub fn hurried(mut self) -> Self {
        self.hurried = true;
        self
    }

    /// The lab.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// Everything was played.
    pub fn over(&self) -> bool {
        self.at >= self.beats.len()
    }

    /// A key: `.` stands still or goes on, PageDown is the clicker's next, Home begins again; any other is the
    /// person's, who has taken over.
    pub fn key(&mut self, key: Key, model: &Model) -> PlayerReaction {
        if !key.is_bare() || key.shift {
            self.hold();
            return PlayerReaction::Yours;
        }
        match key.code {
            KeyCode::Char('.') if model.form.editor.is_none() => {
                // It goes on after somebody took over, or stands still with the lab's clock.
                self.paused = !self.paused && !self.held;
                self.held = false;
                self.told = false;
                PlayerReaction::Mine
            }
            KeyCode::PageDown if !self.over() => {
                self.paused = false;
                self.held = false;
                self.told = false;
                let pressed = match self.stage {
                    BeatStage::Presses(number, _) => number,
                    BeatStage::Waits(_) | BeatStage::Reads(_) => 0,
                };
                let before = Instant::now().checked_sub(KEY_PACE).unwrap_or_else(Instant::now);
                self.stage = BeatStage::Presses(pressed, before);
                PlayerReaction::Mine
            }
            KeyCode::Home if model.dialogs.open.is_empty() => PlayerReaction::Again,
            _ => {
                self.hold();
                PlayerReaction::Yours
            }
        }
    }

    /// The person has the keys.
    fn hold(&mut self) {
        self.held = !self.over();
        self.told &= !self.held;
    }

    fn say(&mut self, words: String, now: Instant, out: &mut Vec<Msg>) {
        self.spoke = now;
        self.caption = Some(words.clone());
        out.push(Msg::Caption(Some(words)));
    }

    /// What is to happen now.
    pub fn poll(&mut self, model: &Model, now: Instant) -> Vec<Msg> {
        let mut out = Vec::new();
        if !self.told {
            self.told = true;
            out.push(Msg::Paused(self.paused));
            let still = self.paused || self.held;
            let words = if still { Some(TAKEN.to_owned()) } else { self.caption.clone() };
            // Before its first word there is nothing to say again.
            out.extend(words.map(|words| Msg::Caption(Some(words))));
        }
        if self.paused || self.held {
            return out;
        }
        let Some(beat) = self.beats.get(self.at) else { return out };
        match self.stage {
            BeatStage::Waits(since) => {
                if is(beat.until, model) || now.duration_since(since) > WAIT_TIMEOUT {
                    if !beat.caption.is_empty() {
                        let words = if holds(beat.claims, model) { beat.caption } else { OTHERWISE };
                        self.say(words.to_owned(), now, &mut out);
                    }
                    self.stage = BeatStage::Reads(now);
                } else if now.duration_since(self.spoke) >= SILENCE {
                    self.say(meanwhile(model, now.duration_since(since)), now, &mut out);
                }
            }
            BeatStage::Reads(since) => {
                let letters = u32::try_from(beat.caption.chars().count()).unwrap_or(80);
                let time = if letters == 0 || self.hurried {
                    KEY_PACE
                } else {
                    CAPTION.max(LETTER.saturating_mul(letters))
                };
                if now.duration_since(since) >= time {
                    self.stage = BeatStage::Presses(0, now);
                }
            }
            BeatStage::Presses(number, last) => {
                if now.duration_since(last) < KEY_PACE {
                    return out;
                }
                if let Some(key) = keys(beat.keys).get(number) {
                    if !is_the_shows(model) {
                        // Somebody left something open: nothing is typed into it.
                        self.hold();
                        return out;
                    }
                    out.push(Msg::Key(*key));
                    self.stage = BeatStage::Presses(number.saturating_add(1), now);
                } else {
                    self.at = self.at.saturating_add(1);
                    self.stage = BeatStage::Waits(now);
                }
            }
        }
        out
    }
}

/// Whether what a caption claims is so.
fn holds(claims: Claim, model: &Model) -> bool {
    let troubled = |name: &str| model.run.troubles.iter().any(|trouble| trouble.place.is_worker(name));
    let joined = |name: &str| {
        let place = Place::Worker(name.to_owned());
        let state = model.run.cells.get(&place, "ready").map(|cell| cell.state);
        !troubled(name) && matches!(state, Some(CellState::Proven | CellState::Same))
    };
    match claims {
        Claim::Nothing => true,
        Claim::AllJoined => model.run.code == Some(ExitCode::Done) && model.run.troubles.is_empty(),
        Claim::Joined(name) => joined(name),
        Claim::Troubled(name) => troubled(name),
        Claim::Problem => !model.run.troubles.is_empty(),
    }
}

/// What goes on while something is waited for.
fn meanwhile(model: &Model, since: Duration) -> String {
    let seconds = since.as_secs();
    let running = model.run.cells.running().last();
    match running {
        Some((place, step, _)) => {
            format!(
                "{place}: {} is going on, {seconds} s; {} actions are done.",
                progress::title(step),
                model.run.actions.1
            )
        }
        None if model.run.going_on() => {
            format!("It goes on, {seconds} s; {} actions are done.", model.run.actions.1)
        }
        None => format!("Every host is being looked at, {seconds} s."),
    }
}

/// Nothing is open that the show did not open itself.
fn is_the_shows(model: &Model) -> bool {
    let own = |dialog: &Dialog| matches!(dialog, Dialog::Pick(_) | Dialog::Apply(_) | Dialog::Mend(_));
    model.form.editor.is_none() && model.dialogs.open.iter().all(own)
}

fn is(until: Until, model: &Model) -> bool {
    match until {
        Until::Now => true,
        Until::Looked => !model.probes.looks.values().any(|look| look.mood == LookStatus::Looking),
        Until::Examined => !model.doctor.looking,
        Until::Inspected => !matches!(model.preview.inspection, Inspection::Looking),
        Until::RunOver => {
            model.nav.screen == Screen::Run && !model.run.going_on() && model.run.ended.is_some()
        }
        Until::Trouble => {
            !model.run.troubles.is_empty()
                || model.dialogs.open.iter().any(|dialog| matches!(dialog, Dialog::Problem(_)))
                || model.nav.screen == Screen::Run && !model.run.going_on() && model.run.ended.is_some()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::wizard::beats::FIRST;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let read = keys("a<enter><c-k><");
        assert_eq!(read.len(), 4);
        assert_eq!(read[1].code, KeyCode::Enter);
        assert_eq!(read[2], Key::control('k'));
        assert_eq!(read[3].code, KeyCode::Char('<'));
    }

    #[test]
    fn a_caption_stays_three_seconds_and_a_pause_stops_everything() {
        let model =
            Model::new(crate::ui::wizard::role::Theme::default(), (80, 24), jiff::Timestamp::UNIX_EPOCH);
        let mut player = Player::new("first-cluster");
        let start = Instant::now();
        let first = player.poll(&model, start);
        assert!(first.iter().any(|msg| matches!(msg, Msg::Caption(Some(_)))));
        let early = start + CAPTION.saturating_sub(Duration::from_millis(1));
        assert!(player.poll(&model, early).is_empty());
        assert_eq!(player.key(keys(".")[0], &model), PlayerReaction::Mine);
        let paused = player.poll(&model, start + CAPTION * 9);
        assert!(
            matches!(paused.as_slice(), [Msg::Paused(true), Msg::Caption(Some(words))] if words.contains("PAUSED"))
        );
        assert_eq!(player.key(keys("x")[0], &model), PlayerReaction::Yours);
    }

    fn blank() -> Model {
        Model::new(crate::ui::wizard::role::Theme::default(), (80, 24), jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_key_with_a_modifier_holds_the_show_too_and_it_says_so_until_it_goes_on() {
        let model = blank();
        for key in [Key::control('k'), Key::alt('e'), Key { shift: true, ..Key::plain(KeyCode::Char('P')) }] {
            let mut player = Player::new("first-cluster");
            let start = Instant::now();
            player.poll(&model, start);
            assert_eq!(player.key(key, &model), PlayerReaction::Yours);
            let held = player.poll(&model, start + CAPTION * 9);
            assert!(
                held.iter().any(|msg| matches!(msg, Msg::Caption(Some(words)) if words.contains("PAUSED")))
            );
            assert!(player.poll(&model, start + CAPTION * 20).is_empty(), "it presses nothing");
            player.key(keys(".")[0], &model);
            let on = player.poll(&model, start + CAPTION * 21);
            assert!(
                on.iter().any(|msg| matches!(msg, Msg::Caption(Some(words)) if words.starts_with("A demo")))
            );
        }
    }

    #[test]
    fn the_show_types_into_nothing_that_it_did_not_open() {
        let mut model = blank();
        model.dialogs.open.push(Dialog::Menu(crate::ui::wizard::dialogs::menu::MenuDialog::default()));
        let mut player = Player::new("cable-pull").hurried();
        let mut now = Instant::now();
        for _ in 0..200 {
            now += KEY_PACE;
            let msgs = player.poll(&model, now);
            assert!(!msgs.iter().any(|msg| matches!(msg, Msg::Key(_))), "{msgs:?}");
        }
        assert!(player.held);
    }

    #[test]
    fn no_beat_takes_longer_to_read_and_to_press_than_a_silence_may_be() {
        for beat in ["first-cluster", "failed-worker", "cable-pull", "current"].into_iter().flat_map(beats) {
            let (letters, presses) = (beat.caption.len(), keys(beat.keys).len());
            assert!(letters > 0, "something is said with every beat");
            let read = CAPTION.max(LETTER.saturating_mul(u32::try_from(letters).unwrap()));
            let press = KEY_PACE.saturating_mul(u32::try_from(presses + 1).unwrap());
            assert!(read + press < Duration::from_secs(6), "{}: {:?}", beat.caption, read + press);
        }
    }

    #[test]
    fn a_caption_that_is_not_true_is_not_said_and_nothing_is_silent_for_six_seconds() {
        let mut model = blank();
        model.nav.screen = Screen::Run;
        model.run.going = 1;
        model.run.ended = None;
        let mut player = Player::new("first-cluster").hurried();
        player.at = FIRST.iter().position(|beat| beat.claims == Claim::AllJoined).unwrap();
        let start = Instant::now();
        player.stage = BeatStage::Waits(start);
        player.spoke = start;
        player.poll(&model, start);
        for number in 1..10 {
            let said = player.poll(&model, start + Duration::from_secs(6 * number));
            assert!(
                matches!(said.as_slice(), [Msg::Caption(Some(words))] if words.contains("actions")),
                "{said:?}"
            );
        }
        model.run.going = 0;
        model.run.ended = Some(jiff::Timestamp::UNIX_EPOCH);
        model.run.code = Some(ExitCode::Problem);
        let said = player.poll(&model, start + Duration::from_secs(61));
        assert!(matches!(said.as_slice(), [Msg::Caption(Some(words))] if words == OTHERWISE), "{said:?}");
    }
}

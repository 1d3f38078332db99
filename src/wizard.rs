//! From flags to the wizard: on the whole screen, or as numbered lines.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use gangplank::engine::{RealWorld, code, demo};
use gangplank::host::{Here, NewKeys, TrustPolicy};
use gangplank::plan::model::ApiAddress;
use gangplank::ui::ask::Terminal;
use gangplank::ui::tui::theme::{Palette, Theme};
use gangplank::ui::tui::work::{self, Dialogs, Replies};
use gangplank::ui::tui::{self, Opening, Start};

use crate::cli::{Looks, Wizard};
use crate::command::{Places, find_program};

fn theme(looks: &Looks) -> Theme {
    let mut theme = Theme::from_environment(|name| std::env::var(name).ok());
    theme.ascii |= looks.ascii;
    if let Some(palette) = looks.palette.as_deref().and_then(Palette::parse) {
        theme.palette = palette;
    }
    theme
}

/// Opens the wizard; the exit code.
pub fn open(wizard: &Wizard, opening: Opening, places: &Places) -> u8 {
    show(wizard, opening, places, 1.0, None)
}

/// Opens a demo; the exit code.
pub fn open_demo(
    lab: Option<String>,
    list: bool,
    speed: f64,
    seed: Option<u64>,
    looks: &Looks,
    places: &Places,
) -> u8 {
    if list {
        for (name, title) in demo::names() {
            println!("{name:<16} {title}");
        }
        return code::DONE;
    }
    let known: Vec<&str> = demo::names().iter().map(|(name, _)| *name).collect();
    let lab = lab.unwrap_or_else(|| known.first().copied().unwrap_or_default().to_owned());
    if !known.contains(&lab.as_str()) {
        eprintln!("there is no lab {lab}; there are {}", known.join(", "));
        return code::USE;
    }
    if !(speed.is_finite() && speed > 0.0 && speed <= 1000.0) {
        eprintln!("--speed {speed}: write a number above 0 and at most 1000");
        return code::USE;
    }
    let wizard = Wizard { looks: looks.clone(), jobs: 16, ..Wizard::default() };
    show(&wizard, Opening::Demo(lab), places, speed, seed)
}

fn show(wizard: &Wizard, opening: Opening, places: &Places, speed: f64, seed: Option<u64>) -> u8 {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        eprintln!(
            "the wizard needs a terminal; without one use gangplank plan PLAN, apply PLAN or watch PLAN --plain"
        );
        return code::USE;
    }
    let (send, news) = mpsc::channel();
    let replies = Replies::default();
    let dialogs = Dialogs { send: send.clone(), replies: replies.clone() };
    let asker = match Terminal::with(dialogs.prompt(), &wizard.secrets, true, &wizard.trust, wizard.trust_new)
    {
        Ok(asker) => asker,
        Err(error) => {
            eprintln!("{error}");
            return code::USE;
        }
    };
    let new = if wizard.trust_new { NewKeys::Accept } else { NewKeys::Ask };
    let policy = TrustPolicy { accept: wizard.trust.clone(), new };
    let here = Here {
        home: places.home.clone(),
        user: std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .unwrap_or_else(|_| "root".to_owned()),
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        ssh: find_program("ssh"),
        config: None,
    };
    let state = wizard.state.clone().unwrap_or_else(|| places.state.clone());
    let nowhere = ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    let start = Start {
        theme: theme(&wizard.looks),
        places: work::Places {
            state: state.clone(),
            home: places.home.clone(),
            base: std::env::current_dir().unwrap_or_else(|_| places.home.clone()),
            jobs: wizard.jobs,
            speed,
            seed,
        },
        real: RealWorld::new(here, policy, Arc::new(asker), &nowhere, state.join("kept")),
        send,
        news,
        replies,
        read_only: wizard.read_only,
        opening,
        autoplay: None,
    };
    match tui::run(start) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("the terminal cannot be used: {error}");
            code::USE
        }
    }
}

/// The newest session, when none is named.
pub fn resume(name: Option<String>, wizard: &Wizard, places: &Places) -> u8 {
    let state = wizard.state.clone().unwrap_or_else(|| places.state.clone());
    let sessions = tui::save::list(&state);
    let name = name.or_else(|| sessions.first().map(|saved| saved.name.clone()));
    match name {
        Some(name) if sessions.iter().any(|saved| saved.name == name) => {
            open(wizard, Opening::Session(name), places)
        }
        Some(name) => {
            eprintln!("there is no session {name}; there are {}", {
                let names: Vec<&str> = sessions.iter().map(|saved| saved.name.as_str()).collect();
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            });
            code::USE
        }
        None => {
            eprintln!("there is no session to resume yet");
            code::USE
        }
    }
}

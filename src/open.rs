//! From flags to the wizard: on the whole screen, or as numbered lines.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use gangplank::engine::{ExitCode, RealWorld, demo as labs};
use gangplank::host::{NewKeys, TrustPolicy};
use gangplank::plan::model::ApiAddress;
use gangplank::ui::credentials::prompt::CredentialPrompt;
use gangplank::ui::gallery::cast::Recorder;
use gangplank::ui::output::say;
use gangplank::ui::plain;
use gangplank::ui::tui::app;
use gangplank::ui::wizard::autoplay::Player;
use gangplank::ui::wizard::effects::ground::WizardFolders;
use gangplank::ui::wizard::effects::questions::{Dialogs, Replies};
use gangplank::ui::wizard::role::{Palette, Theme};
use gangplank::ui::wizard::start::{Opening, WizardStart};

use crate::cli::{AccessFlags, DemoFlags, DisplayFlags, WizardFlags};
use crate::environment::{StandardFolders, ssh_environment};

fn theme(looks: &DisplayFlags) -> Theme {
    let mut theme = Theme::from_environment(|name| std::env::var(name).ok());
    theme.ascii |= looks.ascii;
    if let Some(palette) = looks.palette.as_deref().and_then(Palette::parse) {
        theme.palette = palette;
    }
    theme
}

/// Opens the wizard; the exit code.
pub fn open(wizard: &WizardFlags, opening: Opening, places: &StandardFolders) -> ExitCode {
    show(wizard, opening, places, &Show::default())
}

/// What a demo adds.
struct Show {
    speed: f64,
    seed: Option<u64>,
    surprise: bool,
    play: Option<String>,
    record: Option<PathBuf>,
    size: (u16, u16),
}

impl Default for Show {
    fn default() -> Self {
        Self { speed: 1.0, seed: None, surprise: false, play: None, record: None, size: (120, 36) }
    }
}

fn size(text: &str) -> Option<(u16, u16)> {
    let (width, height) = text.split_once('x')?;
    let size = (width.parse().ok()?, height.parse().ok()?);
    (size.0 >= 60 && size.1 >= 16 && size.0 <= 400 && size.1 <= 200).then_some(size)
}

/// Opens a demo; the exit code.
pub fn open_demo(demo: &DemoFlags, places: &StandardFolders) -> ExitCode {
    if demo.list {
        for (name, title) in labs::names() {
            say::out(&format!("{name:<16} {title}\n"));
        }
        return ExitCode::Done;
    }
    let known: Vec<&str> = labs::names().iter().map(|(name, _)| *name).collect();
    let first = if demo.surprise { "failed-worker" } else { known.first().copied().unwrap_or_default() };
    let lab = demo.lab.clone().unwrap_or_else(|| first.to_owned());
    if !known.contains(&lab.as_str()) {
        say::err(format_args!("there is no lab {lab}; there are {}", known.join(", ")));
        return ExitCode::Usage;
    }
    if !(demo.speed.is_finite() && demo.speed > 0.0 && demo.speed <= 1000.0) {
        say::err(format_args!("--speed {}: write a number above 0 and at most 1000", demo.speed));
        return ExitCode::Usage;
    }
    let Some(size) = size(&demo.size) else {
        say::err(format_args!("--size {}: write it as 120x36, at least 60x16", demo.size));
        return ExitCode::Usage;
    };
    let wizard = WizardFlags {
        looks: demo.looks.clone(),
        access: AccessFlags { jobs: 16, ..AccessFlags::default() },
        ..WizardFlags::default()
    };
    if demo.autoplay && plain(&wizard.looks) {
        say::err(format_args!(
            "--autoplay plays on the full screen, and --plain has none: leave one of them out"
        ));
        return ExitCode::Usage;
    }
    let play = demo.autoplay.then(|| lab.clone());
    let show = Show {
        speed: demo.speed,
        seed: demo.seed,
        surprise: demo.surprise,
        play,
        record: demo.record.clone(),
        size,
    };
    crate::open::show(&wizard, Opening::Demo(lab), places, &show)
}

/// The wizard talks in lines.
fn plain(looks: &DisplayFlags) -> bool {
    looks.plain || std::env::var("GANGPLANK_PLAIN").is_ok_and(|value| value == "1")
}

fn show(wizard: &WizardFlags, opening: Opening, places: &StandardFolders, show: &Show) -> ExitCode {
    let seen = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let unseen = !seen && show.play.is_some() && show.record.is_some();
    let lines = plain(&wizard.looks);
    if !seen && !unseen && !lines {
        say::err(format_args!(
            "the wizard needs a terminal; without one use --plain, or gangplank plan PLAN and apply PLAN"
        ));
        return ExitCode::Usage;
    }
    let (send, news) = mpsc::channel();
    let replies = Replies::default();
    let dialogs = Dialogs { send: send.clone(), replies: replies.clone() };
    let asker = match CredentialPrompt::with(dialogs.prompt(), &wizard.access.secrets, true) {
        Ok(asker) => asker,
        Err(error) => {
            say::err(format_args!("{error}"));
            return ExitCode::Usage;
        }
    };
    let new = if wizard.access.trust_new { NewKeys::Accept } else { NewKeys::Ask };
    let policy = TrustPolicy { accept: wizard.access.trust.clone(), new, only_looks: false };
    let state = wizard.access.state.clone().unwrap_or_else(|| places.state.clone());
    let (width, height) = if unseen { show.size } else { app::window().unwrap_or(show.size) };
    let recorder =
        show.record.as_ref().map(|file| Recorder::new(file, width, height, "gangplank demo")).transpose();
    let recorder = match recorder {
        Ok(recorder) => recorder,
        Err(error) => {
            say::err(format_args!("--record: the file cannot be written: {error}"));
            return ExitCode::Usage;
        }
    };
    let nowhere = ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    let start = WizardStart {
        theme: theme(&wizard.looks),
        places: WizardFolders {
            state: state.clone(),
            home: places.home.clone(),
            base: std::env::current_dir().unwrap_or_else(|_| places.home.clone()),
            jobs: wizard.access.jobs,
            speed: show.speed,
            seed: show.seed,
            surprise: show.surprise,
            outside_kube: wizard.access.write_outside_kube,
        },
        real: RealWorld::new(
            ssh_environment(&places.home),
            policy,
            Arc::new(asker),
            &nowhere,
            state.join("kept"),
        )
        .with_kubeconfig(std::env::var_os("KUBECONFIG")),
        send,
        news,
        replies,
        read_only: wizard.read_only,
        opening,
        player: show.play.as_deref().map(Player::new),
    };
    if lines {
        return plain::run(start);
    }
    let ended = if unseen { app::run_unseen(start, recorder, show.size) } else { app::run(start, recorder) };
    match ended {
        Ok(code) => code,
        Err(error) => {
            say::err(format_args!("the terminal cannot be used: {error}"));
            ExitCode::Usage
        }
    }
}

/// The newest session, when none is named.
pub fn resume(name: Option<String>, wizard: &WizardFlags, places: &StandardFolders) -> ExitCode {
    let state = wizard.access.state.clone().unwrap_or_else(|| places.state.clone());
    let sessions = gangplank::ui::wizard::effects::session::list(&state);
    let name = name.or_else(|| sessions.first().map(|saved| saved.name.clone()));
    match name {
        Some(name) if sessions.iter().any(|saved| saved.name == name) => {
            open(wizard, Opening::Session(name), places)
        }
        Some(name) => {
            say::err(format_args!("there is no session {name}; there are {}", {
                let names: Vec<&str> = sessions.iter().map(|saved| saved.name.as_str()).collect();
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            }));
            ExitCode::Usage
        }
        None => {
            say::err(format_args!("there is no session to resume yet"));
            ExitCode::Usage
        }
    }
}

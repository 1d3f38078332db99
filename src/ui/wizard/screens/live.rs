//! The live panel on the whole window: a list of hosts, one host as a table, or a log of it.

use crate::host::LogSource;
use crate::live::{HostRow, LogNews, LogWish};
use crate::runtime::ps::Container;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::layout;
use crate::ui::wizard::model::{LiveLog, LogState, Model};
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::log::Log;

/// The panel while it has the keys.
pub struct LiveScreen;

impl LiveScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        if model.live.log().is_some() {
            return in_log(model, intent);
        }
        let count = model.live.panel.as_ref().map_or(0, |panel| panel.rows().len());
        let lines = rows(model).len().saturating_sub(1);
        let view = &mut model.live;
        match intent {
            Intent::Cancel if view.host => view.host = false,
            Intent::Cancel | Intent::Done => view.open = false,
            Intent::Confirm if view.host => return logs(model),
            Intent::Confirm => {
                view.host = true;
                view.row = 0;
            }
            Intent::Move(motion) if view.host => {
                view.row = motion.moved(view.row, lines);
            }
            Intent::Move(motion) => {
                view.at = motion.moved(view.at, count.saturating_sub(1));
            }
            _ => {}
        }
        Outcome::Stay
    }

    /// What a command does here; `None` = what it does everywhere.
    pub fn command(model: &mut Model, command: Command) -> Option<Outcome> {
        if !model.live.open {
            return None;
        }
        let intent = match command {
            Command::Enter => Intent::Confirm,
            Command::Back => Intent::Cancel,
            Command::Live => Intent::Done,
            Command::Logs => return Some(logs(model)),
            Command::Journal => return Some(journal(model)),
            Command::FollowLog | Command::Wrap | Command::Copy => {
                let rows = layout::live_rows(model);
                let log = &mut model.live.log.as_mut()?.lines;
                match command {
                    Command::Copy => return Some(Outcome::Copy(log.text())),
                    Command::Wrap => log.wrap = !log.wrap,
                    _ if log.follow => {
                        log.top = log.first(rows);
                        log.follow = false;
                    }
                    _ => log.end(),
                }
                return Some(Outcome::Stay);
            }
            _ => return None,
        };
        Some(Self::intent(model, &intent))
    }

    /// Takes in what is heard of a log; of an earlier one nothing is.
    pub fn hear(model: &mut Model, number: u64, news: LogNews) {
        let Some(log) = model.live.log.as_mut().filter(|log| log.wish.number == number) else { return };
        match news {
            LogNews::Open => log.state = LogState::Open,
            LogNews::Lines(lines) => {
                for line in lines {
                    log.lines.push(String::new(), level(&line), line);
                }
            }
            LogNews::Ended(why) => {
                log.state = LogState::Ended;
                log.lines.push(String::new(), Role::Dim, format!("(the log ended: {why})"));
            }
        }
    }
}

/// How a line is meant, where its writer says so as klog does.
fn level(line: &str) -> Role {
    let text = line.split_once("]: ").map_or(line, |(_, text)| text);
    let klog = text.bytes().skip(1).take(4).filter(u8::is_ascii_digit).count() == 4;
    match text.bytes().next() {
        Some(b'E' | b'F') if klog => Role::Bad,
        Some(b'W') if klog => Role::Warn,
        _ => Role::Text,
    }
}

/// The containers of the opened host as they stand there: what stopped a moment ago stands below what runs.
fn rows(model: &Model) -> Vec<&Container> {
    let place = model.live.panel.as_ref().and_then(|panel| panel.rows().get(model.live.at));
    place.map_or_else(Vec::new, |row| row.containers().iter().chain(row.gone(model.window.now)).collect())
}

fn in_log(model: &mut Model, intent: &Intent) -> Outcome {
    let rows = layout::live_rows(model);
    let page = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(10);
    let Some(log) = model.live.log.as_mut().map(|log| &mut log.lines) else { return Outcome::Stay };
    match intent {
        Intent::Cancel | Intent::Done => model.live.log = None,
        Intent::Move(motion) => match motion {
            Motion::Up => log.scroll(-1, rows),
            Motion::Down => log.scroll(1, rows),
            Motion::PageUp => log.scroll(-page, rows),
            Motion::PageDown => log.scroll(page, rows),
            Motion::Home => log.home(),
            Motion::End => log.end(),
            Motion::Left => log.left = log.left.saturating_sub(20),
            Motion::Right => log.left = log.left.saturating_add(20),
        },
        _ => {}
    }
    Outcome::Stay
}

/// The log of the chosen container is opened.
fn logs(model: &mut Model) -> Outcome {
    let Some(one) = rows(model).get(model.live.row).copied() else {
        return Outcome::Say(Role::Warn, "there is no container whose log could be read".to_owned());
    };
    let title = one.kubelet.as_ref().map_or_else(
        || one.name.to_string(),
        |name| format!("{} of pod {}/{}", name.container, name.namespace, name.pod),
    );
    let at = model.live.panel.as_ref().and_then(|panel| panel.rows().get(model.live.at));
    let source = match at.and_then(HostRow::lister) {
        Some(lister) if lister.is_cri() => LogSource::Cri(one.id.clone()),
        Some(_) | None => LogSource::Container(one.id.clone()),
    };
    open(model, title, source)
}

fn journal(model: &mut Model) -> Outcome {
    open(model, "the kubelet's journal".to_owned(), LogSource::Kubelet)
}

fn open(model: &mut Model, title: String, source: LogSource) -> Outcome {
    let Some(place) = model.live.opened().cloned() else { return Outcome::Stay };
    model.live.logs = model.live.logs.saturating_add(1);
    let wish = LogWish { number: model.live.logs, place, source };
    model.live.log = Some(LiveLog { wish, title, lines: Log::default(), state: LogState::Asked });
    Outcome::Stay
}

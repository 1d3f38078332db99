//! The lines above and below every screen: title, status and keys.

use crate::engine::ExitCode;
use crate::ui::wizard::navigation;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::tui::text::cut;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::keymap;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::undoing::TakeBack;

/// How long something goes on.
fn clock(model: &Model, since: jiff::Timestamp) -> String {
    let seconds = model.window.now.as_second().saturating_sub(since.as_second()).max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// What goes on is the repair of what the doctor found.
fn repairs(model: &Model) -> bool {
    model.doctor.mending.as_ref().is_some_and(|mending| mending.ended.is_none())
}

/// What the right end of the title says.
pub fn state_text(model: &Model) -> (String, Role) {
    if let Some(undoing) = model.run.undoing.as_ref().filter(|_| model.run.going_on()) {
        let Some(since) = undoing.since else {
            return ("LOOKING: nothing is taken back yet".to_owned(), Role::Warn);
        };
        let word = match (model.run.stops, &undoing.what) {
            (0, TakeBack::Run(_)) => "UNDOING",
            (0, TakeBack::Worker(_)) => "REMOVING",
            (1, _) => "STOPPING",
            _ => "STOPPING AT ONCE",
        };
        let words = format!("{word}  {}  {} of {} actions", clock(model, since), undoing.done, undoing.of);
        return (words, Role::Warn);
    }
    if model.run.going_on() {
        let gone = model.run.started.map_or_else(|| "00:00:00".to_owned(), |since| clock(model, since));
        let of = if repairs(model) { 0 } else { review::counted(model).actions };
        let of = if of >= model.run.actions.1 && of > 0 { format!(" of {of}") } else { String::new() };
        let stops = match model.run.stops {
            0 if model.run.repairing.is_some() || repairs(model) => "REPAIRING",
            0 => "APPLYING",
            1 => "STOPPING",
            _ => "STOPPING AT ONCE",
        };
        return (format!("{stops}  {gone}  {}{of} actions", model.run.actions.1), Role::Warn);
    }
    let undone = model.run.undoing.as_ref().filter(|undoing| undoing.since.is_some());
    if let Some(undoing) = undone.filter(|_| matches!(model.nav.screen, Screen::Run | Screen::Report)) {
        let words = match (undoing.code, &undoing.what) {
            (Some(ExitCode::Done), TakeBack::Run(_)) => "TAKEN BACK",
            (Some(ExitCode::Done), TakeBack::Worker(_)) => "REMOVED",
            _ => "TAKEN BACK IN PART",
        };
        return (words.to_owned(), Role::Accent);
    }
    if model.run.ended.is_some() && matches!(model.nav.screen, Screen::Run | Screen::Report) {
        let words = match model.run.code {
            Some(ExitCode::Done) if model.doctor.mending.is_some() => "REPAIRED",
            Some(ExitCode::Done) => "APPLIED",
            Some(ExitCode::Stopped) => "STOPPED",
            _ => "APPLIED IN PART",
        };
        return (words.to_owned(), Role::Accent);
    }
    let text = if model.form.unplanned.is_some() && !model.run.read_only {
        "NO PLAN: nothing is changed before you say so"
    } else if model.run.read_only {
        "READ ONLY: nothing can be changed"
    } else if model.run.started.is_some() {
        "PLAN ONLY: nothing more is changed yet"
    } else {
        "PLAN ONLY: nothing has been changed yet"
    };
    (text.to_owned(), Role::Ok)
}

/// The top line: cluster and journey at the left, how far everything is at the right.
pub fn title(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let mut left = vec![Span::styled(" gangplank", theme.style(Role::Accent))];
    if let Some(demo) = &model.demo {
        left.push(Span::styled(format!("  DEMO {}", demo.name), theme.style(Role::Warn)));
        if demo.paused {
            left.push(Span::styled(" PAUSED", theme.style(Role::Bad)));
        }
    }
    let bar = if theme.ascii { " | " } else { " │ " };
    if model.nav.screen != Screen::Welcome {
        let cluster = model.form.answers.cluster.name.as_deref().unwrap_or("unnamed");
        if area.width >= 110 {
            let about = match &model.form.unplanned {
                Some(login) => format!("in no plan: {}", login.host),
                None => format!("cluster: {cluster}"),
            };
            left.push(Span::raw(format!("{bar}{about}{bar}{}", navigation::journey(model))));
        } else {
            let journey = model.form.journey;
            let of = journey.path().len();
            let number = journey.number(model.nav.screen);
            let number = number.map_or_else(String::new, |at| format!("{at}/{of} "));
            left.push(Span::raw(format!("{bar}{number}{}", model.short_title(model.nav.screen))));
        }
    }
    let (mut text, role) = state_text(model);
    if area.width < 110 {
        text = text.replace(": nothing has been changed yet", ", nothing changed");
        text = text.replace(": nothing more is changed yet", "").replace(": nothing can be changed", "");
        text = text.replace(": nothing is taken back yet", ", nothing changed");
    }
    let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
    // What is at the right says whether anything is changed: it stays whole, and the left ends before it.
    let mut room = usize::from(area.width.saturating_sub(width).saturating_sub(3));
    for span in &mut left {
        span.content = cut(&span.content, room).into();
        room = room.saturating_sub(span.content.width());
    }
    frame.render_widget(Unwrapped::new(Line::from(left)), area);
    let at = Rect::new(area.right().saturating_sub(width).saturating_sub(1), area.y, width, 1);
    frame.render_widget(Unwrapped::new(Span::styled(text, theme.style(role))), at.intersection(area));
}

/// The line above the keys: a toast, a caption, or when the session was saved.
pub fn status(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let mut lines = Vec::new();
    if area.height > 1 {
        let demo = model.demo.as_ref();
        let caption = demo.and_then(|demo| demo.caption.clone());
        let line = match (caption, demo) {
            (Some(caption), _) => Line::styled(format!(" {caption}"), theme.style(Role::Accent)),
            (None, Some(demo)) => {
                let words = format!(" This is a demo: no machine is touched; {}", demo.title);
                Line::styled(cut(&words, usize::from(area.width)), theme.style(Role::Dim))
            }
            (None, None) => Line::raw(""),
        };
        lines.push(line);
    }
    let line = if let Some(toast) = &model.window.toast {
        let glyph = match toast.role {
            Role::Ok => Glyph::Ok,
            Role::Bad => Glyph::Bad,
            Role::Warn => Glyph::Warn,
            _ => Glyph::Same,
        };
        let words = format!(" {} {}", theme.glyph(glyph), toast.text);
        Line::styled(cut(&words, usize::from(area.width)), theme.style(toast.role))
    } else if let (1, Some(caption)) =
        (area.height, model.demo.as_ref().and_then(|demo| demo.caption.as_ref()))
    {
        Line::styled(format!(" {caption}"), theme.style(Role::Accent))
    } else if let Some(saved) = &model.sessions.saved {
        let words = if model.nav.screen == Screen::Welcome {
            String::new()
        } else {
            format!(
                " {} saved {saved} to session \"{}\": you can quit and resume at any time",
                theme.glyph(Glyph::Ok),
                model.session()
            )
        };
        Line::styled(words, theme.style(Role::Dim))
    } else {
        Line::raw("")
    };
    lines.push(line);
    frame.render_widget(Unwrapped::new(lines), area);
}

/// The keys that are possible now, as many as there is room for.
pub fn keys(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let width = usize::from(area.width).saturating_sub(2);
    let rows = usize::from(area.height);
    let owned = |(key, word): &(&str, &str)| ((*key).to_owned(), (*word).to_owned());
    let keys = if let Some(dialog) = model.dialogs.open.last() {
        keymap::dialog_bar(dialog).iter().map(owned).collect()
    } else {
        keymap::bar(model, width, rows)
    };
    let mut lines: Vec<Line> = vec![Line::raw(" ")];
    let mut used = 0;
    let dot = if theme.ascii { "   " } else { " · " };
    for (key, word) in keys {
        let length = key.width() + word.width() + 1;
        if used > 0 && used + keymap::BETWEEN + length > width && lines.len() < rows {
            lines.push(Line::raw(" "));
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push_span(Span::styled(dot, theme.style(Role::Dim)));
                used += keymap::BETWEEN;
            }
            line.push_span(Span::styled(key, theme.style(Role::Key)));
            line.push_span(Span::raw(format!(" {word}")));
            used += length;
        }
    }
    // A dialog may reach down to all but the last row.
    while !model.dialogs.open.is_empty() && lines.len() < rows {
        lines.insert(0, Line::raw(""));
    }
    frame.render_widget(Unwrapped::new(lines), area);
}

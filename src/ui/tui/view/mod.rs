//! What the model looks like. Every function here only reads; where a thing goes is decided in `regions`.

mod overlay;
pub mod page;
mod pages;
pub mod screens;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::{Glyph, Role, Theme};
use crate::plan::issue::is_control;
use crate::ui::wizard::form;
use crate::ui::wizard::keymap;
use crate::ui::wizard::layout::{LEAST, Regions, regions};
use crate::ui::wizard::model::{Model, PATH, Screen};
use crate::ui::wizard::screens::run::word as state_word;

/// Draws everything.
pub fn draw(frame: &mut Frame, model: &Model) {
    everything(frame, model);
    safe(frame.buffer_mut(), model.theme.ascii);
}

/// Nothing that moves a cursor or turns the direction gets to the terminal, whoever said it; where signs are ASCII
/// only, so is everything.
fn safe(buffer: &mut Buffer, ascii: bool) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.len() == 1 && symbol.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            continue;
        }
        if symbol.chars().any(is_control) {
            cell.set_symbol(" ");
        } else if ascii && !symbol.is_empty() && !symbol.is_ascii() {
            cell.set_symbol(match symbol {
                "…" => "~",
                "│" | "┃" | "┆" => "|",
                "─" | "━" | "┄" | "–" | "—" => "-",
                "·" | "•" | "┈" => ".",
                "→" => ">",
                _ => "?",
            });
        }
    }
}

fn everything(frame: &mut Frame, model: &Model) {
    let regions = regions(model);
    if regions.too_small {
        return too_small(frame, model);
    }
    title(frame, model, regions.title);
    if regions.rail_column {
        rail(frame, model, regions.rail);
    } else if regions.rail.height > 0 {
        rail_line(frame, model, regions.rail);
    }
    if model.live_view.open {
        let top = regions.rail.y.max(1);
        let area = Rect::new(0, top, model.size.0, regions.status.y.saturating_sub(top));
        screens::live::full(frame, model, area);
    } else {
        screen(frame, model, &regions);
    }
    status(frame, model, regions.status);
    bar(frame, model, regions.keys);
    for (at, _) in model.overlays.iter().enumerate() {
        overlay::draw(frame, model, at);
    }
}

fn screen(frame: &mut Frame, model: &Model, regions: &Regions) {
    match model.screen {
        Screen::Review => screens::review::draw(frame, model, regions.main),
        Screen::Run => screens::run::draw(frame, model),
        _ => {
            let page = pages::page(model, regions.main.width);
            page::draw(frame, model, &page, regions.main);
        }
    }
    if regions.explain.width > 0 {
        overlay::explain(frame, model, regions.explain, "e hide");
    }
    if regions.live.height > 0 {
        screens::live::strip(frame, model, regions.live);
    }
}

fn too_small(frame: &mut Frame, model: &Model) {
    let area = frame.area();
    let (width, height) = LEAST;
    let mut lines = vec![format!(
        "gangplank needs {width} x {height} cells; this is {} x {}.",
        model.size.0, model.size.1
    )];
    if model.run.going_on() {
        let troubles = model.run.troubles.len();
        let (done, bad) = (some(model.run.actions.1, "action"), some(troubles, "problem"));
        lines.push(format!("The run goes on: {done} done, {bad}."));
    } else {
        lines.push("Nothing is lost.".to_owned());
    }
    lines.push(String::new());
    lines.push("Enlarge the window, or press Ctrl-C.".to_owned());
    lines.push("gangplank --plain works at any size.".to_owned());
    let lines: Vec<Line> = lines.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// What the right end of the title says.
pub fn state_text(model: &Model) -> (String, Role) {
    if model.run.going_on() {
        let seconds = model
            .run
            .started
            .map_or(0, |started| model.now.as_second().saturating_sub(started.as_second()).max(0));
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let of = model
            .inspection
            .seen()
            .map(|seen| crate::ui::wizard::screens::review::count(seen).actions)
            .unwrap_or_default();
        let of = if of >= model.run.actions.1 && of > 0 { format!(" of {of}") } else { String::new() };
        let stops = match model.run.stops {
            0 => "APPLYING",
            1 => "STOPPING",
            _ => "STOPPING AT ONCE",
        };
        return (
            format!("{stops}  {hours:02}:{minutes:02}:{seconds:02}  {}{of} actions", model.run.actions.1),
            Role::Warn,
        );
    }
    if model.run.ended.is_some() && matches!(model.screen, Screen::Run | Screen::Report) {
        let words = match model.run.code {
            Some(0) => "APPLIED",
            Some(3) => "STOPPED",
            _ => "APPLIED IN PART",
        };
        return (words.to_owned(), Role::Accent);
    }
    let text = if model.read_only {
        "READ ONLY: nothing can be changed"
    } else if model.run.started.is_some() {
        "PLAN ONLY: nothing more is changed yet"
    } else {
        "PLAN ONLY: nothing has been changed yet"
    };
    (text.to_owned(), Role::Ok)
}

fn title(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.theme;
    let mut left = vec![Span::styled(" gangplank", theme.style(Role::Accent))];
    if let Some(demo) = &model.demo {
        left.push(Span::styled(format!("  DEMO {}", demo.name), theme.style(Role::Warn)));
    }
    let bar = if theme.ascii { " | " } else { " │ " };
    if model.screen != Screen::Welcome {
        let cluster = model.answers.cluster.name.as_deref().unwrap_or("unnamed");
        if area.width >= 100 {
            left.push(Span::raw(format!("{bar}cluster: {cluster}{bar}{}", form::journey(model))));
        } else {
            let number = model.screen.number().map_or_else(String::new, |at| format!("{at}/{} ", PATH.len()));
            left.push(Span::raw(format!("{bar}{number}{}", model.screen.short())));
        }
    }
    frame.render_widget(Paragraph::new(Line::from(left)), area);
    let (mut text, role) = state_text(model);
    if area.width < 100 {
        text = text.replace(": nothing has been changed yet", ", nothing changed");
        text = text.replace(": nothing more is changed yet", "").replace(": nothing can be changed", "");
    }
    let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
    let at = Rect::new(area.right().saturating_sub(width).saturating_sub(1), area.y, width, 1);
    frame.render_widget(Paragraph::new(Span::styled(text, theme.style(role))), at.intersection(area));
}

/// How a screen of the path is marked.
fn mark(model: &Model, screen: Screen) -> (Glyph, Role) {
    if model.invalidated.contains_key(&screen) {
        (Glyph::Warn, Role::Warn)
    } else if model.screen == screen {
        (Glyph::Here, Role::Accent)
    } else if screen == Screen::Run && model.run.ended.is_some() {
        if model.run.code == Some(0) { (Glyph::Ok, Role::Ok) } else { (Glyph::Bad, Role::Bad) }
    } else if model.finished.contains(&screen) {
        (Glyph::Ok, Role::Ok)
    } else {
        (Glyph::Waiting, Role::Dim)
    }
}

fn rail(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.theme;
    let block = block(theme, "Steps", "", false);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = vec![Line::raw("")];
    for screen in PATH {
        let (glyph, role) = mark(model, screen);
        let number = screen.number().unwrap_or_default();
        let style = if screen == model.screen { theme.style(Role::Accent) } else { Style::new() };
        lines.push(Line::from(vec![
            Span::styled(format!(" {} ", theme.glyph(glyph)), theme.style(role)),
            Span::styled(format!("{number} {}", screen.title()), style),
        ]));
        if let Some(words) = pages::summary(model, screen) {
            for line in wrap(&words, usize::from(inner.width).saturating_sub(5)).into_iter().take(2) {
                lines.push(Line::styled(format!("     {line}"), theme.style(Role::Dim)));
            }
        }
        if let Some(why) = model.invalidated.get(&screen) {
            for line in wrap(why, usize::from(inner.width).saturating_sub(5)).into_iter().take(3) {
                lines.push(Line::styled(format!("     {line}"), theme.style(Role::Warn)));
            }
        }
        if usize::from(inner.height) > PATH.len().saturating_mul(3) {
            lines.push(Line::raw(""));
        }
    }
    frame.render_widget(Paragraph::new(lines), inner);
    if inner.height > 20 {
        let hint = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        let text = Line::styled(" Ctrl-G jump to a step", theme.style(Role::Dim));
        frame.render_widget(Paragraph::new(text), hint);
    }
}

fn rail_line(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.theme;
    let mut spans = vec![Span::raw(" ")];
    for screen in PATH {
        let (glyph, role) = mark(model, screen);
        spans.push(Span::styled(theme.glyph(glyph), theme.style(role)));
        let style = if screen == model.screen { theme.style(Role::Accent) } else { Style::new() };
        spans.push(Span::styled(screen.short(), style));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn status(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.theme;
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
    let line = if let Some(toast) = &model.toast {
        let glyph = match toast.role {
            Role::Ok => Glyph::Ok,
            Role::Bad => Glyph::Bad,
            Role::Warn => Glyph::Warn,
            _ => Glyph::Same,
        };
        Line::styled(format!(" {} {}", theme.glyph(glyph), toast.text), theme.style(toast.role))
    } else if let (1, Some(caption)) =
        (area.height, model.demo.as_ref().and_then(|demo| demo.caption.as_ref()))
    {
        Line::styled(format!(" {caption}"), theme.style(Role::Accent))
    } else if let Some(saved) = &model.saved {
        let words = if model.screen == Screen::Welcome {
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
    frame.render_widget(Paragraph::new(lines), area);
}

fn bar(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.theme;
    let width = usize::from(area.width).saturating_sub(2);
    let rows = usize::from(area.height);
    let keys = if model.live_view.open {
        [("Enter", "one host"), ("Esc", "back"), ("?", "help"), ("Ctrl-C", "quit")]
            .map(|(key, word)| (key.to_owned(), word.to_owned()))
            .to_vec()
    } else {
        keymap::bar(model, width.saturating_mul(rows).saturating_sub(if rows > 1 { 16 } else { 0 }))
    };
    let mut lines: Vec<Line> = vec![Line::raw(" ")];
    let mut used = 1;
    let dot = if theme.ascii { "  " } else { " · " };
    for (key, word) in keys {
        let length = key.width() + word.width() + 1;
        if used + length > width && lines.len() < rows {
            lines.push(Line::raw(" "));
            used = 1;
        }
        if let Some(line) = lines.last_mut() {
            if used > 1 {
                line.push_span(Span::styled(dot, theme.style(Role::Dim)));
                used += 3;
            }
            line.push_span(Span::styled(key, theme.style(Role::Key)));
            line.push_span(Span::raw(format!(" {word}")));
            used += length;
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// A pane with a title at the left and words at the right.
pub fn block<'a>(theme: &Theme, title: &'a str, right: &'a str, focus: bool) -> Block<'a> {
    let role = if focus { Role::BorderFocus } else { Role::Border };
    let name = if focus { Role::Accent } else { Role::Text };
    let mut block = Block::new()
        .borders(Borders::ALL)
        .border_set(theme.border(focus))
        .border_style(theme.style(role))
        .title_top(Line::styled(format!(" {title} "), theme.style(name)));
    if !right.is_empty() {
        block = block.title_top(Line::styled(format!(" {right} "), theme.style(Role::Dim)).right_aligned());
    }
    block
}

/// A count with its word: `1 place`, `2 places`.
pub fn some(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A text cut to a width, with a sign that there is more.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    if width == 0 { String::new() } else { out }
}

/// A text in lines of at most so many cells, broken at spaces where there are some.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for word in part.split(' ') {
            let length = word.width();
            if used > 0 && used + 1 + length > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            for c in word.chars() {
                let cells = c.width().unwrap_or(0);
                if used + cells > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push(c);
                used += cells;
            }
        }
        lines.push(line);
    }
    lines
}

/// A text filled with spaces or cut to exactly so many cells.
pub fn fill(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let more = width.saturating_sub(text.width());
    text + &" ".repeat(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_what_is_too_long() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), Vec::<String>::new());
    }

    #[test]
    fn cuts_by_cells_not_by_letters() {
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fill("日", 4).width(), 4);
        assert_eq!(cut("abc", 0), "");
    }
}

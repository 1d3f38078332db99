//! What lies over a screen: menu, help, questions, confirms, texts.
//!
//! It is long because every kind of overlay is drawn here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use ratatui_textarea::TextArea;
use unicode_width::UnicodeWidthStr;

use super::super::theme::{Glyph, Role};
use super::{block, cut, fill, wrap};
use crate::plan::place::Place;
use crate::ui::wizard::dialogs::explain as texts;
use crate::ui::wizard::keymap;
use crate::ui::wizard::layer;
use crate::ui::wizard::model::{Confirm, LineFor, Model, Overlay, Question};
use crate::ui::wizard::screens::run;
use crate::ui::wizard::update;

/// Draws one overlay.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let Some(overlay) = model.overlays.get(at) else { return };
    match overlay {
        Overlay::Help { scroll } => help(frame, model, *scroll),
        Overlay::Menu { search, at } => menu(frame, model, search, *at),
        Overlay::Jump { at } => jump(frame, model, *at),
        Overlay::Explain => {
            let area = centred(model, 76, model.size.1.saturating_sub(4));
            frame.render_widget(Clear, area);
            explain(frame, model, area, "Esc closes");
        }
        Overlay::Ask { question, typed, at, .. } => ask(frame, model, question, typed, *at),
        Overlay::PasteWorkers { text, wrong } => {
            let words = "One worker a line: 192.168.2.[1-3], worker[1-3] 192.168.2.[1-3], user@host:port, or lines \
                         of /etc/hosts. Tab or Ctrl-D takes them, Esc leaves them.";
            area(frame, model, "Paste many workers", words, text, wrong);
        }
        Overlay::PasteCertificates { text } => {
            let words = "Paste the certificates (PEM), any number of them, in any order. Each is checked against the \
                         key it is for. Tab or Ctrl-D gives them.";
            area(frame, model, "Certificates of the offline CA", words, text, "");
        }
        Overlay::Import { hosts, at } => {
            let rows: Vec<(String, bool)> = hosts.clone();
            list(
                frame,
                model,
                "Hosts of ssh_config",
                "Space chooses, Enter adds, Esc leaves them",
                &rows,
                *at,
            );
        }
        Overlay::PickDemo { at } => {
            let width = 72.min(model.size.0.saturating_sub(4));
            let inside = usize::from(width).saturating_sub(4);
            let labs: Vec<String> =
                crate::engine::demo::names().iter().map(|(name, title)| format!("{name}: {title}")).collect();
            let mut lines = Vec::new();
            choose(model, &mut lines, labs.iter().map(String::as_str), *at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(5).saturating_add(2);
            let area = centred(model, width, height);
            dialog(frame, model, "Which demo?", "Enter, Esc", lines, 0, area);
        }
        Overlay::PickWorker { chosen, at } => {
            let rows: Vec<(String, bool)> =
                model.worker_names().into_iter().map(|name| (name.clone(), chosen.contains(&name))).collect();
            list(
                frame,
                model,
                "Which worker comes back?",
                "Space chooses several, Enter goes on",
                &rows,
                *at,
            );
        }
        Overlay::Line { what, text } => line(frame, model, *what, text),
        Overlay::Confirm { what, typed, yes } => confirm(frame, model, what, typed, *yes),
        Overlay::Quit { at } => quit(frame, model, *at),
        Overlay::Text { title, lines, scroll } => {
            let rect =
                centred(model, model.size.0.saturating_sub(8).min(130), model.size.1.saturating_sub(4));
            let shown: Vec<Line> = lines
                .iter()
                .flat_map(|(role, text)| {
                    let parts = if text.is_empty() {
                        vec![String::new()]
                    } else {
                        wrap(text, usize::from(rect.width).saturating_sub(4))
                    };
                    parts.into_iter().map(|part| Line::styled(format!(" {part}"), model.theme.style(*role)))
                })
                .collect();
            dialog(frame, model, title, "y copy, Esc closes", shown, *scroll, rect);
        }
        Overlay::Problem { target, problem, at } => {
            let width = 76.min(model.size.0.saturating_sub(4));
            let inside = usize::from(width).saturating_sub(4);
            let mut lines = Vec::new();
            say(model, &mut lines, Role::Text, &problem.what, inside);
            for line in &problem.evidence {
                say(model, &mut lines, Role::Dim, &format!("  {line}"), inside);
            }
            lines.push(Line::raw(""));
            let choices = layer::look_choices(problem, target);
            choose(model, &mut lines, choices.iter().map(|choice| choice.text.as_str()), *at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(20).saturating_add(2);
            let rect = centred(model, width, height);
            dialog(frame, model, &problem.code, "Enter takes the way, Esc closes", lines, 0, rect);
        }
    }
}

fn centred(model: &Model, width: u16, height: u16) -> Rect {
    let (all_width, all_height) = model.size;
    let width = width.min(all_width);
    let height = height.min(all_height.saturating_sub(2)).max(3);
    Rect::new(
        all_width.saturating_sub(width) / 2,
        (all_height.saturating_sub(height) / 2).max(1),
        width,
        height.min(all_height.saturating_sub(1)),
    )
}

fn dialog(
    frame: &mut Frame,
    model: &Model,
    title: &str,
    right: &str,
    lines: Vec<Line>,
    scroll: usize,
    area: Rect,
) {
    frame.render_widget(Clear, area);
    let pane = block(&model.theme, title, right, true);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let rows = usize::from(inner.height);
    let top = scroll.min(lines.len().saturating_sub(rows));
    let more = lines.len().saturating_sub(top + rows);
    let shown: Vec<Line> = lines.into_iter().skip(top).take(rows).collect();
    frame.render_widget(Paragraph::new(shown), inner);
    if more > 0 {
        let words = format!(" {more} more below ");
        let width = u16::try_from(words.len()).unwrap_or(0).min(inner.width);
        let at = Rect::new(inner.right().saturating_sub(width), area.bottom().saturating_sub(1), width, 1);
        frame.render_widget(Paragraph::new(Span::styled(words, model.theme.style(Role::Dim))), at);
    }
}

fn say(model: &Model, lines: &mut Vec<Line<'static>>, role: Role, text: &str, width: usize) {
    for line in wrap(text, width) {
        lines.push(Line::styled(format!(" {line}"), model.theme.style(role)));
    }
}

/// Numbered choices, the chosen one marked.
fn choose<'a>(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    choices: impl Iterator<Item = &'a str>,
    at: usize,
    width: usize,
) {
    for (number, text) in choices.enumerate() {
        let chosen = number == at;
        let mark = if chosen { model.theme.glyph(Glyph::Here) } else { " " };
        for (part, line) in wrap(text, width.saturating_sub(6)).into_iter().enumerate() {
            let head =
                if part == 0 { format!(" {mark} {} ", number.saturating_add(1)) } else { "     ".to_owned() };
            let style = model.theme.style(if chosen { Role::Focus } else { Role::Text });
            lines.push(Line::from(vec![
                Span::styled(head, model.theme.style(Role::Accent)),
                Span::styled(line, style),
            ]));
        }
    }
}

/// The explain pane: four tabs.
pub fn explain(frame: &mut Frame, model: &Model, area: Rect, right: &str) {
    let theme = &model.theme;
    let pane = block(theme, "Explain", right, false);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let mut tabs = vec![Span::raw(" ")];
    for (number, name) in texts::TABS.iter().enumerate() {
        let style = theme.style(if number == model.explain.tab { Role::Focus } else { Role::Text });
        tabs.push(Span::styled(*name, style));
        tabs.push(Span::raw(if theme.ascii { "  " } else { " · " }));
    }
    tabs.pop();
    let width = usize::from(inner.width).saturating_sub(2);
    let mut lines = vec![Line::from(tabs), Line::raw("")];
    let body = texts::tab(model, model.explain.tab, width);
    let rows = usize::from(inner.height).saturating_sub(lines.len());
    let top = model.explain.scroll.min(body.len().saturating_sub(rows));
    let more = body.len().saturating_sub(top + rows);
    for (role, text) in body.into_iter().skip(top).take(rows) {
        lines.push(Line::styled(format!(" {text}"), theme.style(role)));
    }
    frame.render_widget(Paragraph::new(lines), inner);
    let words =
        if more > 0 { format!(" E next tab, {more} more ") } else { " E next tab, y copy ".to_owned() };
    let width = u16::try_from(words.len()).unwrap_or(0).min(inner.width);
    let at = Rect::new(inner.right().saturating_sub(width), area.bottom().saturating_sub(1), width, 1);
    frame.render_widget(Paragraph::new(Span::styled(words, theme.style(Role::Dim))), at);
}

fn help(frame: &mut Frame, model: &Model, scroll: usize) {
    let theme = &model.theme;
    let area = centred(model, 84.min(model.size.0), model.size.1.saturating_sub(2));
    let width = usize::from(area.width).saturating_sub(4);
    let mut lines = Vec::new();
    if let Some(demo) = model.demo.as_ref().filter(|demo| !demo.about.is_empty()) {
        say(model, &mut lines, Role::Key, &format!("The demo {}", demo.name), width);
        say(model, &mut lines, Role::Text, &demo.about, width);
        lines.push(Line::raw(""));
    }
    say(model, &mut lines, Role::Key, "Keys possible now", width);
    for binding in keymap::possible(model) {
        let names: Vec<String> = binding.keys.iter().map(|key| keymap::name(*key)).collect();
        for (number, text) in wrap(binding.long, width.saturating_sub(18)).into_iter().enumerate() {
            let head = if number == 0 { names.join(", ") } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", fill(&head, 15)), theme.style(Role::Key)),
                Span::raw(text),
            ]));
        }
    }
    lines.push(Line::raw(""));
    for text in [
        "Arrows move between fields and rows; hjkl, g and G do too outside of fields.",
        "Everything is in the command menu as well (Ctrl-K or :), for terminals that eat keys.",
        "Signs: a terminal set to wide ambiguous characters (CJK locales) needs --ascii.",
    ] {
        say(model, &mut lines, Role::Dim, text, width);
    }
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Key, "Glossary", width);
    for (word, meaning) in texts::glossary() {
        for (number, text) in wrap(&meaning, width.saturating_sub(18)).into_iter().enumerate() {
            let head = if number == 0 { word.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", fill(head, 15)), theme.style(Role::Accent)),
                Span::raw(text),
            ]));
        }
    }
    dialog(frame, model, "Help", "Up, Down, Esc", lines, scroll, area);
}

fn menu(frame: &mut Frame, model: &Model, search: &TextArea<'static>, at: usize) {
    let theme = &model.theme;
    let area = centred(model, 86.min(model.size.0), 20.min(model.size.1.saturating_sub(2)));
    frame.render_widget(Clear, area);
    let pane = block(theme, "All commands", "type to search, Enter, Esc", true);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    field(frame, model, "", search, Rect::new(inner.x, inner.y, inner.width, 1));
    let text = search.lines().first().cloned().unwrap_or_default();
    let found = layer::entries(model, &text);
    let rows = usize::from(inner.height).saturating_sub(2);
    let top = at.saturating_sub(rows.saturating_sub(1));
    let width = usize::from(inner.width).saturating_sub(14);
    let lines: Vec<Line> = found
        .iter()
        .enumerate()
        .skip(top)
        .take(rows)
        .map(|(number, entry)| {
            let chosen = number == at.min(found.len().saturating_sub(1));
            let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
            Line::from(vec![
                Span::styled(format!(" {mark} "), theme.style(Role::Accent)),
                Span::styled(
                    fill(&entry.text, width),
                    theme.style(if chosen { Role::Focus } else { Role::Text }),
                ),
                Span::styled(format!(" {}", entry.key), theme.style(Role::Key)),
            ])
        })
        .collect();
    let body = Rect::new(inner.x, inner.y.saturating_add(2), inner.width, inner.height.saturating_sub(2));
    if lines.is_empty() {
        frame.render_widget(
            Paragraph::new(Line::styled("   nothing of that name is possible now", theme.style(Role::Dim))),
            body,
        );
    } else {
        frame.render_widget(Paragraph::new(lines), body);
    }
}

fn jump(frame: &mut Frame, model: &Model, at: usize) {
    let screens = update::jumps(model);
    let mut lines = Vec::new();
    for (number, screen) in screens.iter().enumerate() {
        let chosen = number == at;
        let mark = if chosen { model.theme.glyph(Glyph::Here) } else { " " };
        let head = screen.number().map_or_else(String::new, |number| format!("{number} "));
        let style = model.theme.style(if chosen { Role::Focus } else { Role::Text });
        lines.push(Line::from(vec![
            Span::styled(format!(" {mark} "), model.theme.style(Role::Accent)),
            Span::styled(format!("{head}{}", screen.title()), style),
        ]));
    }
    let height = u16::try_from(lines.len()).unwrap_or(8).saturating_add(2);
    dialog(frame, model, "Jump to a step", "Enter, Esc", lines, 0, centred(model, 40, height));
}

fn ask(frame: &mut Frame, model: &Model, question: &Question, typed: &TextArea<'static>, at: usize) {
    let width = 78.min(model.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    match question {
        Question::Secret { prompt } => {
            say(model, &mut lines, Role::Text, prompt, inside);
            lines.push(Line::raw(""));
            lines.push(Line::raw(""));
            lines.push(Line::raw(""));
            say(
                model,
                &mut lines,
                Role::Dim,
                "It is kept in memory only, asked for once, and never written.",
                inside,
            );
            let height = u16::try_from(lines.len()).unwrap_or(6).saturating_add(2);
            let rect = centred(model, width, height);
            let first = u16::try_from(wrap(prompt, inside).len()).unwrap_or(1).saturating_add(2);
            dialog(frame, model, "A secret is needed", "Enter gives it, Esc does not", lines, 0, rect);
            let at =
                Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(first), width.saturating_sub(4), 1);
            field(frame, model, "", typed, at);
        }
        Question::Trust { host, kind, fingerprint, note } => {
            say(
                model,
                &mut lines,
                Role::Text,
                &format!("{host} is not known yet. It shows the {kind} key"),
                inside,
            );
            lines.push(Line::raw(""));
            say(model, &mut lines, Role::Code, fingerprint, inside);
            lines.push(Line::raw(""));
            if !note.is_empty() {
                say(model, &mut lines, Role::Warn, note, inside);
            }
            say(
                model,
                &mut lines,
                Role::Dim,
                "On that machine this prints it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
                inside,
            );
            lines.push(Line::raw(""));
            let choices = ["It is the machine I mean: remember its key", "Only this once", "Do not connect"];
            choose(model, &mut lines, choices.into_iter(), at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(10).saturating_add(2);
            dialog(
                frame,
                model,
                "A new host key",
                "Enter, Esc does not connect",
                lines,
                0,
                centred(model, width, height),
            );
        }
        Question::GoOn { place, step, actions } => {
            say(model, &mut lines, Role::Text, &format!("Next on {place}: {}", run::title(step.0)), inside);
            for (number, action) in (1..).zip(actions.iter().take(12)) {
                say(model, &mut lines, Role::Code, &format!("  {number} {action}"), inside);
            }
            lines.push(Line::raw(""));
            choose(model, &mut lines, ["Go on", "Stop here"].into_iter(), at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(10).saturating_add(2);
            dialog(frame, model, "Guided pace", "Enter, Esc stops", lines, 0, centred(model, width, height));
        }
    }
}

/// A line to type into.
fn field(frame: &mut Frame, model: &Model, label: &str, text: &TextArea<'static>, area: Rect) {
    let theme = &model.theme;
    let head = format!(" {label}{}[", if label.is_empty() { "" } else { " " });
    let width = u16::try_from(head.width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(Span::styled(head, theme.style(Role::Accent))), area);
    let inside = Rect::new(
        area.x.saturating_add(width),
        area.y,
        area.width.saturating_sub(width).saturating_sub(2),
        1,
    )
    .intersection(area);
    frame.render_widget(text, inside);
    let close = Rect::new(inside.right(), area.y, 1, 1).intersection(area);
    frame.render_widget(Paragraph::new(Span::styled("]", theme.style(Role::Accent))), close);
}

fn area(frame: &mut Frame, model: &Model, title: &str, words: &str, text: &TextArea<'static>, wrong: &str) {
    let theme = &model.theme;
    let rect = centred(model, 90.min(model.size.0.saturating_sub(4)), model.size.1.saturating_sub(6).min(22));
    frame.render_widget(Clear, rect);
    let pane = block(theme, title, "", true);
    let inner = pane.inner(rect);
    frame.render_widget(pane, rect);
    let width = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    say(model, &mut lines, Role::Dim, words, width);
    if !wrong.is_empty() {
        say(model, &mut lines, Role::Bad, wrong, width);
    }
    let used = u16::try_from(lines.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(lines), inner);
    let below = Rect::new(
        inner.x.saturating_add(1),
        inner.y.saturating_add(used).saturating_add(1),
        inner.width.saturating_sub(2),
        inner.height.saturating_sub(used).saturating_sub(1),
    )
    .intersection(inner);
    frame.render_widget(text, below);
}

fn list(frame: &mut Frame, model: &Model, title: &str, right: &str, rows: &[(String, bool)], at: usize) {
    let theme = &model.theme;
    let lines: Vec<Line> = rows
        .iter()
        .enumerate()
        .map(|(number, (name, on))| {
            let chosen = number == at;
            let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
            let sign = if *on { "[x]" } else { "[ ]" };
            let style = theme.style(if chosen { Role::Focus } else { Role::Text });
            Line::from(vec![
                Span::styled(format!(" {mark} {sign} "), theme.style(Role::Accent)),
                Span::styled(name.clone(), style),
            ])
        })
        .collect();
    let height =
        u16::try_from(rows.len()).unwrap_or(10).saturating_add(2).min(model.size.1.saturating_sub(4));
    let inside = usize::from(height.saturating_sub(2)).max(1);
    let top = at.saturating_sub(inside.saturating_sub(1));
    dialog(frame, model, title, right, lines, top, centred(model, 66, height));
}

fn line(frame: &mut Frame, model: &Model, what: LineFor, text: &TextArea<'static>) {
    let (title, words) = match what {
        LineFor::OpenPlan => ("Open a plan file", "The path of a plan.yaml."),
        LineFor::SavePlan => {
            ("Save the plan", "It is the same file that `gangplank apply` takes. No secret is in it.")
        }
        LineFor::Export => ("Export a script", "A readable shell script that does the same by hand."),
        LineFor::Search => ("Search in the output", "Case counts only with upper-case letters."),
    };
    let width = 78.min(model.size.0.saturating_sub(4));
    let mut lines = Vec::new();
    say(model, &mut lines, Role::Dim, words, usize::from(width).saturating_sub(4));
    let rect = centred(model, width, 5);
    dialog(frame, model, title, "Enter, Esc", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(1), rect.y.saturating_add(3), width.saturating_sub(2), 1);
    field(frame, model, "", text, at);
}

fn confirm(frame: &mut Frame, model: &Model, what: &Confirm, typed: &TextArea<'static>, yes: bool) {
    let theme = &model.theme;
    let width = 76.min(model.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let (title, host, verb) = match what {
        Confirm::Replace { host, actions, .. } => {
            say(
                model,
                &mut lines,
                Role::Text,
                "gangplank did not make these, and cannot make them again:",
                inside,
            );
            for action in actions.iter().take(10) {
                say(model, &mut lines, Role::Code, &format!("  {action}"), inside);
            }
            say(
                model,
                &mut lines,
                Role::Dim,
                "The old files are kept on the host for undo: u on the Run screen puts them back.",
                inside,
            );
            (format!("! Replace something on {host}?"), host, "Replace")
        }
        Confirm::Undo { host } => {
            let place = Place::Worker(host.clone());
            say(
                model,
                &mut lines,
                Role::Text,
                &format!("Everything gangplank did on {host} is taken back, newest first:"),
                inside,
            );
            match model.run.changed.get(&place).map(Vec::as_slice) {
                Some(changed) if !changed.is_empty() => {
                    for action in changed.iter().rev().take(10) {
                        say(model, &mut lines, Role::Code, &format!("  {action}"), inside);
                    }
                    let more = changed.len().saturating_sub(10);
                    if more > 0 {
                        say(model, &mut lines, Role::Dim, &format!("  and {more} more"), inside);
                    }
                }
                _ => {
                    say(
                        model,
                        &mut lines,
                        Role::Code,
                        "  what its record in /var/lib/gangplank says",
                        inside,
                    );
                }
            }
            say(
                model,
                &mut lines,
                Role::Dim,
                "Its kubelet stops, its containers and its node go. An issued certificate stays valid until it ends.",
                inside,
            );
            (format!("! Undo on {host}?"), host, "Undo")
        }
    };
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Text, &format!("Type {host} to go on:"), inside);
    lines.push(Line::raw(""));
    lines.push(Line::raw(""));
    let right = typed.lines().first().is_some_and(|text| text.trim() == host);
    let locked = if right { verb.to_owned() } else { format!("{verb} (locked)") };
    let cancel =
        if yes { "  [ Cancel ]".to_owned() } else { format!("{} [ Cancel ]", theme.glyph(Glyph::Here)) };
    let go =
        if yes { format!("{} [ {locked} ]", theme.glyph(Glyph::Here)) } else { format!("  [ {locked} ]") };
    lines.push(Line::from(vec![
        Span::raw("   "),
        Span::styled(cancel, theme.style(if yes { Role::Text } else { Role::Focus })),
        Span::raw("   "),
        Span::styled(go, theme.style(if yes { Role::Focus } else { Role::Dim })),
    ]));
    let height = u16::try_from(lines.len()).unwrap_or(12).saturating_add(2);
    let rect = centred(model, width, height);
    let row = u16::try_from(lines.len()).unwrap_or(6).saturating_sub(2);
    dialog(frame, model, &title, "Esc cancels", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(row), width.saturating_sub(4), 1);
    field(frame, model, "", typed, at);
}

fn quit(frame: &mut Frame, model: &Model, at: usize) {
    let width = 70.min(model.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let words = if model.run.going_on() {
        "A run goes on. What was done stays; a new run looks again and goes on from there."
    } else if model.demo.is_some() {
        "The demo ends; nothing of it is kept."
    } else {
        "The session is saved: Resume on the first screen opens it at this place."
    };
    say(model, &mut lines, Role::Text, words, inside);
    lines.push(Line::raw(""));
    choose(model, &mut lines, layer::quit_choices(model).into_iter(), at, inside);
    let height = u16::try_from(lines.len()).unwrap_or(6).saturating_add(2);
    let title = if model.run.going_on() { "Stop?" } else { "Leave?" };
    let right = cut("Enter, Esc stays", inside);
    dialog(frame, model, title, &right, lines, 0, centred(model, width, height));
}

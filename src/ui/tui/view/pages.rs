//! What stands on each form screen.
//!
//! It is long because all forms stand side by side.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::theme::{Glyph, Role};
use super::page::{Page, PageRow};
use super::{cut, fill, some, wrap};
use crate::engine::PlacePreview;
use crate::plan::place::Place;
use crate::step::StepState;
use crate::ui::wizard::form;
use crate::ui::wizard::form::field::{self, Field};
use crate::ui::wizard::model::{Inspection, Item, Look, LookStatus, Model, ProbeTarget, Screen};

/// The page of the present screen.
pub fn page(model: &Model, width: u16) -> Page<'static> {
    let width = usize::from(width).saturating_sub(4).max(20);
    let mut page = Page { title: String::new(), right: String::new(), width, rows: Vec::new(), chosen: None };
    page.title = match model.screen.number() {
        Some(number) => format!("{number} {}", model.screen.title()),
        None => model.screen.title().to_owned(),
    };
    match model.screen {
        Screen::Welcome => welcome(model, &mut page, width),
        Screen::Ca => ca(model, &mut page, width),
        Screen::Cluster => cluster(model, &mut page, width),
        Screen::Workers => workers(model, &mut page, width),
        Screen::Certificates => certificates(model, &mut page, width),
        Screen::Kubectl => kubectl(model, &mut page, width),
        Screen::Dns => dns(model, &mut page, width),
        Screen::Report => report(model, &mut page, width),
        Screen::Review | Screen::Run => {}
    }
    page
}

/// A line for the rail below a screen that was finished.
pub fn summary(model: &Model, screen: Screen) -> Option<String> {
    let answers = &model.answers;
    let text = match screen {
        Screen::Ca => match field::ca_place(answers) {
            "ssh" => Field::CaHost.get(answers, 0),
            place => format!("{place} {}", Field::CaCert.get(answers, 0)),
        },
        Screen::Cluster => Field::Api.get(answers, 0).trim_start_matches("https://").to_owned(),
        Screen::Workers => {
            let bad = model
                .looks
                .iter()
                .filter(|(target, look)| {
                    matches!(target, ProbeTarget::Worker(_)) && look.mood == LookStatus::Bad
                })
                .count();
            let count = answers.workers.len();
            match (count, bad) {
                (0, _) => return None,
                (_, 0) => some(count, "worker"),
                _ => format!("{}, {bad} with a problem", some(count, "worker")),
            }
        }
        Screen::Run if model.run.started.is_some() => {
            let troubles = model.run.troubles.len();
            if troubles > 0 { some(troubles, "problem") } else { some(model.run.actions.1, "action") }
        }
        Screen::Review => match &model.inspection {
            Inspection::Seen { seen, .. } => {
                some(crate::ui::wizard::screens::review::count(seen).actions, "action")
            }
            Inspection::None | Inspection::Looking | Inspection::Failed(_) => return None,
        },
        _ => return None,
    };
    let shown = model.finished.contains(&screen) || screen == model.screen || screen == Screen::Run;
    (shown && !text.trim().is_empty()).then_some(text)
}

/// A field, and below it what is wrong with its answer.
fn field(model: &Model, page: &mut Page<'static>, field: Field) {
    page.rows.push(PageRow::Field(field));
    if let Some(remark) = model.remark(field, model.row) {
        let role = if remark.stops { Role::Bad } else { Role::Warn };
        let sign = model.theme.glyph(if remark.stops { Glyph::Bad } else { Glyph::Warn });
        let words = format!("{}; {}", remark.what, remark.cure);
        let lines = wrap(words.trim_end_matches("; "), page.width.saturating_sub(22));
        for (number, line) in lines.into_iter().enumerate() {
            let sign = if number == 0 { sign } else { " " };
            page.line(Line::styled(format!("{}{sign} {line}", " ".repeat(21)), model.theme.style(role)));
        }
    }
}

fn sign(model: &Model, mood: LookStatus) -> (String, Role) {
    let (glyph, role) = match mood {
        LookStatus::Looking => (Glyph::Running, Role::Running),
        LookStatus::Good => (Glyph::Ok, Role::Ok),
        LookStatus::Doubtful => (Glyph::Warn, Role::Warn),
        LookStatus::Bad => (Glyph::Bad, Role::Bad),
    };
    (model.theme.glyph(glyph).to_owned(), role)
}

/// What a look saw, with the way to the ways out.
fn look(model: &Model, page: &mut Page<'static>, target: &ProbeTarget, none: &str, width: usize) {
    let Some(look) = model.looks.get(target) else {
        page.say(model, Role::Dim, none, width);
        return;
    };
    let Look { mood, lines, problem, stale, .. } = look;
    if *mood == LookStatus::Looking {
        let dots = ".".repeat(usize::try_from(model.ticks % 4).unwrap_or(0));
        page.say(
            model,
            Role::Running,
            &format!("{} looking{dots}", model.theme.glyph(Glyph::Running)),
            width,
        );
    } else if *stale {
        page.say(model, Role::Dim, "the answers have changed since this was seen; R looks again", width);
    }
    page.seen(model, lines, width);
    if let Some(problem) = problem {
        page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
        let evidence: Vec<(Role, String)> =
            problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
        page.seen(model, &evidence, width);
        for (number, way) in (1..).zip(&problem.ways) {
            page.seen(model, &[(Role::Text, format!("{number} {}", way.text(&Place::Local)))], width);
        }
    }
}

fn welcome(model: &Model, page: &mut Page<'static>, width: usize) {
    let theme = &model.theme;
    page.right = format!("gangplank {}", env!("CARGO_PKG_VERSION"));
    page.space();
    page.say(model, Role::Accent, "gangplank walks worker nodes aboard a Kubernetes cluster.", width);
    page.space();
    let about = model.demo.as_ref().filter(|demo| !demo.about.is_empty()).map_or(
        "It logs in over SSH, has a certificate signed for each worker, writes kubeconfig, kubelet unit and \
         kube-proxy pod, starts them, and proves that the node is Ready and that cluster DNS answers. Nothing on \
         any machine changes before Review, and what is done can be taken back.",
        |demo| demo.about.as_str(),
    );
    page.say(model, Role::Text, about, width);
    page.space();
    let mut row = 0;
    for (number, (name, about)) in (1..).zip(form::WELCOME) {
        let chosen = model.row == row;
        if chosen {
            page.chosen = Some(page.rows.len());
        }
        let about = match number {
            3 => match model.sessions.as_slice() {
                [] => "no session is kept here yet".to_owned(),
                [saved, ..] => {
                    format!("\"{}\", {}, left {} at {}", saved.name, saved.about, saved.when, saved.screen)
                }
            },
            _ => about.to_owned(),
        };
        let sign = if chosen { theme.glyph(Glyph::Here) } else { " " };
        let role = if chosen { Role::Focus } else { Role::Text };
        page.line(Line::from(vec![
            Span::styled(format!(" {sign} {number} "), theme.style(Role::Accent)),
            Span::styled(fill(name, 20), theme.style(role)),
            Span::styled(format!("  {}", cut(&about, width.saturating_sub(28))), theme.style(Role::Dim)),
        ]));
        row += 1;
    }
    for saved in model.sessions.iter().skip(1) {
        let chosen = model.row == row;
        if chosen {
            page.chosen = Some(page.rows.len());
        }
        let sign = if chosen { theme.glyph(Glyph::Here) } else { " " };
        let words = format!("   resume \"{}\", {}, left {}", saved.name, saved.about, saved.when);
        page.line(Line::from(vec![
            Span::styled(format!(" {sign} "), theme.style(Role::Accent)),
            Span::styled(cut(&words, width), theme.style(if chosen { Role::Focus } else { Role::Dim })),
        ]));
        row += 1;
    }
    page.space();
    page.say(model, Role::Key, "Have at hand", width);
    for line in [
        "the CA: its certificate and key as files, or a login to the host that has them",
        "the API address: the load balancer's, or the only API server's",
        "for each worker: its IP address and an SSH login, root or one whose sudo may run sh",
        "on each worker: Linux with systemd, docker, openssl; a kubelet at /usr/local/bin/kubelet, or the file here",
        "where nothing can be pulled: tars made by docker save -o images.tar IMAGE...",
    ] {
        page.seen(model, &[(Role::Text, format!("{} {line}", theme.glyph(Glyph::Same)))], width);
    }
}

fn ca(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which CA signs the certificates of the workers?", width);
    page.space();
    field(model, page, Field::CaPlace);
    match field::ca_place(&model.answers) {
        "ssh" => {
            field(model, page, Field::CaHost);
            field(model, page, Field::CaCert);
            field(model, page, Field::CaKey);
            field(model, page, Field::CaSshKey);
            page.space();
            page.say(model, Role::Dim, "Signing runs on that host; its key never moves.", width);
        }
        "offline" => {
            field(model, page, Field::CaCert);
            if model.answers.ca.key.is_some() {
                field(model, page, Field::CaKey);
            }
            page.space();
            page.say(
                model,
                Role::Dim,
                "Nothing is asked of the CA now. In Run all signing requests appear as one bundle with the exact \
                 command; the session can be closed and resumed there; certificates come back by paste or file.",
                width,
            );
        }
        place => {
            field(model, page, Field::CaCert);
            field(model, page, Field::CaKey);
            if place == "new" {
                page.space();
                page.say(
                    model,
                    Role::Dim,
                    "It is made when the plan is carried out, and only where neither file exists yet.",
                    width,
                );
            }
        }
    }
    page.space();
    look(
        model,
        page,
        &ProbeTarget::Ca,
        "Its chain, key and days left are shown here once it is named.",
        width,
    );
}

fn cluster(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which cluster do they join?", width);
    page.space();
    for one in [
        Field::Cluster,
        Field::Api,
        Field::ServiceRange,
        Field::Dns,
        Field::Domain,
        Field::PodRange,
        Field::Kubernetes,
        Field::Differences,
    ] {
        field(model, page, one);
    }
    page.space();
    look(
        model,
        page,
        &ProbeTarget::Api,
        "The API is looked at when its address is there: TLS chain, names, version.",
        width,
    );
}

/// Who logs in to a worker.
fn user(model: &Model, row: usize) -> String {
    let user = Field::User.get(&model.answers, row);
    if user.is_empty() {
        Field::User.inherited(&model.answers).unwrap_or_else(|| "root".to_owned())
    } else {
        user
    }
}

/// A look in a few words for the table: what is wrong rather than its code, which stands below.
fn look_words(look: &Look, name: &str) -> String {
    let Some(problem) = &look.problem else { return look.word.clone() };
    let what = problem
        .what
        .strip_prefix(name)
        .map_or(problem.what.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    if what.contains("is not reachable") {
        return "not reachable".to_owned();
    }
    what.to_owned()
}

fn workers(model: &Model, page: &mut Page<'static>, width: usize) {
    let theme = &model.theme;
    let count = model.answers.workers.len();
    page.right = some(count, "worker");
    page.space();
    page.say(model, Role::Text, "Which machines join the cluster?", width);
    page.space();
    let on_rows = model.item() == Some(Item::Rows);
    if count == 0 {
        page.chosen = Some(page.rows.len());
        let role = if on_rows { Role::Focus } else { Role::Text };
        page.line(Line::styled(" + add a worker: Enter, or m to paste many", theme.style(role)));
        return;
    }
    let users: Vec<String> = (0..count).map(|row| user(model, row)).collect();
    let longest = |texts: &mut dyn Iterator<Item = String>, least: usize, most: usize| {
        texts.map(|text| text.width()).max().unwrap_or(0).clamp(least, most)
    };
    let narrow = width < 60;
    let rows = || 0..count;
    let names = longest(&mut rows().map(|row| model.worker_name(row)), 8, if narrow { 12 } else { 24 });
    let addresses = longest(&mut rows().map(|row| Field::Address.get(&model.answers, row)), 9, 16);
    let logins = longest(&mut users.iter().cloned(), 4, if narrow { 6 } else { 12 });
    let head = format!(
        "   {}{}{}LOOK",
        fill("NAME", names + 1),
        fill("ADDRESS", addresses + 1),
        fill("USER", logins + 1)
    );
    page.line(Line::styled(head, theme.style(Role::Dim)));
    // Only what can be seen is made: a list may have hundreds of rows.
    let most = 8;
    let top = model.row.saturating_sub(most / 2).min(count.saturating_sub(most.min(count)));
    if top > 0 {
        page.line(Line::styled(format!("   {top} above"), theme.style(Role::Dim)));
    }
    for row in top..count.min(top + most) {
        let chosen = row == model.row;
        if chosen {
            page.chosen = Some(page.rows.len());
        }
        let name = model.worker_name(row);
        let (glyph, role, word) = match model.looks.get(&ProbeTarget::Worker(name.clone())) {
            None => (" ".to_owned(), Role::Dim, "not looked at".to_owned()),
            Some(look) => {
                let (glyph, role) = sign(model, look.mood);
                let old = if look.stale && look.mood != LookStatus::Looking { " (old)" } else { "" };
                (glyph, role, format!("{}{old}", look_words(look, &name)))
            }
        };
        let user = users.get(row).cloned().unwrap_or_default();
        let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
        let style = theme.style(if chosen && on_rows { Role::Focus } else { Role::Text });
        let wrong = model.issues.iter().any(|remark| {
            remark.stops && !remark.missing && remark.field.starts_with(&format!("workers[{row}]"))
        });
        let flag = if wrong { theme.glyph(Glyph::Bad) } else { " " };
        page.line(Line::from(vec![
            Span::styled(format!(" {mark}"), theme.style(Role::Accent)),
            Span::styled(flag, theme.style(Role::Bad)),
            Span::styled(
                format!(
                    "{} {} {} ",
                    fill(&name, names),
                    fill(&Field::Address.get(&model.answers, row), addresses),
                    fill(&user, logins)
                ),
                style,
            ),
            Span::styled(format!("{glyph} "), theme.style(role)),
            Span::styled(cut(&word, width.saturating_sub(names + addresses + logins + 8)), theme.style(role)),
        ]));
    }
    let below = count.saturating_sub(top + most);
    if below > 0 {
        page.line(Line::styled(format!("   {below} below"), theme.style(Role::Dim)));
    }
    page.space();
    let name = model.worker_name(model.row);
    let dash = if theme.ascii { "-" } else { "┄" };
    let rest = dash.repeat(width.saturating_sub(name.width() + 5));
    page.line(Line::styled(format!(" {dash} {name} {rest}"), theme.style(Role::Dim)));
    for one in [
        Field::Name,
        Field::Address,
        Field::User,
        Field::Port,
        Field::Host,
        Field::SshKey,
        Field::Images,
        Field::Kubelet,
        Field::KubeletHash,
        Field::Replace,
    ] {
        field(model, page, one);
    }
    page.space();
    look(
        model,
        page,
        &ProbeTarget::Worker(name),
        "It is looked at when its address is there and left.",
        width,
    );
}

/// The inspection's words when there is nothing to show of it.
pub fn inspection_words(model: &Model) -> Option<(Role, String)> {
    match &model.inspection {
        Inspection::None => {
            Some((Role::Dim, "Not everything is answered yet, so the hosts were not looked at.".to_owned()))
        }
        Inspection::Looking => {
            let dots = ".".repeat(usize::try_from(model.ticks % 4).unwrap_or(0));
            Some((
                Role::Running,
                format!("{} looking at every host{dots}", model.theme.glyph(Glyph::Running)),
            ))
        }
        Inspection::Failed(problem) => Some((Role::Bad, format!("{} {}", problem.code, problem.what))),
        Inspection::Seen { .. } => None,
    }
}

fn inspection_note(model: &Model, page: &mut Page<'static>, width: usize) {
    if let Some((role, words)) = inspection_words(model) {
        page.seen(model, &[(role, words)], width);
        if let Inspection::Failed(problem) = &model.inspection {
            let lines: Vec<(Role, String)> =
                problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
            page.seen(model, &lines, width);
        }
    } else if matches!(model.inspection, Inspection::Seen { stale: true, .. }) {
        page.say(model, Role::Dim, "the answers have changed since; R looks again", width);
    }
}

/// The looked-at step of a place.
fn step<'a>(seen: &'a PlacePreview, id: &str) -> Option<&'a StepState> {
    seen.looked.iter().find(|one| one.step.id().0 == id).map(|one| &one.state)
}

fn certificates(model: &Model, page: &mut Page<'static>, width: usize) {
    let theme = &model.theme;
    page.space();
    page.say(
        model,
        Role::Text,
        "Each worker gets a key that never leaves it, and a certificate of the CA.",
        width,
    );
    page.space();
    field(model, page, Field::Days);
    page.space();
    inspection_note(model, page, width);
    let days: i64 = Field::Days.get(&model.answers, 0).parse().unwrap_or(365);
    let cards = crate::ui::wizard::screens::certificates::cards(model, days);
    let longest = cards.iter().map(|card| card.days.max(card.there.unwrap_or(0))).max().unwrap_or(1).max(1);
    for card in cards {
        page.line(Line::from(vec![
            Span::styled(format!(" {} ", card.title), theme.style(Role::Accent)),
            Span::styled(card.word.clone(), theme.style(card.role)),
        ]));
        for (name, value) in &card.lines {
            page.line(Line::from(vec![
                Span::styled(format!("   {name:<10}"), theme.style(Role::Dim)),
                Span::raw(cut(value, width.saturating_sub(14))),
            ]));
        }
        let room = width.saturating_sub(36).clamp(8, 60);
        if let Some(there) = card.there {
            page.line(bar(model, "there", there, longest, room, Role::Changed));
        }
        page.line(bar(model, "new", card.days, longest, room, Role::Ok));
        for (role, words) in &card.differs {
            page.seen(model, &[(*role, words.clone())], width);
        }
        page.space();
    }
    let workers = model.planned.as_ref().map_or(0, |plan| plan.workers.len());
    let more = workers.saturating_sub(crate::ui::wizard::screens::certificates::MOST);
    if more > 0 {
        page.say(model, Role::Dim, &format!("{more} more workers get the like; Review has each"), width);
    }
}

/// A life as a bar on the scale that all cards share.
fn bar(model: &Model, name: &str, days: i64, longest: i64, room: usize, role: Role) -> Line<'static> {
    let theme = &model.theme;
    let part = |days: i64| {
        let share = days.max(0).saturating_mul(i64::try_from(room).unwrap_or(0)) / longest.max(1);
        usize::try_from(share).unwrap_or(0).min(room)
    };
    let full = part(days).max(usize::from(days > 0));
    let words = if days < 0 { format!("ended {} days ago", -days) } else { format!("{days} days") };
    Line::from(vec![
        Span::styled(format!("   {name:<10}"), theme.style(Role::Dim)),
        Span::styled(
            theme.glyph(Glyph::Full).repeat(full),
            theme.style(if days < 0 { Role::Bad } else { role }),
        ),
        Span::styled(theme.glyph(Glyph::Empty).repeat(room.saturating_sub(full)), theme.style(Role::Dim)),
        Span::styled(format!(" {words}"), theme.style(if days < 0 { Role::Bad } else { Role::Text })),
    ])
}

fn states(model: &Model, page: &mut Page<'static>, place: &Place, ids: &[&str], width: usize) {
    let Some(seen) = model.inspection.seen() else { return };
    let Some(seen) = seen.iter().find(|seen| seen.place == *place) else { return };
    for id in ids {
        let Some(state) = step(seen, id) else { continue };
        let title = crate::ui::wizard::screens::run::title(id).to_owned();
        match state {
            StepState::Done(evidence) => {
                page.seen(model, &[(Role::Ok, format!("{title}: same, {evidence}"))], width);
            }
            StepState::Todo(actions) => {
                page.seen(model, &[(Role::Changed, format!("{title}: {} to do", actions.len()))], width);
                for action in actions {
                    page.seen(model, &[(Role::Added, format!("  + {}", action.title()))], width);
                }
            }
            StepState::Blocked(problem) => {
                page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
                let lines: Vec<(Role, String)> =
                    problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
                page.seen(model, &lines, width);
            }
            StepState::Await(_) => page.seen(model, &[(Role::Dim, format!("{title}: proven in Run"))], width),
        }
    }
    if let Some(problem) = &seen.problem {
        page.seen(model, &[(Role::Warn, format!("{} {}", problem.code, problem.what))], width);
    }
}

fn kubectl(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "How does kubectl on this computer reach the cluster?", width);
    page.space();
    field(model, page, Field::Kubectl);
    let kind = Field::Kubectl.get(&model.answers, 0);
    if kind != "none" {
        field(model, page, Field::Context);
        field(model, page, Field::ContextCluster);
        field(model, page, Field::ContextUser);
        if kind == "file" {
            field(model, page, Field::ContextFile);
        }
    }
    page.space();
    if kind == "merge" {
        page.say(model, Role::Dim, "Merged by kubectl config; a copy is kept and the current context stays. d shows before and after.", width);
    } else if kind == "file" {
        page.say(
            model,
            Role::Dim,
            "A file of its own: your kubeconfig stays as it is. d shows what is written.",
            width,
        );
    }
    inspection_note(model, page, width);
    states(model, page, &Place::Local, &["admin", "context", "kubectl"], width);
}

fn dns(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which DNS answers inside the cluster?", width);
    page.space();
    field(model, page, Field::Deploy);
    if Field::Deploy.get(&model.answers, 0) != "none" {
        field(model, page, Field::Replicas);
    }
    page.space();
    let dns = Field::Dns.get(&model.answers, 0);
    let range = Field::ServiceRange.get(&model.answers, 0);
    page.say(
        model,
        Role::Dim,
        &format!("It gets the address {dns} out of {range}; the kubelets tell it to every pod."),
        width,
    );
    for remark in model.issues.iter().filter(|remark| remark.field == "cluster.dns" && !remark.missing) {
        page.seen(model, &[(Role::Bad, format!("{}; {}", remark.what, remark.cure))], width);
    }
    inspection_note(model, page, width);
    states(model, page, &Place::Cluster, &["namespace", "dns", "dns-pods"], width);
    page.space();
    page.say(model, Role::Key, "The manifest", width);
    if let Some(plan) = model.planned.as_deref() {
        match crate::profile::dns_objects(plan, true) {
            Ok(objects) if objects.is_empty() => {
                page.say(model, Role::Dim, "none: what answers already is proven", width);
            }
            Ok(objects) => {
                for object in objects {
                    let name = crate::plan::action::object_name(&object);
                    page.say(model, Role::Accent, &name, width);
                    let text = crate::kube::yaml(&object);
                    for line in text.lines() {
                        page.line(Line::styled(
                            format!("   {}", cut(line, width.saturating_sub(4))),
                            model.theme.style(Role::Code),
                        ));
                    }
                }
            }
            Err(error) => page.say(model, Role::Bad, &error.to_string(), width),
        }
    }
}

fn report(model: &Model, page: &mut Page<'static>, width: usize) {
    let theme = &model.theme;
    page.space();
    let (words, role) = match model.run.code {
        Some(0) => ("Everything is aboard.", Role::Ok),
        Some(3) => ("Stopped. What was done stays, and a new run goes on from there.", Role::Warn),
        _ => ("Not everything is aboard; what was done stays.", Role::Bad),
    };
    page.seen(model, &[(role, words.to_owned())], width);
    page.space();
    page.say(model, Role::Key, "What to try next", width);
    let mut next: Vec<String> = model.run.next.clone();
    if let Some(plan) = model.planned.as_deref()
        && model.run.code == Some(0)
    {
        next.push(format!(
            "dig @{} kubernetes.default.svc.{} +short        (on a worker)",
            plan.cluster.dns, plan.cluster.domain
        ));
        next.push("docker ps        (on a worker)".to_owned());
    }
    for line in next {
        page.line(Line::styled(
            format!("   {}", cut(&line, width.saturating_sub(4))),
            theme.style(Role::Code),
        ));
    }
    page.space();
    page.say(model, Role::Key, "How to take it back", width);
    page.say(
        model,
        Role::Text,
        "u takes back what was done on a worker; gangplank undo PLAN does it for all, from any computer: the record is \
         in /var/lib/gangplank on each worker.",
        width,
    );
    page.space();
    page.say(model, Role::Key, "What was done", width);
    let places = crate::ui::wizard::screens::run::places(model);
    // Of many hosts nobody reads every action; the journal and each host's record have them.
    let many = places.len() > crate::ui::wizard::screens::certificates::MOST;
    for place in places {
        let end = model.run.ends.get(&place.to_string()).cloned().unwrap_or_default();
        let undone = if model.run.undone.contains(&place) { "taken back" } else { end.as_str() };
        let skipped = if model.run.skipped.contains(&place) { "skipped" } else { undone };
        page.line(Line::from(vec![
            Span::styled(format!(" {} ", fill(&place.to_string(), 14)), theme.style(Role::Accent)),
            Span::raw(skipped.to_owned()),
        ]));
        let changed = model.run.changed.get(&place).map(Vec::as_slice).unwrap_or_default();
        if many && !changed.is_empty() {
            page.line(Line::raw(format!("     {} actions", changed.len())));
        }
        for line in changed.iter().filter(|_| !many) {
            page.line(Line::styled(
                format!("     {}", cut(line, width.saturating_sub(6))),
                theme.style(Role::Text),
            ));
        }
        for trouble in model.run.troubles.iter().filter(|trouble| trouble.place == place) {
            page.seen(
                model,
                &[(Role::Bad, format!("{} {}", trouble.problem.code, trouble.problem.what))],
                width,
            );
        }
    }
}

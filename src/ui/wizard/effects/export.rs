//! Files that somebody asks for: the script, the plan; and the kubeconfig before and after.

use crate::ui::wizard::validation;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::host::plain_action;
use crate::plan::action::Content;
use crate::plan::place::Place;
use crate::plan::yaml;
use crate::ui::script;
use crate::ui::wizard::effects::ground::Ground;
use crate::ui::wizard::effects::session::portable;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::review_table;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::report::summary;
use crate::ui::wizard::screens::review;

/// Writes the script that does the same by hand.
pub fn export(ground: &Ground, path: &Path, model: &Model) {
    let Some(plan) = validation::plan(model) else {
        ground.tell(Msg::Say(Role::Warn, "not everything is answered yet".to_owned()));
        return;
    };
    let Some(seen) = model.preview.inspection.seen() else {
        let words = "the hosts were not looked at yet: Review does, then export".to_owned();
        ground.tell(Msg::Say(Role::Warn, words));
        return;
    };
    let text = match model.form.only.as_slice() {
        [one] => script::one_worker(&plan, seen, one).unwrap_or_else(|| script::script(&plan, seen)),
        _ => script::script(&plan, seen),
    };
    write(ground, path, &text, 0o755, "a script that does the same by hand");
}

/// Writes the plan as `gangplank apply` takes it.
pub fn write_plan(ground: &Ground, path: &Path, model: &Model) {
    let text = yaml::write(&portable(&model.form.answers, &model.form.base));
    write(ground, path, &text, 0o644, "for gangplank apply");
}

/// Writes what was wrong with a worker, what was changed on it and how it is now.
pub fn write_summary(ground: &Ground, path: &Path, model: &Model) {
    match summary(model) {
        Some(text) => {
            write(ground, path, &text, 0o644, "what was wrong, what was changed, and how it is now");
        }
        None => ground.tell(Msg::Say(Role::Warn, "no repair has ended yet".to_owned())),
    }
}

/// Writes a new file where the person wants it; what is there is not replaced.
fn write(ground: &Ground, path: &Path, text: &str, mode: u32, what: &str) {
    let path = ground.path(path);
    let written = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    let msg = match written {
        Ok(()) => Msg::Say(Role::Ok, format!("wrote {}: {what}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Msg::Say(Role::Warn, format!("{} is there already: give another name", path.display()))
        }
        Err(error) => Msg::Say(Role::Bad, format!("{} cannot be written: {error}", path.display())),
    };
    ground.tell(msg);
}

/// The kubeconfig before and after, as a text to show.
pub fn kubeconfig(model: &Model) -> Msg {
    let mut lines = Vec::new();
    let here =
        model.preview.inspection.seen().and_then(|all| all.iter().find(|seen| seen.place == Place::Local));
    for looked in here.into_iter().flat_map(|seen| &seen.looked).filter(|one| one.step.id().0 == "context") {
        for action in review_table::actions(looked) {
            lines.push((Role::Accent, action.title()));
            if let (Some(path), Some(Content::Literal(bytes)), Some(seen)) =
                (action.path(), action.content(), here)
            {
                lines.extend(review::changes(&seen.facts, path, bytes, Some(3)));
            } else {
                lines.push((Role::Code, format!("  {}", plain_action(action))));
            }
        }
    }
    if lines.is_empty() {
        lines.push((Role::Dim, "nothing would be changed, or it was not looked at yet".to_owned()));
    }
    Msg::Difference { title: "kubeconfig before and after".to_owned(), lines }
}

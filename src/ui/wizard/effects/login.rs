//! The words of `ssh` for a shell on a worker.

use crate::ui::wizard::effects::probe::rough_plan;
use crate::ui::wizard::model::Model;

/// The words of a shell on a worker, as arguments of ssh.
pub fn shell(name: &str, model: &Model) -> Result<Vec<String>, String> {
    let plan = rough_plan(model).ok_or("the answers are not complete yet")?;
    let worker = plan.workers.iter().find(|worker| worker.name == name).ok_or("there is no such worker")?;
    let login = &worker.ssh;
    let mut words = vec!["ssh".to_owned(), "-t".to_owned()];
    if let Some(port) = login.port {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(key) = &login.key {
        words.extend(["-i".to_owned(), key.display().to_string()]);
    }
    if !login.jump.is_empty() {
        words.extend(["-J".to_owned(), login.jump.join(",")]);
    }
    let host = if login.host.is_empty() { worker.address.to_string() } else { login.host.clone() };
    // A name that begins as an option does is none.
    words.push("--".to_owned());
    words.push(login.user.as_ref().map_or_else(|| host.clone(), |user| format!("{user}@{host}")));
    Ok(words)
}

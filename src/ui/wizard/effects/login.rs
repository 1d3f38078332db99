//! The words of `ssh` for a shell on a worker.

use crate::plan::model::Login;
use crate::ui::wizard::effects::probe::rough_plan;
use crate::ui::wizard::model::Model;

/// The words of a shell on a worker, as arguments of ssh.
pub fn shell(name: &str, model: &Model) -> Result<Vec<String>, String> {
    if let Some(login) = model.form.unplanned.as_ref().filter(|login| login.host == name) {
        return Ok(words(login, &login.host));
    }
    let plan = rough_plan(model).ok_or("the answers are not complete yet")?;
    let worker = plan.workers.iter().find(|worker| worker.name == name).ok_or("there is no such worker")?;
    Ok(words(&worker.ssh, &worker.address.to_string()))
}

/// The words of ssh to a login; one that names no host is at this address.
fn words(login: &Login, address: &str) -> Vec<String> {
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
    let host = if login.host.is_empty() { address.to_owned() } else { login.host.clone() };
    // A name that begins as an option does is none.
    words.push("--".to_owned());
    words.push(login.user.as_ref().map_or_else(|| host.clone(), |user| format!("{user}@{host}")));
    words
}

//! kubectl in the lab: `config set-...` on a kubeconfig of this computer, as far as a plan uses it.

use serde_yaml::{Mapping, Value};

use crate::lab::machine::{LabFile, LabMachine};
use crate::lab::outcome::Failed;

/// An option's value, as `--name=value` or `--name value`.
pub(crate) fn option<'a>(args: &[&'a str], name: &str) -> Option<&'a str> {
    let long = format!("--{name}");
    args.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(long.as_str())?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => args.get(at.saturating_add(1)).copied(),
            None => None,
        }
    })
}

/// `kubectl config [--kubeconfig=FILE] set-cluster|set-credentials|set-context|use-context NAME ...`.
pub(crate) fn config(machine: &mut LabMachine, args: &[String]) -> Result<String, Failed> {
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|word| *word != "kubectl").collect();
    let unknown = || Failed(1, format!("the lab's kubectl does not know: {}", args.join(" ")));
    let file = option(&args, "kubeconfig").ok_or_else(unknown)?.to_owned();
    let bare: Vec<&str> = args.iter().copied().filter(|word| !word.starts_with("--")).collect();
    let ["config", verb, name] = bare.as_slice() else { return Err(unknown()) };
    let text = machine.files.get(&file).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    let parsed: Option<Value> = serde_yaml::from_str(text.as_deref().unwrap_or("{}")).ok();
    let mut map = match parsed {
        Some(Value::Mapping(map)) => map,
        Some(Value::Null) => Mapping::new(),
        Some(_) | None => return Err(Failed(1, format!("error: error loading config file \"{file}\""))),
    };
    let said = match *verb {
        "set-cluster" => {
            let fields = ["server", "certificate-authority"];
            set(&mut map, "clusters", "cluster", name, &fields, &args);
            format!("Cluster \"{name}\" set.\n")
        }
        "set-credentials" => {
            set(&mut map, "users", "user", name, &["client-certificate", "client-key"], &args);
            format!("User \"{name}\" set.\n")
        }
        "set-context" => {
            set(&mut map, "contexts", "context", name, &["cluster", "user"], &args);
            format!("Context \"{name}\" created.\n")
        }
        "use-context" => {
            map.insert("current-context".into(), (*name).into());
            format!("Switched to context \"{name}\".\n")
        }
        _ => return Err(unknown()),
    };
    let text = serde_yaml::to_string(&map).map_err(|error| Failed(1, error.to_string()))?;
    let new = LabFile { bytes: Vec::new(), mode: "600".to_owned(), owner: "-".to_owned() };
    machine.files.entry(file).or_insert(new).bytes = text.into_bytes();
    Ok(said)
}

fn set(map: &mut Mapping, list: &str, kind: &str, name: &str, fields: &[&str], args: &[&str]) {
    let entries = map.entry(list.into()).or_insert_with(|| Value::Sequence(Vec::new()));
    if !entries.is_sequence() {
        *entries = Value::Sequence(Vec::new());
    }
    let Value::Sequence(entries) = entries else { return };
    let known = entries.iter().position(|entry| entry.get("name").and_then(Value::as_str) == Some(name));
    let at = known.unwrap_or_else(|| {
        let mut entry = Mapping::new();
        entry.insert("name".into(), name.into());
        entry.insert(kind.into(), Value::Mapping(Mapping::new()));
        entries.push(Value::Mapping(entry));
        entries.len().saturating_sub(1)
    });
    let body = entries.get_mut(at).and_then(|entry| entry.get_mut(kind)).and_then(Value::as_mapping_mut);
    if let Some(body) = body {
        for field in fields {
            if let Some(value) = option(args, field) {
                body.insert((*field).into(), value.into());
            }
        }
    }
}

//! Texts that name keys of the plan, in the words of the form. Who edits a plan file reads `ca.cert`; who has the form
//! before them reads what the field is called there.

use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Remedy;
use crate::ui::wizard::form::field::Field;

/// Words around keys, and values as a file has them, which the form says otherwise; the longest first.
const PHRASES: [(&str, &str); 17] = [
    ("workers[].kubelet: {file, sha256}, and gangplank copies it", "Kubelet to copy and Its SHA-256"),
    ("kubectl.merge: false, and a file of its own is written", "Write: a file of its own"),
    ("write one like - {name: worker1, address: 192.168.2.1}", "add one"),
    (
        "remove it, or write ca.where as ssh://user@host/dir",
        "choose \"another host, by SSH\" as Where is the CA",
    ),
    ("write it below each worker's ssh, or leave it out", "leave it out of the plan file's defaults"),
    ("cluster.differences: {hostname-override: on}", "Against the post: repaired"),
    ("remove it, or write ca.where: files", "remove it, or choose \"files here\" as Where is the CA"),
    ("is the same file as ca.cert", "is the same file as Certificate"),
    ("workers[].ssh.host or .port", "SSH host or SSH port"),
    ("exchange ca.cert and ca.key", "exchange Certificate and Key"),
    ("workers[].ssh.user or .key", "SSH user or SSH key file"),
    ("the file named in the plan", "the file named there"),
    ("ca.where, ca.cert and ca.key", "Certificate and Key, or Where is the CA"),
    ("the user, or ca.ssh.key", "the user, or SSH key file"),
    ("change ca in the plan", "change Certificate and Key"),
    ("kubectl.merge: true", "Write: merge into the existing kubeconfig"),
    ("dns.deploy: none", "Cluster DNS: none"),
];

/// The same at the beginning of a text only.
const BEGINNINGS: [(&str, &str); 2] =
    [("ca.where: ", "Login and folder: "), ("ca: ", "Certificate and Key: ")];

/// A text of ours with each key of the plan by the name of its field. Behind a colon there may be somebody's own words,
/// which stay as they are.
pub fn by_label(told: &str) -> String {
    let mut text = by_hand(told);
    if let Some((rest, words)) =
        BEGINNINGS.iter().find_map(|(key, words)| Some((text.strip_prefix(key)?, words)))
    {
        text = format!("{words}{rest}");
    }
    let at = text.find(": ").unwrap_or(text.len());
    let (head, rest) = text.split_at(at);
    let named = |head: String, field: &PlanField| replaced(&head, field.path(), Field::of(*field).label());
    PlanField::ALL.iter().fold(head.to_owned(), named) + rest
}

/// A text that holds commands and paths: only whole phrases of ours are said otherwise.
pub fn by_hand(text: &str) -> String {
    PHRASES.iter().fold(text.to_owned(), |text, (key, words)| text.replace(key, words))
}

/// A key as a whole word is replaced wherever it stands.
fn replaced(text: &str, key: &str, label: &str) -> String {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '[');
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(key) {
        let own = !before.ends_with(in_word) && !after.starts_with(in_word);
        out.push_str(before);
        out.push_str(if own { label } else { key });
        rest = after;
    }
    out + rest
}

/// A way out, as one reads it beside the form.
pub fn way(way: &Remedy, place: &Place) -> String {
    match way {
        Remedy::Retry => "try again".to_owned(),
        Remedy::Edit { field, text } => format!("change {}", answer(*field, text)),
        Remedy::Manual(text) => by_hand(text),
        Remedy::Skip => format!("skip {place} and finish the others"),
        Remedy::Replace(what) => format!("{}: yes for {place}, {what}", Field::Replace.label()),
        Remedy::Repair { .. } => way.text(place),
    }
}

/// An answer to change, and what to write there; its field is named even where the text names none.
pub fn answer(field: PlanField, text: &str) -> String {
    let words = by_label(text);
    let mut labels =
        PlanField::ALL.iter().map(|field| Field::of(*field).label()).chain([Field::CaHost.label()]);
    if labels.any(|label| words.contains(label)) {
        words
    } else {
        format!("{}: {words}", Field::of(field).label())
    }
}

//! The types of a kubeconfig's fields, as kubectl's own decoder wants them (`client-go/tools/clientcmd/api/v1/types.go`):
//! with another one it refuses the whole file, in the words of Go.

use serde_yaml::{Mapping, Value};

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    /// Bytes in base64.
    Bytes,
    Switch,
    List,
    Map,
}

/// The fields of an entry, by what it is an entry of.
fn fields(one: &str) -> &'static [(&'static str, Holds)] {
    use Holds::{Bytes, List, Map, Switch, Text};
    match one {
        "cluster" => &[
            ("server", Text),
            ("tls-server-name", Text),
            ("insecure-skip-tls-verify", Switch),
            ("certificate-authority", Text),
            ("certificate-authority-data", Bytes),
            ("proxy-url", Text),
            ("disable-compression", Switch),
            ("extensions", List),
        ],
        "user" => &[
            ("client-certificate", Text),
            ("client-certificate-data", Bytes),
            ("client-key", Text),
            ("client-key-data", Bytes),
            ("token", Text),
            ("tokenFile", Text),
            ("as", Text),
            ("as-uid", Text),
            ("as-groups", List),
            ("as-user-extra", Map),
            ("username", Text),
            ("password", Text),
            ("auth-provider", Map),
            ("exec", Map),
            ("extensions", List),
        ],
        _ => &[("cluster", Text), ("user", Text), ("namespace", Text), ("extensions", List)],
    }
}

/// A switch as YAML 1.1 writes it, which kubectl reads.
fn is_switch(value: &Value) -> bool {
    let word = value.as_str().map(str::to_lowercase);
    value.is_bool() || word.is_some_and(|word| ["yes", "no", "on", "off", "y", "n"].contains(&word.as_str()))
}

fn fault(value: &Value, holds: Holds) -> Option<&'static str> {
    let (good, must) = match holds {
        Holds::Text => (value.is_string(), "must be text: put it in quotes"),
        Holds::Bytes => {
            let bytes = value.as_str().map(|text| {
                let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
                openssl::base64::decode_block(&text).is_ok()
            });
            (bytes == Some(true), "must be base64")
        }
        Holds::Switch => (is_switch(value), "must be true or false, without quotes"),
        Holds::List => (value.is_sequence(), "must be a list"),
        Holds::Map => (value.is_mapping(), "must be a map"),
    };
    (!good).then_some(must)
}

/// Why kubectl refuses an entry; nothing of a value is told.
pub(super) fn of_entry(one: &str, body: &Mapping) -> Option<String> {
    fields(one).iter().find_map(|(key, holds)| {
        let value = body.get(*key).filter(|value| !value.is_null())?;
        fault(value, *holds).map(|must| format!("{key} {must}"))
    })
}

/// Why kubectl refuses the file for what stands at its top: the key, and why.
pub(super) fn of_file(map: &Mapping) -> Option<(&'static str, String)> {
    for (key, wanted) in [("kind", "Config"), ("apiVersion", "v1")] {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(is)) if is == wanted || is.is_empty() => {}
            Some(_) => return Some((key, format!("{key} is not {wanted}"))),
        }
    }
    let preferences = map.get("preferences").filter(|value| !value.is_null())?;
    if let Some(must) = fault(preferences, Holds::Map) {
        return Some(("preferences", format!("preferences {must}")));
    }
    let colors = preferences.get("colors").filter(|value| !value.is_null())?;
    fault(colors, Holds::Switch).map(|must| ("preferences", format!("colors of preferences {must}")))
}

//! Fields of the kubelet's configuration in one line, as a form has them: `maxPods=50, systemReserved.memory=1Gi`. Before
//! the equals sign stands the way to a part, behind it a value as YAML has it; who has a mapping of YAML pastes that. What
//! is shown is read back as the same fields.

use serde::Deserialize;
use serde_json::Value;

use super::clean::is_invisible;
use super::issue::shown as quoted;
use super::kubelet_fields::{DEEPEST, KubeletFields, number};
use super::range::Refusal;
use super::yaml_weight::is_bearable;

/// Fields with keys that have dots in them, so that what is behind is one key: `evictionHard.memory.available`. They are
/// the maps by eviction signal of k8s.io/kubelet config/v1beta1/types.go.
const BY_SIGNAL: [&str; 4] =
    ["evictionHard", "evictionSoft", "evictionSoftGracePeriod", "evictionMinimumReclaim"];

/// The fields in one line.
pub fn shown(fields: &KubeletFields) -> String {
    let mut parts = Vec::new();
    for (field, value) in fields {
        add(&mut parts, &[field], value);
    }
    parts.join(", ")
}

/// Adds a part, or all below it by their ways.
fn add(parts: &mut Vec<String>, way: &[&str], value: &Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                add(parts, &[way, &[key]].concat(), value);
            }
        }
        value => parts.push(format!("{}={}", way_text(way), value_text(value))),
    }
}

fn way_text(way: &[&str]) -> String {
    if let [field, signal] = way
        && BY_SIGNAL.contains(field)
        && signal.split('.').all(is_bare)
    {
        return format!("{field}.{signal}");
    }
    let key = |key: &&str| if is_bare(key) { (*key).to_owned() } else { Value::from(*key).to_string() };
    way.iter().map(key).collect::<Vec<_>>().join(".")
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b))
}

/// A value that stands for itself where it is read back as the same, else in quotes.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let bare = !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:%+".contains(&b))
                && read_value(text).as_ref() == Ok(value);
            if bare { text.clone() } else { value.to_string() }
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(value_text).collect::<Vec<_>>().join(", "))
        }
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Reads the fields of one line.
///
/// # Errors
/// A part has no equals sign, or no name before it, or no value of YAML behind it: which, and what to write.
pub fn read(text: &str) -> Result<KubeletFields, Refusal> {
    let text = text.trim();
    if text.starts_with('{') {
        return match read_value(text)? {
            Value::Object(fields) => Ok(fields),
            _ => Err(refused(text)),
        };
    }
    let mut fields = KubeletFields::new();
    for part in split(text, ',').into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        let (way, value) = match split(part, '=').as_slice() {
            [way, _, ..] => (*way, part.get(way.len().saturating_add(1)..).unwrap_or_default()),
            _ => return Err(refused(part)),
        };
        let way = read_way(way.trim()).filter(|way| way.len() <= DEEPEST).ok_or_else(|| refused(part))?;
        put(&mut fields, &way, read_value(value.trim())?).ok_or_else(|| {
            let what = format!("{} says something of a part that has a value already", quoted(part));
            (what, "write one of both".to_owned())
        })?;
    }
    Ok(fields)
}

fn refused(part: &str) -> Refusal {
    (format!("{} is no field with its value", quoted(part)), "write it like maxPods=50".to_owned())
}

/// Puts a value where its way leads; `None` = something stands in the way.
fn put(fields: &mut KubeletFields, way: &[String], value: Value) -> Option<()> {
    match way {
        [] => None,
        [key] => {
            let free = !fields.contains_key(key);
            free.then(|| drop(fields.insert(key.clone(), value)))
        }
        [key, rest @ ..] => {
            let below = fields.entry(key.clone()).or_insert_with(|| Value::Object(KubeletFields::new()));
            put(below.as_object_mut()?, rest, value)
        }
    }
}

/// The keys of a way: words with dots between, a key with other signs in double quotes.
fn read_way(way: &str) -> Option<Vec<String>> {
    let keys: Option<Vec<String>> = split(way, '.').into_iter().map(read_key).collect();
    let keys = keys.filter(|keys| keys.iter().all(|key| !key.is_empty()))?;
    match keys.as_slice() {
        [field, signal @ ..] if BY_SIGNAL.contains(&field.as_str()) && signal.len() > 1 => {
            Some(vec![field.clone(), signal.join(".")])
        }
        _ => Some(keys),
    }
}

fn read_key(key: &str) -> Option<String> {
    if key.starts_with('"') {
        return serde_json::from_str(key).ok().filter(|key: &String| !key.chars().any(is_invisible));
    }
    is_bare(key).then(|| key.to_owned())
}

/// A value as YAML has it.
fn read_value(text: &str) -> Result<Value, Refusal> {
    let refused = || {
        let what = format!("{} is no value", quoted(text));
        (what, "write a number, true, false, a text in quotes or a list like [a, b]".to_owned())
    };
    if text.is_empty() || !is_bearable(text) {
        return Err(refused());
    }
    let read = serde_yaml::Value::deserialize(serde_yaml::Deserializer::from_str(text));
    json(read.map_err(|_| refused())?, DEEPEST).ok_or_else(refused)
}

/// What a plan file can have of it: no tag, no key that is no text, no number that JSON cannot hold, no sign that
/// cannot be seen, no more than so deep.
fn json(value: serde_yaml::Value, deep: usize) -> Option<Value> {
    let seen = |text: String| (!text.chars().any(is_invisible)).then_some(text);
    let below = deep.checked_sub(1)?;
    Some(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(flag) => Value::Bool(flag),
        serde_yaml::Value::Number(value) => Value::Number(match value.as_f64() {
            Some(float) if value.is_f64() => number(&float.to_string())?,
            _ => number(&value.to_string())?,
        }),
        serde_yaml::Value::String(text) => Value::String(seen(text)?),
        serde_yaml::Value::Sequence(list) => {
            Value::Array(list.into_iter().map(|item| json(item, below)).collect::<Option<_>>()?)
        }
        serde_yaml::Value::Mapping(map) => {
            let entry = |(key, value)| match key {
                serde_yaml::Value::String(key) => Some((seen(key)?, json(value, below)?)),
                _ => None,
            };
            Value::Object(map.into_iter().map(entry).collect::<Option<_>>()?)
        }
        serde_yaml::Value::Tagged(_) => return None,
    })
}

/// Splits at a sign that stands in no quotes and no brackets.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth = depth.saturating_add(1),
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, c) if c == sign && depth == 0 => {
                parts.push(text.get(begin..at).unwrap_or_default());
                begin = at.saturating_add(c.len_utf8());
            }
            (Some(_) | None, _) => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> KubeletFields {
        match value {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_shown_is_read_back_with_its_types() {
        for (value, line) in [
            (json!({"maxPods": 50, "podsPerCore": "50"}), r#"maxPods=50, podsPerCore="50""#),
            (
                json!({"systemReserved": {"cpu": "100m", "ephemeral-storage": "1Gi"}, "seccompDefault": true}),
                "systemReserved.cpu=100m, systemReserved.ephemeral-storage=1Gi, seccompDefault=true",
            ),
            (
                json!({"evictionHard": {"memory.available": "5%", "nodefs.inodesFree": "9%"}}),
                "evictionHard.memory.available=5%, evictionHard.nodefs.inodesFree=9%",
            ),
            (
                json!({"featureGates": {"a.b": false}, "memoryThrottlingFactor": 0.9}),
                r#"featureGates."a.b"=false, memoryThrottlingFactor=0.9"#,
            ),
            (
                json!({"allowedUnsafeSysctls": ["net.*", "kernel.shm_rmid_forced"], "nodeIPs": [], "x": {}}),
                r#"allowedUnsafeSysctls=["net.*", kernel.shm_rmid_forced], nodeIPs=[], x={}"#,
            ),
            (
                json!({"reservedMemory": [{"numaNode": 0, "limits": {"memory": "1Gi"}}], "b": null}),
                r#"reservedMemory=[{"numaNode":0,"limits":{"memory":"1Gi"}}], b=null"#,
            ),
            (
                json!({"a": "yes, 'no' = \"x\" {", "b": "", "c": "null"}),
                r#"a="yes, 'no' = \"x\" {", b="", c="null""#,
            ),
        ] {
            let fields = fields(value);
            assert_eq!(shown(&fields), line);
            assert_eq!(read(line).unwrap(), fields, "{line}");
        }
    }

    #[test]
    fn a_mapping_of_yaml_may_be_pasted() {
        let read = read("{maxPods: 50, evictionHard: {memory.available: 5%}}").unwrap();
        assert_eq!(shown(&read), "maxPods=50, evictionHard.memory.available=5%");
    }

    #[test]
    fn what_is_no_field_with_a_value_is_told() {
        for (line, part) in [
            ("maxPods", "maxPods"),
            ("maxPods: 50", "maxPods: 50"),
            ("a=1, =2", "=2"),
            ("a..b=1", "a..b=1"),
            ("a=1, a=2", "a=2"),
            ("a=1, a.b=2", "a.b=2"),
            ("a=[1", "[1"),
            ("a=", ""),
            ("a=!x 1", "!x 1"),
            ("{a: 1", "{a: 1"),
            ("a=.nan", ".nan"),
            ("a=\"x\\ny\"", "\"x\\ny\""),
        ] {
            let (what, _) = read(line).unwrap_err();
            assert!(what.starts_with(&quoted(part)), "{line}: {what}");
        }
        assert_eq!(read(" , ").unwrap(), KubeletFields::new());
    }
}

//! Fields of the kubelet's configuration as an operator wrote them: a mapping whose keys and shapes are the kubelet's,
//! not ours. Here is what is ours about it: how a part of it is named, what a number is, and how a worker's own are laid
//! over those that all workers have.

use serde_json::{Map, Number, Value};

use super::clean::is_invisible;

/// Fields of the kubelet's configuration by name, in the order they were written, each with its type.
pub type KubeletFields = Map<String, Value>;

/// Mappings and lists in one another at most: the deepest field of the kubelet's types has seven.
pub(crate) const DEEPEST: usize = 16;

/// What a worker has of its own over what all workers have, field by field: a field of its own replaces the common
/// one with all that is below it. The common ones keep their order and come first.
pub fn merged(common: &KubeletFields, own: &KubeletFields) -> KubeletFields {
    let mut all = common.clone();
    for (field, value) in own {
        all.insert(field.clone(), value.clone());
    }
    all
}

/// Where a key below a part stands, as remarks name it. The key is somebody else's: no more of it than can be seen.
pub(crate) fn below(part: &str, key: &str) -> String {
    let key: String = key.chars().filter(|c| !is_invisible(*c)).take(80).collect();
    format!("{part}.{key}")
}

/// A number as YAML and JSON write it; whole ones stay whole, as the kubelet reads no other into its whole fields.
/// None = it is none, or too large to be kept as it is.
pub(crate) fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Number::from_f64(text.parse().ok()?)
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
    fn a_field_of_its_own_replaces_the_common_one_whole() {
        let common = fields(json!({"maxPods": 110, "systemReserved": {"cpu": "100m", "memory": "1Gi"}}));
        let own = fields(json!({"podPidsLimit": 4096, "systemReserved": {"memory": "2Gi"}}));
        let all = merged(&common, &own);
        let told = serde_json::to_string(&all).unwrap();
        assert_eq!(told, r#"{"maxPods":110,"systemReserved":{"memory":"2Gi"},"podPidsLimit":4096}"#);
        assert_eq!(merged(&common, &KubeletFields::new()), common);
    }

    #[test]
    fn a_number_stays_what_it_is() {
        for (text, is) in
            [("50", "50"), ("-1", "-1"), ("0.9", "0.9"), ("18446744073709551615", "18446744073709551615")]
        {
            assert_eq!(number(text).unwrap().to_string(), is);
        }
        for text in ["12345678901234567890123", "NaN", "inf", "", "1x"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}

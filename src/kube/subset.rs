//! Is what we want already there? Compares a manifest with a live object and lays the one over the
//! other. Fields the manifest does not name (defaults, `clusterIP`, status) are left as they are, and so
//! are further elements of lists of named things.

use serde_json::{Map, Value};

use super::quantity::billionths;

/// Maps that mean something else when they hold more: a selector with one more label selects less.
const EXACT: [&str; 3] = ["selector", "matchLabels", "nodeSelector"];
/// Objects of which only one kind may be set: laid over, `httpGet` and `exec` would both be there.
const WHOLE: [&str; 5] = ["livenessProbe", "readinessProbe", "startupProbe", "strategy", "volumes"];
/// Maps whose values are quantities.
const QUANTITIES: [&str; 3] = ["limits", "requests", "hard"];

/// Paths of fields in which `live` is not what `ours` says; empty = nothing to do.
pub fn differences(ours: &Value, live: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let (Some(ours), Some(live)) = (ours.as_object(), live.as_object()) else {
        return if ours == live { out } else { vec![".".to_owned()] };
    };
    for (key, value) in ours {
        if !matches!(key.as_str(), "kind" | "apiVersion" | "status") {
            compare(key, key, value, live.get(key).unwrap_or(&Value::Null), &mut out);
        }
    }
    out
}

/// `live` with the fields of `ours` over it, to be sent by PUT; `status` stays as it was.
pub fn over(ours: &Value, live: &Value) -> Value {
    let mut out = lay("", ours, live);
    if let (Some(out), Some(live)) = (out.as_object_mut(), live.as_object()) {
        match live.get("status") {
            Some(status) => out.insert("status".to_owned(), status.clone()),
            None => out.remove("status"),
        };
    }
    out
}

fn compare(key: &str, path: &str, ours: &Value, live: &Value, out: &mut Vec<String>) {
    // Go leaves empty values out: `false`, 0, "" and nothing are the same on the wire.
    if is_empty(ours) && is_empty(live) {
        return;
    }
    match (ours, live) {
        (Value::Null, _) => {}
        (Value::Object(ours), Value::Object(live)) => compare_maps(key, path, ours, live, out),
        (Value::Array(ours), Value::Array(live)) => compare_lists(path, ours, live, out),
        _ if ours == live => {}
        _ => out.push(path.to_owned()),
    }
}

fn compare_maps(
    key: &str,
    path: &str,
    ours: &Map<String, Value>,
    live: &Map<String, Value>,
    out: &mut Vec<String>,
) {
    if EXACT.contains(&key) && live.keys().any(|k| !ours.contains_key(k)) {
        out.push(path.to_owned());
        return;
    }
    for (name, value) in ours {
        let path = format!("{path}.{name}");
        let theirs = live.get(name).unwrap_or(&Value::Null);
        let amount = |v: &Value| match v {
            Value::String(text) => billionths(text),
            Value::Number(number) => billionths(&number.to_string()),
            _ => None,
        };
        if QUANTITIES.contains(&key) && amount(value).is_some() && amount(value) == amount(theirs) {
            continue;
        }
        compare(name, &path, value, theirs, out);
    }
}

fn compare_lists(path: &str, ours: &[Value], live: &[Value], out: &mut Vec<String>) {
    if let (Some(names), Some(theirs)) = (names(ours), names(live)) {
        for (name, value) in names.iter().zip(ours) {
            let path = format!("{path}[{name}]");
            match theirs.iter().position(|n| n == name).and_then(|at| live.get(at)) {
                Some(found) => compare("", &path, value, found, out),
                None => out.push(path),
            }
        }
    } else if ours.len() == live.len() {
        for (at, (ours, live)) in ours.iter().zip(live).enumerate() {
            compare("", &format!("{path}[{at}]"), ours, live, out);
        }
    } else {
        out.push(path.to_owned());
    }
}

fn lay(key: &str, ours: &Value, live: &Value) -> Value {
    match (ours, live) {
        (Value::Null, _) => live.clone(),
        (Value::Object(_), Value::Object(_)) if EXACT.contains(&key) => ours.clone(),
        (Value::Object(_), Value::Object(_)) if WHOLE.contains(&key) && !same(ours, live) => ours.clone(),
        (Value::Object(ours), Value::Object(live)) => {
            let mut out = live.clone();
            for (name, value) in ours {
                let laid = lay(name, value, live.get(name).unwrap_or(&Value::Null));
                out.insert(name.clone(), laid);
            }
            Value::Object(out)
        }
        (Value::Array(ours), Value::Array(live)) => Value::Array(lay_lists(key, ours, live)),
        _ => ours.clone(),
    }
}

fn lay_lists(key: &str, ours: &[Value], live: &[Value]) -> Vec<Value> {
    let (Some(names), Some(theirs)) = (names(ours), names(live)) else {
        let pairs = ours.iter().zip(live).map(|(ours, live)| lay(key, ours, live));
        return if ours.len() == live.len() { pairs.collect() } else { ours.to_vec() };
    };
    // Ours in our order, then what only the server has.
    let mut out: Vec<Value> = Vec::with_capacity(live.len());
    for (name, value) in names.iter().zip(ours) {
        let found = theirs.iter().position(|n| n == name).and_then(|at| live.get(at));
        out.push(found.map_or_else(|| value.clone(), |found| lay(key, value, found)));
    }
    let more = theirs.iter().zip(live).filter(|(name, _)| !names.contains(name));
    out.extend(more.map(|(_, value)| value.clone()));
    out
}

fn same(ours: &Value, live: &Value) -> bool {
    let mut out = Vec::new();
    compare("", "", ours, live, &mut out);
    out.is_empty()
}

/// The names of a list of named things; `None` when one has none or two share one.
fn names(list: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = list.iter().map(|v| v.get("name")?.as_str()).collect::<Option<_>>()?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    (sorted.len() == names.len() && !names.is_empty()).then_some(names)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        // `emptyDir: {}` says something: only a missing map and an empty one differ.
        Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{differences, over};

    #[test]
    fn quantities_defaults_and_kept_fields_do_not_differ() {
        let ours = json!({"kind": "X", "spec": {"replicas": 1, "readOnly": false, "creationTimestamp": null,
            "containers": [{"name": "a", "resources": {"limits": {"cpu": 0.1, "memory": "500Mi"}}}]}});
        let live = json!({"spec": {"clusterIP": "10.3.0.2", "replicas": 1, "containers": [{"name": "b"},
            {"name": "a", "imagePullPolicy": "Always", "resources": {"limits": {"cpu": "100m", "memory": "524288000"}}}]}});
        assert_eq!(differences(&ours, &live), Vec::<String>::new());
    }

    #[test]
    fn quantities_only_where_quantities_are() {
        let (ours, live) = (json!({"data": {"a": "1000m"}}), json!({"data": {"a": "1"}}));
        assert_eq!(differences(&ours, &live), ["data.a"]);
    }

    #[test]
    fn names_what_differs() {
        let ours = json!({"spec": {"containers": [{"name": "a", "args": ["-x", "-y"]}, {"name": "n"}], "emptyDir": {}}});
        let live = json!({"spec": {"containers": [{"name": "a", "args": ["-x"]}]}});
        assert_eq!(
            differences(&ours, &live),
            ["spec.containers[a].args", "spec.containers[n]", "spec.emptyDir"]
        );
    }

    #[test]
    fn a_narrower_selector_differs_and_is_replaced() {
        let ours = json!({"spec": {"selector": {"k8s-app": "kube-dns"}}});
        let live = json!({"spec": {"selector": {"k8s-app": "kube-dns", "version": "v9"}}});
        assert_eq!(differences(&ours, &live), ["spec.selector"]);
        assert_eq!(over(&ours, &live), ours);
    }

    #[test]
    fn a_volume_of_another_kind_is_replaced_whole() {
        let ours = json!({"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}});
        let live = json!({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}, {"name": "w"}]}});
        let want = json!({"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w"}]}});
        assert_eq!(over(&ours, &live), want);
    }

    #[test]
    fn a_status_in_a_manifest_is_not_sent() {
        assert_eq!(over(&json!({"a": 1, "status": {}}), &json!({"a": 2})), json!({"a": 1}));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3i64..3).prop_map(Value::from),
            "[a-c1m]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            let key = prop_oneof![
                "[a-d]",
                Just("name".to_owned()),
                Just("limits".to_owned()),
                Just("selector".to_owned()),
                Just("volumes".to_owned())
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..4)
                    .prop_map(|kv| Value::Object(kv.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::vec(("[a-d]", value()), 0..4).prop_map(|kv| Value::Object(kv.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_thing_is_a_subset_of_itself(a in object()) {
            prop_assert_eq!(differences(&a, &a), Vec::<String>::new());
        }

        #[test]
        fn laid_over_there_is_nothing_left_to_do(ours in object(), live in object()) {
            let merged = over(&ours, &live);
            prop_assert_eq!(differences(&ours, &merged), Vec::<String>::new());
            prop_assert_eq!(over(&ours, &merged), merged);
        }

        #[test]
        fn a_further_field_is_left_alone(ours in object(), extra in value()) {
            let mut live = ours.clone();
            live["zz"] = extra;
            prop_assert_eq!(differences(&ours, &live), Vec::<String>::new());
        }

        #[test]
        fn a_changed_field_is_seen(ours in object(), a in 1i64..9, b in 10i64..19) {
            let (mut ours, mut live) = (ours.clone(), ours);
            ours["zz"] = a.into();
            live["zz"] = b.into();
            prop_assert_eq!(differences(&ours, &live), vec!["zz".to_owned()]);
        }
    }
}

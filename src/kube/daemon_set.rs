//! DaemonSets as far as it matters which of them bring something to a node: what they run, and whether they come to a
//! node with these labels and taints. The rules are those of the DaemonSet controller (`pkg/controller/daemon`).

use serde_json::Value;

use super::node::{Node, items};
use crate::plan::clean;

/// A name, an argument or a value is not longer, columns.
const LONG: usize = 200;
/// Containers, arguments, terms of a rule that are read; real ones have at most thirty.
const MOST: usize = 64;
/// What the controller lets the pods of every DaemonSet put up with (`pkg/controller/daemon/util/daemonset_util.go`).
const ALWAYS_TOLERATED: [(&str, &str); 7] = [
    (NOT_READY, "NoExecute"),
    (UNREACHABLE, "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ("node.kubernetes.io/network-unavailable", "NoSchedule"),
];
/// A node has it until it is Ready.
const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// A node has it while nothing is heard of its kubelet.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// One of its containers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodContainer {
    /// Its name.
    pub name: String,
    /// Its image, as written.
    pub image: String,
    /// Command and arguments, one after the other.
    pub words: Vec<String>,
    /// Variables of its environment that have a value of their own.
    pub variables: Vec<(String, String)>,
}

/// A DaemonSet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DaemonSet {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The labels by which its pods are found, `k8s-app=kube-proxy`.
    pub selector: String,
    /// Its containers; those that only prepare are not among them.
    pub containers: Vec<PodContainer>,
    /// ConfigMaps that its pods mount.
    pub config_maps: Vec<String>,
    /// Where its pods may run.
    placing: Value,
}

/// What a rule of placing looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeTraits {
    /// Name of the node.
    pub name: String,
    /// Labels: key and value.
    pub labels: Vec<(String, String)>,
    /// Taints that keep pods away: key, value, effect.
    pub taints: Vec<(String, String, String)>,
}

fn text(value: &Value, field: &str) -> String {
    clean::short(value.get(field).and_then(Value::as_str).unwrap_or_default(), LONG)
}

fn words(value: &Value, field: &str) -> impl Iterator<Item = String> {
    items(value, field).filter_map(Value::as_str).take(MOST).map(|word| clean::short(word, LONG))
}

impl DaemonSet {
    /// Reads one object; `None` when it has no name or is being deleted.
    pub fn from_json(object: &Value) -> Option<Self> {
        let meta = object.get("metadata")?;
        let name = text(meta, "name");
        if name.is_empty() || meta.get("deletionTimestamp").is_some_and(|at| !at.is_null()) {
            return None;
        }
        let pod = object.pointer("/spec/template/spec").unwrap_or(&Value::Null);
        // A DaemonSet of before apps/v1 may leave the selector to the labels of its pods.
        let labels = ["/spec/selector/matchLabels", "/spec/template/metadata/labels"];
        let labels = labels.iter().find_map(|at| object.pointer(at).and_then(Value::as_object));
        let selector: Vec<String> = labels
            .into_iter()
            .flatten()
            .take(MOST)
            .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
            .collect();
        let container = |one: &Value| PodContainer {
            name: text(one, "name"),
            image: text(one, "image"),
            words: words(one, "command").chain(words(one, "args")).collect(),
            variables: items(one, "env")
                .filter(|variable| variable.get("value").is_some())
                .take(MOST)
                .map(|variable| (text(variable, "name"), text(variable, "value")))
                .collect(),
        };
        let placing = ["nodeName", "nodeSelector", "affinity", "tolerations"];
        let placing = placing.iter().filter_map(|key| Some(((*key).to_owned(), pod.get(*key)?.clone())));
        Some(Self {
            namespace: text(meta, "namespace"),
            name,
            selector: clean::words(&selector.join(",")),
            containers: items(pod, "containers").take(MOST).map(container).collect(),
            config_maps: items(pod, "volumes")
                .take(MOST)
                .filter_map(|volume| Some(text(volume.get("configMap")?, "name")))
                .collect(),
            placing: Value::Object(placing.collect()),
        })
    }

    /// `namespace/name`, as it is told.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether it brings a pod to a node; else the first thing that keeps it away.
    ///
    /// # Errors
    /// It does not: why, in words.
    pub fn comes_to(&self, node: &NodeTraits) -> Result<(), String> {
        let wanted = text(&self.placing, "nodeName");
        if !wanted.is_empty() && wanted != node.name {
            return Err(format!("it is for the node {wanted} alone"));
        }
        let selector = self.placing.get("nodeSelector").and_then(Value::as_object);
        for (key, value) in selector.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            if node.label(key) != Some(value) {
                let pair = clean::short(&format!("{key}={value}"), LONG);
                return Err(format!("its nodeSelector wants {pair}"));
            }
        }
        let required =
            "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
        if let Some(terms) = self.placing.pointer(required).and_then(Value::as_array) {
            let unmet: Vec<String> = terms.iter().take(MOST).filter_map(|term| unmet(term, node)).collect();
            if unmet.len() == terms.len().min(MOST) {
                let first = unmet.first().cloned().unwrap_or_else(|| "there is no term in it".to_owned());
                return Err(format!("its node affinity does not fit: {first}"));
            }
        }
        let kept_away = node.taints.iter().find(|taint| !self.tolerates(taint));
        kept_away.map_or(Ok(()), |(key, value, effect)| {
            let value = if value.is_empty() { String::new() } else { format!("={value}") };
            Err(format!("it does not tolerate the taint {key}{value}:{effect}"))
        })
    }

    fn tolerates(&self, (key, value, effect): &(String, String, String)) -> bool {
        if effect == "PreferNoSchedule" || ALWAYS_TOLERATED.contains(&(key.as_str(), effect.as_str())) {
            return true;
        }
        items(&self.placing, "tolerations").take(MOST).any(|one| {
            let field = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
            let exists = field("operator") == "Exists";
            let same_effect = field("effect").is_empty() || field("effect") == effect;
            let same_key = field("key") == key || field("key").is_empty() && exists;
            same_effect && same_key && (exists || field("value") == value)
        })
    }
}

/// The first rule of a term that a node does not keep; a term without rules fits no node.
fn unmet(term: &Value, node: &NodeTraits) -> Option<String> {
    let (labels, fields) = (items(term, "matchExpressions"), items(term, "matchFields"));
    let mut rules =
        labels.map(|rule| (rule, false)).chain(fields.map(|rule| (rule, true))).take(MOST).peekable();
    if rules.peek().is_none() {
        return Some("a term without rules fits no node".to_owned());
    }
    rules.find_map(|(rule, of_field)| {
        let key = rule.get("key").and_then(Value::as_str).unwrap_or_default();
        let has = match (of_field, key) {
            (true, "metadata.name") => Some(node.name.as_str()),
            (true, _) => None,
            (false, _) => node.label(key),
        };
        let values: Vec<&str> = items(rule, "values").filter_map(Value::as_str).take(MOST).collect();
        let number = |text: &str| text.parse::<i64>().ok();
        let compared = || Some((number(has?)?, number(values.first()?)?));
        let operator = rule.get("operator").and_then(Value::as_str).unwrap_or_default();
        let fits = match operator {
            "In" => has.is_some_and(|has| values.contains(&has)),
            "NotIn" => !has.is_some_and(|has| values.contains(&has)),
            "Exists" => has.is_some(),
            "DoesNotExist" => has.is_none(),
            "Gt" => compared().is_some_and(|(has, than)| has > than),
            "Lt" => compared().is_some_and(|(has, than)| has < than),
            _ => false,
        };
        (!fits).then(|| clean::short(format!("{key} {operator} {}", values.join(", ")).trim_end(), LONG))
    })
}

impl NodeTraits {
    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(one, _)| one == key).map(|(_, value)| value.as_str())
    }

    /// As it is once it is Ready, whatever it is now.
    #[must_use]
    pub fn once_ready(mut self) -> Self {
        self.taints.retain(|(key, ..)| key != NOT_READY && key != UNREACHABLE);
        self
    }

    /// As it is while it has no network of pods.
    #[must_use]
    pub fn before_its_network(self) -> Self {
        let mut node = self.once_ready();
        node.taints.push((NOT_READY.to_owned(), String::new(), "NoSchedule".to_owned()));
        node
    }

    /// A node that the API knows.
    pub fn of(node: &Node) -> Self {
        let shown =
            |pairs: &[(crate::plan::remote::Remote<String>, crate::plan::remote::Remote<String>)]| {
                pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
            };
        Self {
            name: node.name.to_string(),
            labels: shown(&node.labels),
            taints: node
                .taints
                .iter()
                .map(|one| (one.key.to_string(), one.value.to_string(), one.effect.to_string()))
                .collect(),
        }
    }

    /// A node that a kubelet is going to register: the labels that it gives itself, and no taints; `machine` is what
    /// `uname -m` says there.
    pub fn to_come(name: &str, machine: &str) -> Self {
        let arch = match machine {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "armv7l" | "armv6l" => "arm",
            "i686" | "i386" => "386",
            other => other,
        };
        let labels = [
            ("kubernetes.io/hostname", name),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", arch),
            ("beta.kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/arch", arch),
        ];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        Self { name: name.to_owned(), labels, taints: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DaemonSet, NodeTraits};

    #[expect(clippy::needless_pass_by_value, reason = "a literal is given as it is")]
    fn set(placing: Value) -> DaemonSet {
        let mut pod = json!({"containers": [{"name": "a", "image": "b"}]});
        pod.as_object_mut().expect("a map").extend(placing.as_object().expect("a map").clone());
        let object =
            json!({"metadata": {"name": "n", "namespace": "s"}, "spec": {"template": {"spec": pod}}});
        DaemonSet::from_json(&object).expect("it has a name")
    }

    fn worker() -> NodeTraits {
        NodeTraits::to_come("w1", "x86_64")
    }

    #[test]
    fn one_without_rules_comes_to_every_node() {
        assert_eq!(set(json!({})).comes_to(&worker()), Ok(()));
        assert_eq!(set(json!({"nodeSelector": {"kubernetes.io/os": "linux"}})).comes_to(&worker()), Ok(()));
    }

    #[test]
    fn the_rule_that_keeps_it_away_is_named() {
        // What the operator of calico does to kube-proxy's when its own data plane takes over.
        let away = set(json!({"nodeSelector": {"non-calico": "true"}})).comes_to(&worker());
        assert_eq!(away, Err("its nodeSelector wants non-calico=true".to_owned()));
        let windows = json!({"nodeSelector": {"kubernetes.io/os": "windows"}});
        assert!(set(windows).comes_to(&worker()).is_err());
        let rule = |rule: Value| {
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}}})
        };
        let masters = rule(json!({"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}));
        assert_eq!(
            set(masters).comes_to(&worker()),
            Err("its node affinity does not fit: node-role.kubernetes.io/control-plane Exists".to_owned())
        );
        let not_here = rule(json!({"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["w1"]}));
        assert!(set(not_here).comes_to(&worker()).is_err());
        let arch = rule(json!({"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]}));
        assert_eq!(set(arch).comes_to(&worker()), Ok(()));
    }

    #[test]
    fn one_term_that_fits_is_enough_and_an_empty_one_fits_nothing() {
        let terms = |terms: Value| {
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": terms}}}})
        };
        let by_name =
            json!([{}, {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["w1"]}]}]);
        assert_eq!(set(terms(by_name)).comes_to(&worker()), Ok(()));
        assert!(set(terms(json!([{}]))).comes_to(&worker()).is_err());
    }

    #[test]
    fn taints_keep_it_away_unless_it_tolerates_them() {
        let mut node = worker();
        node.taints.push(("gpu".into(), "yes".into(), "NoSchedule".into()));
        node.taints.push(("node.kubernetes.io/not-ready".into(), String::new(), "NoExecute".into()));
        node.taints.push(("soft".into(), String::new(), "PreferNoSchedule".into()));
        let away = set(json!({})).comes_to(&node);
        assert_eq!(away, Err("it does not tolerate the taint gpu=yes:NoSchedule".to_owned()));
        for toleration in [
            json!({"operator": "Exists"}),
            json!({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}),
            json!({"key": "gpu", "value": "yes"}),
        ] {
            assert_eq!(set(json!({"tolerations": [toleration]})).comes_to(&node), Ok(()), "{toleration}");
        }
        for toleration in
            [json!({"key": "gpu", "value": "no"}), json!({"operator": "Exists", "effect": "NoExecute"})]
        {
            assert!(set(json!({"tolerations": [toleration]})).comes_to(&node).is_err(), "{toleration}");
        }
    }

    #[test]
    fn before_a_node_is_ready_only_what_tolerates_that_comes_to_it() {
        let everywhere = json!({"tolerations": [{"operator": "Exists", "effect": "NoSchedule"}]});
        assert_eq!(set(everywhere).comes_to(&worker().before_its_network()), Ok(()));
        let away = set(json!({})).comes_to(&worker().before_its_network());
        assert_eq!(
            away,
            Err("it does not tolerate the taint node.kubernetes.io/not-ready:NoSchedule".to_owned())
        );
        assert_eq!(set(json!({})).comes_to(&worker().before_its_network().once_ready()), Ok(()));
    }

    #[test]
    fn one_that_is_going_is_none() {
        assert_eq!(
            DaemonSet::from_json(&json!({"metadata": {"name": "n", "deletionTimestamp": "2026"}})),
            None
        );
    }
}

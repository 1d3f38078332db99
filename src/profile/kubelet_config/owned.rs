//! The fields that are gangplank's: a plan that says them too would be of two minds.

use serde_json::Value;

use crate::plan::issue::PlanIssue;
use crate::plan::kubelet_fields::KubeletFields;

/// A field that an operator may not set, and where what is meant is said instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedField {
    /// Its path, `authentication.x509.clientCAFile`.
    pub field: &'static str,
    /// Why it is gangplank's.
    pub why: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

const fn own(field: &'static str, why: &'static str, instead: &'static str) -> OwnedField {
    OwnedField { field, why, instead }
}

const LEAVE_OUT: &str = "leave it out";

/// Every field that gangplank writes, and those that would undo one of them.
pub(super) const OWNED: &[OwnedField] = &[
    own("apiVersion", "the file has one form", LEAVE_OUT),
    own("kind", "the file has one form", LEAVE_OUT),
    own(
        "authentication.x509.clientCAFile",
        "the API server shows a certificate of the cluster's CA",
        "leave it out; the CA is that of ca",
    ),
    own(
        "authentication.anonymous",
        "who does not say who it is gets nothing from this worker",
        "leave it out; it is off",
    ),
    own(
        "authentication.webhook.enabled",
        "tokens are shown to the API server, and gangplank proves logs and exec that way",
        "leave it out; it is on",
    ),
    own(
        "authorization.mode",
        "the API server decides who may reach this kubelet",
        "leave it out; it is Webhook",
    ),
    own("staticPodPath", "kube-proxy's manifest is put there", LEAVE_OUT),
    own(
        "clusterDNS",
        "it is the address of the cluster's DNS service",
        "write the DNS address of the cluster",
    ),
    own("clusterDomain", "it is the domain of the cluster", "write the DNS domain of the cluster"),
    own("tlsCertFile", "gangplank signs this certificate and renews it", LEAVE_OUT),
    own("tlsPrivateKeyFile", "it belongs to the certificate that gangplank signs", LEAVE_OUT),
    own(
        "rotateCertificates",
        "the kubelet's certificate comes from gangplank, which renews it",
        "leave it out; it is off",
    ),
    own(
        "serverTLSBootstrap",
        "the kubelet's certificate comes from gangplank, which renews it",
        "leave it out; it is off",
    ),
    own(
        "cgroupDriver",
        "it is what the container runtime has: where they differ no pod starts, or pods run in the wrong place",
        "leave it out, and change it in the container runtime",
    ),
    own(
        "containerRuntimeEndpoint",
        "it is the socket of the container runtime",
        "choose the container runtime of the cluster",
    ),
    own(
        "imageServiceEndpoint",
        "images are had from the container runtime",
        "choose the container runtime of the cluster",
    ),
    own("resolvConf", "with the stub of systemd-resolved in it a DNS pod would ask itself", LEAVE_OUT),
    own(
        "failSwapOn",
        "it follows from what the plan says of swap",
        "choose what the plan says of swap: refuse or no-swap",
    ),
    own(
        "memorySwap",
        "it follows from what the plan says of swap",
        "choose what the plan says of swap: refuse or no-swap",
    ),
    own(
        "failCgroupV1",
        "it follows from what the plan says of cgroup v1",
        "choose what the plan says of cgroup v1: refuse or allow",
    ),
    own(
        "readOnlyPort",
        "it shows every pod of the worker to whoever reaches it",
        "leave it out; the same is had from port 10250 by who may",
    ),
    own("enableServer", "without it the API server reaches no log and no shell of a pod", LEAVE_OUT),
    own(
        "enableDebuggingHandlers",
        "logs and exec go through them, and gangplank proves both",
        "leave it out; it is on",
    ),
    own(
        "port",
        "gangplank looks at port 10250 before the kubelet starts and proves logs and exec there",
        LEAVE_OUT,
    ),
    own("healthzPort", "gangplank asks there whether the kubelet is up", "leave it out; it is 10248"),
    own(
        "healthzBindAddress",
        "gangplank asks there whether the kubelet is up",
        "leave it out; it is 127.0.0.1",
    ),
    own("registerNode", "the worker would never join the cluster", "leave it out; it is on"),
];

impl OwnedField {
    /// As a remark on a plan, whose fields are below `place`, such as `workers[0].kubelet_config`.
    pub fn issue(&self, place: &str) -> PlanIssue {
        let what = format!("is gangplank's own: {}", self.why);
        PlanIssue::wrong(format!("{place}.{}", self.field), what, self.instead)
    }
}

/// The fields of an operator's map that are gangplank's own, in the order of the table. What is empty (`null`) says
/// nothing. A mapping that holds such a field and is no mapping here is one of them too.
pub fn owned_fields(map: &KubeletFields) -> Vec<OwnedField> {
    OWNED.iter().filter(|owned| says(map, owned.field)).copied().collect()
}

fn says(map: &KubeletFields, path: &str) -> bool {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    match (map.get(key), rest) {
        (None | Some(Value::Null), _) => false,
        (Some(Value::Object(inner)), Some(rest)) => says(inner, rest),
        (Some(_), _) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(value: &Value) -> Vec<&'static str> {
        owned_fields(value.as_object().unwrap()).iter().map(|field| field.field).collect()
    }

    #[test]
    fn what_is_ours_is_found_in_nested_maps_too_and_what_is_beside_it_is_not() {
        let map = json!({
            "maxPods": 50, "clusterDNS": ["10.3.0.2"], "kind": null,
            "authentication": {"webhook": {"cacheTTL": "1m", "enabled": false}, "x509": {}},
            "authorization": {"webhook": {"cacheAuthorizedTTL": "1m"}},
        });
        assert_eq!(owned(&map), ["authentication.webhook.enabled", "clusterDNS"]);
        assert_eq!(owned(&json!({"authorization": "AlwaysAllow"})), ["authorization.mode"]);
        assert_eq!(owned(&json!({"evictionHard": {"nodefs.available": "5%"}, "port": null})), [""; 0]);
    }

    #[test]
    fn a_refusal_says_the_field_the_reason_and_what_to_write() {
        let map = json!({"clusterDomain": "other.local"});
        let said = owned_fields(map.as_object().unwrap())[0].issue("defaults.kubelet_config").to_string();
        assert_eq!(
            said,
            "defaults.kubelet_config.clusterDomain: is gangplank's own: it is the domain of the cluster; write the DNS domain of the cluster"
        );
    }
}

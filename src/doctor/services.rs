//! Whether the rules of services are there that a kube-proxy makes which runs.

use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;
use crate::plan::surroundings::{ProxyFact, Surroundings};

/// A kube-proxy makes its first rules within this of its start, as it makes them all anew every 30 seconds (Kubernetes 1.37,
/// `pkg/proxy/apis/config/v1alpha1/defaults.go`, `syncPeriod`); seconds.
const FIRST_RULES: u64 = 60;

/// None of the rules are there that its mode makes, all of the kernel's tables were looked at, and it had time to make them.
pub(super) fn fault(around: &Surroundings, worker: &str) -> Option<Problem> {
    let proxy = around.proxy.as_ref()?;
    let (mode, wanted) = wanted(proxy)?;
    let up = proxy.up_s.filter(|up| *up > FIRST_RULES)?;
    let there = wanted.iter().any(|kind| proxy.rules.iter().any(|rule| rule == kind));
    if there || !proxy.whole {
        return None;
    }
    let about = |kind: &&str| match *kind {
        "iptables" => "no chain KUBE-SERVICES in a table nat",
        "userspace" => "no chain KUBE-PORTALS-HOST there",
        "ipvs" => "no interface kube-ipvs0",
        _ => "no table kube-proxy of nftables",
    };
    let looked: Vec<&str> = wanted.iter().map(about).collect();
    Some(
        Problem::new(
            ProblemCode::Container03,
            format!("kube-proxy runs on {worker}, and there are no rules of services"),
        )
        .seen(format!("it runs for {up} s, {mode}; looked for, of IPv4 and IPv6: {}", looked.join(", ")))
        .manual(
            "see what it says: its newest log is in /var/log/pods/kube-system_kube-proxy-*, or journalctl -u kube-proxy; if \
             somebody flushed the rules, it makes them again when it is started anew",
        ),
    )
}

/// What there would be of its mode; `None` = that is not judged.
fn wanted(proxy: &ProxyFact) -> Option<(String, &'static [&'static str])> {
    let mode = proxy.mode.as_ref()?.to_string();
    let wanted: &[&str] = match mode.as_str() {
        // Where it cannot have iptables an old one falls back to userspace.
        "iptables" => &["iptables", "userspace"],
        "nftables" if proxy.nftables => &["nftables"],
        "" if proxy.nftables => &["iptables", "userspace", "ipvs", "nftables"],
        _ => return None,
    };
    let told = if mode.is_empty() { "told no mode".to_owned() } else { format!("in mode {mode}") };
    Some((told, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(mode: Option<&str>, rules: &[&str], change: impl Fn(&mut ProxyFact)) -> Option<Problem> {
        let mut proxy = ProxyFact {
            up_s: Some(61),
            mode: mode.map(Into::into),
            rules: rules.iter().map(|rule| (*rule).into()).collect(),
            whole: true,
            nftables: true,
        };
        change(&mut proxy);
        fault(&Surroundings { proxy: Some(proxy), ..Surroundings::default() }, "w1")
    }

    #[test]
    fn rules_are_missed_only_by_the_mode_and_where_everything_was_looked_at() {
        for mode in ["iptables", "nftables", ""] {
            let problem = judged(Some(mode), &[], |_| ()).expect("there are none");
            assert_eq!(problem.code, ProblemCode::Container03);
            assert!(judged(Some(mode), &[], |proxy| proxy.whole = false).is_none());
            assert!(judged(Some(mode), &[], |proxy| proxy.up_s = Some(60)).is_none());
            assert!(judged(Some(mode), &[], |proxy| proxy.up_s = None).is_none());
        }
        assert!(judged(None, &[], |_| ()).is_none(), "nobody read its mode");
        for mode in ["ipvs", "userspace", "kernelspace"] {
            assert!(judged(Some(mode), &[], |_| ()).is_none(), "{mode}");
        }
        for rule in ["iptables", "userspace", "ipvs", "nftables"] {
            assert!(judged(Some(""), &[rule], |_| ()).is_none(), "{rule}");
        }
        assert!(judged(Some("iptables"), &["iptables"], |_| ()).is_none());
        assert!(judged(Some("iptables"), &["nftables"], |_| ()).is_some(), "those of a mode before");
        // Without nft those of nftables are not seen.
        let blind = |proxy: &mut ProxyFact| proxy.nftables = false;
        assert!(judged(Some("iptables"), &[], blind).is_some());
        assert!(judged(Some("nftables"), &[], blind).is_none() && judged(Some(""), &[], blind).is_none());
        assert!(fault(&Surroundings::default(), "w1").is_none());
    }
}

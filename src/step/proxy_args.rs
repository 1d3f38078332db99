//! Whether kube-proxy takes the flags of the plan: it cannot be asked before it runs, so the table of minors answers.

use crate::plan::code::ProblemCode;
use crate::plan::minors::{self, RowKind};
use crate::plan::model::{Plan, Version};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};

/// The gate without which a kube-proxy of 1.29 or 1.30 does not take the mode nftables.
const NFTABLES_GATE: &str = "NFTablesProxyMode=true";

/// The version of the kube-proxy that would run: that of the plan's image where its tag says one that is known, else the
/// kubelet's.
pub(super) fn version(plan: &Plan, kubelet: Version) -> Version {
    let tag = plan.images.kube_proxy.as_deref().and_then(|image| image.rsplit_once(':')).map(|(_, tag)| tag);
    // A port is no tag.
    let said = tag.filter(|tag| !tag.contains('/')).and_then(Version::parse);
    said.filter(|version| !minors::is_newer(*version)).unwrap_or(kubelet)
}

/// The value of the last flag of this name.
fn value<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    let pairs = args.iter().rev().filter_map(|arg| arg.strip_prefix("--")?.split_once('='));
    pairs.filter(|(key, _)| key.replace('_', "-") == name).map(|(_, value)| value).next()
}

/// Stops at a flag or a mode that this version does not have; tells those that are in no version that was read.
pub(super) fn judge(args: &[String], version: Version) -> Result<Vec<Verdict>, Problem> {
    let refused = |what: &str, row: RowKind, name: &str| {
        let span = minors::rows().find(|one| one.kind == row && one.what == name).map(|one| one.span);
        let first = span.map(minors::Span::first).filter(|first| *first > version);
        let seen = match (first, span.and_then(minors::Span::end)) {
            (Some(first), _) => format!("it came with {}", minors::name(first)),
            (None, Some(end)) => format!("it went with {}", minors::name(end)),
            (None, None) => "the table has it in other versions".to_owned(),
        };
        Problem::new(ProblemCode::Network06, format!("kube-proxy {} takes no {what}", minors::name(version)))
            .seen(seen)
            .edit(PlanField::ProxyArgs, "workers[].proxy_args: without it")
    };
    let mut verdicts = Vec::new();
    for arg in args.iter().filter(|arg| arg.starts_with("--")) {
        match minors::proxy_flag(arg, version) {
            Some(true) => {}
            Some(false) => {
                let name = arg.trim_start_matches('-').split('=').next().unwrap_or(arg).replace('_', "-");
                return Err(refused(&format!("flag --{name}"), RowKind::ProxyFlag, &name));
            }
            // A version of which nothing was read has no answer to any flag.
            None if minors::proxy_flag("config", version).is_none() || minors::is_log_flag(arg) => {}
            None => verdicts.push(Verdict::warning(
                "kube-proxy",
                format!("its flag {arg} is in none of the versions that were read"),
                "look at how it is written: kube-proxy ends at a flag that it does not know",
            )),
        }
    }
    if let Some(mode) = value(args, "proxy-mode").filter(|mode| !mode.is_empty()) {
        let gates = value(args, "feature-gates").unwrap_or_default();
        let allowed = mode == "nftables" && gates.split(',').any(|gate| gate.trim() == NFTABLES_GATE);
        match minors::proxy_mode(mode, version) {
            Some(false) if !allowed => {
                return Err(refused(&format!("mode {mode}"), RowKind::ProxyMode, mode));
            }
            None if minors::proxy_mode("iptables", version).is_some() => {
                let problem = Problem::new(
                    ProblemCode::Network06,
                    format!("kube-proxy {} takes no mode {mode}", minors::name(version)),
                );
                return Err(problem
                    .seen("no version that was read has such a mode on Linux")
                    .edit(PlanField::ProxyArgs, "workers[].proxy_args: without it, or another mode"));
            }
            Some(_) | None => {}
        }
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(args: &[&str], minor: u16) -> Result<usize, String> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let version = Version { major: 1, minor, patch: 0 };
        judge(&args, version).map(|verdicts| verdicts.len()).map_err(|problem| problem.what)
    }

    #[test]
    fn a_mode_or_a_flag_stops_only_where_its_version_does_not_have_it() {
        for (args, minor, wanted) in [
            (&["--proxy-mode=nftables"][..], 31, Ok(0)),
            (&["--proxy-mode=nftables"], 30, Err("kube-proxy 1.30 takes no mode nftables")),
            (&["--proxy-mode=nftables", "--feature-gates=NFTablesProxyMode=true"], 30, Ok(0)),
            (&["--proxy-mode=userspace"], 25, Ok(0)),
            (&["--proxy-mode=userspace"], 26, Err("kube-proxy 1.26 takes no mode userspace")),
            (&["--proxy-mode=ebpf"], 37, Err("kube-proxy 1.37 takes no mode ebpf")),
            // The last one counts, as it does for kube-proxy.
            (&["--proxy-mode=userspace", "--proxy-mode=ipvs"], 37, Ok(0)),
            (&["--proxy_port_range=1-2"], 30, Ok(0)),
            (&["--proxy-port-range=1-2"], 31, Err("kube-proxy 1.31 takes no flag --proxy-port-range")),
            (&["--v=4", "--vmodule=proxier=5"], 37, Ok(0)),
            (&["--proxy-mod=ipvs"], 37, Ok(1)),
            // Nothing was read of the post's.
            (&["--proxy-mode=userspace", "--resource-container=x"], 2, Ok(0)),
        ] {
            assert_eq!(judged(args, minor), wanted.map_err(str::to_owned), "{args:?} of 1.{minor}");
        }
    }
}

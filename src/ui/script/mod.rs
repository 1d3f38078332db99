//! The reviewed actions as one readable POSIX sh script that does the same by hand, with plain ssh, openssl
//! and kubectl, for somebody who would rather type than trust. It holds no secret: ssh, sudo and openssl ask
//! for theirs themselves. It is text only; nothing is looked at and nothing is run here.

mod by_hand;
mod login;
mod proofs;
mod text;
mod writer;

use crate::engine::PlacePreview;
use crate::plan::action::Action;
use crate::plan::fact::Facts;
use crate::plan::model::{CaPlace, DnsKind, Plan};
use crate::plan::place::Place;
use crate::step::{Proof, StepState};

use crate::ui::script::by_hand::{ScriptLines, ScriptPlace, ToSign};
use crate::ui::script::login::ScriptLogin;

use crate::ui::script::text::{base, comment, here_doc, quote};
use crate::ui::script::writer::Writer;

/// The whole plan as one script.
pub fn script(plan: &Plan, seen: &[PlacePreview]) -> String {
    Writer::new(plan).write(seen, None)
}

/// One worker as a script of its own (`onboard-<worker>.sh`); `None` = it was not looked at.
pub fn one_worker(plan: &Plan, seen: &[PlacePreview], name: &str) -> Option<String> {
    let place = Place::Worker(name.to_owned());
    seen.iter().any(|one| one.place == place).then(|| Writer::new(plan).write(seen, Some(&place)))
}

/// The script that makes a new CA, for a plan that wants one and has none yet: nothing can be said about
/// certificates before it exists.
pub fn new_ca(plan: &Plan) -> Option<String> {
    let CaPlace::New { cert, key } = &plan.ca.place else { return None };
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let mut lines = vec!["#!/bin/sh".to_owned()];
    lines.push(comment(&format!("Makes the new CA of the cluster {}.", plan.cluster.name)));
    lines.push(comment("Then write the script for the workers: gangplank plan PLAN --script"));
    lines.extend(["set -eu".to_owned(), "umask 022".to_owned(), String::new()]);
    lines.push(comment("Who has this key can make himself administrator; an existing one is not replaced."));
    for file in [&cert, &key] {
        let (said, file) = (quote(&format!("{file} is there already")), quote(file));
        lines.push(format!("test ! -e {file} || {{ echo {said} >&2; exit 1; }}"));
    }
    let (cert, key) = (quote(&cert), quote(&key));
    lines.push(format!("(umask 077; openssl ecparam -genkey -noout -name prime256v1 -out {key})"));
    let subject = quote(&format!("/CN={}-ca", plan.cluster.name));
    let config = "\
[req]
distinguished_name = dn
x509_extensions = ca
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
";
    let command = format!("openssl req -new -x509 -sha256 -days 3650 -key {key} -subj {subject}");
    lines.extend(here_doc(&command, &format!(" \\\n  -config /dev/stdin -out {cert}"), config.as_bytes()));
    Some(lines.join("\n") + "\n")
}

const LOGS_AND_EXEC: &str = r#"logs_and_exec() {
  n=0
  until p=$(kube --namespace=kube-system get pods -o name \
    --field-selector="spec.nodeName=$1,status.phase=Running" | grep -m 1 kube-proxy); do
    [ "$n" -lt 60 ] || { echo "no kube-proxy runs on $1 after 60 s" >&2; exit 1; }
    n=$((n + 2)); sleep 2
  done
  kube --namespace=kube-system logs --tail=1 "$p" > /dev/null || exit 1
  kube --namespace=kube-system exec "$p" -- kube-proxy --version || exit 1
}"#;

impl Writer<'_> {
    fn write(mut self, seen: &[PlacePreview], only: Option<&Place>) -> String {
        let wanted = |place: &Place| only.is_none_or(|only| only == place);
        let mut ready = Vec::new();
        for one in seen.iter().filter(|one| wanted(&one.place) && one.place != Place::Cluster) {
            self.section(one, &mut ready);
        }
        if only.is_some() {
            for (name, _) in &ready {
                self.body.push(String::new());
                self.body.push(comment(&format!("Then, with a kubectl context: kubectl get node {name}")));
            }
        } else {
            let cluster = seen.iter().find(|one| one.place == Place::Cluster);
            self.cluster(cluster, &ready);
            self.logs_and_exec(seen);
            if self.plan.dns.deploy != Some(DnsKind::None)
                && cluster.is_some_and(|one| one.blocked().is_none())
            {
                self.lookups(seen);
            }
        }
        self.whole(seen, only)
    }

    /// A worker or this computer. Waits for nodes are collected: they need kubectl, which comes later.
    fn section(&mut self, seen: &PlacePreview, ready: &mut Vec<(String, u64)>) {
        let target = self.hosts.get(&seen.place).cloned();
        match &target {
            Some(target) => self.heading(&format!("{} ({})", target.name, seen.host)),
            None => self.heading("this computer"),
        }
        if let Some(problem) = seen.blocked() {
            // A place with a problem is left as it is, all of it.
            self.problem(problem, &seen.place);
            return;
        }
        for one in &seen.looked {
            match &one.state {
                StepState::Done(evidence) => self.same(one.step, evidence),
                StepState::Todo(actions) => {
                    self.why(one.step);
                    self.warnings(&one.verdicts);
                    self.tell(target.as_ref().map_or("here", |target| &target.name), one.step.title());
                    self.actions(target.as_ref(), &seen.facts, actions);
                }
                StepState::Await(proof) => self.proof(one.step, target.as_ref(), proof, ready),
                StepState::Blocked(_) => {}
            }
            if !matches!(one.state, StepState::Todo(_)) {
                self.warnings(&one.verdicts);
            }
        }
        if let Some(last) = seen.looked.last()
            && last.step.barrier()
            && matches!(last.state, StepState::Todo(_))
        {
            let text = "What follows here depends on this. Run the script, then have it written again.";
            self.body.push(String::new());
            self.body.push(comment(text));
        }
    }

    /// The actions of a step. What must be signed is signed together.
    fn actions(&mut self, target: Option<&ScriptLogin>, facts: &Facts, actions: &[Action]) {
        let name = target.map_or_else(|| "here".to_owned(), |target| base(&target.name));
        let spot = ScriptPlace { name: &name, ssh: target.map(ScriptLogin::ssh), facts };
        let mut lines = ScriptLines::default();
        let mut rest = actions;
        while let Some(action) = rest.first() {
            let signs = rest.iter().take_while(|one| matches!(one, Action::Sign { .. })).count();
            if signs == 0 {
                self.action(&spot, action, &mut lines);
                rest = &rest[1..];
                continue;
            }
            let (round, left) = rest.split_at(signs);
            rest = left;
            self.flush(target, std::mem::take(&mut lines));
            let all: Vec<ToSign> = round.iter().filter_map(|one| ToSign::of(one, &self.slots)).collect();
            let signed = self.sign(&all);
            self.body.extend(signed);
            for action in round {
                self.action(&spot, action, &mut lines);
            }
        }
        self.flush(target, lines);
    }

    fn flush(&mut self, target: Option<&ScriptLogin>, lines: ScriptLines) {
        if let Some(target) = target
            && !(lines.before.is_empty() && lines.after.is_empty())
        {
            self.use_ssh(target);
        }
        self.body.extend(lines.before);
        match target {
            Some(target) if !lines.there.is_empty() => {
                let there = self.as_root(target, &lines.there);
                self.body.extend(there);
            }
            Some(_) => {}
            None => self.body.extend(lines.there),
        }
        self.body.extend(lines.after);
    }

    /// Header, functions, then what was collected.
    fn whole(self, seen: &[PlacePreview], only: Option<&Place>) -> String {
        let mut names: Vec<String> = self
            .plan
            .workers
            .iter()
            .map(|worker| Place::Worker(worker.name.clone()))
            .filter(|place| {
                only.is_none_or(|only| only == place) && seen.iter().any(|one| one.place == *place)
            })
            .map(|place| place.to_string())
            .collect();
        if names.is_empty() {
            names.push("nobody".to_owned());
        }
        let mut out = vec!["#!/bin/sh".to_owned()];
        let cluster = &self.plan.cluster;
        out.push(comment(&format!(
            "Joins {} to the cluster {} ({}) by hand.",
            names.join(", "),
            cluster.name,
            cluster.api.url()
        )));
        out.push("#".to_owned());
        for text in [
            "Written by gangplank from what it saw; gangplank is not needed to run it. It stops at the first \
             command that fails. What a step found to be right already is left out.",
            "Passwords and passphrases are not in here: ssh, sudo and openssl ask for them. To log in once for \
             each host and not for each step, put ControlMaster auto and ControlPersist 10m in ~/.ssh/config.",
        ] {
            out.push(comment(text));
        }
        if !self.used.ssh.is_empty() {
            out.push(
                "# shellcheck disable=SC2029  # commands for a host are put together here, on purpose"
                    .to_owned(),
            );
        }
        out.extend(["set -eu".to_owned(), "umask 022".to_owned()]);
        if self.body.iter().any(|line| line.contains("\"$work\"")) || self.used.ca_cert {
            out.push(String::new());
            out.push(comment("Signing requests and certificates on their way; nothing secret."));
            out.push("work=$(mktemp -d)".to_owned());
            out.push("trap 'rm -rf \"$work\"' EXIT".to_owned());
        }
        let targets: Vec<&ScriptLogin> = self
            .ca
            .iter()
            .chain(
                self.plan
                    .workers
                    .iter()
                    .filter_map(|worker| self.hosts.get(&Place::Worker(worker.name.clone()))),
            )
            .filter(|target| self.used.ssh.contains(&target.ssh()))
            .collect();
        let waits = matches!(self.plan.ca.place, CaPlace::Offline { .. }) && self.used.ca_cert;
        if waits || targets.iter().any(|target| target.needs_terminal()) {
            out.push(String::new());
            out.push(comment("3 is the keyboard, for when somebody is asked."));
            out.push("exec 3<&0".to_owned());
        }
        if !targets.is_empty() {
            out.push(String::new());
            out.push(comment(
                "ssh_HOST runs one command there, root_HOST the commands on its input as root.",
            ));
        }
        for target in targets {
            out.extend(target.functions(self.used.root.contains(&target.root())));
        }
        self.tools(&mut out, seen);
        if self.body.iter().all(|line| line.is_empty() || line.starts_with('#')) {
            out.push("echo 'nothing to do'".to_owned());
        }
        out.extend(self.body);
        out.join("\n") + "\n"
    }

    /// kubectl, the wait for nodes, and the CA's certificate as PEM.
    fn tools(&self, out: &mut Vec<String>, seen: &[PlacePreview]) {
        if self.used.kube {
            let login = seen.iter().flat_map(|one| &one.looked).find_map(|one| match &one.state {
                StepState::Await(Proof::Kubectl { file, context }) => Some((file, context)),
                _ => None,
            });
            out.push(String::new());
            if let Some((file, context)) = login {
                let (file, context) = (quote(file), quote(context));
                out.push(comment("kubectl with the context that is written below"));
                out.push(format!("kube() {{ kubectl --kubeconfig={file} --context={context} \"$@\"; }}"));
            } else {
                out.push(comment("a kubectl whose current context is this cluster"));
                out.push("kube() { kubectl \"$@\"; }".to_owned());
            }
        }
        if self.used.ready {
            out.push(String::new());
            out.push(comment("wait_ready NODE SECONDS"));
            let path = r#"{.status.conditions[?(@.type=="Ready")].status}"#;
            out.push("wait_ready() {".to_owned());
            out.push("  n=0".to_owned());
            out.push(format!(
                "  until [ \"$(kube get node \"$1\" -o jsonpath='{path}' 2> /dev/null)\" = True ]; do"
            ));
            out.push(
                "    [ \"$n\" -lt \"$2\" ] || { echo \"$1 is not Ready after $2 s\" >&2; exit 1; }"
                    .to_owned(),
            );
            out.push("    n=$((n + 2)); sleep 2".to_owned());
            out.push("  done".to_owned());
            out.push("  echo \"$1 is Ready\"".to_owned());
            out.push("}".to_owned());
        }
        if self.body.iter().any(|line| line.starts_with("logs_and_exec ")) {
            out.push(String::new());
            out.push(comment("logs_and_exec NODE: a log and a command of its kube-proxy, through the API"));
            out.extend(LOGS_AND_EXEC.lines().map(str::to_owned));
        }
        if self.used.ca_cert
            && let CaPlace::Files { cert, .. } | CaPlace::New { cert, .. } | CaPlace::Offline { cert } =
                &self.plan.ca.place
        {
            let cert = quote(&cert.display().to_string());
            out.push(String::new());
            out.push(comment("the CA's certificate as PEM, whatever form the file has"));
            out.push(format!("openssl x509 -in {cert} -out \"$work\"/ca.crt 2> /dev/null ||"));
            out.push(format!("  openssl x509 -inform DER -in {cert} -out \"$work\"/ca.crt"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stays_one() {
        let text = comment(&format!("evil\nrm -rf /\r{}", "word ".repeat(60)));
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    }

    #[test]
    fn a_content_cannot_end_its_here_document() {
        let lines = here_doc("cat", "", b"a\nEOF\nEOF_\n");
        assert_eq!(lines, ["cat <<'EOF__'", "a\nEOF\nEOF_", "EOF__"]);
        assert!(here_doc("cat", "", b"no newline")[0].starts_with("base64"));
    }
}

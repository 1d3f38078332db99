//! What the API says to the worker's own identity, asked from there, where a plan tells of it.

use super::findings::Findings;
use crate::pki::examine;
use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::found::NodeIdentity;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::Problem;
use crate::profile::KUBECONFIG;

/// The question: as its kubelet would ask, for its own node.
pub fn identity_query(plan: &Plan, worker: &Worker) -> FactQuery {
    FactQuery::Identity {
        kubeconfig: KUBECONFIG.to_owned(),
        node: worker.name.clone(),
        // A kubelet of 1.2 has it from a flag.
        server: plan.cluster.api.url(),
    }
}

/// Judges the answer. What is wrong with the certificate, the clock or the way there was said before, and explains a refusal.
pub(super) fn judge(facts: &Facts, plan: &Plan, worker: &Worker, found: &mut Findings) {
    let server = plan.cluster.api.url();
    let name = &worker.name;
    let unknown = |why: &str| Problem::unknown(&format!("whether the API knows {name}"), why);
    let identity = match facts.identity(KUBECONFIG, name, &server) {
        Known::Yes(Some(identity)) => identity,
        Known::No(why) if found.faults.is_empty() => return found.add(unknown(&why)),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => return,
    };
    let explained = found.faults.iter().any(|problem| {
        matches!(
            problem.code.group(),
            ProblemGroup::Cert | ProblemGroup::Ca | ProblemGroup::Clock | ProblemGroup::File
        ) || matches!(problem.code, ProblemCode::Key01 | ProblemCode::Key03)
    });
    let look = "asked from the worker, with its own certificate";
    let said = identity.node.body.to_string();
    match identity.node.status {
        Some(200) => found.well.push(format!("{look}, the API at {} knows it", identity.server)),
        Some(401) if !explained => found.add(
            Problem::new(ProblemCode::Api05, format!("the API does not know {name}"))
                .seen(format!("{look}, {} answers 401", identity.server))
                .seen(subject(identity))
                .seen("its certificate is alive and issued by the plan's CA: the API trusts another one, or the cluster is another one")
                .manual("compare the API's --client-ca-file with the plan's CA"),
        ),
        Some(403) if !explained => found.add(
            Problem::new(ProblemCode::Api06, format!("the API does not let {name} see its node"))
                .seen(format!("{look}, {} answers 403", identity.server))
                .seen(subject(identity))
                .manual(format!(
                    "a node's certificate says O=system:nodes and CN=system:node:{name}, and the API needs its Node authorizer"
                )),
        ),
        // By whether there is a node at all it is judged elsewhere.
        Some(401 | 403 | 404) => {}
        Some(other) if found.faults.is_empty() => {
            found.add(unknown(&format!("{look}, {} answers {other}", identity.server)));
        }
        None if found.faults.is_empty() && identity.key_spki.is_some() => {
            found.add(unknown(&format!("{look}: {said}")));
        }
        Some(_) | None => {}
    }
}

fn subject(identity: &NodeIdentity) -> String {
    match examine(identity.cert.as_bytes()) {
        Ok(cert) => format!("it says that it is {}", cert.subject_text()),
        Err(_) => "there is no certificate in it that can be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{identity_query, judge};
    use crate::doctor::findings::Findings;
    use crate::plan::answers::EXAMPLE;
    use crate::plan::check::{PathBases, finish};
    use crate::plan::code::ProblemCode;
    use crate::plan::fact::{Fact, Facts, Known};
    use crate::plan::found::{ApiAnswer, NodeIdentity};
    use crate::plan::problem::Problem;

    fn told(status: Option<u16>, before: Option<ProblemCode>) -> Findings {
        let answers = crate::plan::yaml::read(EXAMPLE, "plan.yaml".as_ref()).unwrap().0;
        let bases = PathBases { base: "/plans".into(), home: Some("/home/op".into()) };
        let plan = finish(&answers, &bases).unwrap();
        let worker = &plan.workers[0];
        let mut facts = Facts::default();
        let node = ApiAnswer { status, body: "no answer within 5 s".into() };
        let identity = NodeIdentity { node, key_spki: Some("a".to_owned()), ..NodeIdentity::default() };
        facts.learn(identity_query(&plan, worker), Known::Yes(Fact::Identity(Some(Box::new(identity)))));
        let mut found = Findings::default();
        found.faults.extend(before.map(|code| Problem::new(code, "before")));
        judge(&facts, &plan, worker, &mut found);
        found
    }

    #[test]
    fn a_refusal_is_a_cause_unless_another_one_explains_it() {
        for (status, code) in [(401, ProblemCode::Api05), (403, ProblemCode::Api06)] {
            let alone = told(Some(status), None);
            assert_eq!(alone.faults.iter().map(|one| one.code).collect::<Vec<_>>(), [code]);
            for before in [ProblemCode::Cert13, ProblemCode::Clock01, ProblemCode::Key01] {
                assert_eq!(told(Some(status), Some(before)).faults.len(), 1);
            }
            // Another fault does not: a full disk says nothing of an identity.
            assert_eq!(told(Some(status), Some(ProblemCode::Disk02)).faults.len(), 2);
        }
        assert_eq!(told(Some(200), None).well.len(), 1);
        assert!(told(Some(404), None).faults.is_empty());
        assert_eq!(
            (told(None, None).unknown.len(), told(None, Some(ProblemCode::Api24)).unknown.len()),
            (1, 0)
        );
    }
}

//! From answers to a plan. `check` says everything that is missing, wrong or doubtful, `finish` makes the
//! plan; both run the same judgement, so they cannot disagree. Nothing is read from disk or environment:
//! directories come as [`PathBases`]. Each part of a plan has a file of its own.

mod ca;
mod cluster;
mod judge;
mod kubelet_fields;
mod login;
mod workers;

use judge::Judge;

use super::answers::{Answers, DifferenceAnswers, IMAGE_KEYS, KubectlAnswers};
use super::issue::{PlanIssue, shown};
use super::model::{CaPlace, Cluster, Dns, DnsKind, Images, Kubectl, Plan};
use super::value;

pub use self::login::{typed_api, typed_login};
pub use super::value::PathBases;

/// Everything there is to say about the answers; nothing is looked up.
pub fn check(answers: &Answers) -> Vec<PlanIssue> {
    let places = PathBases { home: Some("~".into()), ..PathBases::default() };
    judge(answers, &places).1
}

/// The plan, or what stops it. Warnings do not stop it; `check` tells them.
pub fn finish(answers: &Answers, places: &PathBases) -> Result<Plan, Vec<PlanIssue>> {
    let (plan, issues) = judge(answers, places);
    plan.ok_or(issues)
}

/// Both at once, for who needs both at each key: the plan, where nothing stops it, and everything there is to say.
pub fn judge(answers: &Answers, places: &PathBases) -> (Option<Plan>, Vec<PlanIssue>) {
    let (plan, issues) = validate(answers, places);
    (plan.filter(|_| !issues.iter().any(|issue| issue.stops)), issues)
}

/// Ids of differences that no profile has. Apart from `check`, because the ids are the profile's.
pub fn check_differences(answers: &Answers, known: &[&str], needed: &[&str]) -> Vec<PlanIssue> {
    let Some(DifferenceAnswers::Each { set, .. }) = &answers.cluster.differences else { return Vec::new() };
    let off = set.iter().filter(|(id, on)| !**on && needed.contains(&id.as_str())).map(|(id, _)| {
        let what = "cannot be off: no worker joins without it".to_owned();
        PlanIssue::wrong(format!("cluster.differences.{id}"), what, "leave it out")
    });
    let unknown = set.keys().filter(|id| !known.contains(&id.as_str()));
    unknown
        .map(|id| {
            // What is far longer than all of them is none of them, and comparing costs its length.
            let alike = known.iter().filter(|known| id.len() <= known.len().saturating_mul(2));
            let near = alike.min_by_key(|known| strsim::damerau_levenshtein(known, id));
            let cure = near.map_or(String::new(), |near| format!("did you mean {near}?"));
            PlanIssue::wrong(format!("cluster.differences.{id}"), "is not a known difference", cure)
        })
        .chain(off)
        .collect()
}

fn validate(answers: &Answers, places: &PathBases) -> (Option<Plan>, Vec<PlanIssue>) {
    let mut judge = Judge { places, issues: Vec::new() };
    let cluster = judge.cluster(&answers.cluster);
    let ca = judge.ca(&answers.ca);
    let workers = workers::workers(&mut judge, answers, &cluster);
    let images = judge.images(answers);
    let kubectl = judge.kubectl(answers, cluster.name.as_deref().unwrap_or_default());
    let dns = judge.dns(answers);
    let offline = ca.as_ref().is_some_and(|ca| matches!(ca.place, CaPlace::Offline { .. }));
    if offline && kubectl.is_none() && matches!(answers.kubectl, KubectlAnswers::Word(_)) {
        // Elsewhere an admin's certificate is signed in memory; here there is only the one of the context.
        let what = "none leaves nobody whom the API knows, as the CA is offline".to_owned();
        judge.wrong("kubectl", what, "name a context, or leave it out");
    }
    let plan = || {
        let cluster = Cluster {
            name: cluster.name?,
            api: cluster.api?,
            domain: cluster.domain?,
            service_range: cluster.service_range?,
            dns: cluster.dns?,
            pod_range: cluster.pod_range,
            kubernetes: cluster.kubernetes,
            differences: cluster.differences,
            runtime: cluster.runtime,
            kube_proxy: cluster.kube_proxy,
            cgroup_v1: cluster.cgroup_v1,
            swap: cluster.swap,
            pod_network: cluster.pod_network,
        };
        Some(Plan { cluster, ca: ca?, workers, images, kubectl, dns })
    };
    (plan(), judge.issues)
}

impl Judge<'_> {
    fn images(&mut self, answers: &Answers) -> Images {
        for key in answers.images.keys().filter(|key| !IMAGE_KEYS.contains(&key.as_str())) {
            let what = format!("{} is an unknown key", shown(key));
            self.wrong("images", what, &format!("known here: {}", IMAGE_KEYS.join(", ")));
        }
        let mut image =
            |key: &str| self.maybe(&format!("images.{key}"), answers.images.get(key), value::image_name);
        Images {
            kube_proxy: image("kube_proxy"),
            pause: image("pause"),
            etcd: image("etcd"),
            kube2sky: image("kube2sky"),
            skydns: image("skydns"),
            healthz: image("healthz"),
            coredns: image("coredns"),
        }
    }

    fn kubectl(&mut self, answers: &Answers, name: &str) -> Option<Kubectl> {
        let answers = match &answers.kubectl {
            KubectlAnswers::Word(word) if word == "none" => return None,
            KubectlAnswers::Word(word) => {
                let what = format!("{} is no choice", shown(word));
                self.wrong("kubectl", what, "write none, or keys below it");
                return None;
            }
            KubectlAnswers::Context(answers) => answers,
        };
        let mut entry = |key: &str, text: &Option<String>, usual: &str| {
            self.maybe(&format!("kubectl.{key}"), text.as_ref(), value::entry_name)
                .unwrap_or_else(|| usual.to_owned())
        };
        let context = entry("context", &answers.context, name);
        let cluster = entry("cluster", &answers.cluster, name);
        let user = entry("user", &answers.user, &format!("{name}-admin"));
        let places = self.places;
        let file = self.maybe("kubectl.file", answers.file.as_ref(), |text| value::path(text, places));
        Some(Kubectl {
            context,
            cluster,
            user,
            file,
            merge: answers.merge.unwrap_or(false),
            outside_agreed: false,
        })
    }

    fn dns(&mut self, answers: &Answers) -> Dns {
        let kind = |text: &str| match text {
            "kube-dns-v11" => Ok(DnsKind::KubeDnsV11),
            "coredns" => Ok(DnsKind::CoreDns),
            "none" => Ok(DnsKind::None),
            other => Err((
                format!("{} is no choice", shown(other)),
                "write kube-dns-v11, coredns or none".to_owned(),
            )),
        };
        let deploy = self.maybe("dns.deploy", answers.dns.deploy.as_ref(), kind);
        let replicas = answers.dns.replicas.unwrap_or(1);
        if !(1..=20).contains(&replicas) {
            self.wrong("dns.replicas", format!("{replicas} is not a number of pods"), "write 1 to 20");
        }
        Dns { deploy, replicas }
    }
}

#[cfg(test)]
mod tests;

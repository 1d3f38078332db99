//! A worker that no plan tells of is examined: what it says of itself is followed from its unit to its files, and from
//! there to the API. Three execs over one connection; nothing is changed.

use super::doctor::Examined;
use super::world::World;
use crate::doctor::{
    Diagnosis, FoundPaths, FoundWorker, Layout, NodeHeard, RESOLVER_FILES, certificate_anew, diagnose_found,
    flannel_query, heard_of, is_its_ca, name_of, resolver_query,
};
use crate::host::{Batch, Host, Stop, plain_action};
use crate::pki::CaInfo;
use crate::plan::action::Action;
use crate::plan::check::typed_api;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::model::{ApiAddress, Login};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::runtime::of_facts;
use crate::step::kernel_query;

/// How a worker that no plan tells of is reached.
#[derive(Clone, Copy)]
pub struct FoundVisit<'a> {
    /// What it stands on.
    pub world: &'a dyn World,
    /// How one logs in.
    pub login: &'a Login,
    /// The run's id.
    pub run: &'a str,
    /// The person's wish to stop.
    pub stop: &'a Stop,
    /// The CA that is at hand to issue its certificate anew; `None` = none is.
    pub ca: Option<&'a CaInfo>,
}

impl FoundVisit<'_> {
    /// Its name, which is how it is reached.
    pub(super) fn place(&self) -> Place {
        Place::Worker(self.login.host.clone())
    }

    /// What came of a look.
    pub(super) fn examined(&self, found: Result<Diagnosis, Problem>, facts: Facts) -> Examined {
        let layout = found.is_ok().then(|| Layout::of(&facts));
        Examined {
            worker: self.login.host.clone(),
            host: self.login.to_string(),
            found,
            actions: Vec::new(),
            facts,
            layout,
            pods: Vec::new(),
        }
    }
}

/// One look at it.
pub(super) struct FoundLook {
    /// What is wrong with it.
    pub diagnosis: Diagnosis,
    /// When the API heard of its kubelet; `None` = it did not tell.
    pub heard: Option<NodeHeard>,
    /// Milliseconds its clock is ahead of this computer's; `None` = not known.
    pub ahead_ms: Option<i64>,
    /// SHA-256 of the public half of its key, hex; `None` = none could be read.
    pub spki: Option<String>,
}

/// Looks at the machine behind a login and says what is wrong with it.
pub fn examine_found(visit: &FoundVisit) -> Examined {
    let place = visit.place();
    let mut facts = Facts::default();
    let found = match visit.world.host(&place, visit.login) {
        Ok(mut host) => look(visit, host.as_mut(), &mut facts).map(|look| look.diagnosis),
        Err(trouble) => Err(trouble.problem(&place)),
    };
    visit.examined(found, facts)
}

/// Looks at a machine that was logged in to.
pub(super) fn look(visit: &FoundVisit, host: &mut dyn Host, facts: &mut Facts) -> Result<FoundLook, Problem> {
    let (world, place) = (visit.world, visit.place());
    let mut ask = |queries: Vec<FactQuery>, facts: &mut Facts| {
        if queries.is_empty() {
            return Ok(());
        }
        let batch = Batch { queries, run: visit.run.to_owned(), ..Batch::default() };
        let end = host.run(&batch, visit.stop, &mut |_| {});
        facts.update(end.facts);
        end.trouble.map_or(Ok(()), |trouble| Err(trouble.problem(&place)))
    };
    let unit = |name: &str| FactQuery::Unit(name.to_owned());
    let mut first = vec![
        FactQuery::Machine,
        FactQuery::KubeletStart,
        unit("kubelet"),
        unit("kube-proxy"),
        FactQuery::Runtime,
        FactQuery::Journal("kubelet".to_owned()),
        FactQuery::Record,
        kernel_query(),
    ];
    first.extend(of_facts::queries());
    let sent = world.now().as_millisecond();
    ask(first, facts)?;
    // The clock was read somewhere in between.
    let asked_ms = sent.midpoint(world.now().as_millisecond());
    let hostname = facts.machine().yes().map(|machine| machine.hostname.to_string()).unwrap_or_default();
    let start = facts.kubelet_start().yes().copied().cloned().unwrap_or_default();
    let paths = FoundPaths::of_flags(&start, &hostname);
    let file = |path: &String, content| FactQuery::File { path: path.clone(), content };
    let mut second: Vec<FactQuery> = paths.config.iter().map(|path| file(path, true)).collect();
    // One without a name could not be asked for.
    let named = paths.kubeconfig.iter().filter(|_| !paths.node.is_empty());
    second.extend(named.map(|kubeconfig| FactQuery::Identity {
        kubeconfig: kubeconfig.clone(),
        node: paths.node.clone(),
        server: paths.server.clone(),
    }));
    ask(second, facts)?;
    let paths = match paths.config.as_ref().map(|path| facts.file(path)) {
        Some(Known::Yes(Some(file))) => {
            let text = String::from_utf8_lossy(file.content.as_deref().unwrap_or_default()).into_owned();
            paths.with_config(&text)
        }
        _ => paths,
    };
    let mut third: Vec<FactQuery> = paths.files.iter().map(|path| file(path, false)).collect();
    if let Some(folder) = &paths.manifests {
        third.extend([FactQuery::Folder(folder.clone()), FactQuery::Manifests(folder.clone())]);
    }
    third.extend(paths.healthz.map(FactQuery::Healthz));
    third.extend(paths.socket.iter().map(|path| file(path, false)));
    let mut paths = paths;
    if let Some(ApiAddress { host, port }) = paths.kubeconfig.as_ref().and_then(|kubeconfig| {
        let identity = facts.identity(kubeconfig, &paths.node, &paths.server);
        let server = identity.yes()?.as_ref()?.server.to_string();
        typed_api(&server).ok()
    }) {
        paths.api.clone_from(&host);
        // Whoever let the time pass once is not waited for again.
        if !was_silent(facts, &paths) {
            third.push(FactQuery::Tls { host, port });
        }
    }
    third.push(FactQuery::Around(name_of(&paths.api)));
    third.push(flannel_query());
    let own = paths.resolver().into_iter().filter(|path| !RESOLVER_FILES.contains(path));
    third.extend(RESOLVER_FILES.into_iter().chain(own).map(resolver_query));
    ask(third, facts)?;
    let name = &visit.login.host;
    let worker = FoundWorker { name, facts, asked_ms, paths: &paths, now: world.now() };
    let mut diagnosis = diagnose_found(&worker);
    anew(visit, &worker, &mut diagnosis);
    for cause in &mut diagnosis.causes {
        by_hand(&mut cause.problem);
        cause.follows.iter_mut().for_each(by_hand);
    }
    let ahead_ms = facts.machine().yes().and_then(|machine| machine.ahead_ms(asked_ms));
    let identity = paths.kubeconfig.as_ref().map(|path| facts.identity(path, &paths.node, &paths.server));
    let spki = match identity {
        Some(Known::Yes(Some(identity))) => identity.key_spki.clone(),
        _ => None,
    };
    Ok(FoundLook { diagnosis, heard: heard_of(&worker), ahead_ms, spki })
}

/// The API did not answer in time when it was asked for the node.
fn was_silent(facts: &Facts, paths: &FoundPaths) -> bool {
    let identity = paths.kubeconfig.as_ref().map(|path| facts.identity(path, &paths.node, &paths.server));
    let Some(Known::Yes(Some(identity))) = identity else { return false };
    identity.node.status.is_none() && identity.node.body.to_string().contains("no answer within")
}

/// What a certificate issued anew mends.
const OF_CERTIFICATES: [ProblemCode; 5] =
    [ProblemCode::Cert04, ProblemCode::Cert05, ProblemCode::Cert07, ProblemCode::Cert12, ProblemCode::Cert13];

/// Something is wrong that a CA could mend by issuing its certificate anew: it is worth a look whether one is at hand.
pub fn wants_a_certificate(examined: &Examined) -> bool {
    let Ok(found) = &examined.found else { return false };
    let may = |code| OF_CERTIFICATES.contains(&code) || code == ProblemCode::File05;
    found.causes.iter().any(|cause| may(cause.problem.code))
}

/// Where its certificate is at fault, and can be issued anew from here, that is offered; without a CA, how it would be.
fn anew(visit: &FoundVisit, worker: &FoundWorker, diagnosis: &mut Diagnosis) {
    let Some(anew) = certificate_anew(worker, visit.run) else { return };
    let gone = format!("{} is gone", anew.cert);
    let is_its = |problem: &Problem| OF_CERTIFICATES.contains(&problem.code) || problem.what == gone;
    let Some(cause) = diagnosis.causes.iter_mut().find(|cause| is_its(&cause.problem)) else { return };
    let problem = &mut cause.problem;
    match visit.ca {
        Some(ca) if is_its_ca(worker, ca) => problem.ways.push(Remedy::Repair {
            title: "issue it anew for the key that is there".to_owned(),
            actions: anew.actions,
        }),
        Some(ca) => problem.evidence.push(format!(
            "the CA that was given ({}) neither issued it nor is the one of its kubeconfig: it issues nothing for this worker",
            ca.subject()
        )),
        None => problem.ways.push(Remedy::Manual(format!(
            "or from here, with the cluster's CA: gangplank repair {} --ca-cert FILE --ca-key FILE",
            shell_words::quote(&visit.login.to_string())
        ))),
    }
}

/// What a repair may do on a machine that somebody else set up: it writes none of their files, but for a certificate that was
/// issued for it.
fn is_for_us(actions: &[Action]) -> bool {
    let signs = actions.iter().any(|action| matches!(action, Action::Sign { .. }));
    actions.iter().all(|action| match action {
        Action::Service { .. } | Action::MakeDir { .. } | Action::Script { .. } => true,
        Action::MakeCsr { .. } | Action::Sign { .. } | Action::Put { .. } => signs,
        _ => false,
    })
}

/// What is not for a repair is shown as its commands.
fn by_hand(problem: &mut Problem) {
    for way in &mut problem.ways {
        if let Remedy::Repair { actions, .. } = way
            && !is_for_us(actions)
        {
            let commands: Vec<String> = actions.iter().map(plain_action).collect();
            *way = Remedy::Manual(format!("on the host: {}", commands.join("; ")));
        }
    }
}

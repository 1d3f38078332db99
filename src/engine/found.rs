//! A worker that no plan tells of is examined: what it says of itself is followed from its unit to its files, and from
//! there to the API. Three execs over one connection; nothing is changed.

use std::net::IpAddr;
use std::time::Duration;

use super::doctor::Examined;
use super::world::World;
use crate::doctor::{
    Diagnosis, FoundPaths, FoundWorker, Layout, NodeHeard, RESOLVER_FILES, ServingPair, certificate_anew,
    diagnose_found, dns_query, flannel_query, heard_of, is_its_ca, name_of, resolver_query,
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
use crate::profile::MANIFESTS;
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
        FactQuery::ProxyStart,
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
    let proxy = facts.proxy_start().yes().copied().cloned().unwrap_or_default();
    let proxy_config = proxy.flag("config").filter(|path| path.starts_with('/')).map(str::to_owned);
    let mut second: Vec<FactQuery> =
        paths.config.iter().chain(&proxy_config).map(|path| file(path, true)).collect();
    // Where its configuration names no other folder of static pods.
    let usual = paths.manifests.clone().unwrap_or_else(|| MANIFESTS.to_owned());
    second.push(FactQuery::Manifests(usual.clone()));
    // One without a name could not be asked for.
    let named = paths.kubeconfig.iter().filter(|_| !paths.node.is_empty());
    second.extend(named.map(|kubeconfig| FactQuery::Identity {
        kubeconfig: kubeconfig.clone(),
        node: paths.node.clone(),
        server: paths.server.clone(),
    }));
    ask(second, facts)?;
    let text = paths.config.as_ref().and_then(|path| content(facts, path));
    let paths = match text {
        Some(text) => paths.with_config(&text),
        None => paths,
    };
    let text = proxy_config.as_ref().and_then(|path| content(facts, path));
    let pod = proxy_pod(facts, &paths, &usual);
    let mut paths = paths.with_proxy(&proxy, text.as_deref(), pod);
    paths.api = told_api(facts, &paths).map(|api| api.host).unwrap_or_default();
    let third = third(facts, &paths, &usual);
    let far = far_api(facts, &paths);
    let (asked, reached) = std::thread::scope(|scope| {
        let tried =
            far.map(|far| scope.spawn(move || (far.url(), world.reaches(&far.host, far.port, FROM_HERE))));
        let asked = ask(third, facts);
        (asked, tried.and_then(|tried| tried.join().ok()))
    });
    asked?;
    let name = &visit.login.host;
    let worker = FoundWorker { name, facts, asked_ms, paths: &paths, now: world.now() };
    let mut diagnosis = diagnose_found(&worker);
    anew(visit, &worker, &mut diagnosis);
    if let Some((url, Some(said))) = reached {
        from_here(&url, &said, &mut diagnosis);
    }
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

/// The API that its kubeconfig, or a flag, names.
fn told_api(facts: &Facts, paths: &FoundPaths) -> Option<ApiAddress> {
    let identity = facts.identity(paths.kubeconfig.as_ref()?, &paths.node, &paths.server);
    let server = identity.yes()?.as_ref()?.server.to_string();
    typed_api(&server).ok()
}

/// What is asked last: by now all its paths are known. `usual` is the folder of static pods that was looked into before.
fn third(facts: &Facts, paths: &FoundPaths, usual: &str) -> Vec<FactQuery> {
    let file = |path: &String, content| FactQuery::File { path: path.clone(), content };
    let ServingPair { cert, key, own: _ } = paths.serving();
    let rest = paths.files.iter().filter(|path| **path != cert);
    let mut third: Vec<FactQuery> = rest.map(|path| file(path, false)).collect();
    third.extend([file(&cert, true), FactQuery::Key(key)]);
    if let Some(folder) = &paths.manifests {
        third.push(FactQuery::Folder(folder.clone()));
        if *folder != usual {
            third.push(FactQuery::Manifests(folder.clone()));
        }
    }
    let own = paths.proxy.iter().filter(|path| paths.kubeconfig.as_ref() != Some(path));
    third.extend(own.map(|kubeconfig| FactQuery::Identity {
        kubeconfig: kubeconfig.clone(),
        node: String::new(),
        server: paths.proxy_server.clone(),
    }));
    third.extend(paths.healthz.map(FactQuery::Healthz));
    third.extend(paths.socket.iter().map(|path| file(path, false)));
    // Whoever let the time pass once is not waited for again.
    if let Some(ApiAddress { host, port }) = told_api(facts, paths).filter(|_| !was_silent(facts, paths)) {
        third.push(FactQuery::Tls { host, port });
    }
    // One that is well so far is asked for the cluster's name server; where it is not that would only cost time.
    if let Some((server, domain)) = paths.dns().filter(|_| is_known(facts, paths)) {
        third.extend(dns_query(&server, domain));
    }
    third.push(FactQuery::Around(name_of(&paths.api)));
    third.push(flannel_query());
    let own = paths.resolver().into_iter().filter(|path| !RESOLVER_FILES.contains(path));
    third.extend(RESOLVER_FILES.into_iter().chain(own).map(resolver_query));
    third
}

/// What is in a file that was read.
fn content(facts: &Facts, path: &str) -> Option<String> {
    let Known::Yes(Some(file)) = facts.file(path) else { return None };
    Some(String::from_utf8_lossy(file.content.as_deref().unwrap_or_default()).into_owned())
}

/// The kubeconfig of a static pod of kube-proxy, where its folder is the one that was looked into.
fn proxy_pod(facts: &Facts, paths: &FoundPaths, folder: &str) -> Option<String> {
    let Known::Yes(files) = facts.manifests(folder) else { return None };
    let told = files.iter().find_map(|file| file.kubeconfig.as_ref()).map(ToString::to_string);
    told.filter(|path| path.starts_with('/') && paths.manifests.as_deref() == Some(folder))
}

/// So long this computer waits for the API that the worker does not reach.
const FROM_HERE: Duration = Duration::from_secs(3);

/// The API told of its node.
fn is_known(facts: &Facts, paths: &FoundPaths) -> bool {
    let identity = paths.kubeconfig.as_ref().map(|path| facts.identity(path, &paths.node, &paths.server));
    matches!(identity, Some(Known::Yes(Some(identity))) if identity.node.status == Some(200))
}

/// The API that gave the worker no answer, where its address means the same machine from here.
fn far_api(facts: &Facts, paths: &FoundPaths) -> Option<ApiAddress> {
    let Known::Yes(Some(identity)) = facts.identity(paths.kubeconfig.as_ref()?, &paths.node, &paths.server)
    else {
        return None;
    };
    let address = typed_api(&identity.server.to_string()).ok()?;
    let own = match address.host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        Err(_) => address.host == "localhost" || address.host.ends_with(".localhost"),
    };
    (identity.node.status.is_none() && !own).then_some(address)
}

/// What this computer found at that address is evidence where the worker found nobody.
fn from_here(url: &str, said: &Result<(), String>, diagnosis: &mut Diagnosis) {
    let line = match said {
        Ok(()) => format!(
            "from here {url} takes connections: it is the way from the worker, or who is let in there"
        ),
        Err(why) => format!("from here {url} does not answer either: {why}"),
    };
    let is = |code| matches!(code, ProblemCode::Api20 | ProblemCode::Api24 | ProblemCode::Name02);
    let all = diagnosis
        .causes
        .iter_mut()
        .flat_map(|cause| std::iter::once(&mut cause.problem).chain(&mut cause.follows));
    for problem in all.filter(|problem| is(problem.code) && !problem.what.starts_with("kube-proxy ")) {
        problem.evidence.push(line.clone());
    }
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
    // The kubelet may serve with another one, and kube-proxy has its own.
    let its = format!("{}: ", anew.cert);
    let tells = |problem: &Problem| problem.evidence.iter().any(|line| line.starts_with(&its));
    let is_its =
        |problem: &Problem| OF_CERTIFICATES.contains(&problem.code) && tells(problem) || problem.what == gone;
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

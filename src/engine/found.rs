//! A worker that no plan tells of is examined: what it says of itself is followed from its unit to its files, and from
//! there to the API. Three execs over one connection; nothing is changed.

use super::doctor::Examined;
use super::world::World;
use crate::doctor::{Diagnosis, FoundPaths, FoundWorker, Layout, diagnose_found};
use crate::host::{Batch, Host, Stop, plain_action};
use crate::plan::check::typed_api;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::model::{ApiAddress, Login};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::runtime::of_facts;

/// Looks at the machine behind a login and says what is wrong with it.
pub fn examine_found(world: &dyn World, login: &Login, run: &str, stop: &Stop) -> Examined {
    let name = login.host.clone();
    let place = Place::Worker(name.clone());
    let mut facts = Facts::default();
    let found = match world.host(&place, login) {
        Ok(mut host) => looked(world, host.as_mut(), &place, (&name, run, stop), &mut facts),
        Err(trouble) => Err(trouble.problem(&place)),
    };
    let layout = found.is_ok().then(|| Layout::of(&facts));
    Examined { worker: name, host: login.to_string(), found, actions: Vec::new(), facts, layout }
}

fn looked(
    world: &dyn World,
    host: &mut dyn Host,
    place: &Place,
    (name, run, stop): (&str, &str, &Stop),
    facts: &mut Facts,
) -> Result<Diagnosis, Problem> {
    let mut ask = |queries: Vec<FactQuery>, facts: &mut Facts| {
        if queries.is_empty() {
            return Ok(());
        }
        let batch = Batch { queries, run: run.to_owned(), ..Batch::default() };
        let end = host.run(&batch, stop, &mut |_| {});
        facts.update(end.facts);
        end.trouble.map_or(Ok(()), |trouble| Err(trouble.problem(place)))
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
    if let Some(ApiAddress { host, port }) = paths.kubeconfig.as_ref().and_then(|kubeconfig| {
        let identity = facts.identity(kubeconfig, &paths.node, &paths.server);
        let server = identity.yes()?.as_ref()?.server.to_string();
        typed_api(&server).ok()
    }) {
        third.push(FactQuery::Tls { host, port });
    }
    ask(third, facts)?;
    let worker = FoundWorker { name, facts, asked_ms, paths: &paths, now: world.now() };
    let mut diagnosis = diagnose_found(&worker);
    for cause in &mut diagnosis.causes {
        by_hand(&mut cause.problem);
        cause.follows.iter_mut().for_each(by_hand);
    }
    Ok(diagnosis)
}

/// A repair is carried out by a run, which needs a plan: here its commands are shown.
fn by_hand(problem: &mut Problem) {
    for way in &mut problem.ways {
        if let Remedy::Repair { actions, .. } = way {
            let commands: Vec<String> = actions.iter().map(plain_action).collect();
            *way = Remedy::Manual(format!("on the host: {}", commands.join("; ")));
        }
    }
}

//! The proof of the cluster DNS: a lookup on a worker, over TCP and over UDP.

use std::time::{Duration, Instant};

use crate::engine::inspect::WorkSite;
use crate::engine::run::Engine;
use crate::engine::run::proof::{Ended, POLL};
use crate::host::{Live, LiveStream};
use crate::kube::dns;
use crate::plan::code::ProblemCode;
use crate::plan::problem::{Problem, Remedy};
use crate::step::Proof;

/// UDP packets get lost.
const UDP_TRIES: u32 = 4;

impl Engine<'_> {
    /// A real lookup on a worker: over TCP through its own sshd, and over UDP with a tool it may have.
    pub fn dns_answers(
        &self,
        site: &mut WorkSite,
        proof: &Proof,
        stream: &mut Option<Box<dyn LiveStream>>,
    ) -> Ended {
        let Proof::Dns { name, server, expect, within } = proof else {
            return Ended::NotShown("not a lookup".to_owned());
        };
        let deadline = self.deadline(*within);
        let mut seen;
        let tcp = loop {
            if self.options.stop.wanted() {
                return Ended::Stopped;
            }
            match lookup(site, name, &server.to_string()) {
                Ok(addresses) if addresses.contains(expect) => {
                    break Ok(format!("{name} is {expect} over TCP"));
                }
                Ok(addresses) => seen = format!("{server} answered {addresses:?}, {expect} is expected"),
                Err(LookupRefusal::NotOffered(why)) => break Err(why),
                Err(LookupRefusal::NotYet(why)) => seen = why,
            }
            if self.over(deadline) {
                return Ended::Not(
                    Problem::new(
                        ProblemCode::Dns04,
                        format!("{}: {server} does not answer for {name}", site.place),
                    )
                    .seen(seen)
                    .manual(
                        "on the host: iptables-save -t nat | grep kube-dns, and look at the log of kube-proxy",
                    )
                    .way(Remedy::Retry),
                );
            }
            self.world.wait(POLL);
        };
        if stream.is_none() && tcp.is_err() {
            // The only way left to show it is a tool on the host.
            *stream = site.host.stream().ok();
        }
        let udp = stream
            .as_mut()
            .and_then(|live| over_udp(live.as_mut(), name, &server.to_string(), &expect.to_string()));
        match (tcp, udp) {
            (Ok(tcp), None) => Ended::True(tcp),
            (Ok(tcp), Some(Ok(tool))) => Ended::True(format!("{tcp} and UDP ({tool})")),
            (Err(_), Some(Ok(tool))) => Ended::True(format!("{name} is {expect} over UDP ({tool})")),
            (_, Some(Err(said))) => Ended::Not(
                Problem::new(ProblemCode::Dns05, format!("{}: DNS over UDP does not answer", site.place))
                    .seen(said)
                    .way(Remedy::Retry),
            ),
            (Err(why), None) => {
                Ended::NotShown(format!("sshd forwards no TCP ({why}) and the host has no DNS tool"))
            }
        }
    }
}

enum LookupRefusal {
    /// This machine makes no TCP connections for us.
    NotOffered(String),
    /// It may work later.
    NotYet(String),
}

fn lookup(site: &mut WorkSite, name: &str, server: &str) -> Result<Vec<std::net::IpAddr>, LookupRefusal> {
    let mut pipe = site.host.tcp(server, 53).map_err(|trouble| {
        let text = trouble.to_string();
        if text.contains("prohibited") {
            LookupRefusal::NotOffered(text)
        } else {
            LookupRefusal::NotYet(text)
        }
    })?;
    let id = u16::try_from(std::process::id() & 0xffff).unwrap_or(1);
    match dns::ask(&mut pipe, name, dns::AddressKind::A, id) {
        Ok(answer) => Ok(answer.addresses),
        Err(error) => Err(LookupRefusal::NotYet(error.to_string())),
    }
}

/// The lookup over UDP with a tool of the host, tried a few times; `None` = there is no tool that can.
fn over_udp(
    live: &mut dyn LiveStream,
    name: &str,
    server: &str,
    expect: &str,
) -> Option<Result<String, String>> {
    let mut last = String::new();
    for _ in 0..UDP_TRIES {
        live.lookup(name, server);
        let deadline = Instant::now() + Duration::from_secs(10);
        let answer = loop {
            match live.next(Duration::from_millis(500)) {
                Live::Lookup { tool, said, answered } => break Some((tool, said, answered)),
                Live::Ended(_) => return None,
                Live::Happened | Live::Sample(_) | Live::Detail(_) | Live::Quiet
                    if Instant::now() > deadline =>
                {
                    break None;
                }
                Live::Happened | Live::Sample(_) | Live::Detail(_) | Live::Quiet => {}
            }
        };
        let Some((tool, said, answered)) = answer else { continue };
        // busybox' nslookup knows no options.
        if tool.is_empty() || said.contains("invalid option") || said.contains("unrecognized option") {
            return None;
        }
        // The server's own address may begin like the answer.
        if answered && said.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == expect) {
            return Some(Ok(tool));
        }
        last = format!("{tool}: {said}");
    }
    Some(Err(last))
}

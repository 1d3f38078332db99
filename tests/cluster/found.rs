//! The doctor of a worker that no plan tells of: the four layouts, each made on a real worker, are recognised and called
//! healthy; faults in each are named first, by what the worker's own files say.

use std::cell::RefCell;
use std::path::Path;

use super::Scenario;
use super::causes::diagnosis;
use super::lab::{Lab, until};
use super::layouts::{BEGIN, CRT, END, LAYOUTS, PEM, REPAIR, WELL};
use super::made_certificate::{Made, certificate};
use super::program::{Home, Run};
use super::totals::Totals;

pub const ALL: &[Scenario] =
    &[("a_worker_in_no_plan_is_read_from_its_unit_to_the_api_in_four_layouts", read_from_its_unit)];

const WORKER: &str = "x1";

fn look(lab: &Lab, home: &Home) -> Run {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    home.on_host("doctor", Path::new(&host), &["--key", &key, "--trust-new", "--json"])
}

/// What lies below these, with hash, mode and owner, and what links lead to.
const STATE: &str = "find /etc/kubernetes /etc/systemd/system /var/lib/kubelet/pki /var/lib/kubelet/config.yaml /var/lib/gangplank \
    \\( -type f -o -type l \\) -printf '%p %m %u %l ' -exec sh -c '[ -L \"$1\" ] || sha256sum <\"$1\"; echo' - {} \\; 2>/dev/null | sort";

/// Repairs it; the files that are other than before.
fn repaired(lab: &Lab, home: &Home) -> (Run, Vec<String>) {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    let (cert, ca_key) = (lab.get("LAB_CA_CERT").to_owned(), lab.get("LAB_CA_KEY").to_owned());
    let lines = |text: String| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let before = lines(lab.on(WORKER, STATE));
    let words = [
        "--key",
        &key,
        "--trust-new",
        "--ca-cert",
        &cert,
        "--ca-key",
        &ca_key,
        "--replace",
        CRT,
        "--yes",
        "--json",
    ];
    let run = home.on_host("repair", Path::new(&host), &words);
    let after = lines(lab.on(WORKER, STATE));
    let paths =
        before.symmetric_difference(&after).filter_map(|line| line.split(' ').next().map(str::to_owned));
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    (run, paths)
}

/// Repairs it and takes that back again: what is other than it was; a pair that came beside the one before may stay.
fn undone(lab: &Lab, home: &Home, code: &str) -> Option<String> {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    let before = lab.on(WORKER, STATE);
    let (repair, _) = repaired(lab, home);
    let run = home.on_host("undo", Path::new(&host), &["--key", &key, "--trust-new", "--yes", "--json"]);
    let after = lab.on(WORKER, STATE);
    // What it led to was closed, and stays so; the new pair stays beside it.
    let pair = |line: &&str| code == "E-CERT-13" && line.starts_with("/var/lib/kubelet/pki/kubelet-client-2");
    let of = |text: &str| {
        text.lines().filter(|line| !pair(line)).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let (_, codes) = diagnosis(&run);
    println!("           its repair is taken back: {}, then {}", run.code, codes.join(" "));
    let (before, after) = (of(&before), of(&after));
    let other: Vec<&String> = before.symmetric_difference(&after).collect();
    let first = codes.first().is_some_and(|first| first == code);
    let good = repair.code == 0 && run.code == 0 && other.is_empty() && first;
    (!good).then(|| format!("{other:?}\n{}\n{}", repair.story(), run.story()))
}

/// The files that a repair of this code may change.
fn may_change(code: &str, layout: &str, path: &str) -> bool {
    match code {
        "E-CERT-13" if layout == "kubeadm" => {
            path.starts_with("/var/lib/kubelet/pki/kubelet-client-")
                || path.starts_with("/var/lib/gangplank/")
        }
        "E-CERT-04" => path == CRT || path.starts_with("/var/lib/gangplank/"),
        "E-KEY-02" => path.starts_with("/var/lib/kubelet/pki/kubelet-client-"),
        "E-KUBELET-14" => path.ends_with("/multi-user.target.wants/kubelet.service"),
        _ => false,
    }
}

/// What looks unusual and is no fault is made, where it is wanted, and taken back.
fn unusual(lab: &Lab, usual: &str, with: &dyn Fn(&str) -> String, healthy: &dyn Fn(&str)) {
    for (what, make, undo) in WELL {
        if usual == "all" || usual.split(',').any(|word| !word.is_empty() && what.contains(word)) {
            lab.on(WORKER, &with(make));
            healthy(what);
            println!("kubeadm    {what:50} healthy");
            lab.on(WORKER, &with(undo));
        }
    }
}

/// It is repaired, taken back where that can be, and repaired again; what went wrong with that.
fn mended_by_us(
    lab: &Lab,
    home: &Home,
    (name, fault, code): (&str, &str, &str),
    totals: &RefCell<Totals>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if ["E-CERT-13", "E-CERT-04"].contains(&code)
        && let Some(strange) = undone(lab, home, code)
    {
        wrong.push(format!("{name}: {fault}: undo: {strange}"));
    }
    let (run, changed) = repaired(lab, home);
    let last = run.events.iter().rev().find(|event| event["kind"] == "diagnosis");
    let good = last.is_some_and(|event| event["healthy"] == true);
    let strange: Vec<&String> = changed.iter().filter(|path| !may_change(code, name, path)).collect();
    totals.borrow_mut().repair(run.code == 0 && good && strange.is_empty());
    println!("{name:10} {fault:50}         repaired {good}, changed: {}", changed.join(" "));
    if run.code != 0 || !good || !strange.is_empty() {
        wrong.push(format!("{name}: {fault}: repair: {strange:?} {}", run.story()));
    }
    wrong
}

/// Makes a fault.
fn make(lab: &Lab, made: &str, with: &dyn Fn(&str) -> String) {
    match made {
        "expire" => {
            let ended = super::signing::expired(lab, WORKER, CRT, true);
            lab.write(WORKER, "/root/ended.crt", &ended);
            let shell = "cp -a @CERT /root/kept.pem; systemctl stop kubelet; cat /root/ended.crt /etc/kubernetes/ssl/worker.key >@CERT; systemctl start kubelet";
            lab.on(WORKER, &with(shell));
        }
        "expire serving" | "serving names" => {
            lab.on(WORKER, &with("cp -a @CRT /root/kept.crt"));
            let names = Some(("x9", "10.99.0.9"));
            let other = Made { life: (-1, 364), cn: None, names, server: true, stranger: false };
            let content = if made == "serving names" {
                certificate(lab, WORKER, CRT, &other)
            } else {
                super::signing::expired(lab, WORKER, CRT, true)
            };
            lab.write(WORKER, CRT, &content);
            lab.on(WORKER, "systemctl restart kubelet");
        }
        shell => drop(lab.on(WORKER, &with(shell))),
    }
}

fn read_from_its_unit(lab: &Lab) {
    let (home, plan) = (Home::new(), lab.small_plan(&[WORKER]));
    // What is trusted here is not kept among the host keys of whoever runs the tests: ssh would name their own file.
    let stranger = Home::new().without_ssh();
    lab.reset(&[WORKER]);
    let blank = look(lab, &stranger);
    assert_eq!(diagnosis(&blank), (false, vec!["E-KUBELET-01".to_owned()]), "{}", blank.story());
    let layout = |run: &Run| run.events[0]["layout"].as_str().unwrap_or_default().to_owned();
    home.aboard(&plan);
    let ours = look(lab, &stranger);
    assert_eq!((ours.code, diagnosis(&ours)), (0, (true, Vec::new())), "{}", ours.story());
    assert_eq!(layout(&ours), "gangplank");
    let api = plan["cluster"]["api"].as_str().unwrap_or_default().to_owned();
    let (mut wrong, totals) = (Vec::new(), RefCell::new(Totals::default()));
    // GANGPLANK_CAUSES=all takes all layouts and faults, and words those that have one.
    let usual = std::env::var("GANGPLANK_CAUSES").unwrap_or_default();
    for (name, makes, faults) in LAYOUTS {
        let with = |shell: &str| {
            shell
                .replace("@IP", lab.get("LAB_X1_IP"))
                .replace("@CERT", PEM)
                .replace("@CRT", CRT)
                .replace("@DROPIN", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf")
                .replace("@CONFIG", "/var/lib/kubelet/config.yaml")
                .replace("@CONF", "/etc/kubernetes/kubelet.conf")
                .replace("@API", api.trim_start_matches("https://").split(':').next().unwrap_or_default())
        };
        // Of each run of the tests one layout.
        if usual.is_empty() && name != "kubeadm" {
            continue;
        }
        lab.reset(&[WORKER]);
        home.aboard(&plan);
        lab.on(WORKER, &with(&format!("{BEGIN}{makes}{END}")));
        let healthy = |what: &str| {
            until(what, 90, || {
                lab.nodes().get(WORKER) == Some(&true)
                    && lab.heard_since_its_start(WORKER)
                    && look(lab, &stranger).code == 0
            });
            let run = look(lab, &stranger);
            totals.borrow_mut().well(&diagnosis(&run).1);
            assert_eq!((run.code, diagnosis(&run)), (0, (true, Vec::new())), "{what}: {}", run.story());
            assert_eq!(layout(&run), name, "{}", run.story());
        };
        healthy(name);
        if usual.is_empty() {
            lab.on(WORKER, "systemctl stop kubelet");
            super::wizard::typed_and_repaired(lab, lab.get("LAB_X1_IP"));
            healthy("after its repair by keys");
        }
        if name == "kubeadm" {
            unusual(lab, &usual, &with, &healthy);
        }
        for (at, (fault, code, made, mended)) in faults.iter().enumerate() {
            let wanted = match usual.as_str() {
                "" => at < 3,
                "all" => true,
                words => words.split(',').any(|word| fault.contains(word)),
            };
            // A machine with version 2 has nothing to refuse.
            let here =
                *code != "E-CGROUP-01" || lab.on(WORKER, "stat -fc %T /sys/fs/cgroup").trim() == "tmpfs";
            if !wanted || !here {
                continue;
            }
            make(lab, made, &with);
            if *made == "expire" || ["E-KUBELET-02", "E-KUBELET-11"].contains(code) {
                // It ends by itself soon after.
                until("the kubelet has ended", 60, || {
                    let said = "[ $(systemctl show -p NRestarts --value kubelet) -ge 1 ]";
                    lab.try_on(WORKER, said, b"").0
                });
            }
            let began = std::time::Instant::now();
            let run = look(lab, &stranger);
            let took = began.elapsed().as_secs_f64();
            let (_, codes) = diagnosis(&run);
            totals.borrow_mut().cause(code, &codes);
            println!("{name:10} {fault:50} {took:4.1} s  {}", codes.join(" "));
            if codes.first().map(String::as_str) != Some(*code) || took > 10.0 || run.code != 1 {
                wrong.push(format!("{name}: {fault}: wanted {code}: {}", run.story()));
            }
            if *mended == REPAIR {
                wrong.extend(mended_by_us(lab, &stranger, (name, fault, code), &totals));
            } else {
                lab.on(WORKER, &with(mended));
            }
            healthy(&format!("{name} after: {fault}"));
        }
    }
    lab.reset(&[WORKER]);
    let totals = totals.into_inner();
    println!("{totals}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    totals.hold();
}

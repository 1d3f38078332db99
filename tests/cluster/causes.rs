//! What makes a worker fail, each made for real on one that was well: what the doctor must name first, and that the repair
//! brings it back with nothing but the named files changed. On both clusters; a row says where it does not hold.

use super::Scenario;
use super::cause_rows::{CAUSES, Cause, Clusters, Mended};
use super::lab::{Lab, until};
use super::made_certificate::{Made, certificate};
use super::program::{Home, Run};
use super::totals::Totals;

pub const ALL: &[Scenario] = &[
    ("every_cause_of_a_failed_worker_is_named_first_and_repaired", every_cause),
    ("of_two_causes_the_one_to_mend_first_is_named_first_and_the_other_too", pairs),
    ("a_certificate_that_has_ended_is_listed_first_and_renewed", renewed),
    ("a_repair_killed_after_every_third_action_is_finished_by_the_next", killed),
];

const CERTIFICATE: &str = "/etc/kubernetes/ssl/worker.crt";
const PID: &str = "$(systemctl show -p MainPID --value kubelet)";

pub fn worker(lab: &Lab) -> &'static str {
    if lab.is_current() { "x1" } else { "w1" }
}

/// What a run of the doctor said: whether all is well, and the codes of the causes in their order.
pub fn diagnosis(run: &Run) -> (bool, Vec<String>) {
    let told = run.events.iter().find(|event| event["kind"] == "diagnosis");
    let told = told.unwrap_or_else(|| panic!("no diagnosis: {}", run.story()));
    let causes = told["causes"].as_array().expect("a list");
    (
        told["healthy"].as_bool().expect("it is said"),
        causes.iter().map(|cause| cause["code"].as_str().unwrap_or_default().to_owned()).collect(),
    )
}

/// Makes a cause.
fn make(lab: &Lab, home: &Home, cause: &Cause) {
    let worker = worker(lab);
    match cause.made {
        "kubectl delete node" => {
            // One that was just started may still be about to register its node, and nothing is said before.
            up_for_a_while(lab);
            lab.kubectl(&["delete", "node", worker]);
        }
        "kubectl delete binding" => drop(lab.kubectl(&["delete", "clusterrolebinding", BINDING])),
        "expire" => {
            lab.write(worker, CERTIFICATE, &super::signing::expired(lab, worker, CERTIFICATE, true));
        }
        "another answer" => {
            let mut plan = lab.small_plan(&[worker]);
            if lab.is_current() {
                plan["workers"][0]["kubelet_config"]["maxPods"] = 50.into();
            } else {
                let flags =
                    plan["workers"][0]["kubelet_args"].as_sequence_mut().expect("the flags of the lab");
                flags.push("--max-pods=50".into());
            }
            let run = home.run("repair", &plan, &["--worker", worker, "--yes", "--json"]);
            assert_eq!(run.code, 0, "{}", run.story());
        }
        "no restart" => {
            // Its repair ends before the restart.
            let skipped = "case \"$*\" in *restart*kubelet*) exit 1;; esac; exec /usr/bin/systemctl \"$@\"";
            lab.write(worker, "/usr/local/sbin/systemctl", format!("#!/bin/sh\n{skipped}\n").as_bytes());
            lab.on(
                worker,
                &format!("chmod 755 /usr/local/sbin/systemctl; echo '# more' >>{}", read_file(lab)),
            );
            home.run("repair", &lab.small_plan(&[worker]), &["--worker", worker, "--yes", "--json"]);
            lab.on(worker, "rm /usr/local/sbin/systemctl");
        }
        "deny" => silence(lab, worker),
        shell => match shell.strip_prefix("certificate ").and_then(|rest| rest.split_once("; ")) {
            Some((what, rest)) => {
                lab.write(worker, CERTIFICATE, &wrong_certificate(lab, worker, what));
                lab.on(worker, rest);
            }
            None => drop(lab.on(worker, &with(lab, shell))),
        },
    }
}

/// Its kubelet runs for longer than a lease takes to be renewed.
fn up_for_a_while(lab: &Lab) {
    let up = "[ $(($(date +%s) - $(date -d \"$(systemctl show -p ActiveEnterTimestamp --value kubelet)\" +%s))) -gt 16 ]";
    until("the kubelet is up for a while", 30, || lab.try_on(worker(lab), up, b"").0);
}

/// A file that a kubelet reads when it starts.
fn read_file(lab: &Lab) -> &'static str {
    if lab.is_current() { "/var/lib/kubelet/config.yaml" } else { "/etc/systemd/system/kubelet.service" }
}

/// The worker's certificate, wrong in one way.
fn wrong_certificate(lab: &Lab, worker: &str, what: &str) -> Vec<u8> {
    let address = lab.get(&format!("LAB_{}_IP", worker.to_uppercase()));
    let mut made =
        Made { life: (-1, 364), cn: None, names: Some((worker, address)), server: true, stranger: false };
    match what {
        "cn" => made.cn = Some("system:node:x9"),
        "names" => made.names = Some(("x9", "10.99.0.9")),
        "usage" => made.server = false,
        "later" => made.life = (2, 300),
        "stranger" => made.stranger = true,
        _ => panic!("{what} is no way to make a certificate"),
    }
    certificate(lab, worker, CERTIFICATE, &made)
}

/// A policy of the API takes nothing from the worker's kubelet, and the controller manager, which would mark its node, stands
/// still. A kubelet that is stopped, frozen or cut off is told by that, and a file of its own by that file.
fn silence(lab: &Lab, worker: &str) {
    let matches = "matchConstraints: {resourceRules: [{apiGroups: ['', coordination.k8s.io], apiVersions: ['*'], operations: \
        [UPDATE], resources: [leases, nodes, nodes/status]}]}";
    let policy = format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: silence}}\n\
         spec:\n  {matches}\n  validations: [{{expression: \"request.userInfo.username != 'system:node:{worker}'\"}}]\n---\n\
         apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: silence}}\n\
         spec: {{policyName: silence, validationActions: [Deny]}}\n"
    );
    let file = std::env::temp_dir().join(format!("gangplank-silence-{}", std::process::id()));
    std::fs::write(&file, policy).expect("it can be written");
    lab.docker(&["pause", "manager"]);
    lab.kubectl(&["apply", "-f", &file.to_string_lossy()]);
    let _ = std::fs::remove_file(&file);
    let heard = || lab.heard_ago(worker).is_some_and(|seconds| seconds > 45);
    until("the API has not heard of it for a while", 120, heard);
}

/// By this default of the API server kube-proxy may see the services (RBAC, from 1.6 on).
const BINDING: &str = "system:node-proxier";

/// What a cause took from the cluster and not from the worker is as it was.
fn put_back(lab: &Lab, cause: &Cause) {
    if cause.made == "kubectl delete binding" {
        lab.kubectl(&["delete", "clusterrolebinding", "gangplank:node-proxier", "--ignore-not-found"]);
        let role = format!("--clusterrole={BINDING}");
        lab.kubectl(&["create", "clusterrolebinding", BINDING, &role, "--user=system:kube-proxy"]);
    }
    if cause.made == "deny" {
        let kinds = "validatingadmissionpolicy,validatingadmissionpolicybinding";
        lab.kubectl(&["delete", kinds, "silence", "--ignore-not-found"]);
        lab.docker(&["unpause", "manager"]);
    }
}

/// Shell with this lab's own values.
fn with(lab: &Lab, shell: &str) -> String {
    let api = lab.plan("LAB_PLAN")["cluster"]["api"].as_str().unwrap_or_default().to_owned();
    let port = api.rsplit(':').next().unwrap_or("6443").trim_end_matches('/').to_owned();
    shell.replace("@PID", PID).replace("@API", &port)
}

/// The lines of a snapshot that are not the same in the other, without those of these files.
fn changed(before: &str, after: &str, files: &[&str]) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (before, after) = (lines(before), lines(after));
    let own = |line: &&String| {
        let volatile = ["/var/lib/gangplank", "/var/lib/kubelet/pods/", "k8s_"];
        // The name of a container that was made anew, and the number of kube-proxy's rules, which follows the services.
        let id = line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
            || line.bytes().all(|byte| byte.is_ascii_digit());
        !files.iter().chain(&volatile).any(|part| line.contains(part)) && !id
    };
    before.symmetric_difference(&after).filter(own).cloned().collect()
}

/// Of each run of the tests; GANGPLANK_CAUSES=all takes all, and words those whose names contain one of them.
const USUAL: [&str; 7] = [
    "the kubelet is frozen by a signal",
    "the node object was deleted",
    "others can read the worker's key",
    "the worker's certificate has expired",
    "the kubeconfig names another API",
    "a second kube-proxy lies beside it",
    "the API is cut off",
];

/// Two at once: the one to mend first, and the other.
const PAIRS: [(&str, &str); 10] = [
    ("containerd was stopped", "others can read the worker's key"),
    ("the kubeconfig is gone", "the API is cut off"),
    ("the worker's certificate has expired", "the kubelet does not start with the machine"),
    ("the kubelet's unit is gone", "a broken manifest lies beside it"),
    ("the worker's key is gone", "the network of pods is gone"),
    ("the worker's certificate is gone", "the kubelet was stopped"),
    ("the kubelet's program is gone", "others can read kube-proxy's key"),
    ("containerd's socket is gone", "the kubelet's configuration is gone"),
    ("the manifest of kube-proxy is gone", "the file of the network is broken"),
    ("packets are not forwarded", "the worker's key is another one"),
];

/// Of each run on the old cluster: what comes from its kubelet and its API. What is the same shell and the same words on
/// both is made on the current one.
const OLD: [&str; 4] = [
    "the kubelet is frozen by a signal",
    "the node object was deleted",
    "the worker's certificate has expired",
    "the API is cut off",
];

pub fn wanted(lab: &Lab, name: &str) -> bool {
    match std::env::var("GANGPLANK_CAUSES").unwrap_or_default().as_str() {
        "" => USUAL.contains(&name) && (lab.is_current() || OLD.contains(&name)),
        "all" => true,
        words => words.split(',').any(|word| name.contains(word)),
    }
}

/// Two causes at once, on a cluster that has both.
fn pairs(lab: &Lab) {
    let worker = worker(lab);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    let row = |name: &str| CAUSES.iter().find(|cause| cause.name == name).expect("it is in the table");
    let mut wrong = Vec::new();
    for (first, other) in PAIRS.map(|(first, other)| (row(first), row(other))) {
        let here =
            |cause: &Cause| cause.on == Clusters::Both || (cause.on == Clusters::Current) == lab.is_current();
        if !here(first) || !here(other) || !wanted(lab, &format!("pair: {} {}", first.name, other.name)) {
            continue;
        }
        lab.reset(&[worker]);
        home.aboard(&plan);
        make(lab, &home, other);
        make(lab, &home, first);
        let (healthy, codes) = diagnosis(&home.run("doctor", &plan, &["--worker", worker, "--json"]));
        for cause in [other, first] {
            if let Mended::Hand(shell) = cause.mended {
                lab.on(worker, &with(lab, shell));
            }
        }
        let good = !healthy && codes.first().is_some_and(|code| code == first.first);
        let said = good && codes.iter().any(|code| code == other.first);
        println!("{} and {}: {}", first.name, other.name, codes.join(" "));
        if !said {
            wrong.push(format!("{} and {}: {codes:?}", first.name, other.name));
        }
    }
    lab.reset(&[worker]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn every_cause(lab: &Lab) {
    let worker = worker(lab);
    lab.reset(&[worker]);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    home.aboard(&plan);
    let look = || home.run("doctor", &plan, &["--worker", worker, "--json"]);
    let (mut wrong, mut totals) = (Vec::new(), Totals::default());
    totals.well(&diagnosis(&look()).1);
    for cause in CAUSES {
        let here = cause.on == Clusters::Both || (cause.on == Clusters::Current) == lab.is_current();
        if !here || !wanted(lab, cause.name) {
            continue;
        }
        let before = lab.snapshot(worker);
        make(lab, &home, cause);
        let began = std::time::Instant::now();
        let (healthy, codes) = diagnosis(&look());
        let took = began.elapsed().as_secs_f64();
        totals.cause(cause.first, &codes);
        let first = codes.first().map(String::as_str) == Some(cause.first) && !healthy && took < 10.0;
        let said = match cause.mended {
            Mended::Hand(shell) => {
                lab.on(worker, &with(lab, shell));
                if cause.made == "deny" {
                    put_back(lab, cause);
                }
                until("the worker is Ready again", 90, || {
                    lab.nodes().get(worker) == Some(&true)
                        && lab.heard_since_its_start(worker)
                        && lab.heard_ago(worker).is_some_and(|seconds| seconds < 20)
                });
                home.run("repair", &plan, &["--worker", worker, "--yes", "--json"])
            }
            Mended::Both(shell) => {
                lab.on(worker, &with(lab, shell));
                home.run("repair", &plan, &["--worker", worker, "--yes", "--json"])
            }
            Mended::Repair => home.run("repair", &plan, &["--worker", worker, "--yes", "--json"]),
            Mended::Replace => {
                let words = ["--worker", worker, "--replace", worker, "--yes", "--json"];
                home.run("repair", &plan, &words)
            }
        };
        let ready = lab.nodes().get(worker) == Some(&true);
        let rest = changed(&before, &lab.snapshot(worker), cause.files);
        let seen = look();
        let after = diagnosis(&seen);
        if cause.made != "deny" {
            put_back(lab, cause);
        }
        let mended = said.code == 0 && ready && rest.is_empty() && after == (true, Vec::new());
        if !matches!(cause.mended, Mended::Hand(_)) {
            totals.repair(mended);
        }
        // By the repair's own proof and by the API.
        if said.code == 0 && ready {
            totals.well(&after.1);
        }
        println!(
            "{:55} {:16} {took:4.1} s  {}  {}",
            cause.name,
            codes.join(" "),
            if first { "named first" } else { "NOT FIRST" },
            if mended { "repaired" } else { "NOT REPAIRED" }
        );
        if !first || !mended {
            let why = format!(
                "{}: wanted {}, named {codes:?}; Ready {ready}, changed {rest:#?}\n{}\nthen\n{}",
                cause.name,
                cause.first,
                said.story(),
                seen.story()
            );
            println!("{why}");
            wrong.push(why);
        }
        if !mended {
            lab.reset(&[worker]);
            home.aboard(&plan);
        }
    }
    println!("{totals}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    totals.hold();
}

/// Several things at once, and the program is killed after each third action of its repair.
fn killed(lab: &Lab) {
    let worker = worker(lab);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    let certificate = "/etc/kubernetes/ssl/worker.crt";
    let repair = ["--worker", worker, "--yes", "--json"];
    let mut kills = 0;
    for actions in (1..).step_by(3) {
        lab.reset(&[worker]);
        home.aboard(&plan);
        lab.write(worker, certificate, &super::signing::expired(lab, worker, certificate, true));
        lab.on(
            worker,
            "systemctl stop kubelet; rm /etc/kubernetes/worker-kubeconfig.yaml; chmod 644 /etc/kubernetes/ssl/worker.key",
        );
        let mut run = home.start("repair", &plan, &repair);
        if !run.wait_for_ends(worker, actions) {
            assert_eq!(run.finish().code, 0);
            break;
        }
        run.signal(rustix::process::Signal::KILL);
        run.finish();
        kills += 1;
        let run = home.run("repair", &plan, &repair);
        assert_eq!(run.code, 0, "killed after {actions}\n{}", run.story());
        assert_eq!(lab.nodes().get(worker), Some(&true), "killed after {actions}\n{}", run.story());
        let look = home.run("doctor", &plan, &["--worker", worker, "--json"]);
        assert_eq!(diagnosis(&look), (true, Vec::new()), "killed after {actions}\n{}", look.story());
        println!("killed after {actions} of the repair: finished by the next");
    }
    assert!(kills >= 3, "only {kills} kills");
}

fn renewed(lab: &Lab) {
    let worker = worker(lab);
    lab.reset(&[worker]);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    home.aboard(&plan);
    let path = "/etc/kubernetes/ssl/worker.crt";
    let listed = || {
        let run = home.run("certs", &plan, &["--worker", worker, "--json"]);
        let days: Vec<i64> = run.events.iter().filter_map(|event| event["days"].as_i64()).collect();
        assert!(days.len() >= 3 && days.is_sorted(), "{}", run.story());
        let first = run.events.first().expect("there are some");
        (run.code, first["path"].as_str().unwrap_or_default().to_owned(), days[0])
    };
    assert_eq!(listed().0, 0);
    lab.write(worker, path, &super::signing::expired(lab, worker, path, true));
    let (code, first, days) = listed();
    assert!(code == 1 && first == path && days < 0, "{code} {first} {days}");
    let key = lab.on(worker, "sha256sum /etc/kubernetes/ssl/worker.key");
    let run = home.run("renew", &plan, &["--worker", worker, "--within", "30d", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!(lab.on(worker, "sha256sum /etc/kubernetes/ssl/worker.key"), key);
    assert_eq!(lab.nodes().get(worker), Some(&true), "{}", run.story());
    let (code, _, days) = listed();
    assert!(code == 0 && days > 300, "{code} {days}");
    let again = home.run("renew", &plan, &["--worker", worker, "--yes", "--json"]);
    assert_eq!((again.code, again.actions(worker)), (0, Vec::new()), "{}", again.story());
    let run = home.run("renew", &plan, &["--worker", worker, "--within", "9999d", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.story());
    // One that is renewed in time is read again by who needs it, where the version does so, and the API has heard of what runs.
    up_for_a_while(lab);
    let mut longer = plan;
    longer["ca"]["days"] = 500.into();
    let pid = || lab.on(worker, "systemctl show -p MainPID kubelet");
    let before = pid();
    let run = home.run("renew", &longer, &["--worker", worker, "--within", "400d", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert!(run.actions(worker).contains(&format!("write {path}")), "{}", run.story());
    assert_eq!(pid() == before, lab.is_current(), "{}", run.story());
    until("the kubelet serves the new one", 90, || {
        let ip = lab.get(&format!("LAB_{}_IP", worker.to_uppercase()));
        let served = format!(
            "openssl s_client -connect {ip}:10250 </dev/null 2>/dev/null | openssl x509 -noout -serial"
        );
        lab.try_on(
            worker,
            &format!("[ \"$({served})\" = \"$(openssl x509 -in {path} -noout -serial)\" ]"),
            b"",
        )
        .0
    });
}

//! Every fault of the lab: the right code, exit 1, and the other two workers come aboard all the same.

use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::lab::{Fault, HERE};
use gangplank::plan::action::{Action, sha256};
use gangplank::plan::fact::FactQuery;
use gangplank::plan::place::Place;
use gangplank::plan::record::RecordKind;
use gangplank::step::StepState;

use super::bench::{ALL, Bench, Ran};
use super::look::{assert_as_before, assert_same_state, pictures, state};

/// w1 has a problem with this code, nothing was begun on it, w2 and w3 are done.
#[track_caller]
fn only_w1(bench: &Bench, ran: &Ran, code: &str) {
    assert_eq!(ran.code, 1, "{}", ran.trouble());
    assert!(ran.codes("w1").contains(&code.to_owned()), "{code}: {}", ran.trouble());
    assert_eq!(ran.end("w1"), "problem");
    for worker in ["w2", "w3"] {
        assert_eq!(
            (ran.end(worker), ran.codes(worker)),
            ("changed", Vec::new()),
            "{worker}: {}",
            ran.trouble()
        );
    }
    assert_eq!((ran.end("here"), ran.end("cluster")), ("changed", "changed"));
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), ["w2", "w3"]);
}

/// A fault that is seen before anything is changed; mended, the next run finishes.
#[track_caller]
fn refused(fault: Fault, code: &str) {
    let bench = Bench::first();
    bench.lab().fault("w1", fault);
    let before = bench.lab().machine("w1", |machine| machine.picture());
    let ran = bench.apply();
    only_w1(&bench, &ran, code);
    assert_eq!(bench.lab().machine("w1", |machine| machine.picture()), before, "nothing was changed");
    assert_eq!(ran.actions("w1"), Vec::<String>::new());
    bench.lab().mend("w1");
    assert_eq!(bench.apply().done().end("w1"), "changed");
}

#[test]
fn an_unreachable_worker_stops_nobody_else() {
    refused(Fault::Unreachable, "E-SSH-01");
}

#[test]
fn a_folder_that_others_may_write_in_is_said_before_anything_is_changed_with_who_and_the_cure() {
    refused(Fault::OpenFolder("/etc/kubernetes".to_owned()), "E-FILE-04");
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::OpenFolder("/etc/kubernetes".to_owned()));
    let seen = bench.preview();
    let problem = seen.iter().find(|place| place.place.to_string() == "w1").unwrap().blocked().unwrap();
    assert_eq!(problem.code.as_str(), "E-FILE-04");
    assert_eq!(
        problem.evidence,
        ["/etc/kubernetes may be written by others (mode 777), who could change what root writes there: \
          chmod go-w '/etc/kubernetes'"]
    );
}

#[test]
fn whether_it_can_be_written_safely_is_asked_of_every_path_that_a_worker_is_going_to_get() {
    for place in Bench::first().preview() {
        let asked: Vec<&FactQuery> = place.facts.iter().map(|(want, _)| want).collect();
        let asked = |path: &str| {
            asked
                .iter()
                .any(|want| matches!(want, FactQuery::Ways(paths) if paths.iter().any(|one| one == path)))
        };
        let states = place.looked.iter().map(|one| &one.state);
        let actions =
            states.filter_map(|state| if let StepState::Todo(todo) = state { Some(todo) } else { None });
        for path in actions.flatten().filter_map(Action::path) {
            assert!(!matches!(place.place, Place::Worker(_)) || asked(path), "{}: {path}", place.place);
        }
    }
}

#[test]
fn docker_that_does_not_run_is_said_before_anything_is_changed() {
    refused(Fault::RuntimeDown, "E-DOCKER-01");
}

#[test]
fn a_missing_kubelet_without_a_file_is_said_before_anything_is_changed() {
    refused(Fault::KubeletMissing, "E-KUBELET-01");
}

#[test]
fn a_kubelet_without_a_profile_or_newer_than_the_api_is_said_before_anything_is_changed() {
    refused(Fault::KubeletVersion("v1.10.0".to_owned()), "E-VERSION-01");
    refused(Fault::KubeletVersion("v1.30.0".to_owned()), "E-VERSION-02");
    refused(Fault::KubeletVersion("v1.17.17".to_owned()), "E-VERSION-03");
}

#[test]
fn a_clock_that_is_off_either_way_is_said_before_anything_is_changed() {
    refused(Fault::ClockOff(-900_000), "E-CLOCK-01");
    refused(Fault::ClockOff(900_000), "E-CLOCK-01");
}

#[test]
fn a_wrong_sudo_password_is_said_before_anything_is_changed() {
    refused(Fault::WrongSudoPassword, "E-SUDO-03");
}

#[test]
fn a_user_who_may_not_become_root_is_said_before_anything_is_changed() {
    refused(Fault::NoSudo, "E-SUDO-04");
}

#[test]
fn a_worker_that_cannot_resolve_the_api_is_said_before_anything_is_changed() {
    refused(Fault::NoApi, "E-API-20");
}

#[test]
fn a_full_disk_stops_at_the_first_write_and_the_next_run_goes_on() {
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::DiskFull);
    let ran = bench.apply();
    only_w1(&bench, &ran, "E-DISK-02");
    assert_eq!(ran.actions("w1").len(), 1);
    bench.lab().mend("w1");
    bench.apply().done();
}

pub const KUBELET: &[u8] = b"kubelet v1.20.2\n";

pub fn without_kubelet(sha256: &str) -> Bench {
    let lab = FIRST_CLUSTER.replacen("kubelet: v1.20.2, dns_tools: [dig]", "kubelet: ''", 1);
    let file = format!("  kubelet: {{file: kubelet, sha256: {sha256}}}\nworkers:\n");
    let bench = Bench::new(&lab, &FIRST_CLUSTER_PLAN.replace("workers:\n", &file));
    bench.lab().machine(HERE, |here| here.write("/home/op/kubelet", KUBELET, "755", "-"));
    bench
}

#[test]
fn a_missing_kubelet_with_a_file_is_copied_and_the_worker_comes_aboard() {
    let bench = without_kubelet(&sha256(KUBELET));
    let before = pictures(&bench);
    let ran = bench.apply().done();
    assert_eq!(ran.actions("w1")[0], "write /usr/local/bin/kubelet");
    assert!(!ran.actions("w2").contains(&"write /usr/local/bin/kubelet".to_owned()));
    assert_eq!(bench.apply().done().end("w1"), "same");
    assert_eq!(bench.undo().code, 0);
    assert_as_before(&bench, &before, "undo takes the kubelet away again");
}

#[test]
fn a_kubelet_file_of_another_hash_is_not_copied() {
    let bench = without_kubelet(&sha256(b"another"));
    let ran = bench.apply();
    only_w1(&bench, &ran, "E-SEND-01");
    assert_eq!(
        bench.lab().machine("w1", |machine| machine.files.contains_key("/usr/local/bin/kubelet")),
        Some(false)
    );
}

const UNIT: &str = "/etc/systemd/system/kubelet.service";

/// Every file the product writes on a worker.
fn written() -> Vec<String> {
    let bench = Bench::first();
    bench.apply_only(&["w1"]).done();
    let lines = bench.lab().record("w1").into_iter();
    let paths: Vec<String> = lines
        .filter(|line| [RecordKind::Put, RecordKind::Key].contains(&line.kind))
        .map(|line| line.path)
        .collect();
    assert!(paths.len() >= 10, "{paths:?}");
    paths
}

#[test]
fn somebody_else_s_file_in_any_place_is_refused_before_anything_is_changed() {
    for path in written() {
        let bench = Bench::first();
        bench.lab().fault("w1", Fault::ForeignFile(path.clone()));
        let before = bench.lab().machine("w1", |machine| machine.picture());
        let ran = bench.apply_only(&["w1"]);
        assert_eq!((ran.code, ran.end("w1")), (1, "problem"), "{path}");
        let problems = ran.problems("w1");
        let named = problems.iter().any(|problem| problem.what.contains(&path));
        assert!(named && problems.len() == 1, "{path}: {}", ran.trouble());
        let known = ["E-FILE-01", "E-KEY-01", "E-CERT-01", "E-CERT-16"];
        assert!(known.contains(&problems[0].code.as_str()), "{path}: {}", problems[0].code);
        assert_eq!(
            bench.lab().machine("w1", |machine| machine.picture()),
            before,
            "{path}: nothing was changed"
        );
    }
}

#[test]
fn somebody_else_s_file_stops_its_own_worker_only() {
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::ForeignFile("/var/lib/kubelet/config.yaml".to_owned()));
    only_w1(&bench, &bench.apply(), "E-FILE-01");
}

#[test]
fn somebody_else_s_file_is_replaced_when_the_plan_says_so_and_comes_back_on_undo() {
    let plan = FIRST_CLUSTER_PLAN.replace("address: \"10", "replace: true, address: \"10");
    // A folder that came with the foreign file keeps its own mode.
    let files = |bench: &Bench| {
        let mut all = state(bench);
        all.retain(|path, _| !path.ends_with('/'));
        all
    };
    let wanted = {
        let bench = Bench::first();
        bench.apply_only(&["w1"]).done();
        files(&bench)
    };
    for path in written().into_iter().filter(|path| path != UNIT) {
        let bench = Bench::new(FIRST_CLUSTER, &plan);
        bench.lab().fault("w1", Fault::ForeignFile(path.clone()));
        bench.lab().machine("w1", |machine| machine.files.get_mut(&path).unwrap().mode = "604".to_owned());
        let before = pictures(&bench);
        let ran = bench.apply_only(&["w1"]);
        assert_eq!(ran.code, 0, "{path}: {}", ran.trouble());
        assert_same_state(&files(&bench), &wanted, &path);
        assert_eq!(bench.apply_only(&["w1"]).done().end("w1"), "same", "{path}");
        let undone = bench.undo();
        assert_eq!(undone.code, 0, "{path}: {}", undone.trouble());
        assert_as_before(&bench, &before, &path);
    }
}

#[test]
fn a_replaced_unit_that_did_not_run_leaves_no_containers_after_undo() {
    let plan = FIRST_CLUSTER_PLAN.replace("address: \"10", "replace: true, address: \"10");
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    bench.lab().fault("w1", Fault::ForeignFile(UNIT.to_owned()));
    let before = pictures(&bench);
    bench.apply_only(&["w1"]).done();
    let undone = bench.undo();
    assert_eq!(undone.code, 0, "{}", undone.trouble());
    assert_as_before(&bench, &before, UNIT);
}

#[test]
fn with_the_api_down_host_steps_are_done_and_proofs_fail_at_their_deadline() {
    let bench = Bench::first();
    bench.lab().set_api_calls(Some(0));
    let began = bench.lab().clock().latest_ms();
    let ran = bench.apply();
    let lasted = bench.lab().clock().latest_ms() - began;
    assert_eq!(ran.code, 1);
    for worker in ALL {
        assert_eq!(ran.codes(worker), ["E-NODE-02"], "{worker}");
        assert!(ran.outcomes(worker).contains(&("start".to_owned(), "changed")), "{worker}");
        assert!(ran.outcomes(worker).contains(&("containers".to_owned(), "proven")), "{worker}");
    }
    assert!((180_000..300_000).contains(&lasted), "{lasted} ms of the lab");
    assert_eq!(ran.outcomes("cluster").iter().filter(|(_, outcome)| *outcome == "skipped").count(), 3);
    bench.lab().set_api_calls(None);
    // A kubelet goes on trying to register until it has done so once.
    bench.lab().advance(std::time::Duration::from_secs(20));
    let again = bench.apply().done();
    for worker in ALL {
        assert_eq!(again.actions(worker), Vec::<String>::new(), "{worker}: what was done stays");
    }
    assert_eq!((again.end("cluster"), bench.apply().done().end("cluster")), ("changed", "same"));
}

#[test]
fn undo_takes_the_nodes_away_that_came_while_the_api_was_down_at_first() {
    let bench = Bench::first();
    bench.lab().set_api_calls(Some(0));
    assert_eq!(bench.apply_only(&["w1"]).code, 1);
    bench.lab().set_api_calls(None);
    bench.apply_only(&["w1"]).done();
    assert_eq!(bench.undo().code, 0);
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
}

#[test]
fn an_api_that_goes_down_at_any_call_is_a_problem_or_was_not_needed_and_the_next_run_finishes() {
    let wanted = {
        let bench = Bench::first();
        bench.apply_only(&["w1"]).done();
        state(&bench)
    };
    let mut broken = Vec::new();
    for calls in [1, 2, 3, 4, 5, 6, 8, 11, 15, 25, 45, 90] {
        let bench = Bench::first();
        bench.lab().set_api_calls(Some(calls));
        let first = bench.apply_only(&["w1"]);
        if first.code > 1 {
            broken.push(format!("{calls} calls: exit {}\n{}", first.code, first.trouble()));
        }
        bench.lab().set_api_calls(None);
        let second = bench.apply_only(&["w1"]);
        if second.code != 0 {
            broken.push(format!("{calls} calls, mended: exit {}\n{}", second.code, second.trouble()));
        } else if state(&bench) != wanted {
            broken.push(format!("{calls} calls, mended: not the same end"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_foreign_ca_is_refused_before_anybody_logs_in() {
    let bench = Bench::first();
    let other = Bench::first();
    let theirs = other.lab().machine("root-ca-host", |machine| machine.files.clone()).unwrap();
    bench.lab().machine("root-ca-host", |machine| machine.files = theirs);
    let ran = bench.apply();
    assert_eq!((ran.code, ran.codes("here")), (1, vec!["E-API-22".to_owned()]));
    for worker in ALL {
        assert_eq!((ran.end(worker), ran.actions(worker)), ("problem", Vec::new()));
    }
}

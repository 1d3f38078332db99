//! Which workers, how many at once, in which pace; nobody waits for ever.

use gangplank::host::Stop;
use gangplank::lab::Fault;

use super::bench::{ALL, Bench, How, how, in_time};
use super::look::{assert_same_state, state};

#[test]
fn only_the_named_workers_are_touched() {
    let bench = Bench::first();
    let before = bench.lab().machine("w2", |machine| machine.picture());
    let ran = bench.apply_only(&["w1", "w3"]).done();
    assert_eq!(ran.at("w2").count(), 0);
    assert_eq!(bench.lab().machine("w2", |machine| machine.picture()), before);
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), ["w1", "w3"]);
    let ran = bench.apply().done();
    assert_eq!(ALL.map(|worker| ran.end(worker).to_owned()), ["same", "changed", "same"]);
}

#[test]
fn one_at_a_time_comes_to_the_same_end() {
    let (one, all) = in_time(|| {
        let (one, all) = (Bench::first(), Bench::first());
        one.apply_with(&How { jobs: 1, ..how(&Stop::default()) }).done();
        all.apply().done();
        (state(&one), state(&all))
    });
    assert_same_state(&one, &all, "--jobs 1");
}

#[test]
fn one_at_a_time_goes_on_past_a_worker_that_fails() {
    in_time(|| {
        for fault in [Fault::Unreachable, Fault::RuntimeDown, Fault::DiskFull, Fault::CutAfterAction(5)] {
            let bench = Bench::first();
            bench.lab().fault("w1", fault.clone());
            let ran = bench.apply_with(&How { jobs: 1, ..how(&Stop::default()) });
            assert_eq!((ran.code, ran.end("w2"), ran.end("w3")), (1, "changed", "changed"), "{fault:?}");
        }
    });
}

#[test]
fn when_all_workers_fail_the_cluster_s_steps_are_skipped() {
    in_time(|| {
        for jobs in [1, 8] {
            for fault in [Fault::Unreachable, Fault::RuntimeDown, Fault::DiskFull] {
                let bench = Bench::first();
                for worker in ALL {
                    bench.lab().fault(worker, fault.clone());
                }
                let ran = bench.apply_with(&How { jobs, ..how(&Stop::default()) });
                assert_eq!(ran.code, 1, "{fault:?}");
                // The namespace comes first, the others wait for a worker.
                let ends = [("namespace", "same"), ("dns", "skipped"), ("dns-pods", "skipped")];
                let ends = ends.map(|(step, end)| (step.to_owned(), end));
                assert_eq!(ran.outcomes("cluster"), ends, "{fault:?}");
                assert_eq!((ran.end("here"), ran.actions("cluster")), ("changed", Vec::new()));
            }
        }
    });
}

#[test]
fn an_unreachable_ca_host_ends_the_run_for_everybody() {
    in_time(|| {
        let bench = Bench::first();
        bench.lab().fault("root-ca-host", Fault::Unreachable);
        let ran = bench.apply();
        assert_eq!((ran.code, ran.codes("here")), (1, vec!["E-SSH-01".to_owned()]));
        for worker in ALL {
            assert_eq!((ran.end(worker), ran.actions(worker)), ("problem", Vec::new()));
        }
    });
}

// (`carry_out` in `src/engine/run/worker.rs`).
#[test]
fn the_guided_pace_sends_a_batch_for_each_step_and_comes_to_the_same_end() {
    let (straight, guided) = (Bench::first(), Bench::first());
    straight.apply().done();
    let ran = guided.apply_with(&How { guided: true, ..how(&Stop::default()) }).done();
    assert_same_state(&state(&guided), &state(&straight), "guided");
    let journal = guided.session().join(format!("runs/{}.jsonl", ran.run));
    let text = std::fs::read_to_string(journal).unwrap();
    let mut batches = 0;
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "batch" && line["place"] == "w1" {
            let mut steps: Vec<&str> =
                line["actions"].as_array().unwrap().iter().filter_map(|one| one["step"].as_str()).collect();
            steps.dedup();
            assert_eq!(steps.len(), 1, "{line}");
            batches += 1;
        }
    }
    // images, keys, certificates, kubeconfigs, kubelet, kube-proxy, start.
    assert_eq!((batches, ran.cost("w1")), (7, (1, 1, 1)));
}

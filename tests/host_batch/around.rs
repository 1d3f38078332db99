//! What is around a kubelet, asked of this very machine and of one whose limits are used up.

use std::sync::Arc;

use gangplank::host::LocalWire;
use gangplank::plan::fact::FactQuery;
use gangplank::plan::surroundings::{InotifyKind, Surroundings};

use crate::support::{Run, Wrapped, done, local, over, program, with_programs};

fn ask(host: &mut gangplank::host::ShellHost) -> Surroundings {
    let end = done(host, &Run::new().batch(Vec::new(), vec![FactQuery::Around(None)]));
    assert_eq!(end.trouble, None, "{end:?}");
    end.facts.around(None).yes().copied().cloned().unwrap()
}

#[test]
fn this_machine_has_inotify_left_and_tells_its_limits() {
    let around = ask(&mut local());
    let limit = |name: &str| {
        let path = format!("/proc/sys/fs/inotify/max_user_{name}");
        std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok())
    };
    assert_eq!(around.inotify.refused, None);
    assert_eq!((around.inotify.instances, around.inotify.watches), (limit("instances"), limit("watches")));
}

/// In a namespace of users of its own, whose limits are nobody else's.
#[test]
fn where_the_kernel_gives_no_more_of_inotify_that_is_told() {
    for (kind, refused) in [("instances", InotifyKind::Instances), ("watches", InotifyKind::Watches)] {
        let before = format!(
            "exec unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_{kind} && exec sh -c \"$1\"' sh"
        );
        let wire = Wrapped { wire: LocalWire::new(), before };
        if crate::sshd::run(&wire, "true").last != crate::sshd::exited(0) {
            return crate::sshd::left_out::left_out("no namespace of users can be made here");
        }
        assert_eq!(ask(&mut over(Arc::new(wire))).inotify.refused, Some(refused));
    }
}

/// In a namespace of networks of its own, where it was never set up.
#[test]
fn a_loopback_interface_that_is_down_is_told() {
    assert!(!ask(&mut local()).lo_down);
    let before = "exec unshare -Urnm sh -c 'mount -t sysfs sysfs /sys && exec sh -c \"$1\"' sh".to_owned();
    let wire = Wrapped { wire: LocalWire::new(), before };
    if crate::sshd::run(&wire, "true").last != crate::sshd::exited(0) {
        return crate::sshd::left_out::left_out("no namespace of networks can be made here");
    }
    assert!(ask(&mut over(Arc::new(wire))).lo_down);
}

#[test]
fn a_program_that_its_unit_starts_is_absent_closed_or_does_not_run_here() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire = Arc::new(wire);
    let kubelet = dir.path().join("kubelet");
    let shown = format!("ExecStart={{ path={0} ; argv[]={0} ; }}", kubelet.display());
    program(
        dir.path(),
        "systemctl",
        &format!("#!/bin/sh\nprintf 'LoadState=loaded\\nMainPID=0\\n%s\\n' '{shown}'\n"),
    );
    let start = || {
        let mut host = over(wire.clone());
        let end = done(&mut host, &Run::new().batch(Vec::new(), vec![FactQuery::KubeletStart]));
        end.facts.kubelet_start().yes().copied().cloned().unwrap()
    };
    let is = |found: &gangplank::plan::found::KubeletStart| {
        (found.absent.is_some(), found.closed.is_some(), found.mute.as_ref().map(|(_, status, _)| *status))
    };
    assert_eq!(is(&start()), (true, false, None));
    std::fs::write(&kubelet, "#!/bin/sh\necho Kubernetes v1.37.2\n").unwrap();
    assert_eq!(is(&start()), (false, true, None), "it is there, and may not be executed");
    // A script would start a kubelet: it is not executed.
    let ran = dir.path().join("ran");
    program(dir.path(), "kubelet", &format!("#!/bin/sh\ntouch {}; exit 126\n", ran.display()));
    assert_eq!(is(&start()), (false, false, None));
    assert!(!ran.exists());
    let whole = std::fs::read("/bin/true").unwrap();
    let copied = |bytes: &[u8]| {
        // A new file: one that is executed cannot be written.
        std::fs::remove_file(&kubelet).unwrap();
        std::fs::write(&kubelet, bytes).unwrap();
        std::fs::set_permissions(&kubelet, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    copied(&whole);
    assert_eq!(is(&start()), (false, false, None));
    copied(&whole[..2000]);
    let (_, _, status) = is(&start());
    assert!(status.is_some_and(|status| status >= 126), "{status:?}");
}

/// The port is fixed, so nobody answers here; what is asked for is sent whole, and what comes back is read whole.
#[test]
fn a_name_server_is_asked_over_tcp_and_one_that_does_not_answer_has_said_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire = Arc::new(wire);
    let asked = || {
        let want = FactQuery::Dns { server: "127.0.0.1".to_owned(), message: "AAJoaQ==".to_owned() };
        let end = done(&mut over(wire.clone()), &Run::new().batch(Vec::new(), vec![want]));
        end.facts.dns("127.0.0.1", "AAJoaQ==").yes().map(ToString::to_string)
    };
    assert_eq!(asked(), Some(String::new()));
    // A bash that gives the connection to a file has the rest of the text in its hands.
    let reply = dir.path().join("reply");
    std::fs::write(&reply, b"\0\x05hellorest").unwrap();
    let text = format!(
        "#!/bin/sh\nshift; text=$(printf %s \"$1\" | sed 's,exec 3<>\"/dev/tcp/$0/53\",exec 3<>{},; s,base64 -d >&3,base64 -d >{},')\nshift; exec /bin/bash -c \"$text\" \"$@\"\n",
        reply.display(),
        dir.path().join("sent").display()
    );
    program(dir.path(), "bash", &text);
    assert_eq!(asked(), Some("aGVsbG8=".to_owned()));
    assert_eq!(std::fs::read(dir.path().join("sent")).unwrap(), b"\0\x02hi");
}

#[test]
fn who_is_in_the_group_of_root_is_told_but_for_accounts_that_are_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire = Arc::new(wire);
    let told = |group: &str, users: &str| {
        let text = format!(
            "#!/bin/sh\ncase $1 in group) printf '%s\\n' '{group}' ;; passwd) printf '%b' '{users}' ;; esac\n"
        );
        program(dir.path(), "getent", &text);
        let found = ask(&mut over(wire.clone())).root_group;
        found.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let root = "root:x:0:0:root:/root:/bin/bash\\n";
    assert_eq!(told("root:x:0:", root), Some(Vec::new()));
    let fedora = "sync:x:5:0:sync:/sbin:/bin/sync\\nhalt:x:7:0:halt:/sbin:/sbin/halt\\noperator:x:11:0:operator:/root:/sbin/nologin\\n";
    assert_eq!(told("root:x:0:root", &format!("{root}{fedora}")), Some(Vec::new()));
    let more = format!(
        "{root}operator:x:11:0::/root:/bin/sh\\nbin:x:1:1::/:/bin/sh\\neve:x:9:0::/:/sbin/nologin\\n"
    );
    let names = ["adam", "eve", "operator"].map(str::to_owned).to_vec();
    assert_eq!(told("root:x:0:root,adam,eve", &more), Some(names));
    program(dir.path(), "getent", "#!/bin/sh\nexit 2\n");
    assert_eq!(ask(&mut over(wire)).root_group, None);
}

#[test]
fn the_mode_of_a_key_comes_with_its_group() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = tempfile::tempdir().unwrap();
    let (config, key) = (dir.path().join("kubeconfig"), dir.path().join("key"));
    // Nobody listens there.
    let text =
        "clusters:\n- cluster:\n    server: https://127.0.0.1:1\nusers:\n- user:\n    client-key: key\n";
    std::fs::write(&config, text).unwrap();
    std::fs::write(&key, "").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let path = config.display().to_string();
    let want = FactQuery::Identity { kubeconfig: path.clone(), node: "w1".to_owned(), server: String::new() };
    let end = done(&mut local(), &Run::new().batch(Vec::new(), vec![want]));
    let identity = end.facts.identity(&path, "w1", "").yes().copied().cloned().unwrap().unwrap();
    let group = std::fs::metadata(&key).unwrap().gid();
    assert_eq!((identity.key_mode.as_str(), identity.key_group), ("640", Some(group)));
}

/// A process of that name, which ends with this.
struct Proxy(std::process::Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_rules_of_a_kube_proxy_are_looked_for_in_every_kind_of_table() {
    if !std::path::Path::new("/sys/module").is_dir() {
        return crate::sshd::left_out::left_out("there is no /sys/module to put another one over");
    }
    let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(mut wire) = with_programs(dir.path()) else { return };
    let built_in = "mount -t tmpfs none /sys/module && mkdir /sys/module/nf_tables && exec sh";
    wire.before = wire.before.replace("exec sh", built_in);
    let wire = Arc::new(wire);
    assert_eq!(ask(&mut over(wire.clone())).proxy, None, "none runs here");
    program(own.path(), "kube-proxy", "#!/bin/sh\nread -r _\n");
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(own.path().join("kube-proxy"));
        let child = command.args(words).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let comm = format!("/proc/{}/comm", child.id());
        crate::support::until("it has its name", crate::support::limit(), || {
            std::fs::read_to_string(&comm).is_ok_and(|name| name.trim() == "kube-proxy")
        });
        Proxy(child)
    };
    let save = |text: &str| format!("#!/bin/sh\n[ \"$1\" = --version ] || {{ {text} }}\n");
    for name in ["iptables", "ip6tables"] {
        program(dir.path(), &format!("{name}-legacy-save"), &save(":;"));
    }
    let asked = |nft: &str| {
        program(dir.path(), "nft", &format!("#!/bin/sh\nprintf '{nft}'\n"));
        let found = ask(&mut over(wire.clone())).proxy.unwrap();
        let rules: Vec<String> = found.rules.iter().map(ToString::to_string).collect();
        (found.mode.map(|mode| mode.to_string()), rules.join(" "), found.whole)
    };
    let nat = "table ip nat {\\n\\tchain PREROUTING {\\n\\t}\\n\\tchain KUBE-SERVICES {\\n\\t}\\n}\\n";
    {
        let _proxy = run(&["--v=2", "--proxy-mode", "iptables"]);
        let mode = Some("iptables".to_owned());
        assert_eq!(asked(nat), (mode.clone(), "iptables".to_owned(), true));
        let filter = nat.replace("ip nat", "ip filter");
        assert_eq!(asked(&filter), (mode.clone(), String::new(), true), "a chain of that name elsewhere");
        program(dir.path(), "nft", "#!/bin/sh\nexit 1\n");
        let found = ask(&mut over(wire.clone())).proxy.unwrap();
        assert!(!found.whole && found.rules.is_empty(), "{found:?}");
    }
    let config = own.path().join("config.conf");
    std::fs::write(&config, "kind: KubeProxyConfiguration\nmode: \"nftables\"\n").unwrap();
    let config = format!("--config={}", config.display());
    let _proxy = run(&[&config, "--proxy-mode=iptables"]);
    let own = "table ip6 kube-proxy {\\n\\tchain services {\\n\\t}\\n}\\n";
    assert_eq!(asked(own), (Some("nftables".to_owned()), "nftables".to_owned(), true));
}

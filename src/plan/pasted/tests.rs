//! What people paste, and what becomes of it.

use super::*;

fn rows(text: &str) -> Vec<(String, String, String)> {
    let all = read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    let text = |value: Option<String>| value.unwrap_or_default();
    all.workers.into_iter().map(|one| (text(one.name), text(one.address), text(one.ssh.user))).collect()
}

fn row(name: &str, address: &str, user: &str) -> (String, String, String) {
    (name.to_owned(), address.to_owned(), user.to_owned())
}

#[test]
fn lists_ranges_logins_and_hosts_lines_are_read() {
    assert_eq!(rows("192.168.2.[1-2]").len(), 2);
    assert_eq!(rows("w[1-2] 10.0.0.[1-2]"), [row("w1", "10.0.0.1", ""), row("w2", "10.0.0.2", "")]);
    assert_eq!(rows("10.0.0.5 node5.example.com node5 # rack 3"), [row("node5", "10.0.0.5", "")]);
    assert_eq!(rows("10.0.0.1, 10.0.0.2, 10.0.0.3").len(), 3);
    assert_eq!(rows("10.0.0.1 10.0.0.2").len(), 2);
    assert_eq!(rows("a, b, c").len(), 3);
    let one = &read("core@10.0.0.7:2222").unwrap().workers[0];
    assert_eq!((one.ssh.user.as_deref(), one.ssh.port), (Some("core"), Some(2222)));
    let name = &read("ops@node1.example.com").unwrap().workers[0];
    assert_eq!((name.name.as_deref(), name.ssh.host.as_deref()), (Some("node1"), Some("node1.example.com")));
}

#[test]
fn of_machines_txt_a_line_without_a_subnet_is_a_master_and_nothing_stands_there_twice() {
    let (server, one) = (
        "10.0.0.10 server.kubernetes.local server",
        "10.0.0.20 node-0.kubernetes.local node-0 10.200.0.0/24",
    );
    let two = "10.0.0.21 node-1.kubernetes.local node-1 10.200.1.0/24";
    let text = format!("{server}\n{one}\n{two}\n");
    assert_eq!(rows(&text), [row("node-0", "10.0.0.20", ""), row("node-1", "10.0.0.21", "")]);
    assert_eq!(
        read(&text).unwrap().left_out,
        [
            "line 1: \"server\" has no subnet of pods, so it is a master: left out",
            "lines 2 to 3: column 4 left out"
        ]
    );
    // Lines like those of /etc/hosts alone are workers each.
    assert_eq!(rows(server), [row("server", "10.0.0.10", "")]);
    for (twice, said) in [
        (
            format!("{text}10.0.0.20 node-2.kubernetes.local node-2 10.200.2.0/24"),
            "line 4: 10.0.0.20 is the address of line 2 too",
        ),
        (
            format!("{text}10.0.0.10 node-2.kubernetes.local node-2 10.200.2.0/24"),
            "line 4: 10.0.0.10 is the address of line 1 too",
        ),
        (
            format!("{text}10.0.0.22 node-1.kubernetes.local node-1 10.200.2.0/24"),
            "line 4: \"node-1\" is the name of line 3 too",
        ),
        (
            format!("{text}10.0.0.22 node-2.kubernetes.local node-2 10.200.1.0/24"),
            "line 4: its subnet of pods is that of line 3 too",
        ),
    ] {
        assert_eq!(read(&twice).unwrap_err(), [said]);
    }
}

#[test]
fn a_range_of_addresses_has_a_dash_and_a_dash_in_a_name_is_none() {
    for text in ["10.0.0.1-3", "10.0.0.1-10.0.0.3", "core@10.0.0.1-3:22", "\"10.0.0.1-3\","] {
        let all: Vec<String> = rows(text).into_iter().map(|(_, address, _)| address).collect();
        assert_eq!(all, ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "{text}");
    }
    assert_eq!(rows("w[1-2] 10.0.0.8-9"), [row("w1", "10.0.0.8", ""), row("w2", "10.0.0.9", "")]);
    assert_eq!(rows("node-1-5 10.0.0.1"), [row("node-1-5", "10.0.0.1", "")]);
    assert_eq!(rows("10.0.0.254-10.0.1.1").len(), 4);
    for wrong in ["10.0.0.5-1", "10.0.0.1-300", "10.0.0.1-x", "10.0.0.1-10.1.0.1", "10.0.0.0/29"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn quotes_and_the_brackets_of_a_list_are_taken_off() {
    let two = [row("", "10.77.1.11", ""), row("", "10.77.1.12", "")];
    for text in [
        "[\n  \"10.77.1.11\",\n  \"10.77.1.12\",\n]\n",
        "[\"10.77.1.11\", \"10.77.1.12\"]",
        "- 10.77.1.11\n- '10.77.1.12'\n",
        "---\n- \"10.77.1.11\"\n- \"10.77.1.12\"",
    ] {
        assert_eq!(rows(text), two, "{text}");
    }
    assert!(read("\"10.0.0.1").unwrap_err()[0].contains("not closed"));
}

#[test]
fn a_table_has_name_address_and_user_and_says_what_it_leaves_out() {
    let two = [row("node1", "10.77.1.11", "core"), row("node2", "10.77.1.12", "core")];
    for text in [
        "node1,10.77.1.11,core\nnode2,10.77.1.12,core\n",
        "node1;10.77.1.11;core\nnode2;10.77.1.12;core\n",
        "name,ip,user\nnode1, 10.77.1.11, core\nnode2, 10.77.1.12, core\n",
        "\"node1\",\"10.77.1.11\",\"core\"\n\"node2\",\"10.77.1.12\",\"core\"\n",
        "10.77.1.11,node1,core\n10.77.1.12,node2,core\n",
    ] {
        assert_eq!(rows(text), two, "{text}");
    }
    let all = read("node1,10.77.1.11,core,2222,rack 3").unwrap();
    assert_eq!(all.workers[0].ssh.port, Some(2222));
    assert_eq!(all.left_out, ["line 1: column 5 left out"]);
    assert_eq!(read("name,address\n").unwrap().workers, []);
}

#[test]
fn commas_with_blanks_around_them_are_no_names() {
    let text = "10.77.1.11 first,\n10.77.1.12 second, \n10.77.1.13 , third\n";
    let names: Vec<String> = rows(text).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(names, ["first", "second", "third"]);
}

#[test]
fn what_every_hosts_file_has_is_left_out_with_a_word() {
    let text = "127.0.0.1\tlocalhost\n127.0.1.1 admin-pc.lan admin-pc\n::1     ip6-localhost ip6-loopback\n\
                fe00::0 ip6-localnet\nff02::1 ip6-allnodes\n255.255.255.255 broadcasthost\n169.254.1.1 x\n\n# workers\n\
                10.77.1.11   Worker-A.lab.example.org. worker-a wa k8s-a   # rack 3\n\n10.77.1.12\tw2\n";
    let all = read(text).unwrap();
    let names: Vec<&str> = all.workers.iter().filter_map(|one| one.name.as_deref()).collect();
    assert_eq!(names, ["worker-a", "w2"]);
    assert_eq!(all.left_out.len(), 7, "{:?}", all.left_out);
    assert!(
        all.left_out[0].starts_with("line 1: ") && all.left_out[0].contains("loopback"),
        "{:?}",
        all.left_out
    );
    let local = read("fe80::1%eth0\n").unwrap();
    assert_eq!((local.workers.len(), local.left_out.len()), (0, 1));
}

#[test]
fn what_is_no_worker_is_refused_by_line_with_the_reason() {
    let yaml = "all:\n  hosts:\n    node1:\n      ansible_host: 10.77.1.11\n";
    let wrong = read(yaml).unwrap_err().join("; ");
    for line in ["line 1: ", "line 2: ", "line 3: ", "line 4: "] {
        assert!(wrong.contains(line), "{wrong}");
    }
    for (text, reason) in [
        ("10.0.0.1\nw[1-2] 10.0.0.[1-3]\nw[", "line 2"),
        ("a b", "name and an address"),
        ("node1 ansible_host=10.0.0.1", "ansible_host"),
        ("10.77.1.12\tworker_b", "write worker-b"),
        ("10.0.0.300", "10.0.0.300"),
        ("root:hunter2@10.0.0.1", "password"),
        ("10.0.0.1:99999", "port"),
        ("w1 w2 10.0.0.1", "neither first nor second"),
        ("$(reboot) 10.0.0.1", "no name and no address"),
        ("-oProxyCommand=x", "no name and no address"),
        ("<html>", "no name"),
    ] {
        let wrong = read(text).unwrap_err().join("; ");
        assert!(wrong.contains(reason) && wrong.contains("line "), "{text}: {wrong}");
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }
}

#[test]
fn addresses_of_ipv6_are_no_ports() {
    assert_eq!(rows("fd00::7"), [row("", "fd00::7", "")]);
    let one = &read("root@[fd00::7]:2222").unwrap().workers[0];
    assert_eq!((one.address.as_deref(), one.ssh.port), (Some("fd00::7"), Some(2222)));
    assert_eq!(rows("fd00:77::11 W1.Lab."), [row("w1", "fd00:77::11", "")]);
    assert_eq!(rows("[fd00:77::12]:2222 w2"), [row("w2", "fd00:77::12", "")]);
    assert_eq!(rows("2001:db8::0013").len(), 1);
}

#[test]
fn a_name_as_people_write_it_becomes_one_that_a_node_has() {
    let text = "10.77.1.13\tWORKER-C\n10.77.1.14 ip-10-77-1-14.eu-west-1.compute.internal\n\
                10.77.1.15 xn--rger-0qa.lab\n10.77.1.16 node.\n";
    let names: Vec<String> = rows(text).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(names, ["worker-c", "ip-10-77-1-14", "xn--rger-0qa", "node"]);
}

#[test]
fn what_is_pasted_is_what_a_plan_takes() {
    for text in ["w1 10.0.0.1", "core@10.0.0.2", "a,10.0.0.3,CORP\\jdoe", "10.0.0.4-6", "\"x\" 10.0.0.7"] {
        for (name, address, user) in rows(text) {
            assert!(name.is_empty() || value::node_name(&name).is_ok(), "{text}");
            assert!(value::node_address(&address).is_ok(), "{text}");
            assert!(user.is_empty() || value::ssh_user(&user).is_ok(), "{text}");
        }
    }
}

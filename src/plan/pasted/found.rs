//! What people pasted and was read wrongly once, and what is right.

use super::*;

/// Every worker as `name address user port`, `-` for what it has not; or the first refusal.
fn seen(text: &str) -> String {
    let workers = match read(text) {
        Ok(all) => all.workers,
        Err(wrong) => return wrong.join("; "),
    };
    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let one = |worker: WorkerAnswers| {
        let port = worker.ssh.port.map(|port| port.to_string());
        format!("{} {} {} {}", or(worker.name), or(worker.address), or(worker.ssh.user), or(port))
    };
    workers.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

fn said(text: &str) -> String {
    read(text).map_or_else(|wrong| wrong.join("; "), |all| all.left_out.join("; "))
}

/// All rows that are read otherwise, at once.
fn check(rows: &[(&str, &str)]) {
    let other = rows.iter().filter(|(text, wanted)| seen(text) != *wanted);
    let other: Vec<String> =
        other.map(|(text, wanted)| format!("{text:?}\n  is  {}\n  not {wanted}", seen(text))).collect();
    assert!(other.is_empty(), "{} of {}:\n{}", other.len(), rows.len(), other.join("\n"));
}

#[test]
fn a_password_in_a_column_is_neither_shown_nor_a_user() {
    check(&[
        ("node1,10.0.0.11,root,geheim123", "node1 10.0.0.11 root -"),
        ("name,ip,port,password\nnode1,10.0.0.11,22,Geheim123", "node1 10.0.0.11 - 22"),
        ("name,ip,user,password\nnode1,10.0.0.11,ops,Geheim123", "node1 10.0.0.11 ops -"),
        ("node1 10.0.0.11 Geheim123", "node1 10.0.0.11 - -"),
        ("node1,10.0.0.11,core,hvs.CAESIGeheim", "node1 10.0.0.11 core -"),
        ("node1 10.0.0.11 password=Geheim123", "node1 10.0.0.11 - -"),
        ("node1 10.0.0.11 pass: Geheim123", "node1 10.0.0.11 - -"),
        ("10.0.0.11 node1 Geheim123", "node1 10.0.0.11 - -"),
        ("sshpass -p Geheim123 ssh core@10.0.0.11", "- 10.0.0.11 core -"),
    ]);
    assert_eq!(said("node1,10.0.0.11,root,geheim123"), "line 1: column 4 left out");
    assert_eq!(said("node1 10.0.0.11 Geheim123"), "line 1: column 3 left out");
    assert_eq!(said("node1 10.0.0.11 a b"), "line 1: columns 3 and 4 left out");
    let table = said("name,ip,Password\nnode1,10.0.0.11,Geheim123");
    assert_eq!(table, "line 1: these are headings; left out: Password");
    for text in [
        "node1,10.0.0.11,root,Geheim123",
        "node1,10.0.0.11,core,hvs.CAESIGeheim",
        "node1 ansible_password=Geheim123",
        "root:Geheim123 10.0.0.11",
        "node1 10.0.0.11 password=Geheim123",
        "10.0.0.11,Geheim!123",
        "10.0.0.11 Geheim!123",
        "node1,Geheim!123",
        "name,ip,user\nnode1,10.0.0.11,Geheim:123",
        "sshpass -p Geheim123 ssh core@10.0.0.11",
        "sshpass -p Geheim123 scp x core@10.0.0.11",
    ] {
        let all = format!("{} {}", seen(text), said(text)).to_lowercase();
        assert!(!all.contains("geheim"), "{text}: {all}");
    }
}

#[test]
fn a_third_column_a_remark_and_a_status_are_no_user() {
    check(&[
        ("node2 10.0.0.12 ; spare", "node2 10.0.0.12 - -"),
        ("node1 10.0.0.11 // main", "node1 10.0.0.11 - -"),
        ("node3 10.0.0.13 -- old", "node3 10.0.0.13 - -"),
        ("node1 10.0.0.11 node1.lab.example", "node1 10.0.0.11 - -"),
        ("10.0.0.11   node1 node1.lab   ; comment", "node1 10.0.0.11 - -"),
        ("i-0abc123 10.0.0.11 ip-10-0-0-11.ec2.internal running", "i-0abc123 10.0.0.11 - -"),
        ("node1 10.0.0.11 Ready", "node1 10.0.0.11 - -"),
        ("node1 10.0.0.11 worker", "node1 10.0.0.11 - -"),
        ("node1 10.0.0.11 0", "node1 10.0.0.11 - -"),
        ("node1 10.0.0.11 port 2222", "node1 10.0.0.11 - 2222"),
        (
            "Hostname,IP Address,User,Port,Role\nnode1,10.0.0.11,ops,2222,worker\nnode2,10.0.0.12,,,worker",
            "node1 10.0.0.11 ops 2222, node2 10.0.0.12 - -",
        ),
        ("node1,10.0.0.11,debian-12,ssd,16GB", "node1 10.0.0.11 - -"),
        ("node1\t10.0.0.11\t\t2222", "node1 10.0.0.11 - 2222"),
        // What was read rightly before.
        ("node1 10.0.0.11 core", "node1 10.0.0.11 core -"),
        ("node1 10.0.0.11 22", "node1 10.0.0.11 - 22"),
        ("node1,10.0.0.11,2222,core", "node1 10.0.0.11 core 2222"),
        ("node1,10.0.0.11,222", "node1 10.0.0.11 - 222"),
        ("node1 ; 10.0.0.11 ; core", "node1 10.0.0.11 core -"),
        ("\"node1\";\"10.0.0.11\";\"core\"", "node1 10.0.0.11 core -"),
        ("node1 core@10.0.0.11:2222", "node1 10.0.0.11 core 2222"),
        ("core@node1:2222 10.0.0.11", "node1 10.0.0.11 core 2222"),
        ("node[1-2],10.0.0.[1-2],core", "node1 10.0.0.1 core -, node2 10.0.0.2 core -"),
        ("\"node1\",\"10.0.0.11\",\"rack # 1; it's left\"", "node1 10.0.0.11 - -"),
        ("10.0.0.1 10.0.0.2, 10.0.0.3", "- 10.0.0.1 - -, - 10.0.0.2 - -, - 10.0.0.3 - -"),
        ("node1 10.0.0.11\rnode2 10.0.0.12\r", "node1 10.0.0.11 - -, node2 10.0.0.12 - -"),
    ]);
}

#[test]
fn headings_and_remarks_are_no_workers() {
    let one = "node1 10.0.0.11 - -";
    check(&[
        ("name,address,comment\nnode1,10.0.0.11,old", one),
        ("\"name\",\"address\",\"comment\"\n\"node1\",\"10.0.0.11\",\"said \"\"yes\"\", rack 1\"", one),
        ("name,address,zone\nnode1,10.0.0.11,eu-1", one),
        ("NAME,INTERNAL-IP,ROLE\nnode1,10.0.0.11,worker", one),
        ("name,ip,user,password\nnode1,10.0.0.11,root,x", "node1 10.0.0.11 root -"),
        ("hostname;ip-address;os\nnode1;10.0.0.11;debian", one),
        ("ip\n10.0.0.11\n10.0.0.12", "- 10.0.0.11 - -, - 10.0.0.12 - -"),
        ("name\nnode1\nnode2", "node1 - - -, node2 - - -"),
        ("; comment\nnode1 10.0.0.11", one),
        ("// comment\n-- comment\n# comment\nnode1 10.0.0.11", one),
        ("name,user,ip\nnode1,ops,10.0.0.11", "node1 10.0.0.11 ops -"),
        ("id,name,ip\n1,node1,10.0.0.11", one),
        ("Name,Public IP,Private IP\nnode1,203.0.113.1,10.0.0.11", one),
        ("\"Instance ID\",\"Private IPv4\"\n\"i-01\",\"10.0.0.11\"", "- 10.0.0.11 - -"),
        ("vm_name,ip\nnode1,10.0.0.11", one),
        (" Name IP\n-----------\n node1 10.0.0.11", one),
        ("Name State IPv4 Image\nnode1 Running 10.0.0.11 Ubuntu 22.04 LTS", one),
        ("name\taddress\tuser\nnode1\t10.0.0.11\tops", "node1 10.0.0.11 ops -"),
        ("ip;hostname;port;user\n10.0.0.11;node1;2222;ops", "node1 10.0.0.11 ops 2222"),
        // A worker may be called as a heading is.
        ("worker\nworker2", "worker - - -, worker2 - - -"),
        ("node, a, b", "node - - -, a - - -, b - - -"),
    ]);
}

#[test]
fn a_row_without_a_name_gets_none() {
    check(&[
        ("ip,user\n10.0.0.11,core\n10.0.0.12,core", "- 10.0.0.11 core -, - 10.0.0.12 core -"),
        ("ip,port\n10.0.0.11,2222", "- 10.0.0.11 - 2222"),
        ("10.0.0.11 22", "- 10.0.0.11 - 22"),
        ("10.0.0.11,2222", "- 10.0.0.11 - 2222"),
        (",10.0.0.11,core", "- 10.0.0.11 core -"),
        ("node1,,core", "node1 - core -"),
        ("node01-03 10.0.0.1-3", "node01 10.0.0.1 - -, node02 10.0.0.2 - -, node03 10.0.0.3 - -"),
        ("node 10.0.0.1-2", "node-1 10.0.0.1 - -, node-2 10.0.0.2 - -"),
        ("10.0.0.11.", "- 10.0.0.11 - -"),
        ("1 10.0.0.11", "- 10.0.0.11 - -"),
        ("ssh core@10.0.0.11 -p 2222", "- 10.0.0.11 core 2222"),
        ("ssh -p 2222 core@10.0.0.11", "- 10.0.0.11 core 2222"),
        ("ssh -l core node1.lab", "node1 - core -"),
    ]);
    let wrong = seen("10.0.0.1-3,10");
    assert!(wrong.contains("line 1: ") && wrong.contains("10.0.0.10"), "{wrong}");
    for wrong in ["22", "10,11", "node01-03 10.0.0.1-5", "ssh -J a core@10.0.0.1", "ssh", "ssh -p x 10.0.0.1"]
    {
        assert!(read(wrong).is_err(), "{wrong}: {}", seen(wrong));
    }
    assert_eq!(said("1 10.0.0.11\n2 10.0.0.12"), "lines 1 to 2: column 1 left out");
}

#[test]
fn urls_of_ssh_are_logins() {
    check(&[
        ("ssh://core@10.0.0.11:2222", "- 10.0.0.11 core 2222"),
        ("ssh://core@[fd00::15]:2222", "- fd00::15 core 2222"),
        ("ssh://10.0.0.11/", "- 10.0.0.11 - -"),
        ("node1 ssh://core@10.0.0.11", "node1 10.0.0.11 core -"),
    ]);
    let wrong = seen("ssh://root:geheim@10.0.0.11");
    assert!(wrong.contains("password") && !wrong.contains("geheim"), "{wrong}");
}

#[test]
fn a_refusal_names_its_reason_and_what_programs_print_is_read() {
    for (text, reason) in [
        ("node1 10.0.0.1/24", "\"10.0.0.1/24\" is a range, not an address; write 10.0.0.1"),
        ("10.0.0.13/32 node1", "\"10.0.0.13/32\" is a range, not an address; write 10.0.0.13"),
        ("http://10.0.0.11/", "write 10.0.0.11"),
    ] {
        assert!(seen(text).contains(reason), "{text}: {}", seen(text));
    }
    let long = "a".repeat(64);
    for text in [format!("{long} 10.0.0.11"), format!("10.0.0.11 {long}"), long] {
        assert!(seen(&text).contains("64 characters") && seen(&text).contains("63"), "{}", seen(&text));
    }
    let nodes = "NAME    STATUS   ROLES    AGE   VERSION    INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION   CONTAINER-RUNTIME\n\
                 node1   Ready    <none>   41s   v1.20.2    10.0.0.11     <none>        Debian GNU/Linux 12  6.1.0-18-amd64   docker://20.10.24\n\
                 node2   NotReady,SchedulingDisabled    worker   40s   v1.20.2    10.0.0.12     203.0.113.5        Debian GNU/Linux 12  6.1.0-18-amd64   docker://20.10.24\n";
    check(&[
        ("10.0.0.1 - 10.0.0.3", "- 10.0.0.1 - -, - 10.0.0.2 - -, - 10.0.0.3 - -"),
        ("[workers]\nnode1\n10.0.0.12", "node1 - - -, - 10.0.0.12 - -"),
        ("[w:vars]\nansible_user=core\n[w]\nnode1\n[all:children]\nw", "node1 - - -"),
        (nodes, "node1 10.0.0.11 - -, node2 10.0.0.12 - -"),
        (
            "* node1 10.0.0.11\n1. node2 10.0.0.12\n2) node3 10.0.0.13\n- 10.0.0.14",
            "node1 10.0.0.11 - -, node2 10.0.0.12 - -, node3 10.0.0.13 - -, - 10.0.0.14 - -",
        ),
    ]);
    // The lines of a key are letters and digits, as names are.
    let key = "node1 10.0.0.11\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEGEHEIM\n-----END";
    assert_eq!(seen(key), "line 2: a key or a certificate begins here, and no worker");
    let said = said("name\tip\nnode1\t10.0.0.11");
    assert_eq!(said, "line 1: these are headings");
}

//! The terminal lent to a shell on a host that is opened in Live.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use rustix::process::Signal;

use crate::term::{Home, OURS, Term};

/// The wizard in Live with a host opened, and an `ssh` of the test's own: it says how it was called and what it found,
/// reads a word, and ends as that says.
fn live_host(home: &Home) -> Term {
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let ssh = "#!/bin/sh\nfor w; do [ \"$w\" != -G ] || exec /usr/bin/ssh \"$@\"; done\n\
        echo \"called: $*\"; stty -a | tr ' ;' '\\n\\n' | grep -qx icanon && echo 'lines are read'\n\
        read -r l; case $l in fails) echo 'no route'; exit 255 ;; raw) stty raw -echo; kill -KILL $$ ;; esac; exit 3\n";
    std::fs::write(bin.join("ssh"), ssh).unwrap();
    std::fs::set_permissions(bin.join("ssh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(
        &plan,
        "cluster: {name: here, api: 'https://127.0.0.1:1', service_range: 10.3.0.0/24, dns: 10.3.0.2}\n\
         ca: {where: files, cert: ca.crt, key: ca.key}\n\
         workers:\n- {name: w1, address: 192.0.2.1, ssh: {host: 127.0.0.1, port: 1, user: core, jump: [gate]}}\n",
    )
    .unwrap();
    let mut command = home.gangplank(&["open", plan.to_str().unwrap()]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(path).unwrap());
    let mut term = Term::start(command, 120, 36);
    term.shows("cluster: here");
    term.wait("the wizard's modes", |term| term.manners() == OURS);
    term.press("\x07");
    term.shows("Certificates");
    term.press("4\r");
    term.shows("Valid for days");
    term.press("\x1bl");
    term.shows("Live: containers and node status");
    term.press("\r");
    term.shows("Live: w1");
    term.wait("the wizard's modes", |term| term.manners() == OURS);
    term
}

#[test]
fn a_shell_on_an_opened_host_has_the_terminal_as_it_was_and_gives_it_back_however_it_ends() {
    let home = Home::new();
    let mut term = live_host(&home);
    let ours = term.modes();
    let back = |term: &Term, words: &str| {
        term.wait(words, |term| {
            term.manners() == OURS && term.modes() == ours && term.text().contains(words)
        });
        assert!(term.text().contains("Live: w1"), "{}", term.text());
    };
    // What was there before a shell stays on the terminal, so each one is counted.
    let mut shells = 0;
    let mut away = |term: &mut Term| {
        shells += 1;
        term.press("t");
        term.wait("another shell", |term| term.text().matches("lines are read").count() == shells);
        term.shows("called: -t -p 1 -J gate -- core@127.0.0.1");
        assert!(!term.manners().alternate && !term.manners().cursor_hidden);
    };
    away(&mut term);
    term.press("done\r");
    back(&term, "the shell ended with 3");
    // Why ssh did not get there is read before it is drawn over.
    away(&mut term);
    term.press("fails\r");
    term.shows_all(&["no route", "Enter goes back"]);
    term.press("\r");
    back(&term, "did not get to a shell there");
    // Ctrl-C is the shell's, and so is Ctrl-Z.
    away(&mut term);
    term.press("\x1a");
    term.press("\x03");
    back(&term, "the shell ended with 130");
    // What a shell that was killed did to the terminal is not what is given back at the end.
    away(&mut term);
    term.press("raw\r");
    back(&term, "the shell ended with 137");
    term.press("?");
    term.shows("open a shell on the host");
    term.press("\x1b");
    term.signal(Signal::TERM);
    assert_eq!(term.code(), 3);
    term.is_as_before();
}

//! The scripts of the lab with a docker of the test's own, which looks names up as docker does: a name, or the
//! start of an id.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The lines of `containers` are ID NAME STATE; what it is told to do is in `told`.
const DOCKER: &str = r#"#!/bin/sh
d=${0%/*}
for last; do :; done
find() { awk -v q="$1" '$2 == q || index($1, q) == 1 { print; exit }' "$d/containers"; }
case "$1 $*" in
  "ps "*name=*) awk -v q="${last#name=}" '"/" $2 ~ q { print $1 }' "$d/containers" ;;
  "inspect "*) one=$(find "$last"); [ -n "$one" ] || exit 1; echo "${one##* }" ;;
  *) echo "$*" >>"$d/told" ;;
esac
"#;

/// Runs a script of the lab where these containers are; what docker was told to do.
fn told(script: &str, args: &[&str], containers: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let program = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("docker", DOCKER);
    program("ssh", "#!/bin/sh\n");
    fs::write(folder.path().join("containers"), containers).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let done = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(script))
        .args(args)
        .env("PATH", path)
        .env("GANGPLANK_LAB", folder.path())
        .env("LAB_DOCKER", folder.path().join("docker"))
        .env("LAB_IMAGE", "image")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = fs::read_to_string(folder.path().join("told")).unwrap_or_default();
    told.lines().map(|line| line.split(' ').take(5).collect::<Vec<_>>().join(" ")).collect()
}

/// The id of a worker begins with the name of the CA host, and another name ends with it.
const NO_CA: &str = "ca42 w1 running\n17aa broca running\n";

#[test]
fn a_container_whose_id_begins_with_a_name_is_not_the_one_called_so() {
    assert_eq!(told("start", &["ca"], NO_CA), ["run --detach --name ca --label"]);
}

#[test]
fn a_container_that_is_there_is_left_or_woken_and_another_made_anew() {
    for (state, wanted) in [
        ("running", &[][..]),
        ("paused", &["unpause 99"]),
        ("exited", &["start 99"]),
        ("created", &["rm --force --volumes 99", "run --detach --name ca --label"]),
    ] {
        assert_eq!(told("start", &["ca"], &format!("{NO_CA}99 ca {state}\n")), wanted, "{state}");
    }
}

#[test]
fn a_reset_takes_no_container_but_the_one_called_so() {
    let made = "run --detach --name ca --label";
    assert_eq!(told("reset", &["ca"], NO_CA), [made]);
    let removed = told("reset", &["ca"], &format!("{NO_CA}99 ca running\n"));
    assert_eq!(removed, ["rm --force --volumes 99"], "the docker of this test removes nothing");
}

#[test]
fn a_host_of_the_current_cluster_says_by_its_name_which_cluster_is_meant() {
    assert_eq!(told("reset", &["rootca"], NO_CA), ["run --detach --name rootca --label"]);
    assert_eq!(told("start", &["--current", "rootca"], "99 rootca exited\n"), ["start 99"]);
}

#[test]
fn no_container_of_the_current_cluster_is_called_like_the_start_of_an_id() {
    let said = Command::new("bash")
        .args(["-c", r#". ./lib.sh --current && printf '%s\n' "${CONTAINERS[@]}""#])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab"))
        .output()
        .unwrap();
    let names = String::from_utf8(said.stdout).unwrap();
    assert_eq!(names.lines().count(), 10, "{}", String::from_utf8_lossy(&said.stderr));
    for name in names.lines() {
        assert!(!name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
}

//! No crate that comes in needs a newer Rust than gangplank says it needs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

fn metadata(more: &[&str]) -> Result<Value, String> {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--all-features", "--format-version", "1"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&done.stdout).unwrap())
}

/// The system this Rust builds for.
fn host() -> String {
    let said = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// `1.90` and `1.90.0` are the same.
fn version(text: &str) -> (u64, u64, u64) {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn no_crate_needs_a_newer_rust() {
    // Crates for other systems may never have been fetched here.
    let all = metadata(&[]).or_else(|_| metadata(&["--filter-platform", &host()])).unwrap();
    let packages = all["packages"].as_array().unwrap();
    let ours = version(env!("CARGO_PKG_RUST_VERSION"));
    let newer: Vec<String> = packages
        .iter()
        .filter(|package| package["rust_version"].as_str().is_some_and(|text| version(text) > ours))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["rust_version"]))
        .collect();
    assert!(packages.len() > 100, "{}", packages.len());
    assert!(newer.is_empty(), "{newer:#?}");
}

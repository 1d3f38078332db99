//! What the table answers.

use std::fmt::Write as _;

use super::{
    MinorRow, OLDEST, READ_FROM, RowKind, features, images, kubelet_fields, kubelet_flags, name, proxy_flags,
};
use crate::plan::model::Version;

/// Each row of the table.
pub fn rows() -> impl Iterator<Item = MinorRow> {
    [features::ROWS, kubelet_fields::ROWS, kubelet_flags::ROWS, proxy_flags::ROWS]
        .into_iter()
        .flatten()
        .copied()
        .chain(images::rows())
}

/// Whether the kubelet of this version has the flag: `node-ip`, `--node_ip` and `--node-ip=192.0.2.1` are one. `None` =
/// the table knows no such flag, or not that version.
pub fn flag(name: &str, version: Version) -> Option<bool> {
    holds(RowKind::KubeletFlag, &bare(name), version)
}

/// Whether kube-proxy of this version has the flag, as [`flag`].
pub fn proxy_flag(name: &str, version: Version) -> Option<bool> {
    holds(RowKind::ProxyFlag, &bare(name), version)
}

/// Whether the KubeletConfiguration of this version has the field: `clusterDNS`, `authentication.x509.clientCAFile`.
/// `None` = the table knows no such field, or not that version.
pub fn kubelet_field(path: &str, version: Version) -> Option<bool> {
    holds(RowKind::KubeletField, path, version)
}

/// Whether kube-proxy of this version takes the mode on Linux without a feature gate. `None` = the table knows no such
/// mode, or not that version.
pub fn proxy_mode(mode: &str, version: Version) -> Option<bool> {
    holds(RowKind::ProxyMode, mode, version)
}

/// Whether this is a flag of the log and of other libraries, which each program of Kubernetes has.
pub fn is_log_flag(flag: &str) -> bool {
    let name = bare(flag);
    proxy_flags::OF_LIBRARIES.contains(&name.as_str()) || name.starts_with("log-")
}

fn holds(kind: RowKind, what: &str, version: Version) -> Option<bool> {
    let row = rows().find(|row| row.kind == kind && row.what == what)?;
    READ_FROM.holds(version).then(|| row.span.holds(version))
}

/// A flag's name alone, as the programs compare it.
fn bare(flag: &str) -> String {
    let name = flag.strip_prefix("--").unwrap_or(flag);
    name.split('=').next().unwrap_or(name).replace('_', "-")
}

/// The rows that change at [`OLDEST`] or later, as a table of Markdown.
pub fn markdown() -> String {
    let differs = |row: &MinorRow| row.span.limits().any(|limit| limit >= OLDEST);
    let mut rows: Vec<MinorRow> = rows().filter(differs).collect();
    rows.sort_by_key(|row| row.kind);
    let mut text = "| what | from | until | source |\n|---|---|---|---|\n".to_owned();
    for MinorRow { what, kind, span, source } in rows {
        let what = match kind {
            RowKind::KubeletField => format!("field `{what}`"),
            RowKind::KubeletFlag => format!("kubelet `--{what}`"),
            RowKind::ProxyFlag => format!("kube-proxy `--{what}`"),
            RowKind::ProxyMode => format!("kube-proxy mode `{what}`"),
            RowKind::Image => format!("`{what}`"),
            RowKind::Feature => what.to_owned(),
        };
        let from = span.limits().next().filter(|first| *first == span.first()).map(name).unwrap_or_default();
        let until = span.end().map(name).unwrap_or_default();
        // A String takes whatever is written.
        let _ = writeln!(text, "| {what} | {from} | {until} | {source} |");
    }
    text
}

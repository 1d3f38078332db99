//! Signing on another host, by `openssl ca` of OpenSSL 1.0.2 to 3.x: the text of its files, and the
//! POSIX sh lines that write them, sign, print the certificates and leave nothing behind. The CA's key
//! stays where it is. `openssl x509 -req` would be simpler, but cannot set the start before 3.4.

use jiff::Timestamp;

use super::ca_info::CaInfo;
use super::dates::date;
use super::error::PkiError;
use super::request::Request;
use super::san::San;

/// Stands before each certificate, followed by its id.
pub const FOUND: &str = "certificate-of";
/// Stands in the place of a certificate that was not made, followed by its id.
pub const MISSING: &str = "no-certificate-for";

/// The CA on the host that signs.
#[derive(Debug, Clone, Copy)]
pub struct RemoteCa<'a> {
    /// Its key's file there, absolute, PEM.
    pub key: &'a str,
    /// What was read from its certificate there, PEM or DER; openssl gets it back as PEM.
    pub info: &'a CaInfo,
    /// A descriptor, 3 to 9, from which one line with the passphrase is read; `None` = not encrypted.
    pub passphrase_fd: Option<u32>,
}

/// One certificate to sign there.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Comes back in the marker line; one word.
    pub id: &'a str,
    /// The checked signing request.
    pub csr: &'a str,
    /// What is wanted.
    pub request: &'a Request,
}

/// The configuration file: one section, everything beside it, nothing copied from the request.
pub fn config() -> Vec<&'static str> {
    vec![
        "[ ca ]",
        "default_ca = here",
        "[ here ]",
        "database = index.txt",
        "new_certs_dir = .",
        "serial = serial",
        "RANDFILE = rnd",
        "default_md = sha256",
        "unique_subject = no",
        "copy_extensions = none",
        "preserve = yes",
        "policy = anything",
        "[ anything ]",
        "organizationName = optional",
        "commonName = supplied",
    ]
}

/// The file of extensions for one request.
pub fn extensions(request: &Request, ca: &CaInfo) -> Vec<String> {
    let mut lines = vec!["[ wanted ]".to_owned(), "basicConstraints = critical,CA:FALSE".to_owned()];
    let mut list = |start: &str, all: &[(bool, &str)]| {
        let set: Vec<&str> = all.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
        if !set.is_empty() {
            lines.push(format!("{start}{}", set.join(",")));
        }
    };
    let usages = request.usages;
    list(
        "keyUsage = critical,",
        &[
            (usages.digital_signature, "digitalSignature"),
            (usages.content_commitment, "nonRepudiation"),
            (usages.key_encipherment, "keyEncipherment"),
        ],
    );
    list("extendedKeyUsage = ", &[(request.client, "clientAuth"), (request.server, "serverAuth")]);
    lines.push("subjectKeyIdentifier = hash".to_owned());
    // Old versions write an empty identifier for a CA that has none.
    if ca.cert.ski.is_some() {
        lines.push("authorityKeyIdentifier = keyid".to_owned());
    }
    if !request.sans.is_empty() {
        lines.push("subjectAltName = @names".to_owned());
        lines.push("[ names ]".to_owned());
    }
    for (number, san) in request.sans.iter().enumerate() {
        lines.push(match san {
            San::Ip(address) => format!("IP.{number} = {address}"),
            San::Dns(name) => format!("DNS.{number} = {name}"),
        });
    }
    lines
}

/// The sh lines for all tasks. They run in a subshell, print [`FOUND`] and a PEM or [`MISSING`] for each
/// task on standard output and what openssl said of a refusal on standard error, and end with 1 when
/// any is missing. The passphrase goes from the descriptor through a pipe: never an argument or a file.
pub fn script(tasks: &[Task<'_>], place: &RemoteCa<'_>, now: Timestamp) -> Result<String, PkiError> {
    let unfit = |what: String| Err(PkiError::Unfit { what });
    if let Some(fd) = place.passphrase_fd
        && !(3..=9).contains(&fd)
    {
        return unfit(format!("a passphrase from descriptor {fd}: sh reads only 3 to 9"));
    }
    place.info.check(now)?;
    let mut lines: Vec<String> = [
        "(",
        "umask 077",
        "d=$(mktemp -d) || exit 1",
        "trap 'cd / && rm -rf \"$d\"' EXIT",
        "trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM",
        "cd \"$d\" || exit 1",
        "RANDFILE=$d/rnd; export RANDFILE",
        "failed=0",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    if let Some(fd) = place.passphrase_fd {
        // A printf that is a program would show the passphrase in the list of processes.
        lines.push(
            "case $(command -v printf) in /*) echo 'printf is not built in' >&2; exit 1;; esac".to_owned(),
        );
        lines.push(format!("IFS= read -r pass <&{fd} || [ -n \"$pass\" ] || exit 1"));
    }
    lines.push(write("ca.cnf", config()));
    lines.push(write("ca.crt", [place.info.pem()?.trim_end()]));
    // 16 bytes a serial number; -rand_serial is unknown to 1.0.2.
    let bytes = tasks.len().saturating_mul(16);
    lines.push(format!("set -- $(od -An -v -N{bytes} -tx1 /dev/urandom); [ $# = {bytes} ] || exit 1"));
    for task in tasks {
        task.request.check()?;
        place.info.may_sign(task.request, now)?;
        if task.id.is_empty() || task.id.contains(char::is_whitespace) {
            return unfit(format!("the id {:?}: it has to be one word", task.id));
        }
        lines.extend(sign(task, place, now));
    }
    lines.push("exit \"$failed\"".to_owned());
    lines.push(")".to_owned());
    Ok(lines.join("\n") + "\n")
}

fn sign(task: &Task<'_>, place: &RemoteCa<'_>, now: Timestamp) -> Vec<String> {
    let marker = |word: &str| shell_words::join(["printf", "%s %s\\n", word, task.id]);
    let start = date(task.request.not_before(now, place.info));
    let end = date(task.request.not_after(now, place.info));
    let subject = subject(task.request);
    let mut command = vec!["openssl", "ca", "-batch", "-config", "ca.cnf", "-notext", "-utf8"];
    command.extend(["-in", "csr", "-out", "crt", "-cert", "ca.crt", "-keyfile", place.key]);
    command.extend(["-md", "sha256", "-startdate", &start, "-enddate", &end]);
    command.extend(["-subj", &subject, "-extfile", "ext", "-extensions", "wanted"]);
    // Without -passin openssl would ask on the terminal for an encrypted key.
    let (pipe, source) = match place.passphrase_fd {
        Some(_) => ("printf '%s\\n' \"$pass\" | ", "stdin"),
        None => ("", "pass:"),
    };
    command.extend(["-passin", source]);
    vec![
        write("csr", [task.csr.trim_end()]),
        write("ext", extensions(task.request, place.info)),
        ": >index.txt".to_owned(),
        // The first bits are 01.
        "h=4${1#?} i=1; while shift; [ $i -lt 16 ]; do h=$h$1 i=$((i + 1)); done".to_owned(),
        "printf '%s\\n' \"$h\" >serial || exit 1".to_owned(),
        format!("if {pipe}{} 2>said; then", shell_words::join(command)),
        format!("{} && cat crt || exit 1", marker(FOUND)),
        format!("else cat said >&2; {}; failed=1", marker(MISSING)),
        "fi".to_owned(),
    ]
}

/// One printf that writes the lines to a file beside it.
fn write<T: AsRef<str>>(file: &str, lines: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<T> = lines.into_iter().collect();
    let words = ["printf", "%s\\n"].into_iter().chain(lines.iter().map(AsRef::as_ref));
    format!("{} >{file}", shell_words::join(words))
}

/// As `-subj` wants it: `/` and `+` separate, a backslash escapes.
pub(super) fn subject(request: &Request) -> String {
    let escape = |value: &str| -> String {
        value
            .chars()
            .flat_map(|c| ['/', '+', '\\'].contains(&c).then_some('\\').into_iter().chain([c]))
            .collect()
    };
    let entries: Vec<String> =
        request.subject().iter().map(|(kind, value)| format!("{kind}={}", escape(value))).collect();
    format!("/{}", entries.join("/"))
}

/// Takes the output of [`script`] apart: id, and the certificate's PEM when there is one.
pub fn read_output(output: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for line in output.lines() {
        match line.split_once(' ') {
            Some((FOUND, id)) => found.push((id.to_owned(), Some(String::new()))),
            Some((MISSING, id)) => found.push((id.to_owned(), None)),
            Some(_) | None => {
                if let Some((_, Some(pem))) = found.last_mut() {
                    pem.push_str(line);
                    pem.push('\n');
                }
            }
        }
    }
    found
}

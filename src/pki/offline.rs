//! Signing where nothing reaches: the POSIX sh script that somebody carries to the CA's key, and the certificates
//! that come back, as files or as pasted text. It runs `openssl ca` of 1.0.2 to 3.x, as `openssl_ca` does.

use jiff::Timestamp;

use super::ca_info::CaInfo;
use super::dates::date;
use super::error::PkiError;
use super::openssl_ca::{config, extensions, subject};
use super::request::Request;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The part of the script that is always the same.
const HEAD: &str = r#"
[ $# -eq 2 ] || { echo "use: sh sign.sh CA.crt CA.key" >&2; exit 2; }
whole() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }
cert=$(whole "$1")
key=$(whole "$2")
here=$(cd "$(dirname "$0")" && pwd) || exit 1
for file in "$cert" "$key"; do
  [ -r "$file" ] || { echo "$file cannot be read" >&2; exit 2; }
done

umask 077
work=$(mktemp -d) || exit 1
trap 'stty echo 2>/dev/null; cd / && rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" || exit 1
RANDFILE=$work/rnd
export RANDFILE

# The passphrase of an encrypted key is asked for once. It goes to openssl through a pipe.
pass=
if grep -q ENCRYPTED "$key"; then
  case $(command -v printf) in /*) echo "printf is not built in" >&2; exit 1 ;; esac
  printf 'Passphrase of %s: ' "$key" >&2
  stty -echo 2>/dev/null
  IFS= read -r pass
  stty echo 2>/dev/null
  echo >&2
fi

# The certificate of the CA, PEM or DER.
openssl x509 -in "$cert" -out ca.crt 2>/dev/null || openssl x509 -inform DER -in "$cert" -out ca.crt || exit 1
"#;

/// What signs one request; its extensions stand in the file `ext`.
const SIGN: &str = r#"
failed=0
sign() { # NAME SUBJECT START END
  : >index.txt
  serial=$(openssl rand -hex 16) || exit 1
  printf '4%s\n' "${serial#?}" >serial
  rm -f crt
  if printf '%s\n' "$pass" | openssl ca -batch -config ca.cnf -notext -utf8 \
      -in "$here/$1.csr" -out crt -cert ca.crt -keyfile "$key" -passin stdin \
      -md sha256 -startdate "$3" -enddate "$4" -subj "$2" -extfile ext -extensions wanted 2>said; then
    cat crt >"$here/$1.crt" && chmod 644 "$here/$1.crt" && echo "signed $1.crt"
  else
    cat said >&2
    echo "not signed: $1" >&2
    failed=1
  fi
}
"#;

/// One request that lies beside the script as `NAME.csr`.
#[derive(Debug, Clone, Copy)]
pub struct OfflineRequest<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the certificate must say.
    pub request: &'a Request,
}

/// The script. The dates are those of `now`: the clock beside an offline CA may be wrong.
pub fn script(
    cluster: &str,
    asks: &[OfflineRequest<'_>],
    ca: &CaInfo,
    now: Timestamp,
) -> Result<String, PkiError> {
    let mut text = format!(
        "#!/bin/sh\n\
         # Signs the requests (*.csr) beside this script for the cluster {cluster}. Run it where the CA's key is:\n\
         #   sh sign.sh CA.crt CA.key\n\
         # and bring the certificates (*.crt) back to where the requests came from. It needs openssl 1.0.2 or\n\
         # newer, only reads the CA's files, and leaves nothing but the certificates behind. The CA is\n\
         #   {}\n{HEAD}\n",
        ca.subject()
    );
    text.push_str(&file("ca.cnf", &config()));
    text.push_str(SIGN);
    for ask in asks {
        ask.request.check()?;
        ca.may_sign(ask.request, now)?;
        let (name, request) = (ask.name, ask.request);
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(PkiError::Unfit { what: format!("the name {name:?}") });
        }
        let (subject, names) = (subject(request), names(request));
        text.push_str(&format_ask(name, request.days, &subject, &names));
        text.push_str(&file("ext", &extensions(request, ca)));
        let (start, end) = (date(request.not_before(now, ca)), date(request.not_after(now, ca)));
        text.push_str(&shell_words::join(["sign", name, &subject, &start, &end]));
        text.push('\n');
    }
    text.push_str("\nexit \"$failed\"\n");
    Ok(text)
}

/// The comment above a request.
fn format_ask(name: &str, days: u32, subject: &str, names: &str) -> String {
    format!("\n# {name}: {subject}, good for {names}, {days} days\n")
}

fn names(request: &Request) -> String {
    if request.sans.is_empty() {
        return "no name".to_owned();
    }
    request.sans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Writes a file; the lines are ours and none of them is `EOF`.
fn file<T: AsRef<str>>(name: &str, lines: &[T]) -> String {
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    format!("cat >{name} <<'EOF'\n{}\nEOF\n", lines.join("\n"))
}

/// The certificates in a text, each as PEM of its own; whatever stands around them is left out.
pub fn pem_blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in text.lines().map(str::trim) {
        if line == BEGIN {
            open = Some(vec![line]);
        } else if let Some(mut lines) = open.take() {
            lines.push(line);
            if line == END {
                blocks.push(lines.join("\n") + "\n");
            } else {
                open = Some(lines);
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::pem_blocks;

    #[test]
    fn certificates_are_found_in_pasted_text() {
        let one = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        let text = format!(
            "Certificate:\r\n  {}junk\n{one}-----BEGIN CERTIFICATE-----\nMI",
            one.replace('\n', "\r\n  ")
        );
        assert_eq!(pem_blocks(&text), [one, one]);
        assert!(pem_blocks("nothing").is_empty());
    }
}

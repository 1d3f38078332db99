//! Reading ssh_config without the ssh program: what it says about a host where there is none, the names in it for the
//! list to import, and where a keyword stands for whoever has to look at it. A line that cannot be read hides no other.

use std::path::{Path, PathBuf};

use super::config_words::{fits, included, words};
use super::error::WireError;
use super::target::{ConfigBlock, SshEnvironment};
use crate::limits;
use crate::plan::model::Login;

/// Files that include files, as deep as OpenSSH follows them.
const DEEPEST: usize = 16;

/// Keywords that decide whether plain ssh gets in and that are not used here; the value that means nothing.
pub(super) const NOT_USED: [(&str, &str); 5] = [
    ("PKCS11Provider", "none"),
    ("KnownHostsCommand", "none"),
    ("BindAddress", "none"),
    ("BindInterface", "none"),
    ("HostbasedAuthentication", "no"),
];

/// One line of the file or of one it includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConfigLine {
    /// Where it stands.
    pub(super) file: PathBuf,
    /// Its number, from 1.
    pub(super) number: usize,
    /// The keyword in lower case.
    pub(super) keyword: String,
    /// Its values as OpenSSH parts them.
    pub(super) values: Vec<String>,
    /// What stands behind the keyword, as written.
    pub(super) rest: String,
    /// How many files include it.
    depth: usize,
}

impl ConfigLine {
    /// `FILE line N`.
    pub(super) fn place(&self) -> String {
        format!("{} line {}", self.file.display(), self.number)
    }
}

/// All lines of the operator's file, those of included files in their place.
pub(super) fn lines(here: &SshEnvironment) -> std::io::Result<Vec<ConfigLine>> {
    let folder = here.home.join(".ssh");
    let file = here.config.clone().unwrap_or_else(|| folder.join("config"));
    let mut all = Vec::new();
    read_file(&file, &folder, &here.home, 0, &mut all)?;
    Ok(all)
}

fn read_file(
    file: &Path,
    folder: &Path,
    home: &Path,
    depth: usize,
    all: &mut Vec<ConfigLine>,
) -> std::io::Result<()> {
    let text = limits::file::read_text(file, &limits::SSH_FILE)?;
    for (number, line) in (1..).zip(text.lines()) {
        let mut values = words(line);
        if values.is_empty() {
            continue;
        }
        let keyword = values.remove(0).to_ascii_lowercase();
        if keyword == "include" && depth < DEEPEST {
            for file in values.iter().flat_map(|pattern| included(pattern, folder, home)) {
                // As OpenSSH: one that is not there is none.
                let _ = read_file(&file, folder, home, depth.saturating_add(1), all);
            }
            continue;
        }
        let behind = |c: char| c.is_whitespace() || c == '=';
        let rest = line.trim().split_once(behind).map_or("", |(_, rest)| rest.trim_start_matches(behind));
        let rest = rest.trim_end().to_owned();
        all.push(ConfigLine { file: file.to_owned(), number, keyword, values, rest, depth });
    }
    Ok(())
}

/// What the file says about the host; nothing when there is no file.
pub(super) fn read(login: &Login, here: &SshEnvironment) -> Result<ConfigBlock, WireError> {
    let refuse = |why: String| WireError::Config { host: login.host.clone(), why };
    let lines = match lines(here) {
        Ok(lines) => lines,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ConfigBlock::default()),
        Err(error) => return Err(refuse(format!("ssh_config cannot be read: {error}"))),
    };
    let mut found = ConfigBlock::default();
    // Whether the block of each depth is this host's; an included file stands in the block that includes it.
    let mut active = vec![true];
    for line in &lines {
        active.truncate(line.depth.saturating_add(1));
        while active.len() <= line.depth {
            active.push(active.last().copied().unwrap_or(true));
        }
        let outer = line.depth.checked_sub(1).and_then(|at| active.get(at)).copied().unwrap_or(true);
        match line.keyword.as_str() {
            "host" => {
                let own = matches_host(&line.values, &login.host);
                active.truncate(line.depth);
                active.push(outer && own);
            }
            "match" => {
                let name = found.host.as_ref().map(|name| host_name(name, &login.host));
                let own = matches_all(line, login, name.as_deref()).map_err(|test| {
                    refuse(format!(
                        "{}: Match {test} cannot be followed without an ssh program on this computer",
                        line.place()
                    ))
                })?;
                active.truncate(line.depth);
                active.push(outer && own);
            }
            _ if active.last().copied().unwrap_or(true) => set(&mut found, line).map_err(&refuse)?,
            _ => {}
        }
    }
    found.host = found.host.map(|name| host_name(&name, &login.host));
    Ok(found)
}

/// What `HostName` says, with `%h` for the name that was written.
fn host_name(name: &str, written: &str) -> String {
    name.split("%%").map(|part| part.replace("%h", written)).collect::<Vec<_>>().join("%")
}

/// Whether `Match` is about this host; the test that cannot be made here.
fn matches_all(line: &ConfigLine, login: &Login, name: Option<&str>) -> Result<bool, &'static str> {
    let mut words = line.values.iter();
    let mut all = true;
    while let Some(word) = words.next() {
        let (not, word) = word.strip_prefix('!').map_or((false, word.as_str()), |word| (true, word));
        let is = match word.to_ascii_lowercase().as_str() {
            "all" => true,
            // `host` is the name that HostName has made of it so far.
            word @ ("host" | "originalhost") => {
                let list: Vec<String> =
                    words.next().ok_or("without a name")?.split(',').map(str::to_owned).collect();
                let name = name.filter(|_| word == "host").unwrap_or(&login.host);
                matches_host(&list, name)
            }
            // What it holds may be a secret: only the test is named.
            "exec" => return Err("exec"),
            "user" => return Err("user"),
            "localuser" => return Err("localuser"),
            "canonical" | "final" => return Err("canonical or final"),
            _ => return Err("with this test"),
        };
        all = all && (is != not);
    }
    Ok(all)
}

fn matches_host(patterns: &[String], host: &str) -> bool {
    let host = host.to_lowercase();
    let fits = |pattern: &str| fits(&pattern.to_lowercase(), &host, false);
    let (never, ever): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|one| one.starts_with('!'));
    !never.iter().any(|one| fits(one.trim_start_matches('!'))) && ever.iter().any(|one| fits(one))
}

/// Takes a line in; what was said before wins.
fn set(found: &mut ConfigBlock, line: &ConfigLine) -> Result<(), String> {
    let first = || line.values.first().cloned().unwrap_or_default();
    let wrong = |what: &str| format!("{}: {} {} is no {what}", line.place(), line.keyword, line.rest);
    let yes = || Some(["yes", "true"].contains(&first().to_ascii_lowercase().as_str()));
    let not_no = || Some(!["no", "false"].contains(&first().to_ascii_lowercase().as_str()));
    let list = || match line.values.as_slice() {
        [none] if none == "none" => vec!["/dev/null".to_owned()],
        all => all.to_vec(),
    };
    match line.keyword.as_str() {
        "hostname" => found.host = found.host.take().or_else(|| Some(first())),
        "port" if found.port.is_none() => found.port = Some(first().parse().map_err(|_| wrong("port"))?),
        "user" => found.user = found.user.take().or_else(|| Some(first())),
        "identityfile" => found.keys.push(first()),
        "certificatefile" => found.certificates.push(first()),
        "identityagent" => found.agent = found.agent.take().or_else(|| Some(first())),
        "identitiesonly" => found.identities_only = found.identities_only.or_else(yes),
        // Whichever of the two stands first decides; `none` for a jump host leaves the command to be said later.
        "proxyjump" if !found.settled.contains(&"proxy") && found.settle("jump") => {
            if !first().eq_ignore_ascii_case("none") {
                found.settle("proxy");
                found.jump = first().split(',').map(str::to_owned).collect();
            }
        }
        "proxycommand" if found.settle("proxy") => {
            found.proxy_command = Some(line.rest.clone()).filter(|text| !text.eq_ignore_ascii_case("none"));
        }
        "pubkeyauthentication" => found.allowed[0] = found.allowed[0].or_else(not_no),
        "passwordauthentication" => found.allowed[1] = found.allowed[1].or_else(not_no),
        "kbdinteractiveauthentication" | "challengeresponseauthentication" => {
            found.allowed[2] = found.allowed[2].or_else(not_no);
        }
        "preferredauthentications" => found.preferred = found.preferred.take().or_else(|| Some(first())),
        "proxyusefdpass" => found.passes_socket = found.passes_socket.or_else(yes),
        "revokedhostkeys" if found.revoked.is_empty() => found.revoked.clone_from(&line.values),
        "userknownhostsfile" if found.known_hosts.is_empty() => found.known_hosts = list(),
        "globalknownhostsfile" if found.global_known_hosts.is_empty() => found.global_known_hosts = list(),
        "hashknownhosts" => found.hash_names = found.hash_names.or_else(yes),
        "hostkeyalias" => found.host_key_alias = found.host_key_alias.take().or_else(|| Some(first())),
        "connecttimeout" if found.connect_timeout.is_none() && !first().eq_ignore_ascii_case("none") => {
            let time = seconds(&first()).ok_or_else(|| wrong("time such as 5, 5s or 1m"))?;
            found.connect_timeout = Some(time);
        }
        keyword => {
            let not_used = NOT_USED.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword));
            if let Some((name, nothing)) = not_used
                && found.settle(name)
                && !first().eq_ignore_ascii_case(nothing)
            {
                found.notes.push(format!("{}: {name} is not used here", line.place()));
            }
        }
    }
    Ok(())
}

/// A time as OpenSSH writes it: `5`, `5s`, `1m30s`.
fn seconds(text: &str) -> Option<u64> {
    let (mut all, mut number) = (0_u64, String::new());
    for c in text.chars() {
        let unit = match c.to_ascii_lowercase() {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        all = all.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    if !number.is_empty() {
        all = all.checked_add(number.parse().ok()?)?;
    }
    (!text.is_empty()).then_some(all)
}

/// The names an ssh_config gives to hosts, in its order, those of included files too, each with the `HostName` below
/// it; patterns are left out. A file that is not there names none.
pub fn names(home: &Path) -> Vec<(String, Option<String>)> {
    let here = SshEnvironment { home: home.to_owned(), ..SshEnvironment::default() };
    let mut names: Vec<(String, Option<String>)> = Vec::new();
    let mut block: Vec<String> = Vec::new();
    for line in lines(&here).unwrap_or_default() {
        match line.keyword.as_str() {
            "host" => {
                block = line.values;
                for name in &block {
                    let plain = !name.is_empty() && !name.contains(['*', '?', '!']);
                    if plain && !names.iter().any(|(there, _)| there == name) {
                        names.push((name.clone(), None));
                    }
                }
            }
            "match" => block.clear(),
            "hostname" => {
                let of_block = names.iter_mut().filter(|(name, host)| host.is_none() && block.contains(name));
                of_block.for_each(|(_, host)| *host = line.values.first().cloned());
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hosts_and_no_patterns() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        let text = "Host w1 w2\n  User core\nHost *.example.com !bad\n  Port 2222\nHost w1\n  User x\n";
        std::fs::write(home.path().join(".ssh/config"), text).unwrap();
        let of = |home: &Path| names(home).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(of(home.path()), ["w1", "w2"]);
        let text = "Host w1 # first\n  HostName=10.77.1.11 # rack 3\n  ConnectTimeout 5s\nHost \"w2\"\nhost=w3\n\
                    HOST \"a b\" !w4 w5*\nMatch host x\nInclude more/*.conf\nInclude \"~/.ssh/one\"\n";
        std::fs::write(home.path().join(".ssh/config"), text).unwrap();
        std::fs::create_dir(home.path().join(".ssh/more")).unwrap();
        for (name, host) in [("more/b.conf", "y"), ("more/a.conf", "x"), ("more/a.off", "off"), ("one", "z")]
        {
            std::fs::write(home.path().join(".ssh").join(name), format!("Host {host}\nInclude one\n"))
                .unwrap();
        }
        assert_eq!(of(home.path()), ["w1", "w2", "w3", "a b", "x", "z", "y"]);
        let address =
            names(home.path()).into_iter().find(|(name, _)| name == "w1").and_then(|(_, host)| host);
        assert_eq!(address.as_deref(), Some("10.77.1.11"));
        assert!(names(Path::new("/nowhere")).is_empty());
    }

    fn block(text: &str, host: &str) -> Result<ConfigBlock, WireError> {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        std::fs::write(home.path().join(".ssh/config"), text).unwrap();
        std::fs::write(home.path().join(".ssh/more"), "User inner\nHost other\n  Port 7\n").unwrap();
        let here = SshEnvironment { home: home.path().to_owned(), ..SshEnvironment::default() };
        read(&Login { host: host.to_owned(), ..Login::default() }, &here)
    }

    #[test]
    fn reads_what_plain_ssh_reads() {
        let text = "# all\nHost=w1 w[ !w9\n HostName=10.77.1.11 # rack 3\n Port 22 # usual\n ConnectTimeout 1m5s\n\
                    \tIdentityFile \"~/.ssh/my key\"\n IdentityFile=~/.ssh/id2\n CertificateFile ~/c-cert.pub\n\
                    UserKnownHostsFile \"~/.ssh/lab hosts\" ~/.ssh/two\n ProxyCommand ssh -W %h:%p \"b c\"\n\
                    Match host w2,w3\n Port 3\nMatch all\nInclude more\nPort 9\nUser outer\n";
        let found = block(text, "W1").unwrap();
        assert_eq!((found.host.as_deref(), found.port), (Some("10.77.1.11"), Some(22)));
        assert_eq!((found.connect_timeout, found.user.as_deref()), (Some(65), Some("inner")));
        assert_eq!(found.keys, ["~/.ssh/my key", "~/.ssh/id2"]);
        assert_eq!(found.certificates, ["~/c-cert.pub"]);
        assert_eq!(found.known_hosts, ["~/.ssh/lab hosts", "~/.ssh/two"]);
        assert_eq!(found.proxy_command.as_deref(), Some("ssh -W %h:%p \"b c\""));
        assert_eq!((block(text, "w2").unwrap().port, block(text, "w9").unwrap().port), (Some(3), Some(9)));
    }

    #[test]
    fn what_cannot_be_followed_is_named_with_its_line() {
        for (text, line) in [
            ("Host a\nMatch exec \"true\"\n", "line 2: Match exec cannot"),
            ("Host a\n  ConnectTimeout soon\n", "line 2: connecttimeout soon is no time"),
            ("Port x\n", "line 1: port x is no port"),
        ] {
            let error = block(text, "a").unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
        assert!(block("Host b\n  ConnectTimeout soon\n", "a").is_ok(), "another host's line");
        for (text, want) in [("5", 5), ("5s", 5), ("1m", 60), ("2H", 7200), ("1h1", 3601)] {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
        assert_eq!((seconds(""), seconds("s"), seconds("5x")), (None, None, None));
    }

    #[test]
    fn the_readme_names_every_keyword_that_is_followed_and_no_other() {
        let readme = include_str!("../../README.md");
        let from = readme.find("Of ssh_config the following decides").unwrap();
        let text = readme.get(from..).unwrap();
        let (followed, rest) = text.split_once("paths").unwrap();
        let table = rest.split("\n## ").next().unwrap();
        let in_code = |text: &str| -> Vec<String> {
            text.split('`').skip(1).step_by(2).map(str::to_ascii_lowercase).collect()
        };
        let (followed, others) = (in_code(followed), in_code(table).join(" "));
        let told = |word: &str| {
            let line = ConfigLine {
                file: "config".into(),
                number: 1,
                keyword: word.to_owned(),
                values: vec!["7".to_owned()],
                rest: "7".to_owned(),
                depth: 0,
            };
            let mut block = ConfigBlock::default();
            set(&mut block, &line).unwrap();
            block
        };
        // Every keyword of OpenSSH 9.2, and what is older.
        let all = "AddKeysToAgent AddressFamily BatchMode BindAddress BindInterface CASignatureAlgorithms \
            CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname CanonicalizeMaxDots \
            CanonicalizePermittedCNAMEs CertificateFile ChallengeResponseAuthentication CheckHostIP Ciphers \
            ClearAllForwardings Compression ConnectTimeout ConnectionAttempts ControlMaster ControlPath \
            ControlPersist DynamicForward EnableEscapeCommandline EnableSSHKeysign EscapeChar \
            ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent ForwardX11 \
            ForwardX11Timeout ForwardX11Trusted GSSAPIAuthentication GSSAPIDelegateCredentials GatewayPorts \
            GlobalKnownHostsFile HashKnownHosts HostKeyAlgorithms HostKeyAlias Hostname \
            HostbasedAcceptedAlgorithms HostbasedAuthentication IPQoS IdentitiesOnly IdentityAgent IdentityFile \
            IgnoreUnknown KbdInteractiveAuthentication KbdInteractiveDevices KexAlgorithms KnownHostsCommand \
            LocalCommand LocalForward LogLevel LogVerbose MACs NoHostAuthenticationForLocalhost \
            NumberOfPasswordPrompts PKCS11Provider PasswordAuthentication PermitLocalCommand PermitRemoteOpen \
            Port PreferredAuthentications ProxyCommand ProxyJump ProxyUseFdpass PubkeyAcceptedAlgorithms \
            PubkeyAuthentication RekeyLimit RemoteCommand RemoteForward RequestTTY RequiredRSASize \
            RevokedHostKeys SecurityKeyProvider SendEnv ServerAliveCountMax ServerAliveInterval SessionType \
            SetEnv StdinNull StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility \
            TCPKeepAlive Tunnel TunnelDevice UpdateHostKeys User UserKnownHostsFile VerifyHostKeyDNS \
            VisualHostKey XAuthLocation";
        for word in all.to_ascii_lowercase().split_whitespace() {
            let block = told(word);
            let named = followed.iter().any(|one| one == word);
            let read = block.notes.is_empty() && block != ConfigBlock::default();
            let elsewhere = others.contains(word) || word == "challengeresponseauthentication";
            assert!(!read || named || elsewhere, "{word} is followed and not named");
            assert!(!named || read, "{word} is named and not followed");
            assert!(block.notes.is_empty() || others.contains(word), "{word} is noted and not named");
        }
    }
}

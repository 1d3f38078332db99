//! Reading ssh_config without the ssh program: what it says about a host where there is none, the names in it for the
//! list to import, and where a keyword stands for whoever has to look at it. A line that cannot be read hides no other.

use std::path::{Path, PathBuf};

use super::config::NOT_USED;
use super::error::WireError;
use super::target::{ConfigBlock, SshEnvironment};
use crate::limits;
use crate::plan::model::Login;

/// Files that include files, as deep as OpenSSH follows them.
const DEEPEST: usize = 16;

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

/// The names an ssh_config gives to hosts, in its order, those of included files too; patterns are left out. A file
/// that is not there names none.
pub fn names(home: &Path) -> Vec<String> {
    let here = SshEnvironment { home: home.to_owned(), ..SshEnvironment::default() };
    let mut names: Vec<String> = Vec::new();
    let lines = lines(&here).unwrap_or_default();
    for name in lines.into_iter().filter(|line| line.keyword == "host").flat_map(|line| line.values) {
        if !name.is_empty() && !name.contains(['*', '?', '!']) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The words of a line as OpenSSH parts them: a keyword, `=` or blanks, quoted or plain values, a backslash before a
/// quote, a blank or another one, and a remark behind a blank.
fn words(line: &str) -> Vec<String> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let (mut all, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = quote.is_none();
        match c {
            '\\' => {
                let next = chars.next_if(|c| matches!(c, '"' | '\'' | '\\') || (plain && *c == ' '));
                word.push(next.unwrap_or(c));
            }
            '"' | '\'' if plain => (quote, any) = (Some(c), true),
            c if quote == Some(c) => quote = None,
            '#' if plain && word.is_empty() && !any => break,
            c if plain
                && (c.is_whitespace()
                    || (c == '=' && all.len() < 2 && (all.is_empty() || word.is_empty()))) =>
            {
                if any || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        all.push(word);
    }
    all
}

/// The files of one `Include`: `*`, `?` and `[...]` in any part of a path.
fn included(pattern: &str, folder: &Path, home: &Path) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => folder.join(pattern),
    };
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let part = part.as_os_str().to_string_lossy().into_owned();
        if !part.contains(['*', '?', '[']) {
            found.iter_mut().for_each(|path| path.push(&part));
            continue;
        }
        let wanted =
            |name: &str| (!name.starts_with('.') || part.starts_with('.')) && fits(&part, name, true);
        let inside = |folder: &PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut all: Vec<PathBuf> = entries
                .filter(|entry| wanted(&entry.file_name().to_string_lossy()))
                .map(|entry| entry.path())
                .collect();
            all.sort();
            all
        };
        found = found.iter().flat_map(inside).collect();
    }
    found
}

/// Whether `ssh -G` may have printed these names so: it fills in what stands for something else.
pub(super) fn may_print(names: &[String], printed: &str) -> bool {
    let mut pattern = String::new();
    for name in names {
        let name = match name.strip_prefix("~/") {
            Some(below) => format!("*/{below}"),
            None => name.clone(),
        };
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '%' => {
                    chars.next();
                    pattern.push('*');
                }
                '$' if chars.next_if_eq(&'{').is_some() => {
                    chars.by_ref().take_while(|c| *c != '}').for_each(drop);
                    pattern.push('*');
                }
                c => pattern.push(c),
            }
        }
        pattern.push(' ');
    }
    let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
    fits(&pattern, printed, false)
}

/// Whether a name fits a pattern of `*` and `?`, and of `[...]` where files are meant.
fn fits(pattern: &str, name: &str, files: bool) -> bool {
    let rest = |text: &'_ str, c: char| text.get(c.len_utf8()..).unwrap_or_default().to_owned();
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let after = pattern.trim_start_matches('*');
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| fits(after, name.get(at..).unwrap_or_default(), files))
        }
        (Some('?'), Some(c)) => fits(&rest(pattern, '?'), &rest(name, c), files),
        (Some('['), Some(c)) if files && pattern.get(2..).is_some_and(|rest| rest.contains(']')) => {
            let (set, after) = pattern.get(1..).and_then(|rest| one_of(rest, c)).unwrap_or_default();
            set && fits(after, &rest(name, c), files)
        }
        (Some(one), Some(other)) if one == other => fits(&rest(pattern, one), &rest(name, other), files),
        _ => false,
    }
}

/// Whether a character is in `a-z!...]`, and what stands behind the bracket.
fn one_of(text: &str, c: char) -> Option<(bool, &str)> {
    let (not, text) = text.strip_prefix(['!', '^']).map_or((false, text), |rest| (true, rest));
    // A bracket right at the beginning is one of them.
    let end = text.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
    let all: Vec<char> = text.get(..end)?.chars().collect();
    let (mut at, mut is) = (0, false);
    while let Some(one) = all.get(at) {
        match (all.get(at + 1), all.get(at + 2)) {
            (Some('-'), Some(last)) => {
                is |= (*one..=*last).contains(&c);
                at += 3;
            }
            _ => {
                is |= *one == c;
                at += 1;
            }
        }
    }
    Some((is != not, text.get(end + 1..)?))
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
        assert_eq!(names(home.path()), ["w1", "w2"]);
        let text = "Host w1 # first\n  HostName=10.77.1.11 # rack 3\n  ConnectTimeout 5s\nHost \"w2\"\nhost=w3\n\
                    HOST \"a b\" !w4 w5*\nMatch host x\nInclude more/*.conf\nInclude \"~/.ssh/one\"\n";
        std::fs::write(home.path().join(".ssh/config"), text).unwrap();
        std::fs::create_dir(home.path().join(".ssh/more")).unwrap();
        for (name, host) in [("more/b.conf", "y"), ("more/a.conf", "x"), ("more/a.off", "off"), ("one", "z")]
        {
            std::fs::write(home.path().join(".ssh").join(name), format!("Host {host}\nInclude one\n"))
                .unwrap();
        }
        assert_eq!(names(home.path()), ["w1", "w2", "w3", "a b", "x", "z", "y"]);
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
}

//! A line without a heading: the address is found by what it is, the name beside it, and a user is what stands before
//! an `@`. Whatever else stands there is left out and told by its column, never by its text: it may be a password.

use super::cells::{Separator, separator, split, without_list};
use super::word::{dashed, is_address, is_number, word, words};
use crate::plan::issue::shown;
use crate::plan::{range, value};

/// What was read of one line.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The name as written; a range stands for several.
    pub(super) name: Option<String>,
    /// The address as written, with the login around it.
    pub(super) address: Option<String>,
    pub(super) user: Option<String>,
    pub(super) port: Option<u32>,
    /// A key file, of a command line of ssh.
    pub(super) key: Option<String>,
    /// Columns that were left out, from 1.
    pub(super) left_out: Vec<usize>,
}

impl Row {
    fn of(text: &str) -> Self {
        if is_address(text) {
            Self { address: Some(text.to_owned()), ..Self::default() }
        } else {
            Self { name: Some(text.to_owned()), ..Self::default() }
        }
    }
}

/// Logins that no machine and no role is called: the users that images for servers come with.
const LOGINS: [&str; 7] = ["root", "core", "ec2-user", "cloud-user", "azureuser", "vagrant", "opc"];

/// The workers of one line.
pub(super) fn rows(line: &str) -> Result<Vec<Row>, String> {
    if let Some(row) = command(line)? {
        return Ok(vec![row]);
    }
    let line = without_list(line);
    let all = split(line, Separator::Any)?;
    // Addresses alone are a worker each.
    if !all.is_empty() && all.iter().all(|text| is_address(text)) {
        return Ok(all.iter().map(|text| Row::of(text)).collect());
    }
    let mut sign = separator(line);
    let mut cells = split(line, sign)?;
    let tab = sign == Separator::Sign('\t');
    if tab
        && (cells.iter().any(|cell| cell.contains(' ')) || cells.first().is_some_and(|cell| is_address(cell)))
    {
        // As /etc/hosts is written.
        (sign, cells) = (Separator::Blank, split(line, Separator::Blank)?);
    }
    // A range with blanks around its dash.
    if let [first, dash, last] = cells.as_slice()
        && ["-", "–"].contains(&dash.as_str())
        && is_address(first)
        && is_address(last)
    {
        return Ok(vec![Row::of(&format!("{first}-{last}"))]);
    }
    let places: Vec<usize> =
        (0..cells.len()).filter(|at| cells.get(*at).is_some_and(|cell| is_address(cell))).collect();
    match places.as_slice() {
        [] => without_address(&cells, sign),
        [at] => beside_address(&cells, *at, sign).map(|row| vec![row]),
        _ => Err(expected(cells.len())),
    }
}

fn expected(count: usize) -> String {
    format!(
        "a name and an address are expected, and here are {count} words; write each worker on a line of its own"
    )
}

/// A cell that can be neither a name nor an address, as far as the sign that tells so.
fn refuse_odd(cells: &[String]) -> Result<(), String> {
    let odd = |c: char| "={}<>|$".contains(c);
    let cell = cells.iter().find(|cell| cell.contains(odd) && !range::has_range(cell));
    let Some((text, at)) = cell.and_then(|cell| cell.find(odd).map(|at| (cell, at))) else { return Ok(()) };
    let text = text.get(..=at).unwrap_or_default();
    Err(format!("{} is no name and no address", shown(text)))
}

/// A line with one address in it.
fn beside_address(cells: &[String], place: usize, sign: Separator) -> Result<Row, String> {
    let cell = |at: usize| cells.get(at).map(String::as_str).unwrap_or_default();
    refuse_odd(cells.get(..=place.max(1).min(cells.len().saturating_sub(1))).unwrap_or_default())?;
    let number = |at: usize| is_number(cell(at));
    let before: Vec<usize> = (0..place).filter(|at| !cell(*at).is_empty() && !number(*at)).collect();
    let name = match before.as_slice() {
        [] if place > 0 => None,
        [] => (1..cells.len()).find(|at| !number(*at)).filter(|at| is_beside(cell(*at), sign)),
        [at] => Some(*at),
        _ => return Err("the address is neither first nor second; write a name and an address".to_owned()),
    };
    let of_octet = |at: usize| cell(at).parse::<u8>().is_ok();
    if let Some(Ok(all)) = dashed(cell(place))
        && let Some(at) = (place.saturating_add(1)..cells.len()).find(|at| of_octet(*at))
        && name.is_none()
    {
        let whole = all.first().and_then(|first| first.rsplit_once('.')).map_or("10.0.0", |(net, _)| net);
        let number = cell(at);
        return Err(format!("{number} is no address; write it whole, like {whole}.{number}"));
    }
    let mut row = Row { address: Some(cell(place).to_owned()), ..Row::default() };
    row.name = name.map(|at| cell(at).to_owned());
    // Behind an address further names are aliases, as in /etc/hosts; in a table they are columns.
    let aliases = place == 0 && !sign.keeps_places() && name == Some(1);
    let rest = (0..cells.len()).filter(|at| *at != place && Some(*at) != name && !aliases);
    further(&mut row, cells, rest, place);
    Ok(row)
}

/// Whether what stands behind an address is its name. In a table it may be anything.
fn is_beside(text: &str, sign: Separator) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host).trim_end_matches('.').to_lowercase();
    let like =
        value::node_name(&host.replace('_', "-")).is_ok() || range::has_range(text) || text.contains(':');
    !sign.keeps_places() || like && !LOGINS.contains(&text)
}

/// Takes user and port out of further columns; the rest is left out.
fn further(row: &mut Row, cells: &[String], rest: impl Iterator<Item = usize>, place: usize) {
    let cell = |at: usize| cells.get(at).map(String::as_str).unwrap_or_default();
    for at in rest.filter(|at| !cell(*at).is_empty()) {
        let text = cell(at);
        let port =
            text.parse::<u32>().ok().filter(|port| [22, 222].contains(port) || (1024..=65535).contains(port));
        let next_is_port = text.eq_ignore_ascii_case("port") && is_number(cell(at.saturating_add(1)));
        if at > place && row.port.is_none() && port.is_some() && is_number(text) {
            row.port = port;
        } else if at > place && row.user.is_none() && LOGINS.contains(&text) {
            row.user = Some(text.to_owned());
        } else if !next_is_port {
            row.left_out.push(at.saturating_add(1));
        }
    }
}

/// A line without an address: names with commas between, a row whose address is empty, or nothing.
fn without_address(cells: &[String], sign: Separator) -> Result<Vec<Row>, String> {
    refuse_odd(cells)?;
    for cell in cells {
        if let Some((address, _)) = cell.split_once('/')
            && is_address(address)
        {
            value::node_address(cell).map_err(|refusal| words(&refusal))?;
        }
    }
    let list = matches!(sign, Separator::Sign(',' | ';')) && cells.iter().all(|cell| !cell.is_empty());
    if cells.len() == 1 || list {
        if let Some(number) = cells.iter().find(|cell| is_number(cell)) {
            return Err(format!("{} is a number, and no name", shown(number)));
        }
        return Ok(cells.iter().map(|cell| Row::of(cell)).collect());
    }
    // What tells why one of them is no address comes first.
    for cell in cells {
        word(cell)?;
    }
    let first = cells.first().map(String::as_str).unwrap_or_default();
    if !sign.keeps_places() || first.is_empty() || is_number(first) || sign == Separator::Sign('\t') {
        return Err(expected(cells.iter().filter(|cell| !cell.is_empty()).count()));
    }
    let mut row = Row::of(first);
    further(&mut row, cells, 1..cells.len(), 0);
    Ok(vec![row])
}

/// A command line of ssh; `sshpass` before it is left out with its password.
fn command(line: &str) -> Result<Option<Row>, String> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let at = match cells.first() {
        Some(&"ssh") => 0,
        Some(&"sshpass") => match cells.iter().position(|cell| *cell == "ssh") {
            Some(at) => at,
            None => return Err("sshpass runs no ssh here; write user@host".to_owned()),
        },
        _ => return Ok(None),
    };
    let (mut row, mut host) = (Row::default(), None);
    row.left_out.extend(1..=at);
    let mut rest = cells.iter().skip(at.saturating_add(1));
    while let Some(text) = rest.next() {
        let Some(flag) = text.strip_prefix('-') else {
            if host.is_some() {
                // From here on it is what runs there.
                break;
            }
            host = Some((*text).to_owned());
            continue;
        };
        let mut letters = flag.chars();
        let letter = letters.next().unwrap_or_default();
        let attached: String = letters.collect();
        if "46AaCfGgKkMNnqsTtVvXxYy".contains(letter) {
            continue;
        }
        let value = if attached.is_empty() { rest.next().copied().unwrap_or_default() } else { &attached };
        set(&mut row, letter, value)?;
    }
    let host = host.ok_or("ssh has no host here; write user@host")?;
    let of_host = Row::of(&host);
    (row.name, row.address) = (of_host.name, of_host.address);
    Ok(Some(row))
}

/// What an option of ssh says of the login.
fn set(row: &mut Row, letter: char, value: &str) -> Result<(), String> {
    match letter {
        'p' => {
            let port = value.parse::<u32>().ok().filter(|port| value::port(*port).is_ok());
            row.port = Some(port.ok_or("behind -p stands no port")?);
        }
        'l' => row.user = Some(value::ssh_user(value).map_err(|_| "behind -l stands no user name")?),
        'i' => row.key = Some(value.to_owned()),
        letter if letter.is_ascii_alphanumeric() => {
            return Err(format!("-{letter} of ssh is not read here; write user@host:port"));
        }
        _ => return Err("a sign of ssh is not read here; write user@host:port".to_owned()),
    }
    Ok(())
}

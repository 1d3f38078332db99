//! The heading of a table: which column is what. It is letters alone, and one of its words is for a name or an
//! address; a column under any other word is dropped, and of one for passwords nothing is shown.

use super::cells::{Separator, separator, split};
use super::line::Row;
use super::word::{is_address, is_number};
use crate::plan::value;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    /// Of several the one that the machines reach each other at.
    Address,
    Outside,
    User,
    Port,
    Other,
}

/// A heading, and how the lines below it are cut.
pub(super) struct Heading {
    columns: Vec<(Column, String)>,
    separator: Separator,
    /// The same heading cut at two blanks or more, as programs print it.
    wide: Option<Vec<(Column, String)>>,
}

const NAMES: [&str; 20] = [
    "name",
    "names",
    "host",
    "hosts",
    "hostname",
    "hostnames",
    "node",
    "nodes",
    "nodename",
    "worker",
    "workers",
    "workername",
    "machine",
    "server",
    "servername",
    "vm",
    "vmname",
    "instance",
    "instancename",
    "fqdn",
];

const ADDRESSES: [&str; 17] = [
    "address",
    "addresses",
    "addr",
    "ip",
    "ips",
    "ipaddress",
    "ipaddresses",
    "ipaddr",
    "ipv4",
    "ipv6",
    "ipv4address",
    "internalip",
    "privateip",
    "privateipv4",
    "privateipaddress",
    "privateaddress",
    "hostip",
];

const OUTSIDE: [&str; 6] =
    ["externalip", "publicip", "publicipv4", "publicipaddress", "publicaddress", "externaladdress"];

const USERS: [&str; 7] = ["user", "username", "login", "sshuser", "loginuser", "ansibleuser", "remoteuser"];

const PORTS: [&str; 3] = ["port", "sshport", "ansibleport"];

/// Words that programs print beside a name; they tell a heading from a list of names.
const BESIDE: [&str; 8] = ["status", "state", "roles", "role", "age", "version", "active", "driver"];

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn column(text: &str) -> Column {
    let text = plain(text);
    let is = |words: &[&str]| words.contains(&text.as_str());
    match () {
        () if is(&NAMES) => Column::Name,
        () if is(&ADDRESSES) => Column::Address,
        () if is(&OUTSIDE) => Column::Outside,
        () if is(&USERS) => Column::User,
        () if is(&PORTS) => Column::Port,
        () => Column::Other,
    }
}

/// Letters, and what stands between words.
fn is_lettered(text: &str) -> bool {
    let letters = |c: char| c.is_alphabetic() || " -_/().".contains(c);
    !text.is_empty() && (text.chars().all(letters) || column(text) != Column::Other)
}

fn columns(cells: Vec<String>) -> Option<Vec<(Column, String)>> {
    let all: Vec<(Column, String)> = cells.into_iter().map(|cell| (column(&cell), cell)).collect();
    let place =
        |(kind, _): &(Column, String)| matches!(kind, Column::Name | Column::Address | Column::Outside);
    (all.iter().all(|(_, cell)| is_lettered(cell)) && all.iter().any(place)).then_some(all)
}

/// The heading that a line is, judged by the lines below it too. A heading of one word has no columns.
pub(super) fn heading(line: &str, below: &[&str]) -> Option<Heading> {
    let mut sign = separator(line);
    let mut cells = split(line, sign).ok()?;
    if sign == Separator::Sign('\t') && cells.iter().any(String::is_empty) {
        // Tabs that only fill up.
        (sign, cells) = (Separator::Blank, split(line, Separator::Blank).ok()?);
    }
    let found = columns(cells)?;
    let has = |wanted: Column| found.iter().any(|(kind, _)| *kind == wanted);
    if let [(kind, word)] = found.as_slice() {
        let word = plain(word);
        let listed = !below.is_empty() && below.iter().all(|line| separator(line) == Separator::Blank);
        let first = |line: &&str| line.split_whitespace().next().is_some_and(is_address);
        let fits = match kind {
            Column::Name => {
                listed && ["name", "names", "hostname", "hostnames", "host", "hosts"].contains(&word.as_str())
            }
            _ => below.iter().all(first),
        };
        return fits.then_some(Heading { columns: Vec::new(), separator: sign, wide: None });
    }
    if !has(Column::Address) && !has(Column::Outside) {
        // Names alone may be a list of workers.
        let other = |(kind, word): &(Column, String)| {
            matches!(kind, Column::User | Column::Port) || BESIDE.contains(&plain(word).as_str())
        };
        let table = sign.keeps_places() && below.iter().any(|line| separator(line) == sign);
        if !table && !found.iter().any(other) {
            return None;
        }
    }
    let wide = split(line, Separator::Wide).ok().filter(|cells| cells.len() > 1).and_then(columns);
    let wide = wide.filter(|_| sign == Separator::Blank);
    Some(Heading { columns: found, separator: sign, wide })
}

impl Heading {
    /// Whether the lines below are read by it; one word over a list is only passed over.
    pub(super) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// What is said of it: the headings of the columns that are dropped.
    pub(super) fn said(&self) -> String {
        let columns = self.wide.as_ref().unwrap_or(&self.columns);
        let other = columns.iter().filter(|(kind, _)| *kind == Column::Other);
        let other: Vec<&str> = other.map(|(_, word)| word.as_str()).collect();
        match other.as_slice() {
            [] => "these are headings".to_owned(),
            other => format!("these are headings; left out: {}", other.join(", ")),
        }
    }

    /// A line below it.
    pub(super) fn row(&self, line: &str) -> Result<Row, String> {
        let wide = self.wide.as_ref().and_then(|columns| {
            split(line, Separator::Wide).ok().filter(|cells| cells.len() == columns.len()).zip(Some(columns))
        });
        let (cells, columns) = if let Some(wide) = wide {
            wide
        } else {
            let mut cells = split(line, self.separator)?;
            if cells.len() < 2 {
                cells = split(line, separator(line))?;
            }
            (cells, &self.columns)
        };
        let mut row = Row::default();
        let cell = |wanted: Column| {
            let all = columns.iter().zip(&cells).enumerate();
            all.filter(move |(_, ((kind, _), cell))| *kind == wanted && !is_none(cell))
                .map(|(at, (_, cell))| (at.saturating_add(1), cell.as_str()))
        };
        let places = || cell(Column::Address).chain(cell(Column::Outside)).chain(cell(Column::Name));
        row.address = places().map(|(_, text)| text).find(|text| is_address(text)).map(str::to_owned);
        if row.address.is_none() {
            // What stands there is refused by what it is.
            row.address = cell(Column::Address).map(|(_, text)| text.to_owned()).next();
        }
        let name = cell(Column::Name).find(|(_, text)| !is_address(text));
        match name {
            Some((at, text)) if is_number(text) => row.left_out.push(at),
            name => row.name = name.map(|(_, text)| text.to_owned()),
        }
        if let Some((at, text)) = cell(Column::User).next() {
            value::ssh_user(text).map_err(|_| format!("column {at} is not a user name"))?;
            row.user = Some(text.to_owned());
        }
        if let Some((at, text)) = cell(Column::Port).next() {
            let number = text.parse::<u32>().ok().filter(|number| value::port(*number).is_ok());
            row.port = Some(number.ok_or_else(|| format!("column {at} is not a port; write 1 to 65535"))?);
        }
        let more = cells.iter().enumerate().skip(columns.len()).filter(|_| self.separator.keeps_places());
        row.left_out.extend(more.filter(|(_, cell)| !is_none(cell)).map(|(at, _)| at.saturating_add(1)));
        if row.name.is_none() && row.address.is_none() {
            return Err("neither a name nor an address stands under its heading".to_owned());
        }
        Ok(row)
    }
}

/// How tables write that there is nothing.
fn is_none(cell: &str) -> bool {
    ["", "-", "<none>", "none", "n/a"].contains(&cell.to_lowercase().as_str())
}
